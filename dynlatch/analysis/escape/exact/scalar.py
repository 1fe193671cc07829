"""One tanh or logistic unit that excites itself: the closed forms of `dynlatch.analysis.scalar`.

A leak divides out: `a' = leak a + w f(a) + c + u` has the fixed points of the unit `w / (1 - leak)`, `c / (1 - leak)`, and its
threshold is (1 - leak) times that unit's.
"""

from __future__ import annotations

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis import scalar
from dynlatch.analysis.escape.exact.extremes import Extremes


def latch_of(case: Extremes) -> scalar.ScalarLatch | None:
    """The exact portrait of the unit; None if the net is not one."""
    form = case.form
    if len(form.c) > 1 or len(case.points) > 1 or form.f not in (TANH, LOGISTIC) or not form.W[0, 0] > 0:
        return None
    stays = 1.0 - float(form.leak[0])
    return scalar.scalar_latch(float(form.W[0, 0]) / stays, float(form.c[0]) / stays, form.f.name)


def is_towards_the_other(case: Extremes, latch: scalar.ScalarLatch, way: float) -> bool:
    """Whether the push of this direction (+1 up in the order, -1 down) leads from one attractor of a latch to the other."""
    return (way * float(case.push[0]) < 0) == is_upper(case, latch)


def is_upper(case: Extremes, latch: scalar.ScalarLatch) -> bool:
    """Whether the attractor is the upper one."""
    return bool(case.points[0, 0] > latch.fixed_points[1])


def closed_form(case: Extremes, latch: scalar.ScalarLatch, steps: int | None) -> float | None:
    """The threshold of a bistable unit; None where there is no closed form (a leak and a finite horizon)."""
    upper = is_upper(case, latch)
    stays, gain = 1.0 - float(case.form.leak[0]), abs(float(case.push[0]))
    if steps is None:
        return stays * latch.thresholds[1 if upper else 0] / gain
    if stays < 1.0:
        return None
    which = "upper" if upper else "lower"
    return scalar.finite_horizon_threshold(latch.w, steps, latch.bias, which, latch.activation) / gain
