"""A ball around an attractor in which the map provably contracts: whoever enters it has converged.

The ball is measured in a norm adapted to the attractor, `|v|_j = |S_j v|_2` at its j-th point, with P_j = S_j^T S_j from the
periodic discrete Lyapunov equation

    P_j = I + J_j^T P_{j+1} J_j / q^2,      J_j = M'(x_j),

so that `|J_j v|_{j+1} <= q |v|_j`: the norm in which a linearly stable cycle contracts at every single step, which no
Euclidean norm need do (Kreiss; Bengio, Simard and Frasconi's Theorem 4 holds in this norm, not in their reading by
eigenvalues). How far it contracts around the attractor follows from interval bounds on the Jacobian.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor
from dynlatch.errors import NotAttracting, NotEnclosable
from dynlatch.intervals import EPS
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
    def defects(self) -> Array:
        """Bounds (p,) on `|S_j R_j - I|_2` for the inverses R_j as they are in float64."""
        n = self.orbit.shape[-1]
        off = np.abs(self.factors @ self.inverses - np.eye(n))
        off += 2.0 * (n + 2) * EPS * (np.abs(self.factors) @ np.abs(self.inverses))
        return matrix_norm(off, "fro")

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
    candidates = (_largest(smooth, attractor, jacobians, radius + share * (1.0 - radius)) for share in (0.25, 0.5, 0.9))
    balls = [ball for ball in candidates if ball is not None]
    if not balls:
        raise NotAttracting(
            f"the attractor's largest multiplier has modulus {attractor.spectral_radius:.12g}, so close to 1 that no "
            "neighbourhood is certified to converge to it."
        )
    return max(balls, key=lambda ball: float(np.log(ball.half_widths).sum()))


def _largest(map: SmoothMap, attractor: Attractor, jacobians: Array, rate: float) -> ContractionBall | None:
    """The largest certified ball in the norm adapted to `rate`: halved until it contracts, then refined by bisection."""
    try:
        factors = adapted_metrics(jacobians, rate)
    except (NotAttracting, np.linalg.LinAlgError):
        return None
    inverses = np.asarray(np.linalg.inv(factors), dtype=np.float64)
    reach = REACH * (1.0 + float(np.abs(attractor.points).max())) / float(np.sqrt(np.square(inverses).sum(-1)).max())
    ball = ContractionBall(attractor.points, factors, inverses, reach, np.inf, proved=True)
    for _ in range(HALVINGS):
        certified = _certified(map, ball)
        if certified is not None:
            break
        ball = replace(ball, radius=0.5 * ball.radius)
    else:
        return None
    inside, outside = ball.radius, 2.0 * ball.radius
    for _ in range(REFINEMENTS):
        trial = _certified(map, replace(ball, radius=float(np.sqrt(inside * outside))))
        if trial is None:
            outside = float(np.sqrt(inside * outside))
        else:
            certified, inside = trial, trial.radius
    return certified


def _certified(map: SmoothMap, ball: ContractionBall) -> ContractionBall | None:
    """`ball` with its rate, if the map contracts in it by more than rounding could feign."""
    defects = ball.defects
    if not defects.max() < 0.5:
        return None
    # `phase` measures distances in float64, and R_j is the inverse of S_j to its defect only.
    width = ball.half_widths * (1.0 + 1e-12) / (1.0 - defects[:, None]) ** 2
    bounds = interval_jacobian(map, ball.orbit - width, ball.orbit + width)
    rate = _sampled_rate(map, ball) if bounds is None else _proved_rate(ball, *bounds)
    if not rate < 1.0:
        return None
    following = np.roll(np.arange(len(ball.orbit)), -1)
    miss = np.abs(ball.factors[following]) @ _drift(map, ball.orbit)[..., None]
    # The given points are the attractor's to rounding only: the ball must hold the true ones, and their images.
    if not rate * ball.radius + float(np.sqrt(np.square(miss).sum((-2, -1))).max()) * (1.0 + 1e-12) < ball.radius:
        return None
    return replace(ball, rate=rate, proved=bounds is not None)


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


def _proved_rate(ball: ContractionBall, lower: Array, upper: Array) -> float:
    """Bound on `|S_{j+1} A S_j^-1|_2` over all matrices A between `lower` and `upper` (p, n, n), rounding included."""
    following, defects = np.roll(ball.factors, -1, axis=0), ball.defects
    middle = 0.5 * (lower + upper)
    spread = np.maximum(upper - middle, middle - lower)
    if not np.isfinite(spread).all():
        return np.inf
    size = np.abs(following) @ (np.abs(middle) + spread) @ np.abs(ball.inverses)
    wide = np.abs(following) @ spread @ np.abs(ball.inverses)
    rounding = 8.0 * (ball.orbit.shape[-1] + 4) * EPS * matrix_norm(size, "fro")
    return float(((matrix_norm(following @ middle @ ball.inverses) + matrix_norm(wide) + rounding) / (1.0 - defects)).max())


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
