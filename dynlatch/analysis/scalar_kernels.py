"""The one-dimensional latch `M(a) = w tanh(a) + c` in forms without cancellation. Plain floats; checked by the callers.

For w > 1 let s = sqrt(1 - 1/w), a_c = arsinh sqrt(w - 1) (so that tanh a_c = s and M'(a_c) = 1) and d = a - a_c.
The addition theorem of tanh gives exactly

    a - M(a)  = D(d) - g,    g = u* + c,    u* = (sinh(2 a_c) - 2 a_c) / 2,
    D(d)      = (d - tanh d + s d tanh d) / (1 + s tanh d) = sqrt(w) (d cosh d - sinh d + s d sinh d) / cosh(a_c + d),
    D'(d)     = 1 - M'(a) = sinh(d) sinh(2 a_c + d) / cosh(a)^2,

in which sinh x - x, x cosh x - sinh x and x - tanh x are power series with terms of one sign, or quotients of such.
The unit with the logistic function is the same latch: a = 2z turns it into w/4 and (c + w/2) / 2.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

EPS = 2.0**-52


class TanhUnit(NamedTuple):
    """`w tanh(a) + c` and what follows from w alone; a_c and u* are zero for w <= 1, where they do not exist."""

    w: float
    excess: float  # w - 1, exact close to the threshold
    c: float
    s: float
    a_c: float
    u_star: float

    @property
    def gap(self) -> float:
        """g = u* + c: what the upper attractor has left before its fold."""
        return self.u_star + self.c

    @property
    def mirrored(self) -> TanhUnit:
        """The unit seen through a -> -a."""
        return self._replace(c=-self.c)


def tanh_unit(w: float, c: float) -> TanhUnit:
    """The unit `a' = w tanh(a) + c` with its critical point and threshold; both are zero where it cannot latch."""
    excess = w - 1.0
    if excess <= 0.0:
        return TanhUnit(w, excess, c, 0.0, 0.0, 0.0)
    a_c = math.asinh(math.sqrt(excess))
    return TanhUnit(w, excess, c, math.sqrt(excess / w), a_c, _threshold(w, excess, a_c))


def _threshold(w: float, excess: float, a_c: float) -> float:
    if 2.0 * a_c < 1.0:
        return 0.5 * sinh_minus_x(2.0 * a_c)
    root = math.sqrt(w) * math.sqrt(excess)
    # One exact Newton step: the subtraction below would double the rounding error of the root.
    remainder = Fraction(w) * (Fraction(w) - 1) - Fraction(root) ** 2
    return (root - a_c) + float(remainder / Fraction(2.0 * root))


def sinh_minus_x(x: float) -> float:
    """`sinh x - x` for |x| <= 1: x^3/3! + x^5/5! + ..."""
    term = x * x * x / 6.0
    total, k = term, 3
    while abs(term) > 0.125 * EPS * abs(total):
        term *= x * x / ((k + 1) * (k + 2))
        total, k = total + term, k + 2
    return total


def x_cosh_minus_sinh(x: float) -> float:
    """`x cosh x - sinh x`: below 1 the series of 2k x^(2k+1) / (2k+1)!, cut where terms are under 1e-18."""
    if abs(x) >= 1.0:
        return x * math.cosh(x) - math.sinh(x)
    q = x * x
    tail = 1 + q / 88 * (1 + q / 130 * (1 + q / 180 * (1 + q / 238 * (1 + q / 304))))
    return x * q / 3 * (1 + q / 10 * (1 + q / 28 * (1 + q / 54 * tail)))


def x_minus_tanh(x: float) -> float:
    """`x - tanh x`."""
    if abs(x) >= 1.0:
        return x - math.tanh(x)
    return x_cosh_minus_sinh(x) / math.cosh(x)


def slope(w: float, a: float) -> float:
    """`w sech(a)^2`, with its digits where tanh saturates."""
    e = math.exp(-2.0 * abs(a))
    return w * 4.0 * e / (1.0 + e) ** 2


def fold_distance(unit: TanhUnit, d: float) -> float:
    """D(d), the distance of the curve from its tangent of slope 1."""
    if d > 1.0:
        t = math.tanh(d)
        return (d - t + unit.s * d * t) / (1.0 + unit.s * t)
    return math.sqrt(unit.w) * (x_cosh_minus_sinh(d) + unit.s * d * math.sinh(d)) / math.cosh(unit.a_c + d)


def fold_slope(unit: TanhUnit, d: float) -> float:
    """D'(d)."""
    if d > 1.0:
        return 1.0 - slope(unit.w, unit.a_c + d)
    return math.sinh(d) * math.sinh(2.0 * unit.a_c + d) / math.cosh(unit.a_c + d) ** 2


def increasing_root(function: Callable[[float], tuple[float, float]], lo: float, hi: float, start: float) -> float:
    """Root in [lo, hi] of an increasing function given with its derivative: Newton, kept inside by bisection."""
    x = start
    for _ in range(400):
        value, derivative = function(x)
        if value == 0.0:
            return x
        lo, hi = (x, hi) if value < 0.0 else (lo, x)
        new = x - value / derivative if derivative > 0.0 else math.nan
        if abs(new - x) <= EPS * abs(x):
            return new
        x = new if lo < new < hi else 0.5 * (lo + hi)
        if x in (lo, hi):
            return x
    return x


def upper_offset(unit: TanhUnit) -> float:
    """d > 0 of the upper attractor (w > 1, g > 0): D(d) = g. D is convex there: Newton from the right is monotone."""
    g = unit.gap
    start = min(g + 1.0, math.cbrt(7.5 * g), math.sqrt(2.4 * g / unit.s))
    return increasing_root(lambda d: (fold_distance(unit, d) - g, fold_slope(unit, d)), 0.0, g + 1.0, start)


def middle(unit: TanhUnit) -> tuple[float, float]:
    """The middle fixed point (|c| < u*) as (a, a - a_c), each without cancellation."""
    if unit.c > 0.5 * unit.u_star:
        a, _ = middle(unit.mirrored)
        return -a, -a - unit.a_c
    if unit.c < -0.5 * unit.u_star:
        g = unit.gap
        start = min(unit.a_c, math.sqrt(2.0 * g / unit.s))
        k = increasing_root(lambda k: (fold_distance(unit, -k) - g, -fold_slope(unit, -k)), 0.0, unit.a_c, start)
        return unit.a_c - k, -k
    if unit.c == 0.0:
        return 0.0, -unit.a_c
    a = increasing_root(lambda a: _rise(unit, a), -unit.a_c, unit.a_c, 0.0)
    return a, a - unit.a_c


def _rise(unit: TanhUnit, a: float) -> tuple[float, float]:
    """`M(a) - a` and its derivative."""
    t = math.tanh(a)
    return unit.excess * t - x_minus_tanh(a) + unit.c, unit.excess - unit.w * t * t


def upper(unit: TanhUnit) -> float:
    """The fixed point above every other one."""
    if unit.excess > 0.0:
        return unit.a_c + upper_offset(unit)
    if unit.c <= 0.0:
        return 0.0 if unit.c == 0.0 else -upper(unit.mirrored)
    hi = unit.w + unit.c
    return increasing_root(lambda a: _fall(unit, a), 0.0, hi, min(hi, math.cbrt(8.4 * unit.c)))


def _fall(unit: TanhUnit, a: float) -> tuple[float, float]:
    rise, derivative = _rise(unit, a)
    return -rise, -derivative


def escape_in(unit: TanhUnit, steps: int) -> float:
    """Smallest b such that `steps` inputs -b bring the upper attractor to the middle fixed point.

    The unknown is delta = b - g, in which the run reads d' = d - delta - D(d): delta keeps its digits however small.
    """
    start, target = upper_offset(unit), middle(unit)[1]
    lo, hi = 0.0, start - target - unit.gap
    if steps == 1:
        return start - target
    delta = min(math.pi**2 / (unit.s * steps**2), 0.5 * hi)
    for _ in range(200):
        value, derivative = _descend(unit, start, target, delta, steps)
        lo, hi = (delta, hi) if value >= 0.0 else (lo, delta)
        new = delta - value / derivative
        if abs(new - delta) <= 1e-12 * delta:
            return unit.gap + new
        if not lo < new < hi:
            new = math.sqrt(lo * hi) if lo > 0.0 else 0.25 * hi
        if hi - lo <= EPS * delta:
            break
        delta = new
    return unit.gap + delta


def _descend(unit: TanhUnit, d: float, target: float, delta: float, steps: int) -> tuple[float, float]:
    """`d_T - target` and its derivative by delta; minus infinity where the target was passed before the last step.

    Below the middle fixed point every further step descends, so passing it early means that delta is too large.
    """
    sensitivity = 0.0
    for _ in range(steps):
        if d < target:
            return -math.inf, -1.0
        sensitivity = (1.0 - fold_slope(unit, d)) * sensitivity - 1.0
        d -= delta + fold_distance(unit, d)
    return d - target, sensitivity


def stepwise_set(unit: TanhUnit) -> tuple[tuple[float, float], ...]:
    """`{y : |M'(M^k y)| < 1 for all k >= 0}` of a monostable unit with w > 1 and c > u*, from below.

    Every orbit rises to the attractor and must leap over [-a_c, a_c]: from (M^-1(a_c), -a_c), or a preimage of that.
    """
    intervals = [(unit.a_c, math.inf)]
    lo, hi = _preimage(unit, unit.a_c), -unit.a_c
    while lo < hi:
        intervals.append((lo, hi))
        lo, hi = _preimage(unit, lo), _preimage(unit, hi)
    return tuple(reversed(intervals))


def _preimage(unit: TanhUnit, x: float) -> float:
    """`M^-1(x)` for x below the attractor; minus infinity below the range of M."""
    y = (x - unit.c) / unit.w
    return math.atanh(y) if y > -1.0 else -math.inf
