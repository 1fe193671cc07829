"""What is known of one network under one input, in two arrays: points (M, r), of a cycle one, and facts (M + 1, 4).

The facts of a point are its PERIOD, LABEL (a number for life), SIGN of det(I - J) and whether it is STABLE. The last row holds
how many are known, labels given out, searches made, and how many were known after the last one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.points import march
from dynlatch.lanes.solving import LONGEST_PERIOD
from dynlatch.validation import Array

PERIOD, LABEL, SIGN, STABLE = range(4)
KNOWN, LABELS, SEARCHES, AFTER = range(4)

SAME = 1e-6  # two points closer than this, relative to their size, are one


class Known(NamedTuple):
    """Of C networks under one input each."""

    points: Array  # (C, M, r)
    facts: NDArray[np.int64]  # (C, M + 1, 4)


@kernel
def add(code, w, case, period, label, x, sign, stable, points, facts):  # type: ignore[no-untyped-def]
    """Add the solutions x (N, r) of `solving.newton` to what is known of the networks `case`: points (C, M, r) and facts.

    Those that are known, or that are of a lower period, are left out; a new label if `label` is -1.
    """
    (_, M, r), cycle = points.shape, np.empty((LONGEST_PERIOD, x.shape[1]))
    for k in range(len(case)):
        c = case[k]
        m = facts[c, M, KNOWN]
        if sign[k] == -2 or m == M or (period[k] > 1 and _is_shorter(code, w[c], x[k], period[k], cycle)):
            continue
        if _is_known(code, w, x, k, period[k], c, points, facts, cycle):
            continue
        for i in range(r):
            points[c, m, i] = x[k, i]
        facts[c, m, PERIOD], facts[c, m, LABEL], facts[c, m, SIGN], facts[c, m, STABLE] = (
            period[k],
            label[k],
            sign[k],
            stable[k],
        )
        if label[k] < 0:
            facts[c, m, LABEL] = facts[c, M, LABELS]
            facts[c, M, LABELS] += 1
        facts[c, M, KNOWN] = m + 1


@kernel
def _is_known(code, w, x, k, period, c, points, facts, cycle):  # type: ignore[no-untyped-def]
    """Whether x[k] is on a known cycle of this period."""
    M, r = points.shape[1:]
    for m in range(facts[c, M, KNOWN]):
        if facts[c, m, PERIOD] != period:
            continue
        far, size = 0.0, 1.0
        for i in range(r):
            far, size = max(far, abs(x[k, i] - points[c, m, i])), max(size, abs(points[c, m, i]))
        if far < SAME * size:
            return True
        if period > 1:
            _around(code, w[c], points[c, m], period, cycle)
            for phase in range(1, period):
                if _distance(x[k], cycle[phase]) < SAME:
                    return True
    return False


@kernel
def _is_shorter(code, w, x, period, cycle):  # type: ignore[no-untyped-def]
    """Whether x comes back to itself in fewer steps."""
    _around(code, w, x, period, cycle)
    shorter = False
    for k in range(1, period):
        shorter |= period % k == 0 and _distance(cycle[k], x) < SAME
    return shorter


@kernel
def _distance(x, y):  # type: ignore[no-untyped-def]
    """Largest difference of two states (r,), relative to the size of y."""
    far, size = 0.0, 1.0
    for i in range(y.size):
        far, size = max(far, abs(x[i] - y[i])), max(size, abs(y[i]))
    return far / size


@kernel
def _around(code, w, x, period, into):  # type: ignore[no-untyped-def]
    """The points of the cycle through x (r,): into (period, r)."""
    r, n = x.size, code[0, 0]
    weights, now, y, output = np.empty((w.size, 1)), np.empty((r, 1)), np.empty((r, 1)), np.empty((n, 1))
    for e in range(w.size):
        weights[e, 0] = w[e]
    for i in range(r):
        now[i, 0] = x[i]
    for k in range(period):
        for i in range(r):
            into[k, i] = now[i, 0]
        march(code, weights, now, y, output, 0.0)
        now, y = y, now
