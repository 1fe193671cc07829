"""Stochastic gradient ascent on the likelihood of state networks with softmax subnets, the rate falling and rising.

Bengio and Frasconi, NIPS 1993, section 4: `a += eta d/da (log P(wanted last state) + c sum over k of N_k |det A_k|)` after each
sequence, N_k the steps with symbol k. The rate falls when the likelihood improves and rises while it stays flat; at the high
rates of a plateau a mistake throws the saturated tables to another corner, and that search is what learns parity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.random import states
from dynlatch.lanes.show import awake, next_sequence
from dynlatch.lanes.softmax_states import Pace, adapt, ascend, softmax, start_afresh, unhurried
from dynlatch.lanes.state_epochs import mark
from dynlatch.lanes.state_network import load, pass_through, passage, take
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.models import input_subnets
from dynlatch.training.models.input_subnets import SubnetCell
from dynlatch.training.rules.states import check_settings, needs_states, schedule
from dynlatch.training.rules.subnets import learn_online
from dynlatch.validation import Array


@dataclass(frozen=True)
class StochasticAscent:
    """One sequence at a time, in random order.

    A trial has learned when all of the last n answers or more were right, and their mean log-likelihood exceeds `sharpness`.

    Parameters
    ----------
    det_weight : float, optional
        c; None takes the value for the task from `presets`.
    sharpness : float, optional
        None takes the value for the task from `presets`; -inf asks for right answers only.
    patience : int, optional
        Windows after which a trial that still makes mistakes starts afresh, from activations drawn anew; None takes the value
        for the task from `presets`. (Whether one window is better than the last says little: 20 sequences are few.)
    eta : float, optional
        First learning rate; None takes the value for the task from `presets`.
    window : int
        Presentations over which the log-likelihood (below -5 counted as -5) is averaged before the rate changes.
    gain : float
        An average above the reference by this much is an improvement, and the new reference.
    slower, faster : float
        Factors of the rate after an improvement, and otherwise.
    slowest, fastest : float, optional
        Limits of the rate; `fastest` None takes the value for the task from `presets`. Parity needs a highest rate of 5 or
        more: only saturated tables keep the bit. Some pairs of prototypes are told apart by graded tables alone, which a rate
        above 0.1 never settles on.
    memory : float
        Share by which the reference follows an average that is no improvement.
    """

    det_weight: float | None = None
    sharpness: float | None = None
    patience: int | None = None
    eta: float | None = None
    window: int = 20
    gain: float = 0.05
    slower: float = 0.5
    faster: float = 1.5
    slowest: float = 1e-4
    fastest: float | None = None
    memory: float = 0.1

    def __post_init__(self) -> None:
        check_settings(self)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_states(self, model, task, logits=True)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        right, stream = np.zeros(theta.shape[1]), np.ascontiguousarray(states(streams).T)
        return (right, stream, *unhurried(theta.shape[1], float(self.eta or 0.0)))

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        cell, (right, stream, *pace) = model.cell(), state
        by_step, T = isinstance(cell, SubnetCell), show.lanes.inputs.shape[2]
        run, learner = (input_subnets.passage(cell, T), learn_online) if by_step else (passage(cell, T), learn)
        random, end = np.ascontiguousarray(stream.T), (float(self.sharpness or 0.0), self.patience, float(self.eta or 0.0))
        learner(
            cell,
            theta,
            show.lanes,
            run,
            Pace(*pace),
            schedule(self, self.window, self.memory),
            right,
            end,
            random,
            self.det_weight,
        )
        stream[:] = random.T


@kernel
def learn(cell, theta, show, run, pace, schedule, right, end, random, det_weight):  # type: ignore[no-untyped-def]
    """Trial after trial, until every one sleeps; `right` sums scores since the last mistake."""
    (sharpness, patience, eta), S = end, cell.first.size - 1
    table, A, inverse = np.empty(cell.trained), np.empty((S, S)), np.empty((S, S))
    for lane in range(theta.shape[1]):
        softmax(cell, theta, lane, table)
        take(cell, table, run)
        while awake(show, lane):
            score = present(cell, show, run, lane, right, sharpness)
            adapt(pace, schedule, lane, score)
            if show.learned[lane]:
                continue
            if pace.windows[lane] >= patience and show.streak[lane] < schedule.window:
                start_afresh(cell, theta, lane, pace, eta, random)
            else:
                ascend(cell, theta, table, run.counts, lane, pace.eta[lane], det_weight, A, inverse)
            softmax(cell, theta, lane, table)
            take(cell, table, run)


@kernel
def present(cell, show, run, lane, right, sharpness):  # type: ignore[no-untyped-def]
    """Show the next sequence, and count the answer; its score."""
    which = next_sequence(show, lane)
    length, wanted = show.lengths[lane, which], 1 if show.targets[lane, which] > 0.0 else 0
    load(cell.thresholds, show.inputs, lane, which, length, run.symbols)
    for p in range(run.counts.size):
        run.counts[p] = 0.0
    answer, score = pass_through(cell, run, length, wanted)
    show.presentations[lane] += 1
    mark(show, lane, which, answer, score, right, sharpness)
    return score
