"""Lower bounds of u*_Gamma: proved, rounding included.

Additive, leaky and Elman nets. The K-step dual gives a polytope that holds every z_t = a_t - B u_t under |u| <= b
(`dynlatch.analysis.escape.lower.dual`), so a_t lies in its box widened by |B u|. There the slopes d_i = f'(a_i) have an exact
range, `S (leak + W diag d) S^-1` is affine in d and its norm convex: the ends of the ranges decide, for the 10 units that
matter most one by one and for the others through `|S| |W| (range / 2) |S^-1|`.

Any map with interval bounds. A ball of the adapted norm that inputs up to b cannot leave, and in which every step contracts
(`dynlatch.analysis.escape.lower.ball`), lies in Gamma as a whole.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from dynlatch.analysis.contraction import norm_bound
from dynlatch.analysis.escape.gamma.frame import Frame
from dynlatch.analysis.escape.lower.ball import is_invariant
from dynlatch.analysis.escape.lower.dual.bound import LARGEST_DIM, certify
from dynlatch.analysis.escape.lower.dual.relaxation import Polytope
from dynlatch.analysis.escape.question import LowerBound
from dynlatch.analysis.structure import ActivationForm, steepest_slope
from dynlatch.errors import NotEnclosable
from dynlatch.intervals import EPS, TINY
from dynlatch.maps import SmoothEnclosable
from dynlatch.validation import Array

SEPARATE = 10  # units whose slopes are taken at both ends
WIDEN = 8.0 * EPS  # relative error of the form's entries
SHARES = (0.995, 0.98, 0.95, 0.9, 0.8, 0.65, 0.45, 0.25, 0.1)  # of the upper bound, tried in turn
REFINEMENTS = {"default": 2, "high": 6}
RADII = 2.0 ** -np.arange(0.0, 14.0, 0.5)  # of balls, in units of the attractor's size
BISECTIONS = 24
SMALLEST = 1e-12
LARGEST = 1e12


def lower_bound(frame: Frame, upper: float, effort: str) -> LowerBound | None:
    """The largest input size proved to keep all reachable states in Gamma; None where nothing is proved.

    `upper` is the best upper bound known, where the search begins.
    """
    form = frame.setting.form
    if form is not None and _shrinks_everywhere(frame, form):
        return LowerBound(np.inf, "every state contracts")
    bounds = [_by_ball(frame)]
    if form is not None and frame.period == 1 and len(form.c) <= LARGEST_DIM:
        bounds.append(_by_polytope(frame, form, upper, effort))
    return max((found for found in bounds if found is not None), key=lambda found: found.value, default=None)


def _shrinks_everywhere(frame: Frame, form: ActivationForm) -> bool:
    steepest = steepest_slope(form.f) * (1.0 + WIDEN)
    if not np.isfinite(steepest):
        return False
    zero = np.zeros(len(form.c))
    return _largest_size(frame, form, zero, zero + steepest) < 1.0


def _by_polytope(frame: Frame, form: ActivationForm, upper: float, effort: str) -> LowerBound | None:
    attractor, norm = frame.setting.attractor, frame.setting.norm

    def holds(b: float) -> bool:
        polytope = certify(form, attractor, norm, b)
        return polytope is not None and _size_within(frame, form, polytope, b) < 1.0

    unit = 0.05 * (1.0 + float(np.abs(attractor.points).max()))
    best = _largest(holds, unit) if np.isinf(upper) else _largest_below(holds, upper, REFINEMENTS[effort])
    return LowerBound(best, "box of the K-step Lagrangian dual, ends of the slopes") if best > 0 else None


def _size_within(frame: Frame, form: ActivationForm, polytope: Polytope, b: float) -> float:
    """Bound on the size of steps from all a = z + B u with z in the polytope's box."""
    push = _push(form, frame.setting.norm, b)
    lo, hi = np.nextafter(polytope.lo - push, -np.inf), np.nextafter(polytope.hi + push, np.inf)
    return _largest_size(frame, form, *form.f.slope_image(lo, hi))


def _largest_below(holds: Callable[[float], bool], upper: float, refinements: int) -> float:
    """From above: a polytope may be found for one input size and, by bad luck, not for a smaller one."""
    outside = upper
    for share in SHARES:
        inside = share * upper
        if holds(inside):
            break
        outside = inside
    else:
        return 0.0
    for _ in range(refinements):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside


def _push(form: ActivationForm, norm: float, b: float) -> Array:
    """Bounds (n,) on |B u|."""
    rows = np.abs(form.B).sum(1) if np.isinf(norm) else np.sqrt(np.square(form.B).sum(1))
    return np.asarray(b * rows * (1.0 + 4.0 * (form.B.shape[1] + 8) * EPS) + TINY)


def _largest_size(frame: Frame, form: ActivationForm, lo: Array, hi: Array) -> float:
    """Bound on `|S (leak + W diag d) S^-1|_2` over slopes d in [lo, hi], rounding included."""
    S, R = frame.factors[0], frame.inverses[0]
    defect = float(frame.ball(1.0).defects[0])
    if not defect < 0.5:
        return np.inf
    weight = np.linalg.norm(S @ form.W, axis=0) * np.linalg.norm(R, axis=1) * (hi - lo)
    chosen = np.argsort(-weight)[:SEPARATE]
    corners = (np.arange(2 ** len(chosen))[:, None] >> np.arange(len(chosen))) & 1
    low, high = (np.tile(end, (len(corners), 1)) for end in (lo, hi))
    low[:, chosen] = high[:, chosen] = np.where(corners, hi[chosen], lo[chosen])
    products = np.stack([form.W * end[:, None, :] for end in (low, high)])
    leak = np.diag(form.leak)
    below, above = products.min(0) + leak, products.max(0) + leak
    margin = WIDEN * (np.maximum(np.abs(below), np.abs(above)) + 2.0 * leak)
    return float(norm_bound(S, (below - margin, above + margin), R).max()) / (1.0 - defect) * (1.0 + 4.0 * EPS)


def _by_ball(frame: Frame) -> LowerBound | None:
    system = frame.setting.system
    if not isinstance(system, SmoothEnclosable) or not frame.ball(1.0).defects.max() < 0.5:
        return None
    size = 1.0 + float(np.abs(frame.setting.attractor.points).max())
    unit = size * float(np.abs(frame.factors).max())
    best = 0.0
    try:
        for radius in RADII * unit:
            ball = frame.ball(float(radius))
            if is_invariant(system, ball, max(best, SMALLEST) * 1.01):  # else this ball is no better
                best = _largest(partial(is_invariant, system, ball), max(best, SMALLEST) * 1.01)
    except NotEnclosable:
        return None
    return LowerBound(best, "ball of the adapted norm") if best > 0 else None


def _largest(holds: Callable[[float], bool], first: float) -> float:
    """The largest size found for which `holds`, by doubling and bisection; 0.0 if none."""
    if not holds(first):
        return 0.0
    inside = first
    while holds(2.0 * inside):
        inside *= 2.0
        if inside > LARGEST:
            return inside
    outside = 2.0 * inside
    for _ in range(BISECTIONS):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if holds(middle) else (inside, middle)
    return inside
