"""Whether all states of a polytope converge to an attractor: dual bounds without input shrink it into a certified ball.

An invariant polytope may well hold several attractors; only this step makes a bound of u* of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.analysis.escape.lower.dual.certified import certified_bounds
from dynlatch.analysis.escape.lower.dual.iteration import Descent, Work, descended, fresh_cover
from dynlatch.analysis.escape.lower.dual.problem import Hull, Problem, multipliers_of, polytope_of
from dynlatch.analysis.escape.lower.dual.relaxation import Relaxation
from dynlatch.analysis.structure import ActivationForm
from dynlatch.errors import NotAttracting
from dynlatch.intervals import EPS, Box, add, matmul
from dynlatch.validation import Array

WIDEN = 8.0 * EPS  # relative error of the form's entries: a few products and sums of the map's own

SHRINKING_PASSES, SHRINKING_STEPS = 80, 8


@dataclass(frozen=True, eq=False)
class FormMap:
    """An `ActivationForm` without input as a map with enclosures that hold whatever the rounding of its entries."""

    form: ActivationForm

    @property
    def dim(self) -> int:
        return len(self.form.c)

    @property
    def input_dim(self) -> int:
        return 0

    def step(self, a: Array, u: Array | None = None) -> Array:
        return self.form.step(a)

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self.form.jacobian(a)

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return np.zeros((*a.shape, 0))

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return np.asarray(self.form.leak * v + (self.form.f.derivative(a) * v) @ self.form.W.T)

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return np.asarray(self.form.leak * v + self.form.f.derivative(a) * (v @ self.form.W))

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        low, high = self.form.f.image(lo, hi)
        moved = matmul(_widened(self.form.W), (low[..., None], high[..., None]))
        kept = matmul(_widened(np.diag(self.form.leak)), (lo[..., None], hi[..., None]))
        total = add(add(moved, kept), _widened(self.form.c[:, None]))
        return total[0][..., 0], total[1][..., 0]

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        low, high = self.form.f.slope_image(lo, hi)
        products = np.stack([edge * slope[..., None, :] for edge in _widened(self.form.W) for slope in (low, high)])
        leak = np.diag(self.form.leak)
        below, above = products.min(0) + leak, products.max(0) + leak
        margin = WIDEN * (np.maximum(np.abs(below), np.abs(above)) + leak)
        return below - margin, above + margin


def _widened(x: Array) -> Box:
    return x - WIDEN * np.abs(x), x + WIDEN * np.abs(x)


class Goal(NamedTuple):
    """The certified ball around the attractor, and a box that holds the true one."""

    ball: ContractionBall
    lo: Array
    hi: Array

    def holds(self, lo: Array, hi: Array) -> bool:
        """Whether the box [lo, hi] lies in the ball, rounding included."""
        centre = self.ball.orbit[0]
        far = np.maximum(hi - centre, centre - lo) * (1.0 + 4.0 * EPS)
        return bool(np.linalg.norm(np.abs(self.ball.factors[0]) @ far) <= self.ball.radius * (1.0 - 1e-9))


def goal_of(form: ActivationForm, attractor: Attractor) -> Goal | None:
    """For an attracting point in the form's activations; None for cycles, and where nothing is certified."""
    if attractor.period > 1:
        return None
    try:
        ball = contraction_ball(FormMap(form), attractor)
    except NotAttracting:
        return None
    if not ball.proved:
        return None
    # The true point is at most miss / (1 - rate) away in the ball's norm, where miss is how far the given one moves.
    x = attractor.point
    low, high = FormMap(form).enclose(x, x)
    miss = float(np.linalg.norm(np.abs(ball.factors[0]) @ np.maximum(np.abs(high - x), np.abs(low - x)))) * (1.0 + 1e-9)
    off = miss / (1.0 - ball.rate) / ball.radius * ball.half_widths[0] * (1.0 + 1e-9) + 1e-300
    return Goal(ball, x - off, x + off)


def converges(problem: Problem, hull: Hull, goal: Goal, K: int, certified: bool) -> bool:
    """Whether K-step bounds without input shrink the invariant polytope into the ball.

    After K steps within a polytope a state lies below the bounds: they are the faces of the next polytope. With `certified`
    they are rounded outward, and the answer is a proof; otherwise it is a quick guess at it.
    """
    cover, descent = fresh_cover(hull, K), Descent(Work(np.inf), SHRINKING_STEPS)
    for _ in range(SHRINKING_PASSES):
        box = hull.box * problem.scale
        if goal.holds(box[0], box[1]):
            return True
        bounds = descended(problem, hull, cover, 0.0, np.full(len(hull.values), -np.inf), descent)
        if certified:
            relaxation = Relaxation(problem.form, 0.0, problem.norm, polytope_of(problem, hull))
            bounds = certified_bounds(relaxation, hull.faces, multipliers_of(problem, hull, cover)) / problem.scale
        moved = np.minimum(hull.values, bounds)
        if np.all(moved > hull.values - 1e-4 * float((box[1] - box[0]).max())):
            return False
        hull = hull._replace(values=moved)
    return False
