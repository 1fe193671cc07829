"""Where the trials of a run are written as they end, and from where an interrupted run goes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.block import Block
from dynlatch.training.outcomes import TrainingOutcome
from dynlatch.validation import Array

# What a trial needs, beside its weights and the arrays of its rule, to go on as if it had never stopped; trial axis first.
KEPT = ("random", "order", "position", "presentations", "streak")


@dataclass(frozen=True, eq=False)
class Progress:
    """Where every trial stands, in arrays whose last axis is the trial (`show`: the first).

    Attributes
    ----------
    started : ndarray of bool, shape (trials,)
    theta : ndarray, shape (P + F, trials)
    state : tuple of ndarrays, shape (..., trials)
        The rule's own arrays.
    show : mapping of name to ndarray, shape (trials, ...)
        The rows of `lanes.show.Lanes` that change.
    """

    started: NDArray[np.bool_]
    theta: Array
    state: tuple[NDArray[Any], ...]
    show: dict[str, NDArray[Any]]


class Ledger:
    """The progress of a run while it is running: changed in place by the driver, frozen at the end."""

    def __init__(self, trials: int, before: Progress | None) -> None:
        self.trials = trials
        self.outcome = np.full(trials, TrainingOutcome.INTERRUPTED, dtype=object)
        self.progress = None if before is None else _copied(before)

    def write(self, block: Block, lanes: NDArray[np.intp], outcomes: Sequence[TrainingOutcome]) -> None:
        """The chosen lanes of `block` as they stand."""
        if self.progress is None:
            self.progress = _room(block, self.trials)
        numbers, kept = block.numbers[lanes], self.progress
        kept.started[numbers] = True
        kept.theta[:, numbers] = block.theta[:, lanes]
        for own, array in zip(kept.state, block.state, strict=True):
            own[..., numbers] = array[..., lanes]
        for name, own in kept.show.items():
            own[numbers] = getattr(block.show.lanes, name)[lanes]
        self.outcome[numbers] = outcomes


def restored(block: Block, before: Progress) -> Block:
    """`block`, changed in place: every trial that had started is put where it stood."""
    at = np.flatnonzero(before.started[block.numbers])
    numbers, lanes = block.numbers[at], block.show.lanes
    block.theta[:, at] = before.theta[:, numbers]
    for array, stood in zip(block.state, before.state, strict=True):
        array[..., at] = stood[..., numbers]
    for name, stood in before.show.items():
        getattr(lanes, name)[at] = stood[numbers]
    return block


def _room(block: Block, trials: int) -> Progress:
    def last(array: NDArray[Any]) -> NDArray[Any]:
        return np.zeros((*array.shape[:-1], trials), dtype=array.dtype)

    rows = {name: getattr(block.show.lanes, name) for name in KEPT}
    return Progress(
        np.zeros(trials, dtype=np.bool_),
        last(block.theta),
        tuple(last(array) for array in block.state),
        {name: np.zeros((trials, *array.shape[1:]), dtype=array.dtype) for name, array in rows.items()},
    )


def _copied(before: Progress) -> Progress:
    return Progress(
        before.started.copy(),
        before.theta.copy(),
        tuple(array.copy() for array in before.state),
        {name: array.copy() for name, array in before.show.items()},
    )
