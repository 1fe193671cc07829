"""Nodes `f(x) y` with their product kept: what is left is bounded by the chord of f and by what the arguments do beyond it.

Around the middles, with X = x - x_m and Y = y - y_m, f_1 the slope of the chord and `f(x) = f_0 + f_1 X + R(X)`,

    f(x) y = f_1 y_m x + f_0 y + f_1 X Y + R(X) y + constant.

Of `X = X_l + X_v`, X_l is linear in the inputs of the past and stays a symbol; X_v is known by its bound only.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.activations import Activation
from dynlatch.analysis.escape.lower.reduced.relax import remainder
from dynlatch.intervals import EPS, TINY
from dynlatch.validation import Array


class Argument(NamedTuple):
    """An argument of k units: middle, bound on its linear part, bound on the rest; each (k,)."""

    middle: Array
    linear: Array
    rest: Array

    @property
    def radius(self) -> Array:
        """Bound on the distance from the middle."""
        return np.asarray((self.linear + self.rest) * (1.0 + 4.0 * EPS) + TINY)


class Product(NamedTuple):
    """`a x + c y + m + q X_l Y_l` up to `radius`, and a bound on the product that is kept; each (k,)."""

    m: Array
    q: Array
    radius: Array
    kept: Array


def slopes(f: Activation, x: Argument, y: Argument | None) -> tuple[Array, Array]:
    """The slopes (a, c) in x and in y; any would do, these leave little."""
    chord = f.secant_slope(x.middle - x.radius, x.middle + x.radius)
    return (chord, np.zeros_like(chord)) if y is None else (chord * y.middle, f(x.middle))


def product(f: Activation, x: Argument, y: Argument | None, a: Array, c: Array) -> Product:
    """The node between bounds, for the slopes given, rounding included."""
    box = (
        x.middle - x.radius * (1.0 + EPS) - EPS * np.abs(x.middle),
        x.middle + x.radius * (1.0 + EPS) + EPS * np.abs(x.middle),
    )
    if y is None:
        below, above = remainder(f, box, 1.0, a, c)
        m = 0.5 * (below + above)
        return Product(m, np.zeros_like(m), np.nextafter(np.maximum(above - m, m - below), np.inf), np.zeros_like(m))
    q = f.secant_slope(*box)
    # f(x) y = q (x - x_m) (y - y_m) + q y_m (x - x_m) + (f(x) - q (x - x_m)) y, and the last factor is c up to `left`.
    below, above = remainder(f, box, 1.0, q, c - q * x.middle)
    left, wide = 0.5 * (below + above), 0.5 * (above - below)
    most = np.abs(y.middle) + y.radius
    mixed = x.linear * y.rest + x.rest * y.linear + x.rest * y.rest
    radius = np.abs(q) * mixed + wide * most + np.abs(left) * y.radius + np.abs(q * y.middle - a) * x.radius
    m = left * y.middle - a * x.middle
    size = np.abs(left * y.middle) + np.abs(a * x.middle) + np.abs(q) * (x.radius + np.abs(x.middle)) * most + np.abs(c) * most
    kept = np.abs(q) * x.linear * y.linear * (1.0 + 8.0 * EPS)
    return Product(m, q, radius * (1.0 + 64.0 * EPS) + 32.0 * EPS * size + TINY, kept)
