"""A ball around an attractor in which the map provably contracts: whoever enters it has converged.

The ball is measured in a norm adapted to the attractor, `|v|_j = |S_j v|_2` at its j-th point, with P_j = S_j^T S_j from the
periodic discrete Lyapunov equation

    P_j = I + J_j^T P_{j+1} J_j / q^2,      J_j = M'(x_j),

so that `|J_j v|_{j+1} <= q |v|_j`: the norm in which a linearly stable cycle contracts at every single step, which no
Euclidean norm need do (Kreiss; Bengio, Simard and Frasconi's Theorem 4 holds in this norm, not in their reading by
eigenvalues). How far it contracts around the attractor follows from interval bounds on the Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor
from dynlatch.errors import NotAttracting, NotEnclosable
from dynlatch.intervals import EPS, Box
from dynlatch.linalg import matrix_norm
from dynlatch.maps import Map, SmoothEnclosable, SmoothMap, interval_jacobian, require_smooth
from dynlatch.validation import Array

DOUBLINGS = 60  # 2^60 terms of the Lyapunov series: more than any spectral radius below 1 in float64 needs
HALVINGS, REFINEMENTS = 60, 6
REACH = 4.0  # first radius tried, in units of the size of the attractor
SAMPLES = 64


@dataclass(frozen=True, eq=False)
class ContractionBall:
    """Neighbourhood of a cycle that it attracts at a known rate: the union of p ellipsoids, one around each point.

    Attributes
    ----------
    orbit : ndarray, shape (p, n)
        Points of the attractor in their order.
    factors, inverses : ndarray, shape (p, n, n)
        S_j of the adapted norm, and S_j^-1.
    radius : float
        Ball j is `|S_j (y - x_j)|_2 <= radius`.
    rate : float
        Below 1: `|S_{j+1} M'(y) S_j^-1|_2 <= rate` for every y in ball j, so that a step takes ball j into ball j + 1.
    proved : bool
        Whether `rate` follows from interval bounds on the Jacobian; otherwise from samples of it.
    """

    orbit: Array
    factors: Array
    inverses: Array
    radius: float
    rate: float
    proved: bool

    @property
    def half_widths(self) -> Array:
        """Half widths (p, n) of the smallest boxes around the points that hold the balls."""
        return np.asarray(self.radius * np.sqrt(np.square(self.inverses).sum(-1)))

    @property
    def enclosing_widths(self) -> Array:
        """Half widths (p, n) that hold the balls for certain: `phase` measures in float64, and R_j is the inverse of S_j to
        its defect only."""
        return np.asarray(self.half_widths * (1.0 + 1e-12) / (1.0 - self.defects[:, None]) ** 2)

    @property
    def defects(self) -> Array:
        """Bounds (p,) on `|S_j R_j - I|_2` for the inverses R_j as they are in float64."""
        n = self.orbit.shape[-1]
        off = np.abs(self.factors @ self.inverses - np.eye(n))
        off += 2.0 * (n + 2) * EPS * (np.abs(self.factors) @ np.abs(self.inverses))
        return matrix_norm(off, "fro")

    def holds(self, lo: Array, hi: Array) -> bool:
        """Whether the ball around the first point holds the whole box [lo, hi], shapes (n,)."""
        off = np.nextafter(np.maximum(np.abs(lo - self.orbit[0]), np.abs(hi - self.orbit[0])), np.inf)
        with np.errstate(over="ignore"):
            return bool(np.square(np.abs(self.factors[0]) @ off).sum() <= self.radius**2 * (1.0 - 1e-10))

    def phase(self, states: Array) -> NDArray[np.intp]:
        """Which ball holds each state (..., n): the number of the point of the cycle, or -1. Shape (...)."""
        found = np.full(states.shape[:-1], -1, dtype=np.intp)
        with np.errstate(over="ignore", invalid="ignore"):
            for j in range(len(self.orbit)):
                distance = np.square((states - self.orbit[j]) @ self.factors[j].T).sum(-1)
                found[distance <= self.radius**2 * (1.0 - 1e-12)] = j
        return found


def adapted_metrics(jacobians: Array, rate: float = 1.0) -> Array:
    """Factors S_j (p, n, n) of norms in which the product of `jacobians` (p, n, n) contracts step by step, by `rate` or better.

    Smith's doubling (1968, SIAM J. Appl. Math. 16) sums the Lyapunov series; every term is positive semidefinite, so P is
    positive definite to rounding.

    Raises
    ------
    NotAttracting
        If the series diverges: the spectral radius of the product is not below `rate^p`.
    """
    scaled = jacobians / rate
    p, n = scaled.shape[0], scaled.shape[-1]
    around, P = np.eye(n), np.zeros((n, n))
    with np.errstate(over="ignore", invalid="ignore"):
        for J in scaled:
            P += around.T @ around
            around = J @ around
        for _ in range(DOUBLINGS):
            added = around.T @ P @ around
            P, around = P + added, around @ around
            if not np.isfinite(P).all() or np.abs(added).max() <= EPS * np.abs(P).max():
                break
    if not np.isfinite(P).all() or not np.abs(around).max() < 1.0:
        raise NotAttracting("the multipliers of the attractor are not inside the unit circle: no norm contracts around it.")
    metrics = np.empty((p, n, n))
    metrics[0] = P
    for j in range(p - 1, 0, -1):
        following = metrics[(j + 1) % p]
        metrics[j] = np.eye(n) + scaled[j].T @ following @ scaled[j]
    return np.swapaxes(np.linalg.cholesky(0.5 * (metrics + np.swapaxes(metrics, -1, -2))), -1, -2)


def contraction_ball(map: Map, attractor: Attractor) -> ContractionBall:
    """The largest ball around `attractor` in which contraction is certified, of a few adapted norms the best.

    Parameters
    ----------
    map : SmoothMap
        With bounds on its Jacobian (`SmoothEnclosable`) the ball is proved; of other maps the Jacobian is sampled.
    attractor : Attractor
        From `attracting`.

    Returns
    -------
    ContractionBall

    Raises
    ------
    NotAttracting
        If the attractor is so weak that rounding hides the contraction.
    """
    smooth = require_smooth(map, "contraction_ball")
    jacobians = smooth.jacobian(attractor.points)
    radius = attractor.spectral_radius ** (1.0 / attractor.period)
    candidates = (_first(smooth, attractor, jacobians, radius + share * (1.0 - radius)) for share in (0.25, 0.5, 0.9))
    trials = [trial for trial in candidates if trial is not None]
    if not trials:
        raise NotAttracting(
            f"the attractor's largest multiplier has modulus {attractor.spectral_radius:.12g}, so close to 1 that no "
            "neighbourhood is certified to converge to it."
        )
    trial, ball = max(trials, key=lambda pair: float(np.log(pair[1].half_widths).sum()))
    return _refined(trial, ball)


class _Trial(NamedTuple):
    """What is the same for balls of every radius in one norm."""

    map: SmoothMap
    bounds: Callable[[Array, Array], Box] | None
    defects: Array
    miss: float  # how far, in the norm, the given points are from following each other


def _first(map: SmoothMap, attractor: Attractor, jacobians: Array, rate: float) -> tuple[_Trial, ContractionBall] | None:
    """A certified ball in the norm adapted to `rate`, the first of halved radii; None if there is none."""
    try:
        factors = adapted_metrics(jacobians, rate)
    except (NotAttracting, np.linalg.LinAlgError):
        return None
    inverses = np.asarray(np.linalg.inv(factors), dtype=np.float64)
    reach = REACH * (1.0 + float(np.abs(attractor.points).max())) / float(np.sqrt(np.square(inverses).sum(-1)).max())
    ball = ContractionBall(attractor.points, factors, inverses, reach, np.inf, proved=True)
    defects = ball.defects
    if not defects.max() < 0.5:
        return None
    miss = np.abs(np.roll(factors, -1, axis=0)) @ _drift(map, ball.orbit)[..., None]
    trial = _Trial(map, _jacobian_bounds(map, ball.orbit), defects, float(np.sqrt(np.square(miss).sum((-2, -1))).max()))
    for _ in range(HALVINGS):
        certified = _certified(trial, ball)
        if certified is not None:
            return trial, certified
        ball = replace(ball, radius=0.5 * ball.radius)
    return None


def _refined(trial: _Trial, ball: ContractionBall) -> ContractionBall:
    """The radius found by halving improved by bisection."""
    inside, outside = ball.radius, 2.0 * ball.radius
    for _ in range(REFINEMENTS):
        middle = float(np.sqrt(inside * outside))
        larger = _certified(trial, replace(ball, radius=middle))
        if larger is None:
            outside = middle
        else:
            ball, inside = larger, middle
    return ball


def _certified(trial: _Trial, ball: ContractionBall) -> ContractionBall | None:
    """`ball` with its rate, if the map contracts in it by more than rounding could feign."""
    width = ball.enclosing_widths
    if trial.bounds is None:
        rate = _sampled_rate(trial.map, ball)
    else:
        rate = proved_rate(ball, *trial.bounds(ball.orbit - width, ball.orbit + width))
    # The given points are the attractor's to rounding only: the ball must hold the true ones, and their images.
    if not (rate < 1.0 and rate * ball.radius + trial.miss * (1.0 + 1e-12) < ball.radius):
        return None
    return replace(ball, rate=rate, proved=trial.bounds is not None)


def _jacobian_bounds(map: SmoothMap, orbit: Array) -> Callable[[Array, Array], Box] | None:
    """The map's bounds on its Jacobian over boxes, if it has any."""
    if interval_jacobian(map, orbit, orbit) is None:
        return None
    assert isinstance(map, SmoothEnclosable)
    return map.enclose_jacobian


def _drift(map: SmoothMap, orbit: Array) -> Array:
    """Bounds (p, n) on how far each point's image is from the next point; an estimate of them for maps without enclosures."""
    after = np.roll(orbit, -1, axis=0)
    if isinstance(map, SmoothEnclosable):
        try:
            lo, hi = map.enclose(orbit, orbit)
            return np.nextafter(np.maximum(hi - after, after - lo), np.inf)
        except NotEnclosable:
            pass
    return np.asarray(np.abs(map.step(orbit) - after) + 8.0 * EPS * orbit.shape[-1] * (1.0 + np.abs(orbit).max()))


def proved_rate(ball: ContractionBall, lower: Array, upper: Array) -> float:
    """Bound on `|S_{j+1} A S_j^-1|_2` over all matrices A between `lower` and `upper` (p, n, n), rounding included."""
    norms = norm_bound(np.roll(ball.factors, -1, axis=0), (lower, upper), ball.inverses)
    return float((norms / (1.0 - ball.defects)).max())


def norm_bound(left: Array, between: Box, right: Array) -> Array:
    """Bounds (...) on `|left A right|_2` over all matrices A of the box, shapes (..., n, n), rounding included."""
    lower, upper = between
    middle = 0.5 * (lower + upper)
    spread = np.maximum(upper - middle, middle - lower)
    if not np.isfinite(spread).all():
        return np.full(middle.shape[:-2], np.inf)
    size = np.abs(left) @ (np.abs(middle) + spread) @ np.abs(right)
    wide = np.abs(left) @ spread @ np.abs(right)
    rounding = 8.0 * (middle.shape[-1] + 4) * EPS * matrix_norm(size, "fro")
    return np.asarray(matrix_norm(left @ middle @ right) + matrix_norm(wide) + rounding)


def _sampled_rate(map: SmoothMap, ball: ContractionBall) -> float:
    """The largest `|S_{j+1} M'(y) S_j^-1|_2` met at states of the balls; no proof."""
    p, n = ball.orbit.shape
    directions = np.random.default_rng(0).standard_normal((SAMPLES, p, n))
    directions *= ball.radius / np.linalg.norm(directions, axis=-1, keepdims=True)
    directions[: SAMPLES // 2] *= np.linspace(0.0, 1.0, SAMPLES // 2)[:, None, None]
    states = ball.orbit + np.einsum("pij,kpj->kpi", ball.inverses, directions)
    with np.errstate(all="ignore"):
        jacobians = map.jacobian(states)
    if not np.isfinite(jacobians).all():
        return np.inf
    return float(matrix_norm(np.roll(ball.factors, -1, axis=0) @ jacobians @ ball.inverses).max())
