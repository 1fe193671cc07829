"""Ascent on the activations of softmax subnets of state networks: `P = exp a / sum exp a` in the row of each symbol and state.

With h the transitions expected given the wanted last state and N their sum over a row, `d log L / da = h - N P` (Bengio and
Frasconi, NIPS 1993, and 1994). The determinant term `c N_k |det A_k|` adds `c N_k P (G - sum over the row of P G)`, where
`G = d|det A| / dA = |det A| A^-T`, and 0 where A is singular.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.random import normal
from dynlatch.lanes.state_network import zero
from dynlatch.validation import Array

LARGEST = 8.0  # activations, of mean zero in each row, stay within +-this
LEAST = -5.0  # log-likelihoods below count as this when progress is judged


@bundle
class Pace(NamedTuple):
    """Learning rates that fall while the likelihood improves and rise while it does not; lanes last."""

    eta: Array  # (L,)
    reference: Array  # (L,) the log-likelihood to improve on
    summed: Array  # (L,) of the present window
    shown: Array  # (L,) presentations in it
    windows: Array  # (L,) since the start, or the last fresh one


class Schedule(NamedTuple):
    """How rates change."""

    window: int  # presentations over which the log-likelihood is averaged
    gain: float  # an average that exceeds the reference by this much is an improvement
    slower: float  # factor of the rate then
    faster: float  # and otherwise
    slowest: float
    fastest: float
    memory: float  # share by which the reference follows an average that is no improvement


def unhurried(L: int, eta: float) -> Pace:
    """The pace before the first presentation."""
    return Pace(np.full(L, eta), np.full(L, LEAST), np.zeros(L), np.zeros(L), np.zeros(L))


@kernel
def start_afresh(cell, theta, lane, pace, eta, random):  # type: ignore[no-untyped-def]
    """Standard normal activations, and the first rate."""
    for p in range(cell.trained):
        theta[p, lane] = normal(random, lane)
    pace.eta[lane], pace.reference[lane], pace.windows[lane] = eta, LEAST, 0.0


@kernel
def adapt(pace, schedule, lane, score):  # type: ignore[no-untyped-def]
    """One more log-likelihood; at the end of a window, the new rate."""
    pace.summed[lane] += max(score, LEAST)
    pace.shown[lane] += 1.0
    if pace.shown[lane] < schedule.window:
        return
    mean = pace.summed[lane] / pace.shown[lane]
    pace.summed[lane], pace.shown[lane] = 0.0, 0.0
    pace.windows[lane] += 1.0
    if mean > pace.reference[lane] + schedule.gain:
        pace.eta[lane] = max(schedule.slower * pace.eta[lane], schedule.slowest)
        pace.reference[lane] = mean
    else:
        pace.eta[lane] = min(schedule.faster * pace.eta[lane], schedule.fastest)
        pace.reference[lane] += schedule.memory * (mean - pace.reference[lane])


@kernel
def softmax(cell, theta, lane, table):  # type: ignore[no-untyped-def]
    """table (K E,): the probabilities of one lane."""
    first, edges, trained = cell.first, cell.target.size, cell.trained
    for k in range(0, trained, edges):
        for j in range(first.size - 1):
            begin, end, largest, total = k + first[j], k + first[j + 1], theta[k + first[j], lane], 0.0
            for p in range(begin, end):
                largest = max(largest, theta[p, lane])
            for p in range(begin, end):
                table[p] = math.exp(theta[p, lane] - largest)
                total += table[p]
            for p in range(begin, end):
                table[p] /= total


@kernel
def determinant(A, inverse):  # type: ignore[no-untyped-def]
    """det A, by elimination; A is used up, and `inverse` is its inverse, or zero where A is singular."""
    n, det = A.shape[0], 1.0
    zero(inverse)
    for i in range(n):
        inverse[i, i] = 1.0
    for c in range(n):
        pivot = c
        for r in range(c + 1, n):
            if abs(A[r, c]) > abs(A[pivot, c]):
                pivot = r
        if A[pivot, c] == 0.0:
            zero(inverse)
            return 0.0
        det *= A[pivot, c] if pivot == c else -A[pivot, c]
        scale = 1.0 / A[pivot, c]
        for k in range(n):
            if pivot != c:
                A[c, k], A[pivot, k] = A[pivot, k], A[c, k]
                inverse[c, k], inverse[pivot, k] = inverse[pivot, k], inverse[c, k]
            A[c, k] *= scale
            inverse[c, k] *= scale
        for r in range(n):
            factor = A[r, c]
            if r != c and factor != 0.0:
                for k in range(n):
                    A[r, k] -= factor * A[c, k]
                    inverse[r, k] -= factor * inverse[c, k]
    return det


@kernel
def ascend(cell, theta, table, counts, lane, rate, det_weight, A, inverse):  # type: ignore[no-untyped-def]
    """`a += rate d/da (log L + c sum N_k |det A_k|)` in one lane; rows are then centred and kept within +-8.

    A and inverse (S, S) are room for the determinant.
    """
    first, edges = cell.first, cell.target.size
    slope = np.empty(edges)
    for k in range(0, cell.trained, edges):
        if not climbs(cell, table, k, counts, k, det_weight, A, inverse, slope):
            continue
        for j in range(first.size - 1):
            for e in range(first[j], first[j + 1]):
                theta[k + e, lane] += rate * slope[e]
            settle(theta, k + first[j], k + first[j + 1], lane)


@kernel
def climbs(cell, table, at, counts, begin, det_weight, A, inverse, slope):  # type: ignore[no-untyped-def]
    """slope (E,) in the activations of one matrix, from its probabilities table[at:], expected transitions counts[begin:].

    False where it was not used, without a slope.
    """
    first, target = cell.first, cell.target
    used, volume = 0.0, 0.0
    for e in range(target.size):
        used += counts[begin + e]
    if used == 0.0:
        return False
    zero(inverse)
    if det_weight > 0.0:
        zero(A)
        for j in range(first.size - 1):
            for e in range(first[j], first[j + 1]):
                A[target[e], j] = table[at + e]
        volume = det_weight * used * abs(determinant(A, inverse))
    for j in range(first.size - 1):
        row, along = 0.0, 0.0
        for e in range(first[j], first[j + 1]):
            row += counts[begin + e]
            along += table[at + e] * inverse[j, target[e]]
        for e in range(first[j], first[j + 1]):
            P = table[at + e]
            slope[e] = counts[begin + e] - row * P + volume * P * (inverse[j, target[e]] - along)
    return True


@kernel
def settle(theta, begin, end, lane):  # type: ignore[no-untyped-def]
    """A row of mean zero, within +-8."""
    mean = 0.0
    for p in range(begin, end):
        mean += theta[p, lane] / (end - begin)
    for p in range(begin, end):
        theta[p, lane] = min(max(theta[p, lane] - mean, -LARGEST), LARGEST)


@kernel
def transitions(cell, theta, lane, inputs, trial, which, length, table):  # type: ignore[no-untyped-def]
    """table (T E,): the probabilities at every step of sequence `which` of `inputs` (trials, n, T, m)."""
    first, edges = cell.first, cell.target.size
    for t in range(length):
        for j in range(first.size - 1):
            largest, total = -np.inf, 0.0
            for e in range(first[j], first[j + 1]):
                a = theta[e, lane]
                for f in range(cell.inputs):
                    a += theta[(f + 1) * edges + e, lane] * inputs[trial, which, t, f]
                table[t * edges + e] = a
                largest = max(largest, a)
            for p in range(t * edges + first[j], t * edges + first[j + 1]):
                table[p] = np.exp(table[p] - largest)
                total += table[p]
            for p in range(t * edges + first[j], t * edges + first[j + 1]):
                table[p] /= total
