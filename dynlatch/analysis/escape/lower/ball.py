"""The contraction ball as a first number, for every system with interval bounds, cycles included.

Around point j of the attractor let `|S_j d|_2 <= R` be a ball in which `|S_{j+1} M'(a, u) S_j^-1|_2 <= rate` for all |u| <= b.
Then a state in ball j is taken, under any such input, no further from x_{j+1} than

    rate R + max_u |S_{j+1} (M(x_j, u) - x_{j+1})|_2,

and while this stays below R no sequence leaves the balls, which lie in the basin (Theorem 3 of Bengio, Simard and Frasconi 1994
in its self-consistent form and in a norm in which attractors do contract).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dynlatch.analysis.contraction import ContractionBall, contraction_ball, proved_rate
from dynlatch.analysis.escape.question import LowerBound, Question
from dynlatch.errors import NotAttracting, NotEnclosable
from dynlatch.intervals import EPS, Box
from dynlatch.maps import SmoothEnclosable
from dynlatch.validation import Array

SHARES = (1.0, 0.7, 0.5, 0.35, 0.25)  # radii tried, of the largest ball that contracts
BISECTIONS = 24


def ball_bound(question: Question, upper: float = np.inf, effort: str = "default") -> LowerBound | None:
    """Largest b for which the contraction ball is shown to hold the state; None without interval bounds."""
    system = question.system
    if not question.smooth or not isinstance(system, SmoothEnclosable):
        return None
    try:
        ball = contraction_ball(system, question.attractor)
        if not ball.proved:
            return None
        best = max(_largest(system, replace(ball, radius=share * ball.radius)) for share in SHARES)
    except (NotAttracting, NotEnclosable):
        return None
    return LowerBound(best, "contraction ball") if best > 0 else None


def _largest(system: SmoothEnclosable, ball: ContractionBall) -> float:
    """The largest input size, found by doubling and bisection, for which `ball` is invariant."""
    inside = 1e-12
    if not is_invariant(system, ball, inside):
        return 0.0
    while is_invariant(system, ball, 2.0 * inside):
        inside *= 2.0
        if inside > 1e12:
            return inside
    outside = 2.0 * inside
    for _ in range(BISECTIONS):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if is_invariant(system, ball, middle) else (inside, middle)
    return inside


def is_invariant(system: SmoothEnclosable, ball: ContractionBall, b: float) -> bool:
    """Whether inputs of inf-norm up to b (which hold those of 2-norm up to b) keep every state of the balls in them."""
    orbit, width = ball.orbit, ball.enclosing_widths
    u = np.full((len(orbit), system.input_dim), b)
    rate = proved_rate(ball, *system.enclose_jacobian(orbit - width, orbit + width, (-u, u)))
    if not rate < 1.0:
        return False
    pushed = _distance(ball, system.enclose(orbit, orbit, (-u, u)))
    return bool((rate * ball.radius + pushed) * (1.0 + 1e-12) < ball.radius)


def _distance(ball: ContractionBall, image: Box) -> float:
    """Bound on `|S_{j+1} (y - x_{j+1})|_2` over boxes y of images of the points x_j."""
    following = np.roll(ball.orbit, -1, axis=0)
    off: Array = np.nextafter(np.maximum(image[1] - following, following - image[0]), np.inf)
    n = ball.orbit.shape[-1]
    components = np.abs(np.roll(ball.factors, -1, axis=0)) @ off[..., None]
    largest = float(np.sqrt(np.square(components).sum((-2, -1))).max())
    return float(largest * (1.0 + 4.0 * (n + 4) * EPS))
