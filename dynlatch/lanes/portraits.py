"""Attractors of many networks, followed while their weights change: warm Newton, and a search only where something is missing.

For a bounded map the signs of det(I - J) at the fixed points sum to 1 (its degree). Points known from the last look are solved
for again, and what an orbit of the run has come to is added; a fresh search from many starts is made at first, and where the
sum is broken. A pair born by a fold far from all of these keeps the sum, and is found when an orbit first goes there.

Each stage is one queue over all networks, so that packs are full; what is found of a network does not depend on the others.
"""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.contraction import contracts, metrics
from dynlatch.lanes.known import AFTER, KNOWN, LABEL, PERIOD, SEARCHES, SIGN, add
from dynlatch.lanes.orbits import EARLY, follow
from dynlatch.lanes.solving import newton


@kernel
def survey(code, w, states, starts, probes, bounded, points, facts, ends):  # type: ignore[no-untyped-def]
    """Bring what is known of C networks under one input each, points (C, M, r) and facts, up to date; place their final states.

    w (C, E + n), states (C, E, r), starts (K, r): where searches begin; the first `probes` of them are followed at every look.
    `bounded`: whether the degree of the map is 1. Of each final state ends (C, E, 3) gets the place of the attractor that its orbit
    goes to, -1 for none; the point of the cycle that it belongs to; and whether it lies in the reduced attracting set, in the
    adapted norm.
    """
    (C, E, r), M = states.shape, points.shape[1]
    _renew(code, w, points, facts)
    before = facts[:, M, KNOWN].copy()
    N = C * (E + probes)
    case, x = np.empty(N, np.int64), np.empty((N, r))
    for c in range(C):
        for e in range(E + probes):
            k = c * (E + probes) + e
            case[k] = c
            for i in range(r):
                x[k, i] = states[c, e, i] if e < E else starts[e - E, i]
    steps, found = _explore(code, w, case, x, np.empty((0, 2, r)), points, facts)
    _search(code, w, _incomplete(bounded, facts), starts, points, facts)
    again = np.array([k for k in range(N) if k % (E + probes) < E and found[k] < 0 and facts[case[k], M, KNOWN] > before[case[k]]])
    if len(again) > 0:
        steps[again], found[again] = _explore(code, w, case[again], x[again], np.empty((0, 2, r)), points, facts)
    final = np.array([k for k in range(N) if k % (E + probes) < E])
    _place(code, w, case[final], x[final], steps[final], found[final], points, facts, ends.reshape(C * E, 3))


@kernel
def _solve(code, w, case, period, label, x, points, facts):  # type: ignore[no-untyped-def]
    """Solve from x (N, r), in place, and add what is new."""
    sign, stable = np.empty(len(x), np.int64), np.empty(len(x), np.int64)
    newton(code, w, case, period, x, sign, stable)
    add(code, w, case, period, label, x, sign, stable, points, facts)


@kernel
def _renew(code, w, points, facts):  # type: ignore[no-untyped-def]
    """Solve for the known points again; those that are lost are dropped."""
    C, M, r = points.shape
    N, k = facts[:, M, KNOWN].sum(), 0
    case, period, label, x = np.empty(N, np.int64), np.empty(N, np.int64), np.empty(N, np.int64), np.empty((N, r))
    for c in range(C):
        for m in range(facts[c, M, KNOWN]):
            case[k], period[k], label[k] = c, facts[c, m, PERIOD], facts[c, m, LABEL]
            for i in range(r):
                x[k, i] = points[c, m, i]
            k += 1
        facts[c, M, KNOWN] = 0
    _solve(code, w, case, period, label, x, points, facts)


@kernel
def _explore(code, w, case, starts, early, points, facts):  # type: ignore[no-untyped-def]
    """Follow orbits, and add what those come to that arrive nowhere: how many steps they took, and the places of attractors."""
    N, r = starts.shape
    steps, found, back = np.empty(N, np.int64), np.empty(N, np.int64), np.empty(N, np.int64)
    ends = np.empty((N, r))
    follow(code, w, case, starts, points, facts, steps, found, back, ends, early)
    lost = np.flatnonzero(back > 0)
    if len(lost) > 0:
        _solve(code, w, case[lost], back[lost], np.full(len(lost), -1), ends[lost], points, facts)
    return steps, found


@kernel
def _incomplete(bounded, facts):  # type: ignore[no-untyped-def]
    """The networks of which too little is known; a sum that a search could not mend is not searched for again."""
    M, chosen = facts.shape[1] - 1, np.zeros(len(facts), np.bool_)
    for c in range(len(facts)):
        total = 0
        for m in range(facts[c, M, KNOWN]):
            if facts[c, m, PERIOD] == 1:
                total += facts[c, m, SIGN]
        broken = bounded and total != 1 and facts[c, M, KNOWN] != facts[c, M, AFTER]
        chosen[c] = broken or facts[c, M, KNOWN] == 0 or facts[c, M, SEARCHES] == 0
    return np.flatnonzero(chosen)


@kernel
def _search(code, w, cases, starts, points, facts):  # type: ignore[no-untyped-def]
    """Newton's method from every start, from a few steps on, and from where its orbit ends."""
    (K, r), M = starts.shape, points.shape[1]
    N = len(cases) * K
    if N == 0:
        return
    case, x, single, new = np.empty(N, np.int64), np.empty((N, r)), np.ones(N, np.int64), np.full(N, -1)
    for k in range(N):
        case[k] = cases[k // K]
        for i in range(r):
            x[k, i] = starts[k % K, i]
    _solve(code, w, case, single, new, x.copy(), points, facts)
    early = np.empty((N, len(EARLY), r))
    steps, _ = _explore(code, w, case, x, early, points, facts)
    for e in range(len(EARLY)):
        under_way = np.flatnonzero(steps >= EARLY[e])
        begin = early[under_way, e]
        _solve(code, w, case[under_way], single[under_way], new[under_way], begin, points, facts)
    for c in cases:
        facts[c, M, SEARCHES] += 1
        facts[c, M, AFTER] = facts[c, M, KNOWN]


@kernel
def _place(code, w, case, x, steps, found, points, facts, ends):  # type: ignore[no-untyped-def]
    """The attractor of each final state x (N, r), its phase there, and whether all its steps contract."""
    M, r = points.shape[1:]
    first, turns = np.full((len(w), M), -1), 0
    for k in range(len(case)):
        ends[k, 0], ends[k, 1], ends[k, 2] = found[k], 0, 0
        if found[k] >= 0 and first[case[k], found[k]] < 0:
            first[case[k], found[k]] = turns
            turns += facts[case[k], found[k], PERIOD]
    # One norm for every point of every attractor in use.
    owner, period, phase, at = np.empty(turns, np.int64), np.empty(turns, np.int64), np.empty(turns, np.int64), np.empty((turns, r))
    P, known = np.empty((turns, r, r)), np.empty(turns, np.bool_)
    for k in range(len(case)):
        c, m = case[k], found[k]
        for p in range(facts[c, m, PERIOD] if m >= 0 else 0):
            j = first[c, m] + p
            owner[j], period[j], phase[j] = c, facts[c, m, PERIOD], p
            for i in range(r):
                at[j, i] = points[c, m, i]
    metrics(code, w, owner, at, period, phase, P, known)
    placed = np.array([k for k in range(len(case)) if found[k] >= 0 and known[first[case[k], found[k]]]])
    begin = np.array([first[case[k], found[k]] for k in placed])
    ends[:, 1] = 0
    for k in range(len(case)):
        if found[k] >= 0:
            ends[k, 1] = -steps[k] % facts[case[k], found[k], PERIOD]
    inside = np.empty(len(placed), np.bool_)
    contracts(code, w, case[placed], x[placed], steps[placed], period[begin], ends[placed, 1], begin, P, inside)
    for k in range(len(placed)):
        ends[placed[k], 2] = inside[k]
