"""Upper bounds of one-dimensional maxima over intervals: `q f(a) + t a`, and the same less a parabola.

Each is a true bound up to the rounding of a few operations, at most 64 EPS times the sizes of the terms, which the caller adds.
No maximiser is trusted: where `h` is concave, any point `a~` bounds it by its tangent,

    h(a) <= h(a~) + h'(a~) (a - a~),

and Newton's method (or a closed form) only makes `h'(a~)` small; where `h` is convex an end is the largest. A sigmoid is convex
before its steepest point and concave after it, so that both together cover an interval.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from dynlatch.activations import LOGISTIC, TANH, Activation
from dynlatch.intervals import EPS
from dynlatch.validation import Array

HALVINGS = 50  # of the interval that holds a stationary point, where f has no closed form
PIECES = 32  # of an interval, where only bounds on pieces are known
NEWTON_STEPS = 30
TURN = float(np.arctanh(1.0 / np.sqrt(3.0)))  # tanh'' rises up to -TURN, falls up to TURN
STEEPEST_TURN = 2.0 / (3.0 * np.sqrt(3.0))  # tanh''(-TURN) / 2


def largest(f: Activation, q: Array, t: Array, x: Array, y: Array) -> Array:
    """Upper bound of `max { q f(a) + t a : x <= a <= y }`, of arrays that broadcast."""
    if f is TANH:
        return _tanh_largest(q, t, x, y)
    if f is LOGISTIC:  # 1/2 + tanh(a/2)/2; halving is exact
        return 0.5 * q + _tanh_largest(0.5 * q, 2.0 * t, 0.5 * x, 0.5 * y)
    if f.slope_peak is None:
        return _monotone_largest(f, q, t, x, y)
    return _sigmoid_largest(f, f.slope_peak, q, t, x, y)


def largest_off_parabola(f: Activation, q: Array, t: Array, kappa: Array, e: Array, x: Array, y: Array) -> Array:
    """Upper bound of `max { q f(a) + t a - kappa (a - e)^2 : x <= a <= y }`, with kappa > 0."""
    if f is TANH:
        return _tanh_off_parabola(q, t, kappa, e, x, y)
    if f is LOGISTIC:
        return 0.5 * q + _tanh_off_parabola(0.5 * q, 2.0 * t, 4.0 * kappa, 0.5 * e, 0.5 * x, 0.5 * y)
    bound = np.full(np.broadcast_shapes(q.shape, x.shape), -np.inf)
    for left, right in _pieces(x, y):
        off = 0.5 * (left + right) - e
        # -kappa v^2 <= kappa off^2 - 2 kappa off v, its tangent in the middle of the piece
        lines = largest(f, q, t - 2.0 * kappa * off, left, right) + kappa * off * (off + 2.0 * e)
        bound = np.maximum(bound, lines)
    return bound


def _pieces(x: Array, y: Array) -> list[tuple[Array, Array]]:
    edges = [x + (y - x) * (j / PIECES) for j in range(PIECES)] + [y]
    return list(pairwise(edges))


def _monotone_largest(f: Activation, q: Array, t: Array, x: Array, y: Array) -> Array:
    """Of a non-decreasing f of which nothing else is known: the largest f on each piece with the largest `t a` there."""
    bound = np.full(np.broadcast_shapes(q.shape, x.shape), -np.inf)
    for left, right in _pieces(x, y):
        bound = np.maximum(bound, q * f(np.where(q > 0, right, left)) + np.maximum(t * left, t * right))
    return bound


def _sigmoid_largest(f: Activation, peak: float, q: Array, t: Array, x: Array, y: Array) -> Array:
    """Of an f that is convex up to `peak` and concave after it, by halving the interval that holds the stationary point."""
    q, t, x, y = np.broadcast_arrays(q, t, x, y)
    rising = q >= 0
    left = np.where(rising, np.clip(peak, x, y), x)  # h is concave between left and right
    right = np.where(rising, y, np.clip(peak, x, y))
    below, above = left, right
    for _ in range(HALVINGS):
        middle = 0.5 * (below + above)
        uphill = q * f.derivative(middle) + t > 0
        below, above = np.where(uphill, middle, below), np.where(uphill, above, middle)
    slope_below, slope_above = q * f.derivative(below) + t, q * f.derivative(above) + t
    value_below, value_above = q * f(below) + t * below, q * f(above) + t * above
    concave = np.maximum(
        value_below
        + np.maximum(np.maximum(-slope_below, 0.0) * (below - left), np.maximum(slope_below, 0.0) * (above - below)),
        value_above + np.maximum(slope_above, 0.0) * (right - above),
    )
    end = np.where(rising, x, y)
    return np.asarray(np.maximum(concave, q * f(end) + t * end))


def _tanh_largest(q: Array, t: Array, x: Array, y: Array) -> Array:
    q, t, x, y = _upright(q, t, x, y)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        slope = np.fmax(np.fmin(-t / q, 1.0), 0.0)  # q = 0 gives any a~ between, by the sign of t
        stationary = np.arctanh(np.sqrt(1.0 - slope))
    start = np.maximum(x, 0.0)
    a = np.minimum(np.maximum(stationary, start), y)
    tanh = np.tanh(a)
    rise = q * (1.0 - tanh * tanh) + t
    slack = np.maximum(np.maximum(rise, 0.0) * (y - a), np.maximum(-rise, 0.0) * np.maximum(a - start, 0.0))
    return np.asarray(np.maximum(q * tanh + t * a + slack, q * np.tanh(x) + t * x))


def _upright(q: Array, t: Array, x: Array, y: Array) -> tuple[Array, Array, Array, Array]:
    """The same problem reflected where q < 0: tanh is odd."""
    down = q < 0
    return np.abs(q), np.where(down, -t, t), np.where(down, -y, x), np.where(down, -x, y)


def _tanh_off_parabola(q: Array, t: Array, kappa: Array, e: Array, x: Array, y: Array) -> Array:
    """`h'' = q tanh'' - 2 kappa` is positive on one interval [c, d] at most, left of 0 for q > 0: concave, convex, concave.

    With `s = -tanh a` its ends solve `s (1 - s^2) = kappa / q`, a cubic. They need not be exact: beyond them `h''` exceeds 0,
    and between them falls below 0, by no more than the residual there: tanh'' rises up to -TURN and falls from there to 0.
    """
    down = q < 0
    q, t, x, y = _upright(q, t, x, y)
    e = np.where(down, -e, e)
    c, d = _inflections(q, kappa)
    residual = np.maximum(*(np.abs(q * _tanh_curvature(end) - 2.0 * kappa) for end in (c, d)))
    residual = np.where(c < d, residual, 0.0) + 32.0 * EPS * q
    left, right = np.clip(c, x, y), np.clip(d, x, y)
    bound = np.maximum(_concave_largest(q, t, kappa, e, x, left), _concave_largest(q, t, kappa, e, right, y))
    return bound + 0.5 * residual * (y - x) ** 2


def _inflections(q: Array, kappa: Array) -> tuple[Array, Array]:
    with np.errstate(divide="ignore", over="ignore"):
        ratio = np.minimum(kappa / q, STEEPEST_TURN)
    angle = np.arccos(np.maximum(-ratio / STEEPEST_TURN, -1.0)) / 3.0
    outer, inner = (2.0 / np.sqrt(3.0) * np.cos(angle - k * (2.0 * np.pi / 3.0)) for k in (0, 1))
    most, none = 1.0 - EPS, ratio >= STEEPEST_TURN
    c = np.where(none, -TURN, np.minimum(-np.arctanh(np.minimum(outer, most)), -TURN))
    return c, np.where(none, -TURN, np.maximum(-np.arctanh(np.clip(inner, 0.0, most)), -TURN))


def _tanh_curvature(a: Array) -> Array:
    tanh = np.tanh(a)
    return np.asarray(-2.0 * tanh * (1.0 - tanh * tanh))


def _concave_largest(q: Array, t: Array, kappa: Array, e: Array, x: Array, y: Array) -> Array:
    """Tangent bound at the best point of an interval on which h is concave."""

    def rise(a: Array) -> Array:
        tanh = np.tanh(a)
        return np.asarray(q * (1.0 - tanh * tanh) + t - 2.0 * kappa * (a - e))

    at_x, at_y = rise(x), rise(y)
    a = np.where(at_y >= 0, y, x)
    inside = np.nonzero((at_x > 0) & (at_y < 0))
    if len(inside[0]):
        full = (np.broadcast_to(v, a.shape)[inside] for v in (q, t, kappa, e, x, y))
        a[inside] = _stationary(*full)
    tanh, off = np.tanh(a), a - e
    slope = q * (1.0 - tanh * tanh) + t - 2.0 * kappa * off
    slack = np.maximum(np.maximum(slope, 0.0) * (y - a), np.maximum(-slope, 0.0) * (a - x))
    return np.asarray(q * tanh + t * a - kappa * off * off + slack)


def _stationary(q: Array, t: Array, kappa: Array, e: Array, x: Array, y: Array) -> Array:
    """Where h' changes sign, by Newton's method kept within the interval that is known to hold it; some take longer."""
    found = np.empty_like(x)
    still = np.arange(len(x))
    a = 0.5 * (x + y)
    for _ in range(NEWTON_STEPS):
        tanh = np.tanh(a)
        cosh = 1.0 - tanh * tanh
        slope = q * cosh + t - 2.0 * kappa * (a - e)
        x, y = np.where(slope > 0, a, x), np.where(slope > 0, y, a)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = a + slope / (2.0 * q * tanh * cosh + 2.0 * kappa)
        a = np.where((step >= x) & (step <= y), step, 0.5 * (x + y))
        found[still] = a
        on = np.abs(slope) > 1e-8 * (q + kappa)  # else the step just made leaves about its square
        if not on.any():
            break
        still = still[on]
        a, q, t, kappa, e, x, y = (v[on] for v in (a, q, t, kappa, e, x, y))
    return found
