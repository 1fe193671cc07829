"""Interval arithmetic on boxes `(lo, hi)`, always rounded outward.

Each result is widened by a bound on the rounding error of the operation in float64, so it contains the exact image
and whatever float64 computes for a point of the box. Ends may be infinite: where nothing is known, so are the results.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from dynlatch.validation import Array

Box: TypeAlias = tuple[Array, Array]

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)


def as_box(u: Any) -> Box:
    """A pair `(lo, hi)` of arrays as a box; any other array as the box of that one point."""
    if isinstance(u, tuple) and len(u) == 2 and np.ndim(u[0]) > 0:
        return np.asarray(u[0], dtype=np.float64), np.asarray(u[1], dtype=np.float64)
    point = np.asarray(u, dtype=np.float64)
    return point, point


def affine_image(W: Array, lo: Array, hi: Array, c: Array | float = 0.0) -> Box:
    """Image of the box [lo, hi], shape (..., n), under `x -> W x + c`.

    The dot-product error bound is gamma_{n+2} |W| |x| (Higham, Accuracy and Stability, eq. 3.5), doubled.
    """
    up, down = np.maximum(W, 0.0), np.minimum(W, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.maximum(np.abs(lo), np.abs(hi)) @ np.abs(W).T + np.abs(c)
        pad = 2.0 * (W.shape[-1] + 3) * EPS * size + TINY
        below = lo @ up.T + hi @ down.T + c - pad
        above = hi @ up.T + lo @ down.T + c + pad
    # 0 * inf and inf - inf: no bound is known there.
    return np.where(np.isnan(below), -np.inf, below), np.where(np.isnan(above), np.inf, above)


def add(x: Box, y: Box) -> Box:
    """Sum of two boxes."""
    return np.nextafter(x[0] + y[0], -np.inf), np.nextafter(x[1] + y[1], np.inf)


def multiply(x: Box, y: Box) -> Box:
    """Componentwise product of two boxes."""
    corners = np.stack(np.broadcast_arrays(*(_product(a, b) for a in x for b in y)))
    return np.nextafter(corners.min(0), -np.inf), np.nextafter(corners.max(0), np.inf)


def square(x: Box) -> Box:
    """Componentwise square of a box."""
    sizes = np.abs(x[0]), np.abs(x[1])
    nearest = np.where((x[0] <= 0.0) & (x[1] >= 0.0), 0.0, np.minimum(*sizes))
    with np.errstate(over="ignore"):
        below, above = np.minimum(nearest**2, np.finfo(np.float64).max), np.maximum(*sizes) ** 2
    return np.maximum(np.nextafter(below, -np.inf), 0.0), np.nextafter(above, np.inf)


def _product(a: Array, b: Array) -> Array:
    # An infinite end stands for unbounded numbers, and zero times any of them is zero.
    with np.errstate(invalid="ignore"):
        return np.where((a == 0) | (b == 0), 0.0, np.multiply(a, b))


def matmul(X: Box, Y: Box) -> Box:
    """Product of two interval matrices (..., k, l) and (..., l, m), by midpoints and radii (Rump 1999, BIT 39).

    The radius covers the products of the radii and the rounding of every product here, as in `affine_image`.
    """
    (x, dx), (y, dy) = _midpoint_radius(X), _midpoint_radius(Y)
    terms = X[0].shape[-1]
    with np.errstate(invalid="ignore", over="ignore"):
        middle = x @ y
        largest = (np.abs(x) + dx) @ (np.abs(y) + dy)
        spread = largest - np.abs(x) @ np.abs(y)
        radius = spread + 4.0 * (terms + 4) * EPS * largest + TINY
        below, above = middle - radius, middle + radius
    return np.where(np.isnan(below), -np.inf, below), np.where(np.isnan(above), np.inf, above)


def _midpoint_radius(X: Box) -> Box:
    lo, hi = X
    with np.errstate(invalid="ignore", over="ignore"):
        middle = lo + 0.5 * (hi - lo)
        radius = np.maximum(hi - middle, middle - lo)
    return middle, np.where(radius > 0, np.nextafter(radius, np.inf), 0.0)


def one_minus(x: Box) -> Box:
    """`1 - x`."""
    return np.nextafter(1.0 - x[1], -np.inf), np.nextafter(1.0 - x[0], np.inf)


def blend(z: Box, x: Box, y: Box) -> Box:
    """`(1 - z) x + z y` for weights z within [0, 1].

    The blend is monotone in x and y and affine in z, so ends decide: tighter than `add(multiply(...), multiply(...))`.
    The width added covers 1 - z computed on its own, to 8 units in the last place.
    """
    pad = 16.0 * EPS * np.maximum.reduce([*np.broadcast_arrays(*(np.abs(end) for end in (*x, *y)))]) + TINY
    below = np.minimum(x[0] + z[0] * (y[0] - x[0]), x[0] + z[1] * (y[0] - x[0]))
    above = np.maximum(x[1] + z[0] * (y[1] - x[1]), x[1] + z[1] * (y[1] - x[1]))
    return below - pad, above + pad
