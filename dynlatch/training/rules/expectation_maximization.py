"""Exact expectation-maximisation for state networks with lookup tables, with restarts and a determinant term.

Bengio and Frasconi, NIPS 1993 ("Credit assignment through time: alternatives to backpropagation"), section 4. E-step: the
expected number n of each transition under each symbol, given the wanted last states. M-step for plain tables: `P(i|j,k) =
n_ijk / sum over i of n_ijk`; where a floor keeps the probabilities from zero, the maximum under that constraint. With the
determinant term the criterion is `sum n log P + c sum over k of N_k |det A_k|`, N_k the expected transitions under symbol k;
for two states it is maximised in closed form: without it credit diffuses, and parity of long sequences is not learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.random import uniform
from dynlatch.lanes.state_epochs import Epoch, begin_again, judge, opened, study
from dynlatch.lanes.state_network import passage, take
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.states import check_settings, ending, needs_states
from dynlatch.validation import Array


@dataclass(frozen=True)
class ExpectationMaximization:
    """Batch EM: an epoch is n presentations, and a pause or the budget may cut it without changing a bit.

    Parameters
    ----------
    det_weight : float, optional
        c, in units of the expected transitions, so that it does not depend on T. Not zero for two states only.
    floor : float, optional
        Least probability of a transition. A probability that is exactly zero stays so.
    patience : int, optional
        Epochs without gain after which training errors mean a fresh start, from a table drawn anew.
    hold : int, optional
        Clean epochs in a row (no training error) that end a trial.
    sharpness : float, optional
        Mean log-likelihood that an epoch must exceed to be clean; -inf asks for right answers only.
    gain : float
        By how much the mean log-likelihood must grow.

    Notes
    -----
    A setting left None takes its value for the task from `presets`.
    """

    det_weight: float | None = None
    floor: float | None = None
    patience: int | None = None
    hold: int | None = None
    sharpness: float | None = None
    gain: float = 1e-3

    def __post_init__(self) -> None:
        check_settings(self)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        refused = needs_states(self, model, task, logits=False)
        if refused is not None:
            return refused
        sizes = np.diff(model.cell().first)
        if self.det_weight and not np.array_equal(sizes, [2, 2]):
            return (
                "The determinant term of ExpectationMaximization has a closed form for two states, all transitions allowed: "
                "take det_weight=0, or GeneralizedEM or StochasticAscent with SoftmaxStates."
            )
        if self.floor is not None and not 0 <= self.floor * sizes.max() < 1:
            return f"`floor` must be below 1/{sizes.max()}, for states with {sizes.max()} successors; got {self.floor}."
        return None

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return tuple(opened(model.cell(), show.lanes, streams))

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        cell, epoch = model.cell(), Epoch(*state)
        run = passage(cell, show.lanes.inputs.shape[2])
        random = np.ascontiguousarray(epoch.random.T)
        learn(cell, theta, show.lanes, epoch, run, random, ending(self), self.det_weight, self.floor)
        epoch.random[:] = random.T


@kernel
def learn(cell, theta, show, epoch, run, random, end, det_weight, floor):  # type: ignore[no-untyped-def]
    """Trial after trial, until every one sleeps."""
    for trial in range(theta.shape[1]):
        take(cell, theta[:, trial], run)
        while study(cell, show, trial, epoch, run):
            afresh = judge(show, trial, epoch, end)
            if afresh:
                draw(cell, theta, trial, random)
            elif not show.learned[trial]:
                maximise(cell, theta, epoch.counts, trial, det_weight, floor)
            begin_again(epoch, trial, afresh)
            take(cell, theta[:, trial], run)


@kernel
def draw(cell, theta, trial, random):  # type: ignore[no-untyped-def]
    """Every row uniform on its simplex; zeros stay zero."""
    first, edges = cell.first, cell.target.size
    for k in range(0, cell.trained, edges):
        for j in range(first.size - 1):
            total = 0.0
            for p in range(k + first[j], k + first[j + 1]):
                if theta[p, trial] > 0.0:
                    theta[p, trial] = -math.log(1.0 - uniform(random, trial))
                    total += theta[p, trial]
            for p in range(k + first[j], k + first[j + 1]):
                theta[p, trial] /= total


@kernel
def maximise(cell, theta, counts, trial, det_weight, floor):  # type: ignore[no-untyped-def]
    """The M-step."""
    first, edges = cell.first, cell.target.size
    for k in range(0, cell.trained, edges):
        if det_weight > 0.0:
            maximise_pair(theta, counts, k, trial, det_weight, floor)
        else:
            for j in range(first.size - 1):
                maximise_row(theta, counts, k + first[j], k + first[j + 1], trial, floor)


@kernel
def maximise_row(theta, counts, begin, end, trial, floor):  # type: ignore[no-untyped-def]
    """Maximise `sum n log P` over a distribution with `P >= floor`: `P = max(n / scale, floor)`.

    Zeros stay zero, and a row that was never used stays as it is.
    """
    scale = 0.0  # it grows from round to round as more transitions meet the floor
    for _ in range(begin, end + 1):
        total, mass = 0.0, 1.0
        for p in range(begin, end):
            if theta[p, trial] > 0.0 and counts[p, trial] > floor * scale:
                total += counts[p, trial]
            elif theta[p, trial] > 0.0:
                mass -= floor
        if total <= 0.0:
            return
        scale = total / mass
    for p in range(begin, end):
        if theta[p, trial] > 0.0:
            theta[p, trial] = max(counts[p, trial] / scale, floor)


@kernel
def maximise_pair(theta, counts, base, trial, weight, floor):  # type: ignore[no-untyped-def]
    """Maximise `n01 log a + n00 log(1-a) + n11 log b + n10 log(1-b) + c |b - a|`, a = P(1|0), b = P(1|1), det = b - a.

    |x| is the greater of x and -x: for each sign g the sum is concave in a and in b, and the better of the two is taken.
    """
    n00, n01, n10, n11 = counts[base, trial], counts[base + 1, trial], counts[base + 2, trial], counts[base + 3, trial]
    c = weight * (n00 + n01 + n10 + n11)
    if c <= 0.0:
        return
    best, best_a, best_b = -np.inf, 0.0, 0.0
    for sign in (-1.0, 1.0):
        a = likeliest(n01, n00, -sign * c, theta[base + 1, trial], floor)
        b = likeliest(n11, n10, sign * c, theta[base + 3, trial], floor)
        value = times_log(n01, a) + times_log(n00, 1.0 - a) + times_log(n11, b) + times_log(n10, 1.0 - b) + sign * c * (b - a)
        if value > best:
            best, best_a, best_b = value, a, b
    theta[base, trial], theta[base + 1, trial] = 1.0 - best_a, best_a
    theta[base + 2, trial], theta[base + 3, trial] = 1.0 - best_b, best_b


@kernel
def likeliest(p, q, k, now, floor):  # type: ignore[no-untyped-def]
    """The x in [floor, 1 - floor] that maximises `p log x + q log(1-x) + k x`: a root of `-k x^2 + (k-p-q) x + p`.

    A probability that is 0 or 1 stays so.
    """
    if now == 0.0 or now == 1.0:
        return now
    middle = k - p - q
    root = math.sqrt(max(middle * middle + 4.0 * k * p, 0.0))
    x = 0.0
    if middle > 0.0:
        x = (middle + root) / (2.0 * k)
    elif p > 0.0:
        x = 2.0 * p / (root - middle)  # the same root, without cancellation
    return min(max(x, floor), 1.0 - floor)


@kernel
def times_log(n, x):  # type: ignore[no-untyped-def]
    """n log x, 0 where n is."""
    return n * math.log(x) if n > 0.0 else 0.0
