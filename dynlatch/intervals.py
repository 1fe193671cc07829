"""Interval arithmetic on boxes `(lo, hi)`, always rounded outward.

Each result is widened by a bound on the rounding error of the operation in float64, so it contains the exact image.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from dynlatch.validation import Array

Box: TypeAlias = tuple[Array, Array]

EPS = float(np.finfo(np.float64).eps)
TINY = float(np.finfo(np.float64).tiny)


def affine_image(W: Array, lo: Array, hi: Array, c: Array | float = 0.0) -> Box:
    """Image of the box [lo, hi], shape (..., n), under `x -> W x + c`.

    The dot-product error bound is gamma_{n+2} |W| |x| (Higham, Accuracy and Stability, eq. 3.5), doubled.
    """
    up, down = np.maximum(W, 0.0), np.minimum(W, 0.0)
    below = lo @ up.T + hi @ down.T + c
    above = hi @ up.T + lo @ down.T + c
    size = np.maximum(np.abs(lo), np.abs(hi)) @ np.abs(W).T + np.abs(c)
    pad = 2.0 * (W.shape[-1] + 3) * EPS * size + TINY
    return below - pad, above + pad


def add(x: Box, y: Box) -> Box:
    """Sum of two boxes."""
    return np.nextafter(x[0] + y[0], -np.inf), np.nextafter(x[1] + y[1], np.inf)


def multiply(x: Box, y: Box) -> Box:
    """Componentwise product of two boxes."""
    corners = np.stack(np.broadcast_arrays(x[0] * y[0], x[0] * y[1], x[1] * y[0], x[1] * y[1]))
    return np.nextafter(corners.min(0), -np.inf), np.nextafter(corners.max(0), np.inf)


def one_minus(x: Box) -> Box:
    """`1 - x`."""
    return np.nextafter(1.0 - x[1], -np.inf), np.nextafter(1.0 - x[0], np.inf)
