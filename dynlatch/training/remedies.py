"""Rows of `presets` for what was proposed against gradient decay: (rule, task) -> rule, model, sequences, presentations.

Chosen as the others: by errors on fresh sequences, on seeds that the tests do not use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from dynlatch.training.contract import Architecture, Rule
from dynlatch.training.models import Dense, ElmanNet, LatchNet, ParityNet
from dynlatch.training.rules import ClippedBackPropagation, RegularizedBackPropagation, TruncatedBackPropagation
from dynlatch.training.tasks import Latch, Parity, TwoSequence

Row: TypeAlias = tuple[Rule, Callable[[Any], Architecture], int, int]


def _dense(task: TwoSequence) -> Architecture:
    return Dense(5, radius=1.0)


def _parity_net(task: Parity) -> Architecture:
    return ParityNet(radius=3.0)


def _latch_net(task: Latch) -> Architecture:
    return LatchNet(L=task.L)


def _latch_with_a_fixed_loop(task: Latch) -> Architecture:
    """Errors go back along connections that are not trained, and only along those."""
    return LatchNet(w0=1.5, L=task.L, train_w=False)


def _elman(task: TwoSequence) -> Architecture:
    return ElmanNet(5)


REMEDIES: dict[tuple[type, type], Row] = {
    (TruncatedBackPropagation, TwoSequence): (TruncatedBackPropagation(eta=0.1), _elman, 50, 3_000),
    (TruncatedBackPropagation, Latch): (TruncatedBackPropagation(eta=0.1), _latch_with_a_fixed_loop, 2, 4_000),
    (ClippedBackPropagation, TwoSequence): (ClippedBackPropagation(eta=0.1), _dense, 50, 3_000),
    (ClippedBackPropagation, Parity): (ClippedBackPropagation(eta=0.05), _parity_net, 50, 20_000),
    (ClippedBackPropagation, Latch): (ClippedBackPropagation(eta=0.1), _latch_net, 2, 4_000),
    (RegularizedBackPropagation, TwoSequence): (RegularizedBackPropagation(eta=0.1), _dense, 50, 3_000),
    (RegularizedBackPropagation, Parity): (RegularizedBackPropagation(eta=0.05), _parity_net, 50, 20_000),
    (RegularizedBackPropagation, Latch): (RegularizedBackPropagation(eta=0.1), _latch_net, 2, 4_000),
}
