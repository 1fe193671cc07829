"""Attractors of many networks, followed while their weights change: warm Newton, and a search only where something is missing.

For a bounded map the signs of det(I - J) at the fixed points sum to 1 (its degree). Points known from the last look are solved
for again, and what an orbit of the run has come to is added; a fresh search from many starts is made at first, and where the
sum is broken. A pair born by a fold far from all of these keeps the sum, and is found when an orbit first goes there.

What is known of one network under one input is two arrays: points (M, r), a cycle by one of its points, and facts (M + 1, 4),
their PERIOD, LABEL (a number for life), SIGN of det(I - J) and whether they are STABLE. The last row of the facts holds how
many are known, labels given out, searches made, and how many were known after the last one.
"""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.points import linearise, metrics, newton, put, shrinks, step

PERIOD, LABEL, SIGN, STABLE = range(4)
KNOWN, LABELS, SEARCHES, AFTER = range(4)

SAME = 1e-6  # two points closer than this, relative to their size, are one
CAPTURED = 1e-3  # an orbit this close to an attractor has arrived
PATIENCE = 300  # steps after which an orbit that has arrived nowhere is at something unknown
LONGEST_PERIOD = 8
PROBES = 2  # starts that are followed at every look


@kernel
def survey(code, w, rows, starts, states, bounded, points, facts, ends):  # type: ignore[no-untyped-def]
    """Bring what is known (B, Q, ...) of the networks `rows` up to date, and place their final states.

    w (rows, Q, E + n), starts (K, r), states (rows, E, r). Of each final state ends (B, E, Q, 3) gets the place of the
    attractor that its orbit goes to, -1 for none; the point of the cycle that it belongs to; and whether it lies in the
    reduced attracting set, in the adapted norm.
    """
    E = states.shape[1]
    steps, found = np.empty(E + PROBES, np.int64), np.empty(E + PROBES, np.int64)
    for k in range(rows.size):
        for q in range(w.shape[1]):
            known, about, weights = points[rows[k], q], facts[rows[k], q], w[k, q]
            _follow(code, weights, known, about)
            followed = about[-1, KNOWN]
            for e in range(E + PROBES):
                x = (states[k, e] if e < E else starts[e - E]).copy()
                steps[e], found[e] = _orbit(code, weights, x, PATIENCE, known, about)
                if found[e] < 0:
                    _solve_at(code, weights, x, known, about)
            # A sum that a search could not mend is not searched for again.
            broken = bounded and _index_sum(about) != 1 and about[-1, KNOWN] != about[-1, AFTER]
            if broken or about[-1, KNOWN] == 0 or about[-1, SEARCHES] == 0:
                _search(code, weights, starts, known, about)
            for e in range(E):
                if found[e] < 0 and about[-1, KNOWN] > followed:
                    steps[e], found[e] = _orbit(code, weights, states[k, e].copy(), PATIENCE, known, about)
                _place(code, weights, states[k, e], steps[e], found[e], known, about, ends[rows[k], e, q])


@kernel
def _follow(code, w, known, about):  # type: ignore[no-untyped-def]
    """Solve for the known points again; those that are lost are dropped."""
    before = about[-1, KNOWN]
    about[-1, KNOWN] = 0
    for m in range(before):
        x, period, label = known[m].copy(), about[m, PERIOD], about[m, LABEL]
        _add(code, w, x, period, label, known, about)


@kernel
def _add(code, w, x, period, label, known, about):  # type: ignore[no-untyped-def]
    """Solve from x, and add the point unless it is known or of a lower period; a new label if `label` is -1.

    Whether it was added.
    """
    m, y = about[-1, KNOWN], np.empty(x.size)
    if m == len(known):
        return False
    sign = newton(code, w, period, x)
    if sign == -2 or _find(code, w, x, known, about, SAME, False) >= 0:
        return False
    now, output = x.copy(), np.empty(code[0, 0])
    for k in range(1, period):
        step(code, w, now, y, output)
        put(now, y)
        if period % k == 0 and _distance(now, x) < SAME:
            return False
    if label < 0:
        label = about[-1, LABELS]
        about[-1, LABELS] += 1
    put(known[m], x)
    about[m, PERIOD], about[m, LABEL], about[m, SIGN] = period, label, sign
    about[m, STABLE] = metrics(code, w, period, x, np.empty((period, x.size, x.size)))
    about[-1, KNOWN] = m + 1
    return True


@kernel
def _distance(x, y):  # type: ignore[no-untyped-def]
    """Largest difference, relative to the size of y."""
    far, size = 0.0, 1.0
    for i in range(x.size):
        far, size = max(far, abs(x[i] - y[i])), max(size, abs(y[i]))
    return far / size


@kernel
def _find(code, w, x, known, about, within, attracting):  # type: ignore[no-untyped-def]
    """The known point that x is at, as `LONGEST_PERIOD * place + phase` of a cycle; -1 if it is at none."""
    for m in range(about[-1, KNOWN]):
        if attracting and about[m, STABLE] == 0:
            continue
        if _distance(x, known[m]) < within:
            return LONGEST_PERIOD * m
        if about[m, PERIOD] > 1:
            phase = _phase(code, w, x, known[m], about[m, PERIOD], within)
            if phase > 0:
                return LONGEST_PERIOD * m + phase
    return -1


@kernel
def _phase(code, w, x, point, period, within):  # type: ignore[no-untyped-def]
    """How many steps after `point` of a cycle x is; 0 if it is at none of the others."""
    y, now, output = np.empty(x.size), point.copy(), np.empty(code[0, 0])
    for phase in range(1, period):
        step(code, w, now, y, output)
        put(now, y)
        if _distance(x, now) < within:
            return phase
    return 0


@kernel
def _orbit(code, w, x, steps, known, about):  # type: ignore[no-untyped-def]
    """Move x along its orbit until it is at an attractor, or `steps` are through: how many it took, and where it is."""
    y, output = np.empty(x.size), np.empty(code[0, 0])
    for k in range(steps):
        found = _find(code, w, x, known, about, CAPTURED, True)
        if found >= 0:
            return k, found
        step(code, w, x, y, output)
        put(x, y)
    return steps, -1


@kernel
def _solve_at(code, w, x, known, about):  # type: ignore[no-untyped-def]
    """Add the fixed point or cycle that the orbit from x has come to; whether one was added."""
    now, y, output = x.copy(), np.empty(x.size), np.empty(code[0, 0])
    for period in range(1, LONGEST_PERIOD + 1):
        step(code, w, now, y, output)
        put(now, y)
        if _distance(now, x) < 0.01:
            return _add(code, w, x.copy(), period, -1, known, about)
    return False


@kernel
def _index_sum(about):  # type: ignore[no-untyped-def]
    total = 0
    for m in range(about[-1, KNOWN]):
        if about[m, PERIOD] == 1:
            total += about[m, SIGN]
    return total


@kernel
def _search(code, w, starts, known, about):  # type: ignore[no-untyped-def]
    """Newton's method from every start, from a few steps on, and from where its orbit ends."""
    about[-1, SEARCHES] += 1
    y, output = np.empty(starts.shape[1]), np.empty(code[0, 0])
    for k in range(len(starts)):
        x = starts[k].copy()
        for _late in range(3):
            _add(code, w, x.copy(), 1, -1, known, about)
            for _ in range(3):
                step(code, w, x, y, output)
                put(x, y)
        if _orbit(code, w, x, PATIENCE, known, about)[1] < 0:
            _solve_at(code, w, x, known, about)
    about[-1, AFTER] = about[-1, KNOWN]


@kernel
def _place(code, w, start, steps, found, known, about, end):  # type: ignore[no-untyped-def]
    """The attractor at which the orbit from `start` is after `steps`, the phase of the start, whether all steps contract."""
    end[0], end[1], end[2] = found // LONGEST_PERIOD, 0, 0
    if found < 0:
        return
    r, place, period = start.size, found // LONGEST_PERIOD, about[found // LONGEST_PERIOD, PERIOD]
    end[1] = phase = (found % LONGEST_PERIOD - steps) % period
    x, P, J, y = start.copy(), np.empty((period, r, r)), np.empty((r, r)), np.empty(r)
    metrics(code, w, period, known[place], P)
    for k in range(PATIENCE):
        linearise(code, w, x, y, J)
        if not shrinks(J, P[phase], P[(phase + 1) % period]):
            return
        put(x, y)
        phase = (phase + 1) % period
        if k >= steps:  # at the attractor, where the norm contracts
            break
    end[2] = 1
