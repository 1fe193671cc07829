"""Exact expectation-maximisation for input-output HMMs, and for plain HMMs, the algorithm of Baum and Welch.

Bengio and Frasconi, NIPS 7 (1994), eqs. 9 to 12. E-step: how often each transition under each input, and each output of each
state, is expected given the outputs that were asked. M-step: probabilities proportional to these counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.random import uniform
from dynlatch.lanes.show import Lanes
from dynlatch.lanes.state_epochs import Ending, Epoch, begin_again, judge, opened
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.models.input_output_hmm import EmittingCell, asked_at_end, expect, symbols_of
from dynlatch.validation import Array, count, positive_number


@dataclass(frozen=True)
class BaumWelch:
    """Batch EM: an epoch is n presentations, and a pause or the budget may cut it without changing a bit.

    Parameters
    ----------
    patience : int, optional
        Epochs without gain after which training errors mean a fresh start, from probabilities drawn anew; None takes the value
        for the task from `presets`.
    starts : int
        Starts of a trial, the first one included; a trial whose last start stalls is stuck.
    gain : float
        By how much the mean log-likelihood must grow.

    Raises
    ------
    InvalidInput
        If a number is not positive.

    Examples
    --------
    >>> from dynlatch.training import BaumWelch, Parity, train
    >>> train(BaumWelch(), None, Parity(T=3), rng=0).error
    array([0.])
    """

    patience: int | None = None
    starts: int = 1000
    gain: float = 1e-3

    def __post_init__(self) -> None:
        if self.patience is not None:
            count("patience", self.patience, least=1)
        count("starts", self.starts, least=1)
        positive_number("gain", self.gain)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        if not isinstance(model.cell(), EmittingCell):
            return f"BaumWelch trains states with outputs (InputOutputHMM); {type(model).__name__} has none."
        if not hasattr(task, "symbols"):
            return (
                f"BaumWelch reads one input a step as a symbol, and {type(task).__name__} has no symbols: "
                "take TwoSequence, Parity or Tomita, or train a network of weighted sums on it."
            )
        return None

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return *opened(model.cell(), show.lanes, streams), np.ones(theta.shape[1], dtype=np.int64)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        cell, lanes, epoch, started = model.cell(), show.lanes, Epoch(*state[:-1]), state[-1]
        assert self.patience is not None
        end = Ending(hold=1, sharpness=-math.inf, patience=self.patience, gain=self.gain)
        for trial in range(theta.shape[1]):
            data = _data(cell, lanes, trial)
            while _study(cell, theta, lanes, trial, epoch, data):
                afresh = bool(judge(lanes, trial, epoch, end))
                if afresh and started[trial] == self.starts:
                    lanes.stuck[trial] = True
                elif afresh:
                    started[trial] += 1
                    theta[:, trial] = _drawn(cell, epoch, trial)
                elif not lanes.learned[trial]:
                    theta[:, trial] = maximised(cell, theta[:, trial], epoch.counts[:, trial])
                begin_again(epoch, trial, afresh)


def _data(cell: EmittingCell, lanes: Lanes, trial: int) -> tuple[NDArray[np.int64], ...]:
    """Symbols and asked outputs (n, T), and lengths (n,), of a trial."""
    inputs, lengths = lanes.inputs[trial, :, :, 0], lanes.lengths[trial]
    return symbols_of(cell, inputs), asked_at_end(lanes.targets[trial], lengths, inputs.shape[1]), lengths


def _study(
    cell: EmittingCell, theta: Array, show: Lanes, trial: int, epoch: Epoch, data: tuple[NDArray[np.int64], ...]
) -> bool:
    """Show the rest of the epoch, as far as this call may go; whether the epoch is complete."""
    n, first = len(data[2]), int(epoch.position[trial])
    room = min(show.budget, int(show.pause[0])) - int(show.presentations[trial])
    if show.learned[trial] or show.stuck[trial] or room <= 0:
        return False
    last = min(n, first + room)
    counts, scores = epoch.counts[:, trial].copy(), np.empty(last - first)
    symbols, asked, lengths = (array[first:last] for array in data)
    expect(cell, np.ascontiguousarray(theta[:, trial]), symbols, asked, lengths, counts, scores)
    epoch.counts[:, trial] = counts
    for score in scores:  # one by one, so that it does not matter where the epoch is cut
        epoch.score[trial] += score
        right = show.criterion.low < 2.0 * math.exp(score) - 1.0 < show.criterion.high
        epoch.wrong[trial] += not right
        show.streak[trial] = show.streak[trial] + 1 if right else 0
    show.presentations[trial] += last - first
    epoch.position[trial] = last
    return last == n


def maximised(cell: EmittingCell, theta: Array, counts: Array) -> Array:
    """The M-step: every distribution proportional to its counts (P,); one that was never used stays as it is."""
    owner = owners(cell)
    sums = np.bincount(owner, counts)[owner]
    return np.where(sums > 0.0, counts / np.where(sums > 0.0, sums, 1.0), theta)


def owners(cell: EmittingCell) -> NDArray[np.int64]:
    """The distribution that each parameter belongs to, shape (P,)."""
    states = len(cell.first) - 1
    transitions = np.repeat(np.arange(cell.symbols * states), np.tile(np.diff(cell.first), cell.symbols))
    emissions = cell.symbols * states + np.repeat(np.arange(states), cell.outputs)
    return np.concatenate([transitions, emissions]).astype(np.int64)


def _drawn(cell: EmittingCell, epoch: Epoch, trial: int) -> Array:
    """Every distribution uniform on its simplex."""
    random, owner = np.ascontiguousarray(epoch.random.T), owners(cell)
    drawn = np.array([-math.log(1.0 - uniform(random, trial)) for _ in range(cell.trained)])
    epoch.random[:] = random.T
    return np.asarray(drawn / np.bincount(owner, drawn)[owner])
