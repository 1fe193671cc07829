"""One tanh or logistic unit that excites itself: the closed forms of `dynlatch.analysis.scalar`.

They hold for every unit of a net that is coupled to no other one that hears the input.
"""

from __future__ import annotations

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis import scalar
from dynlatch.analysis.escape.exact.answer import Undecided
from dynlatch.analysis.escape.exact.extremes import Extremes
from dynlatch.analysis.escape.exact.monotone import Side


def latch_of(side: Side) -> scalar.ScalarLatch | None:
    """The exact portrait of the unit; None if the part is not one unit."""
    system = side.system
    if len(system.c) > 1 or system.f not in (TANH, LOGISTIC) or not system.W[0, 0] > 0:
        return None
    return scalar.scalar_latch(float(system.W[0, 0]), float(system.c[0]), system.f.name)


def closed_form(case: Extremes, side: Side, latch: scalar.ScalarLatch, steps: int | None) -> float | None:
    """The threshold of one unit in this direction; None where there is no closed form (a leak and a finite horizon).

    Raises
    ------
    Undecided
        At a fold.
    """
    if latch.outcome is scalar.LatchOutcome.FOLD:
        raise Undecided
    if latch.outcome is not scalar.LatchOutcome.BISTABLE:
        return np.inf
    upper = bool(side.attractor[0] > latch.fixed_points[1])
    if bool(side.system.d[0] > 0) == upper:
        return np.inf
    unit = side.scale / abs(float(side.system.d[0]))
    if steps is None:
        return latch.thresholds[1 if upper else 0] * unit
    if case.form.leak.any():
        return None
    which = "upper" if upper else "lower"
    return scalar.finite_horizon_threshold(latch.w, steps, latch.bias, which, latch.activation) * unit
