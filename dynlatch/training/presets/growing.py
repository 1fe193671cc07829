"""Presets for nets that grow, and for pairs of nets."""

from __future__ import annotations

from dynlatch.training.contract import Architecture
from dynlatch.training.models import CascadeNet, Chunker, FreeNet, TransitionHierarchy
from dynlatch.training.presets.preset import Preset, Table
from dynlatch.training.rules import GNARL, CascadeCorrelation, HigherOrderLearning, HistoryCompression
from dynlatch.training.tasks import Gap, Parity, Reber, SymbolLag, TwoSequence


def _chunker(task: SymbolLag) -> Architecture:
    return Chunker(4, input_dim=task.input_dim)


def _hierarchy(task: Gap | Reber) -> Architecture:
    return TransitionHierarchy(40, task.input_dim, task.output_dim)


def _small_free_net(task: TwoSequence) -> Architecture:
    return FreeNet(4)


def _free_net(task: Parity) -> Architecture:
    return FreeNet(4, radius=3.0)


def _cascade(task: TwoSequence | Parity) -> Architecture:
    return CascadeNet(6)


def _cascade_of_symbols(task: Reber) -> Architecture:
    return CascadeNet(6, task.input_dim, task.output_dim)


GROWING: Table = {
    (HistoryCompression, SymbolLag): Preset(HistoryCompression(eta=0.2), _chunker, 100, 50_000),
    (HigherOrderLearning, Gap): Preset(HigherOrderLearning(eta=0.1), _hierarchy, 2, 2_000),
    (HigherOrderLearning, Reber): Preset(HigherOrderLearning(eta=0.04, sigma=0.08), _hierarchy, 100, 5_000),
    (GNARL, TwoSequence): Preset(GNARL(), _small_free_net, 50, 200_000),
    (GNARL, Parity): Preset(GNARL(), _free_net, 50, 3_000_000),
    (CascadeCorrelation, TwoSequence): Preset(CascadeCorrelation(), _cascade, 50, 100_000),
    (CascadeCorrelation, Parity): Preset(CascadeCorrelation(), _cascade, 100, 200_000),
    (CascadeCorrelation, Reber): Preset(CascadeCorrelation(), _cascade_of_symbols, 128, 100_000),
}
