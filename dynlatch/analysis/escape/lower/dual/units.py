"""One unit's share of the dual: the largest value of a concave-convex function of its state and its input.

With q > 0 (the other sign is mirrored: tanh is odd) and everything divided by q, a unit contributes

    max { tanh(z + v) - S z - P v - m v^2 : l <= z <= u, |v| <= w },

where m = 0 for inputs bounded in the inf-norm, and w = 0 for a unit that no input reaches. Imported only where it is used:
Numba is slow to load.
"""

from __future__ import annotations

import math

import numba

GRID = 4  # pieces of the input's range in which a stationary point is sought where the activation is convex in part
NEWTON_STEPS = 6


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def summit(slope: float, lo: float, hi: float) -> float:
    """Where `tanh(a) - slope a` is largest on [lo, hi]."""
    if slope <= 0.0:
        return hi
    if slope >= 1.0:
        return lo
    a = math.atanh(math.sqrt(1.0 - slope))
    a = min(max(a, lo), hi)
    if a > lo and math.tanh(lo) - slope * lo > math.tanh(a) - slope * a:
        return lo
    return a


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def linear_unit(S: float, P: float, lo: float, hi: float, w: float) -> tuple[float, float, float]:
    """The maximum and its (z, v) for m = 0: the cheaper of z and v moves first, then the other."""
    if P <= S:
        near = summit(P, lo - w, lo + w)
        far = summit(S, lo + w, hi + w)
        first = math.tanh(near) - S * lo - P * (near - lo)
        second = math.tanh(far) - S * (far - w) - P * w
        if first > second:
            return first, lo, near - lo
        return second, far - w, w
    near = summit(S, lo - w, hi - w)
    far = summit(P, hi - w, hi + w)
    first = math.tanh(near) - S * (near + w) + P * w
    second = math.tanh(far) - S * hi - P * (far - hi)
    if first > second:
        return first, near + w, -w
    return second, hi, far - hi


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def _stationary(at: float, P: float, m: float, lo: float, hi: float) -> float:
    """A zero of the derivative of `tanh(at + v) - P v - m v^2` on [lo, hi], where it changes sign from + to -."""
    v = 0.5 * (lo + hi)
    for _ in range(NEWTON_STEPS):
        t = math.tanh(at + v)
        bend = 1.0 - t * t
        g = bend - P - 2.0 * m * v
        if g > 0.0:
            lo = v
        else:
            hi = v
        fall = 2.0 * t * bend + 2.0 * m
        moved = v + g / fall if fall > 0.0 else 0.5 * (lo + hi)
        v = moved if lo <= moved <= hi else 0.5 * (lo + hi)
    return v


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def best_input(at: float, P: float, m: float, lo: float, hi: float) -> tuple[float, float]:
    """The largest `tanh(at + v) - P v - m v^2` over [lo, hi], and where."""
    value = math.tanh(at + lo) - P * lo - m * lo * lo
    best = lo
    pieces = 1 if at + lo >= 0.0 else GRID
    step = (hi - lo) / pieces
    if step <= 0.0:
        return value, best
    right = lo
    t = math.tanh(at + lo)
    ahead = 1.0 - t * t - P - 2.0 * m * lo
    for i in range(pieces):
        left, behind = right, ahead
        right = lo + (i + 1) * step
        t = math.tanh(at + right)
        ahead = 1.0 - t * t - P - 2.0 * m * right
        v = _stationary(at, P, m, left, right) if behind > 0.0 and ahead < 0.0 else right
        there = math.tanh(at + v) - P * v - m * v * v
        if there > value:
            value, best = there, v
    return value, best


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def quadratic_unit(S: float, P: float, m: float, lo: float, hi: float, w: float) -> tuple[float, float, float]:
    """The maximum and its (z, v) for m > 0: inside the interval of z the best input does not depend on z."""
    v0 = min(max((S - P) / (2.0 * m), -w), w)
    a = summit(S, lo + v0, hi + v0)
    value = math.tanh(a) - S * (a - v0) - P * v0 - m * v0 * v0
    z, v = a - v0, v0
    # At an end of z the best input is where `sech^2 - P - 2 m v = 0`: between these two.
    least = min(max(-P / (2.0 * m), -w), v0)
    most = max(min((1.0 - P) / (2.0 * m), w), v0)
    t = math.tanh(lo + v0)
    if lo + least < 0.0 or 1.0 - t * t < S:
        there, u = best_input(lo, P, m, least, v0)
        there -= S * lo
        if there > value:
            value, z, v = there, lo, u
    t = math.tanh(hi + v0)
    if hi + v0 < 0.0 or 1.0 - t * t > S:
        there, u = best_input(hi, P, m, v0, most)
        there -= S * hi
        if there > value:
            value, z, v = there, hi, u
    return value, z, v
