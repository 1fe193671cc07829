"""Generalised EM for state networks with softmax subnets: an exact E-step, and an M-step by gradient ascent.

Bengio and Frasconi, NIPS 1993, section 4, and Dempster, Laird and Rubin (1977). E-step: the expected number n of each
transition. M-step: some steps up the gradient of `(sum n log P + c sum over k of N_k |det A_k|) / sequences`, `N_k` the
expected transitions under symbol k. The rate falls when the likelihood improves and rises while it stays flat.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.softmax_states import Pace, adapt, ascend, softmax, start_afresh, unhurried
from dynlatch.lanes.state_epochs import Epoch, begin_again, judge, opened, study
from dynlatch.lanes.state_network import passage, take
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.models import input_subnets
from dynlatch.training.models.input_subnets import SubnetCell
from dynlatch.training.rules.states import check_settings, ending, needs_states, schedule
from dynlatch.training.rules.subnets import learn_batch, opened_by_step
from dynlatch.validation import Array


@dataclass(frozen=True)
class GeneralizedEM:
    """Batch learning: an epoch is n presentations, and a pause or the budget may cut it without changing a bit.

    Parameters
    ----------
    det_weight : float, optional
        c, in units of the expected transitions.
    patience : int, optional
        Epochs without gain after which training errors mean a fresh start, from activations drawn anew.
    hold : int, optional
        Clean epochs in a row (no training error) that end a trial.
    sharpness : float, optional
        Mean log-likelihood that an epoch must exceed to be clean; -inf asks for right answers only.
    steps : int
        Gradient steps of an M-step.
    eta : float
        First learning rate.
    gain : float
        By how much the mean log-likelihood must grow to count as an improvement.
    slower, faster : float
        Factors of the rate after an epoch that improved, and after one that did not.
    slowest, fastest : float, optional
        Limits of the rate; equal to `eta` they fix it. `fastest` None takes the value for the task from `presets`.

    Notes
    -----
    A setting left None takes its value for the task from `presets`. Without the determinant term and at a rate below 4 / T the
    likelihood never falls: `sum n log P` has no curvature above half of the expected visits to a state. For subnets of real
    inputs (`InputSubnets`) that is 4 / (T max(1 + |u|^2)), and a trial keeps the expected transitions of every step.
    """

    det_weight: float | None = None
    patience: int | None = None
    hold: int | None = None
    sharpness: float | None = None
    steps: int = 30
    eta: float = 1.0
    gain: float = 0.05
    slower: float = 0.5
    faster: float = 1.5
    slowest: float = 1e-4
    fastest: float | None = None

    def __post_init__(self) -> None:
        check_settings(self)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_states(self, model, task, logits=True)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        cell = model.cell()
        epochs = opened_by_step if isinstance(cell, SubnetCell) else opened
        return (*epochs(cell, show.lanes, streams), *unhurried(theta.shape[1], self.eta))

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        cell, epoch, pace = model.cell(), Epoch(*state[: len(Epoch._fields)]), Pace(*state[len(Epoch._fields) :])
        by_step, T = isinstance(cell, SubnetCell), show.lanes.inputs.shape[2]
        run, learner = (input_subnets.passage(cell, T), learn_batch) if by_step else (passage(cell, T), learn)
        random = np.ascontiguousarray(epoch.random.T)
        learner(
            cell,
            theta,
            show.lanes,
            epoch,
            run,
            random,
            ending(self),
            pace,
            schedule(self, 1, 1.0),
            self.det_weight,
            self.steps,
            self.eta,
        )
        epoch.random[:] = random.T


@kernel
def learn(cell, theta, show, epoch, run, random, end, pace, schedule, det_weight, steps, eta):  # type: ignore[no-untyped-def]
    """Trial after trial, until every one sleeps."""
    table, n, states = np.empty(cell.trained), show.lengths.shape[1], cell.first.size - 1
    A, inverse = np.empty((states, states)), np.empty((states, states))
    for trial in range(theta.shape[1]):
        softmax(cell, theta, trial, table)
        take(cell, table, run)
        while study(cell, show, trial, epoch, run):
            afresh = judge(show, trial, epoch, end)
            adapt(pace, schedule, trial, epoch.score[trial] / n)
            if afresh:
                start_afresh(cell, theta, trial, pace, eta, random)
            elif not show.learned[trial]:
                for _ in range(steps):
                    ascend(cell, theta, table, epoch.counts[:, trial], trial, pace.eta[trial] / n, det_weight, A, inverse)
                    softmax(cell, theta, trial, table)
            begin_again(epoch, trial, afresh)
            softmax(cell, theta, trial, table)
            take(cell, table, run)
