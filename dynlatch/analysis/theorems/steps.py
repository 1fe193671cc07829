"""Theorems 1 and 2: what M' says about one step."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.contraction import ContractionBall, norm_bound
from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.theorems.case import Case, Evidence, adapted_norms, ball_of, sizes, start_of
from dynlatch.analysis.theorems.claims import above, below
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.errors import InvalidInput
from dynlatch.linalg import matrix_norm
from dynlatch.maps import interval_jacobian
from dynlatch.validation import Array, states

CELLS = 4096
PAIRS = 1000


def expansion(case: Case) -> Evidence:
    """Theorem 1 at one point x, by default a fixed point that does not attract: a direction that expands."""
    x = _expanding_point(case)
    J = case.map.jacobian(x)
    direction = np.linalg.svd(J)[2][0]
    scale = np.geomspace(1e-6, 3.0, 60)
    y = x + scale[:, None] * direction
    growth = np.linalg.norm(case.map.step(y) - case.map.step(x), axis=-1) / scale
    ring = x + 1e-3 * np.random.default_rng(0).normal(size=(200, case.map.dim))
    norm = float(matrix_norm(J))
    return Evidence(
        (above("least |M'|_2 at 200 points around x", float(matrix_norm(case.map.jacobian(ring)).min()), 1.0),),
        (above("|M'(x)|_2", norm, 1.0),),
        (above("largest |M(x) - M(y)| / |x - y| along the most stretched direction", float(growth.max()), 1.0),),
        Curves((Curve("", np.log10(scale), growth, marks="o-"),), "log10 |x - y|", "|M(x) - M(y)| / |x - y|", 1.0, "1"),
    )


def _expanding_point(case: Case) -> Array:
    if case.points is not None:
        return start_of(case)
    found = fixed_points(case.map, rng=0)
    saddles = found.points[np.abs(found.eigenvalues).max(-1) > 1.0]
    if not len(saddles):
        raise InvalidInput("the map has no fixed point that repels, at which Theorem 1 could be shown: give `points`.")
    return np.asarray(saddles[len(saddles) // 2])


def contraction(case: Case) -> Evidence:
    """Theorem 2 on D, the smallest box around the points; by default the ball of certain contraction around the attractor."""
    ball = ball_of(case)
    lo, hi = _domain(case, ball)
    D = np.random.default_rng(0).uniform(lo, hi, (2 * PAIRS, len(lo)))
    norms = adapted_norms(ball, case.map.jacobian(D))
    alpha, how = _bound(case, ball, lo, hi)
    x, y = np.split(D, 2)
    gap = sizes(ball, x - y)
    quotient = sizes(ball, case.map.step(x) - case.map.step(y)) / gap
    box = ", ".join(f"[{a:.4g}, {b:.4g}]" for a, b in zip(lo[:3], hi[:3], strict=True)) + (" ..." if len(lo) > 3 else "")
    return Evidence(
        (below(f"largest |M'| at {2 * PAIRS} points of D = {box} (adapted norm)", float(norms.max()), 1.0),),
        (below(f"alpha, a bound on |M'| on D ({how})", alpha, 1.0),),
        (
            below(
                f"largest |M(x) - M(y)| / |x - y| of {PAIRS} pairs, against alpha", float(quotient.max()), alpha * (1.0 + 1e-9)
            ),
        ),
        Curves(
            (Curve("pairs x, y of D", gap, quotient, "attracting", "."),), "|x - y|", "|M(x) - M(y)| / |x - y|", alpha, "alpha"
        ),
        (below("largest quotient", float(quotient.max()), 1.0),),
    )


def _domain(case: Case, ball: ContractionBall) -> tuple[Array, Array]:
    if case.points is None:
        half = ball.half_widths[0] / np.sqrt(case.map.dim)  # the box within the ball
        return ball.orbit[0] - half, ball.orbit[0] + half
    given = states(case.map, case.points, "points").reshape(-1, case.map.dim)
    lo, hi = given.min(0), given.max(0)
    if not (hi > lo).all():
        raise InvalidInput("`points` must span a box of positive width, the set D: give at least two corners.")
    return lo, hi


def _bound(case: Case, ball: ContractionBall, lo: Array, hi: Array) -> tuple[float, str]:
    """Bound on `|S M' S^-1|_2` over the box, by interval arithmetic on cells where the map has it."""
    n = len(lo)
    each = max(1, int(CELLS ** (1.0 / n)))
    corners = (
        np.stack(np.meshgrid(*[np.arange(each)] * n, indexing="ij"), axis=-1).reshape(-1, n) if each > 1 else np.zeros((1, n))
    )
    step = (hi - lo) / each
    low = lo + corners * step
    bounds = interval_jacobian(case.map, low, low + step * (1.0 + 1e-12))
    if bounds is None:
        return float(adapted_norms(ball, case.map.jacobian(low + 0.5 * step)).max()), "samples, not proved"
    return float(norm_bound(ball.factors[0], bounds, ball.inverses[0]).max()), "proved by interval arithmetic"
