"""Linear bounds on the nodes `f(x) y` over boxes: `|f(x) y - (a x + c y + m)| <= r`.

a is the slope of the chord of f times the middle of y, c the middle of f's range. The remainder is linear in y, so the ends of
y decide, and in x it is bounded on PIECES intervals by its value in the middle and the range of its slope there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.activations import ULPS, Activation
from dynlatch.intervals import EPS, TINY, Box
from dynlatch.validation import Array

PIECES = 32


class Linear(NamedTuple):
    """The bound of k units: slopes in x and in y (zero where there is no y), middle and radius, each (k,)."""

    a: Array
    c: Array
    middle: Array
    radius: Array


def relax(f: Activation, x: Box, y: Box | None) -> Linear:
    """Linear bounds over the boxes x and y, shape (k,) at both ends, rounding included."""
    chord = f.secant_slope(*x)
    if y is None:
        below, above = remainder(f, x, 1.0, chord, np.zeros_like(chord))
        return _linear(chord, np.zeros_like(chord), below, above)
    a, c = 0.5 * (y[0] + y[1]) * chord, 0.5 * (f(x[0]) + f(x[1]))
    ends = [remainder(f, x, end, a, c) for end in y]
    return _linear(a, c, np.minimum(ends[0][0], ends[1][0]), np.maximum(ends[0][1], ends[1][1]))


def _linear(a: Array, c: Array, below: Array, above: Array) -> Linear:
    middle = 0.5 * (below + above)
    return Linear(a, c, middle, np.nextafter(np.maximum(above - middle, middle - below), np.inf))


def remainder(f: Activation, x: Box, y: Array | float, a: Array, c: Array) -> Box:
    """Range of `y f(x) - a x - c y` for x in its box."""
    edges = x[0][:, None] + (x[1] - x[0])[:, None] * (np.arange(PIECES + 1) / PIECES)
    edges[:, -1] = x[1]
    lo, hi = edges[:, :-1], edges[:, 1:]
    middle = 0.5 * (lo + hi)
    half = np.nextafter(np.maximum(hi - middle, middle - lo), np.inf)
    y, a, c = (np.broadcast_to(value, x[0].shape)[:, None] for value in (y, a, c))
    value = f(middle)
    terms = np.abs(y * value) + np.abs(a * middle) + np.abs(c * y)
    slopes = np.stack([y * slope for slope in f.slope_image(lo, hi)])
    steep = np.maximum(np.abs(slopes[0] - a), np.abs(slopes[1] - a)) + 4.0 * EPS * (np.abs(slopes).max(0) + np.abs(a))
    room = steep * half * (1.0 + 4.0 * EPS) + (ULPS + 8) * EPS * terms + TINY
    at_middle = y * value - a * middle - c * y
    return (at_middle - room).min(-1), (at_middle + room).max(-1)
