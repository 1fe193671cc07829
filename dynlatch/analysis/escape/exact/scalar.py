"""One tanh or logistic unit that excites itself: the closed forms of `dynlatch.analysis.scalar`.

They hold for every unit of a net that is coupled to no other one that hears the input.
"""

from __future__ import annotations

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis import scalar
from dynlatch.analysis.escape.exact.answer import Undecided
from dynlatch.analysis.escape.exact.branch import BranchPoint, FirstFold
from dynlatch.analysis.escape.exact.extremes import Extremes
from dynlatch.analysis.escape.exact.horizon import LONGEST
from dynlatch.analysis.escape.exact.monotone import Loss, Side
from dynlatch.analysis.structure import ActivationForm


def is_latch(side: Side) -> bool:
    """Whether the part is one tanh or logistic unit that excites itself."""
    return len(side.system.c) == 1 and side.system.f in (TANH, LOGISTIC) and bool(side.system.W[0, 0] > 0)


def is_neutral(form: ActivationForm) -> bool:
    """Whether the net is one unit at the threshold of latching, without bias."""
    if len(form.c) > 1 or form.f not in (TANH, LOGISTIC) or not form.W[0, 0] > 0:
        return False
    stays = 1.0 - float(form.leak[0])
    latch = scalar.scalar_latch(float(form.W[0, 0]) / stays, float(form.c[0]) / stays, form.f.name)
    return latch.outcome is scalar.LatchOutcome.NEUTRAL


def closed_form(case: Extremes, side: Side, steps: int | None) -> float | None:
    """The threshold of one unit in this direction; None where there is none (a leak, or a very long horizon).

    Raises
    ------
    Undecided
        At a fold.
    """
    w, c, f = float(side.system.W[0, 0]), float(side.system.c[0]), side.system.f
    lowest, highest = scalar.thresholds(w, c, f)
    if min(lowest, highest) == 0.0:
        raise Undecided
    upper = bool(side.attractor[0] > 0.0)  # the attractors of a bistable unit lie on either side of its critical points
    if np.isinf(lowest) or bool(side.system.d[0] > 0) == upper:
        return np.inf
    unit = side.scale / abs(float(side.system.d[0]))
    if steps is None:
        return (highest if upper else lowest) * unit
    if case.form.leak.any() or steps > LONGEST:
        return None
    return scalar.finite_horizon_threshold(w, steps, c, "upper" if upper else "lower", f) * unit


def loss_of(side: Side, size: float) -> Loss:
    """The fold behind the closed form; its safe point before is the attractor itself."""
    w, c, f = float(side.system.W[0, 0]), float(side.system.c[0]), side.system.f
    points, sign = scalar.fixed_points(w, c, f), np.sign(side.attractor)
    point = sign * scalar.critical_point(w, f)
    bend = 0.5 * w * float(f.curvature(point)[0])
    fold = FirstFold(point, size / side.scale, BranchPoint(side.attractor, 0.0), np.ones(1), np.ones(1), bend)
    return Loss(fold.b, fold, points[[0 if sign[0] > 0 else 2]])
