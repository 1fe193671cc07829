"""Presets for what was proposed against gradient decay."""

from __future__ import annotations

from dynlatch.training.contract import Architecture
from dynlatch.training.models import LSTM1997, ElmanNet, LatchNet, SecondOrderNet, TimeConstants
from dynlatch.training.presets.nets import dense, latch_net, parity_net
from dynlatch.training.presets.preset import Preset, Table
from dynlatch.training.rules import (
    BackPropagation,
    ClippedBackPropagation,
    RegularizedBackPropagation,
    TruncatedBackPropagation,
)
from dynlatch.training.tasks import (
    Adding,
    EmbeddedReber,
    Gap,
    GaussianTwoSequence,
    Latch,
    LongLag,
    Parity,
    TemporalOrder,
    Tomita,
    TwoSequence,
)


def _latch_with_a_fixed_loop(task: Latch) -> Architecture:
    """Errors go back along connections that are not trained, and only along those."""
    return LatchNet(w0=1.5, L=task.L, train_w=False)


def _lstm(task: GaussianTwoSequence) -> Architecture:
    """Three blocks of one cell, 102 weights; a tanh answer, since classes are asked as -0.8 and 0.8."""
    return LSTM1997()


def _lstm_with_gates_ajar(task: TwoSequence) -> Architecture:
    """Prototypes that differ in a single step of several need weights that begin larger, and gates less shut."""
    return LSTM1997(input_bias=(0.0, -1.0, -2.0), output_bias=(0.0, -1.0, -2.0), radius=0.5)


def _lstm_of_numbers(task: Adding | TemporalOrder) -> Architecture:
    """Two blocks of two cells, and logistic answers with biases: 93 weights for adding, 156 for temporal order."""
    gates = (-3.0, -6.0) if isinstance(task, Adding) else (-2.0, -4.0)
    sizes = {"input_dim": task.input_dim, "output_dim": task.output_dim}
    return LSTM1997(2, 2, **sizes, input_bias=gates, output_bias=(0.0,), answer="logistic", answer_bias=True)


def _second_order(task: Tomita) -> Architecture:
    return SecondOrderNet(4)


def _lstm_of_symbols(task: EmbeddedReber) -> Architecture:
    """Four blocks of one cell, with output gates that open one after the other."""
    gates, k = (-1.0, -2.0, -3.0, -4.0), task.input_dim
    return LSTM1997(4, 1, input_dim=k, output_dim=k, output_bias=gates, answer="logistic", answer_bias=True)


def _elman_of_symbols(task: LongLag) -> Architecture:
    return ElmanNet(8, input_dim=task.input_dim, output_dim=task.output_dim, answer="logistic")


def _time_constants(task: Gap) -> Architecture:
    """Mozer's 10 units, 6 fast and 4 slow."""
    return TimeConstants(input_dim=task.input_dim, output_dim=task.output_dim, answer="logistic")


REMEDIES: Table = {
    (TruncatedBackPropagation, TwoSequence): Preset(TruncatedBackPropagation(eta=0.3), _lstm_with_gates_ajar, 50, 100_000),
    (TruncatedBackPropagation, GaussianTwoSequence): Preset(TruncatedBackPropagation(eta=0.3), _lstm, 1000, 100_000),
    (TruncatedBackPropagation, Adding): Preset(TruncatedBackPropagation(eta=0.5), _lstm_of_numbers, 1000, 200_000),
    (TruncatedBackPropagation, TemporalOrder): Preset(TruncatedBackPropagation(eta=0.5), _lstm_of_numbers, 300, 100_000),
    (TruncatedBackPropagation, EmbeddedReber): Preset(TruncatedBackPropagation(eta=0.5), _lstm_of_symbols, 200, 100_000),
    (BackPropagation, Tomita): Preset(BackPropagation(eta=0.1), _second_order, 100, 50_000),
    (BackPropagation, GaussianTwoSequence): Preset(BackPropagation(eta=0.1), dense(1.0), 50, 3_000),
    (BackPropagation, LongLag): Preset(BackPropagation(eta=1.0), _elman_of_symbols, 50, 30_000),
    (BackPropagation, Gap): Preset(BackPropagation(eta=0.1, batch=2), _time_constants, 2, 20_000),
    (TruncatedBackPropagation, Latch): Preset(TruncatedBackPropagation(eta=0.1), _latch_with_a_fixed_loop, 2, 4_000),
    (ClippedBackPropagation, TwoSequence): Preset(ClippedBackPropagation(eta=0.1), dense(1.0), 50, 3_000),
    (ClippedBackPropagation, Parity): Preset(ClippedBackPropagation(eta=0.05), parity_net(3.0), 50, 20_000),
    (ClippedBackPropagation, Latch): Preset(ClippedBackPropagation(eta=0.1), latch_net, 2, 4_000),
    (RegularizedBackPropagation, TwoSequence): Preset(RegularizedBackPropagation(eta=0.1), dense(1.0), 50, 3_000),
    (RegularizedBackPropagation, Parity): Preset(RegularizedBackPropagation(eta=0.05), parity_net(3.0), 50, 20_000),
    (RegularizedBackPropagation, Latch): Preset(RegularizedBackPropagation(eta=0.1), latch_net, 2, 4_000),
}
