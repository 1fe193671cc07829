"""Exact expectation-maximisation for state networks with lookup tables, with restarts and a determinant term.

Bengio and Frasconi, NIPS 1993 ("Credit assignment through time: alternatives to backpropagation"), section 4. E-step: the
expected number n of each transition under each symbol, given the wanted last states. M-step for plain tables: `P(i|j,k) =
n_ijk / sum over i of n_ijk`; where a floor keeps the probabilities from zero, the maximum under that constraint. With the
determinant term the criterion is `sum n log P + c sum over k of N_k |det A_k|`, N_k the expected transitions under symbol k:
without it credit diffuses, and parity of long sequences is not learned. It is raised row by row, each row to its maximum.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.random import uniform
from dynlatch.lanes.softmax_states import determinant
from dynlatch.lanes.state_epochs import Epoch, begin_again, judge, opened, study
from dynlatch.lanes.state_network import StateCell, passage, take, zero
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.states import check_settings, ending, needs_states
from dynlatch.validation import Array

ROUNDS = 4  # through all rows; with two states the first one ends at the maximum
HALVINGS = 100


@dataclass(frozen=True)
class ExpectationMaximization:
    """Batch EM: an epoch is n presentations, and a pause or the budget may cut it without changing a bit.

    Parameters
    ----------
    det_weight : float, optional
        c, in units of the expected transitions, so that it does not depend on T.
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
        if self.floor is not None and not 0 <= self.floor * sizes.max() < 1:
            return f"`floor` must be below 1/{sizes.max()}, for states with {sizes.max()} successors; got {self.floor}."
        return None

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return tuple(opened(model.cell(), show.lanes, streams))

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        cell, epoch = model.cell(), Epoch(*state)
        run = passage(cell, show.lanes.inputs.shape[2])
        random = np.ascontiguousarray(epoch.random.T)
        learn(cell, theta, show.lanes, epoch, run, random, ending(self), self.det_weight, self.floor, room_for(cell))
        epoch.random[:] = random.T


@bundle
class Room(NamedTuple):
    """Of one symbol: what the M-step works on."""

    n: Array  # (E,) expected transitions
    P: Array  # (E,) the probabilities that are tried
    best: Array  # (E,)
    slope: Array  # (E,) of the determinant term
    A: Array  # (S, S)
    inverse: Array  # (S, S)


def room_for(cell: StateCell) -> Room:
    """Of this cell's sizes."""
    E, S = len(cell.target), len(cell.first) - 1
    return Room(*np.zeros((4, E)), *np.zeros((2, S, S)))


@kernel
def learn(cell, theta, show, epoch, run, random, end, det_weight, floor, room):  # type: ignore[no-untyped-def]
    """Trial after trial, until every one sleeps."""
    for trial in range(theta.shape[1]):
        take(cell, theta[:, trial], run)
        while study(cell, show, trial, epoch, run):
            afresh = judge(show, trial, epoch, end)
            if afresh:
                draw(cell, theta, trial, random)
            elif not show.learned[trial]:
                maximise(cell, theta, epoch.counts, trial, det_weight, floor, room)
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
def maximise(cell, theta, counts, trial, det_weight, floor, room):  # type: ignore[no-untyped-def]
    """The M-step."""
    first, edges = cell.first, cell.target.size
    for k in range(0, cell.trained, edges):
        if det_weight > 0.0:
            maximise_matrix(cell, theta, counts, k, trial, det_weight, floor, room)
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
def maximise_matrix(cell, theta, counts, base, trial, weight, floor, room):  # type: ignore[no-untyped-def]
    """Raise `sum n log P + c |det A|`, the maximum where there are two states.

    |x| is the greater of x and -x. det A is linear in each row of probabilities, those from one state, with the cofactors as
    slopes: for each sign, row after row is maximised with the others as they are, and the better sign is taken.
    """
    first, target = cell.first, cell.target
    used, n = 0.0, room.n
    for e in range(target.size):
        n[e] = counts[base + e, trial]
        used += n[e]
    c = weight * used
    if c <= 0.0:
        return
    best = -np.inf
    for sign in (-1.0, 1.0):
        for e in range(target.size):
            room.P[e] = theta[base + e, trial]
        for _ in range(ROUNDS):
            for j in range(first.size - 1):
                for e in range(first[j], first[j + 1]):
                    room.slope[e] = sign * c * cofactor(cell, room, j, target[e])
                maximise_sloped(room, first[j], first[j + 1], floor)
        value = c * abs(signed_volume(cell, room))
        for e in range(target.size):
            value += times_log(n[e], room.P[e])
        if value > best:
            best = value
            for e in range(target.size):
                room.best[e] = room.P[e]
    for e in range(target.size):
        theta[base + e, trial] = room.best[e]


@kernel
def signed_volume(cell, room):  # type: ignore[no-untyped-def]
    """det A of the probabilities that are tried."""
    fill(cell, room)
    return determinant(room.A, room.inverse)


@kernel
def cofactor(cell, room, j, i):  # type: ignore[no-untyped-def]
    """d det A / d A_ij, which does not depend on column j and is there where A is singular too: that column becomes e_i."""
    fill(cell, room)
    for k in range(room.A.shape[0]):
        room.A[k, j] = 1.0 if k == i else 0.0
    return determinant(room.A, room.inverse)


@kernel
def fill(cell, room):  # type: ignore[no-untyped-def]
    """A of the probabilities that are tried, used up by `determinant`."""
    zero(room.A)
    for j in range(cell.first.size - 1):
        for e in range(cell.first[j], cell.first[j + 1]):
            room.A[cell.target[e], j] = room.P[e]


@kernel
def maximise_sloped(room, begin, end, floor):  # type: ignore[no-untyped-def]
    """Maximise `sum n log P + k P` over a distribution with `P >= floor`, zeros staying zero.

    `P = max(n / (x + top - k), floor)`, top the largest k, with the x > 0 for which they sum to one; where even x = 0 leaves
    something over, which needs n = 0 at the top, that goes to the top.
    """
    n, k, P = room.n, room.slope, room.P
    top, bottom, at, total, live = -np.inf, np.inf, begin, 0.0, 0
    for e in range(begin, end):
        if P[e] > 0.0:
            live, total, bottom = live + 1, total + n[e], min(bottom, k[e])
            if k[e] > top:
                top, at = k[e], e
    if total <= 0.0 and top == bottom:
        return
    low, high = 0.0, total / (1.0 - live * floor)
    for _ in range(HALVINGS):
        x, mass = 0.5 * (low + high), 0.0
        for e in range(begin, end):
            mass += share(n[e], P[e], x + top - k[e], floor)
        low, high = (x, high) if mass > 1.0 else (low, x)
    left, takes = 1.0, at
    for e in range(begin, end):
        P[e] = share(n[e], P[e], high + top - k[e], floor)
        left -= P[e]
        if n[at] > 0.0 and P[e] > P[takes]:
            takes = e
    P[takes] = max(P[takes] + left, floor)


@kernel
def share(n, P, price, floor):  # type: ignore[no-untyped-def]
    """A probability at its price; zeros stay zero."""
    if P == 0.0:
        return 0.0
    return max(n / price, floor) if n > 0.0 else floor


@kernel
def times_log(n, x):  # type: ignore[no-untyped-def]
    """n log x, 0 where n is."""
    return n * math.log(x) if n > 0.0 else 0.0
