"""What is known of one network under one input, in two arrays: points (M, r), a cycle by one of its points, and facts (M + 1, 4).

The facts of a point are its PERIOD, LABEL (a number for life), SIGN of det(I - J) and whether it is STABLE. The last row holds
how many are known, labels given out, searches made, and how many were known after the last one.
"""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.points import distance, march

PERIOD, LABEL, SIGN, STABLE = range(4)
KNOWN, LABELS, SEARCHES, AFTER = range(4)

LONGEST_PERIOD = 8
SAME = 1e-6  # two points closer than this, relative to their size, are one


@kernel
def add(code, w, case, period, label, x, sign, stable, points, facts):  # type: ignore[no-untyped-def]
    """Add the solutions x (N, r) of `solving.newton` to what is known of the networks `case`: points (C, M, r) and facts.

    Those that are known, or that are of a lower period, are left out; a new label if `label` is -1.
    """
    cycle = np.empty((LONGEST_PERIOD, x.shape[1]))
    for k in range(len(case)):
        known, about, weights = points[case[k]], facts[case[k]], w[case[k]]
        m = about[-1, KNOWN]
        if sign[k] == -2 or m == len(known) or _is_known(code, weights, x[k], known, about, cycle):
            continue
        if period[k] > 1 and _is_shorter(code, weights, x[k], period[k], cycle):
            continue
        for i in range(x.shape[1]):
            known[m, i] = x[k, i]
        about[m, PERIOD], about[m, LABEL], about[m, SIGN], about[m, STABLE] = period[k], label[k], sign[k], stable[k]
        if label[k] < 0:
            about[m, LABEL] = about[-1, LABELS]
            about[-1, LABELS] += 1
        about[-1, KNOWN] = m + 1


@kernel
def _is_known(code, w, x, known, about, cycle):  # type: ignore[no-untyped-def]
    """Whether x is a known point, or on a known cycle."""
    for m in range(about[-1, KNOWN]):
        if distance(x, known[m]) < SAME:
            return True
        if about[m, PERIOD] > 1:
            _around(code, w, known[m], about[m, PERIOD], cycle)
            for phase in range(1, about[m, PERIOD]):
                if distance(x, cycle[phase]) < SAME:
                    return True
    return False


@kernel
def _is_shorter(code, w, x, period, cycle):  # type: ignore[no-untyped-def]
    """Whether x comes back to itself in fewer steps."""
    _around(code, w, x, period, cycle)
    for k in range(1, period):
        if period % k == 0 and distance(cycle[k], x) < SAME:
            return True
    return False


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
