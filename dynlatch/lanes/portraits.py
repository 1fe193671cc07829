"""Attractors of many networks, followed while their weights change: warm Newton, and a search only where something is missing.

For a bounded map the signs of det(I - J) at the fixed points sum to 1 (its degree). Points known from the last look are solved
for again, and what an orbit of the run has come to is added; a fresh search from many starts is made at first, and where the
sum is broken. A pair born by a fold far from all of these keeps the sum, and is found when an orbit first goes there.

Each stage is one queue over all networks, so that packs are full; what is found of a network does not depend on the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.contraction import contracts, metrics
from dynlatch.lanes.escape import bounds
from dynlatch.lanes.known import AFTER, KNOWN, LABEL, PERIOD, SEARCHES, SIGN, Known, add
from dynlatch.lanes.orbits import EARLY, follow
from dynlatch.lanes.solving import newton
from dynlatch.validation import Array

Numbers = NDArray[np.int64]


def survey(
    code: Numbers, w: Array, states: Array, starts: Array, probes: int, push: Array, known: Known, *, bounded: bool
) -> tuple[Numbers, Array]:
    """Bring what is known of C networks under one input each up to date, and place their final states.

    w (C, E + n), states (C, E, r), starts (K, r): where searches begin; the first `probes` of them are followed at every look.
    `bounded`: whether the degree of the map is 1. Of each final state (C, E, 3): the place of the attractor that its orbit
    goes to, -1 for none; the point of the cycle that it belongs to; and whether it lies in the reduced attracting set, in
    the adapted norm. And of each network a lower bound on the inputs in the direction push (C, n) that take them out of
    their basins (C,), which is 0 where one is in none, or at a cycle; an empty `push` asks for none.
    """
    C, E, r = states.shape
    renew(code, w, *known)
    before = known.facts[:, -1, KNOWN].copy()
    followed = np.concatenate([states, np.broadcast_to(starts[:probes], (C, probes, r))], axis=1).reshape(-1, r)
    steps, found, _ = _explored(code, w, np.repeat(np.arange(C), E + probes), followed, known)
    missing = np.flatnonzero(incomplete(bounded, known.facts))
    if len(missing):
        _search(code, w, missing, starts, known)
    steps, found = (np.ascontiguousarray(numbers.reshape(C, -1)[:, :E]) for numbers in (steps, found))
    again = np.nonzero((found < 0) & (known.facts[:, -1, KNOWN] > before)[:, None])
    if len(again[0]):
        steps[again], found[again], _ = _explored(code, w, np.ascontiguousarray(again[0]), states[again], known)
    ends = np.zeros((C, E, 3), dtype=np.int64)
    margin = np.zeros(C)
    place(code, w, np.ascontiguousarray(states), steps, found, push, *known, ends, margin)
    return ends, margin


def _explored(code: Numbers, w: Array, case: Numbers, starts: Array, known: Known) -> tuple[Numbers, Numbers, Array]:
    """Follow orbits, and add what those come to that arrive nowhere: steps taken, places of attractors, states under way."""
    steps, found, back = np.empty((3, len(case)), dtype=np.int64)
    ends, early = np.empty_like(starts), np.empty((len(case), len(EARLY), starts.shape[1]))
    follow(code, w, case, starts, *known, steps, found, back, ends, early)
    lost = np.flatnonzero(back)
    if len(lost):
        settle(code, w, case[lost], back[lost], np.full(len(lost), -1), ends[lost], *known)
    return steps, found, early


def _search(code: Numbers, w: Array, cases: Numbers, starts: Array, known: Known) -> None:
    """Newton's method from every start, from a few steps on, and from where its orbit ends."""
    case, x = np.repeat(cases, len(starts)), np.tile(starts, (len(cases), 1))
    once, new = np.ones(len(case), dtype=np.int64), np.full(len(case), -1)
    settle(code, w, case, once, new, x.copy(), *known)
    steps, _, early = _explored(code, w, case, x, known)
    for e, after in enumerate(EARLY):
        under_way = np.flatnonzero(steps >= after)
        settle(code, w, case[under_way], once[under_way], new[under_way], early[under_way, e], *known)
    known.facts[cases, -1, SEARCHES] += 1
    known.facts[cases, -1, AFTER] = known.facts[cases, -1, KNOWN]


@kernel
def settle(code, w, case, period, label, x, points, facts):  # type: ignore[no-untyped-def]
    """Solve from x (N, r), in place, and add what is new."""
    sign, stable = np.empty(len(x), np.int64), np.empty(len(x), np.int64)
    newton(code, w, case, period, x, sign, stable)
    add(code, w, case, period, label, x, sign, stable, points, facts)


@kernel
def renew(code, w, points, facts):  # type: ignore[no-untyped-def]
    """Solve for the known points again; those that are lost are dropped."""
    (C, M, r), N, k = points.shape, 0, 0
    for c in range(C):
        N += facts[c, M, KNOWN]
    case, period, label, x = np.empty(N, np.int64), np.empty(N, np.int64), np.empty(N, np.int64), np.empty((N, r))
    for c in range(C):
        for m in range(facts[c, M, KNOWN]):
            case[k], period[k], label[k] = c, facts[c, m, PERIOD], facts[c, m, LABEL]
            for i in range(r):
                x[k, i] = points[c, m, i]
            k += 1
        facts[c, M, KNOWN] = 0
    settle(code, w, case, period, label, x, points, facts)


@kernel
def incomplete(bounded, facts):  # type: ignore[no-untyped-def]
    """Of which networks too little is known (C,); a sum that a search could not mend is not searched for again."""
    M, chosen = facts.shape[1] - 1, np.zeros(len(facts), np.bool_)
    for c in range(len(facts)):
        total = 0
        for m in range(facts[c, M, KNOWN]):
            if facts[c, m, PERIOD] == 1:
                total += facts[c, m, SIGN]
        broken = bounded and total != 1 and facts[c, M, KNOWN] != facts[c, M, AFTER]
        chosen[c] = broken or facts[c, M, KNOWN] == 0 or facts[c, M, SEARCHES] == 0
    return chosen


@kernel
def place(code, w, states, steps, found, push, points, facts, ends, margin):  # type: ignore[no-untyped-def]
    """The attractor of each final state (C, E, r), its phase, whether all its steps contract; the margin of each network."""
    (C, E, r), M = states.shape, points.shape[1]
    first, row, N = np.full((C, M), -1), np.empty(C * E, np.int64), 0
    turns = np.int64(0)  # a literal 0 would have `_norms` compiled twice
    for c in range(C):
        for e in range(E):
            m = ends[c, e, 0] = found[c, e]
            if m >= 0:
                ends[c, e, 1] = -steps[c, e] % facts[c, m, PERIOD]
                row[N] = c * E + e
                N += 1
                if first[c, m] < 0:
                    first[c, m] = turns
                    turns += facts[c, m, PERIOD]
    P, known, bound = _norms(code, w, first, turns, push, points, facts)
    for c in range(C):
        margin[c] = np.inf
        for e in range(E):
            m = found[c, e]
            margin[c] = min(margin[c], bound[first[c, m]] if m >= 0 and facts[c, m, PERIOD] == 1 else 0.0)
    case, x = np.empty(N, np.int64), np.empty((N, r))
    length, period, phase, begin = np.empty(N, np.int64), np.empty(N, np.int64), np.empty(N, np.int64), np.empty(N, np.int64)
    for k in range(N):
        c, e = row[k] // E, row[k] % E
        m = found[c, e]
        case[k], length[k], period[k], phase[k], begin[k] = c, steps[c, e], facts[c, m, PERIOD], ends[c, e, 1], first[c, m]
        for i in range(r):
            x[k, i] = states[c, e, i]
    inside = np.empty(N, np.bool_)
    contracts(code, w, case, x, length, period, phase, begin, P, inside)
    for k in range(N):
        ends[row[k] // E, row[k] % E, 2] = inside[k] and known[begin[k]]


@kernel
def _norms(code, w, first, turns, push, points, facts):  # type: ignore[no-untyped-def]
    """P (turns, r, r) of the points of the attractors in use, those of point m of network c from first[c, m] on, and bounds."""
    (C, M, r), j = points.shape, 0
    case, period, phase, x = (
        np.empty(turns, np.int64),
        np.empty(turns, np.int64),
        np.empty(turns, np.int64),
        np.empty((turns, r)),
    )
    for c in range(C):
        for m in range(M):
            for p in range(facts[c, m, PERIOD] if first[c, m] >= 0 else 0):
                j = first[c, m] + p
                case[j], period[j], phase[j] = c, facts[c, m, PERIOD], p
                for i in range(r):
                    x[j, i] = points[c, m, i]
    P, known = np.empty((turns, r, r)), np.empty(turns, np.bool_)
    metrics(code, w, case, x, period, phase, P, known)
    bound = np.zeros(turns)
    if len(push) > 0:
        bounds(code, w, case, x, push, P, known, bound)
    return P, known, bound
