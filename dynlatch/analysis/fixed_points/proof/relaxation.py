"""Rigorous linear relaxations: what a proof about `G(x) = x` needs to know of G over a box.

An activation with an inflection at most lies between two parallel lines along its chord; on the part where it is convex (or
concave) a tangent bounds it from the other side, wherever the tangent touches. This is several times tighter than a bound by
the range of the slope, and what makes complete enumeration feasible (Chebyshev bands: de Figueiredo and Stolfi 2004).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from dynlatch.activations import LOGISTIC, SOFTPLUS, TANH, Activation
from dynlatch.intervals import EPS, TINY, Box
from dynlatch.validation import Array

FLAT = 1e-6  # chords shorter than this (relative) have the slope of the middle: the quotient has lost its digits
HALVINGS = 12  # towards the tangent point of an activation without a formula for it: any point gives a valid bound
EXP = Activation("exp", np.exp, np.exp, np.exp, limits=(0.0, np.inf), slope_peak=np.inf)


class Relaxation(NamedTuple):
    """G over boxes: `G(x) = value + matrix (x - middle) + mixing * (errors within +- error)`.

    Shapes (B, d), (B, d, d) and, for what the mixing matrix (d, N; None for the identity) acts on, (B, N).
    For two points x, y of the box, `G(x) - G(y) = matrix (x - y) + mixing * v` with `|v| <= variation`.
    """

    middle: Array
    radius: Array
    value: Array
    matrix: Array
    rounding: Array  # (B, d) uncertainty of value and matrix * radius
    error: Array  # (B, N)
    floor: Array  # (B, N) the part of the error that does not shrink with the box
    variation: Array  # (B, N)
    shares: Callable[[Array], Array]  # weights (B, N) of the errors -> how much each axis (B, d) contributes to them


class Problem(Protocol):
    """`G(x) = x` with interval images and relaxations over batches of boxes [lo, hi], each (B, d)."""

    @property
    def dim(self) -> int: ...
    @property
    def size(self) -> int:
        """Number of floats that one box occupies in work."""
        ...

    @property
    def mixing(self) -> Array | None: ...
    def image(self, lo: Array, hi: Array) -> Box: ...
    def relax(self, lo: Array, hi: Array) -> Relaxation: ...
    def cut(self, lo: Array, hi: Array) -> Array:
        """Where to split the interval [lo, hi] (B,) of one axis."""
        ...


class Band(NamedTuple):
    """`f(a) = value + slope (a - middle) +- error` on intervals, and `|f' - slope| <= variation`."""

    value: Array
    slope: Array
    error: Array
    floor: Array
    variation: Array


def band(f: Activation, lo: Array, hi: Array, middle: Array) -> Band:
    """Two lines parallel to the chord that hold f on [lo, hi], rounded outward."""
    below, above = f(lo), f(hi)
    least, largest = f.slope_image(lo, hi)
    width = hi - lo
    long = width > FLAT * (1.0 + np.abs(middle))
    slope = np.where(long, (above - below) / np.where(long, width, 1.0), 0.5 * (least + largest))
    ends = below - slope * (lo - middle), above - slope * (hi - middle)
    peak = float(f.slope_peak if f.slope_peak is not None else np.inf)
    turn = np.clip(peak, lo, hi)  # convex below it, concave above
    convex, concave = _tangent_points(f, slope, lo, turn, hi)
    bottom, steep = _tangent_bound(f, slope, middle, convex, lo, turn, np.minimum)
    top, steeper = _tangent_bound(f, slope, middle, concave, turn, hi, np.maximum)
    bottom, top = np.minimum(np.minimum(*ends), bottom), np.maximum(np.maximum(*ends), top)
    value = 0.5 * (bottom + top)
    size = np.maximum(np.abs(below), np.abs(above)) + (slope + steep + steeper) * width
    floor = 24.0 * EPS * size + TINY
    error = np.maximum(top - value, value - bottom) + floor
    variation = np.maximum(largest - slope, slope - least) * (1.0 + 4.0 * EPS) + TINY
    return Band(value, slope, error, floor, variation)


def _tangent_bound(
    f: Activation, slope: Array, middle: Array, at: Array, start: Array, end: Array, outer: Callable[[Array, Array], Array]
) -> tuple[Array, Array]:
    """Bound of `f(a) - slope (a - middle)` over [start, end], where f is convex (`outer` minimum) or concave (maximum).

    Also the slope of the tangent that gives it.
    """
    here = f(at) - slope * (at - middle)
    steep = f.derivative(at)
    return outer(here + (steep - slope) * (start - at), here + (steep - slope) * (end - at)), steep


def _tangent_points(f: Activation, slope: Array, lo: Array, turn: Array, hi: Array) -> tuple[Array, Array]:
    """About where f' equals the slope, left and right of the inflection."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if f in (TANH, LOGISTIC):
            scale = 1.0 if f is TANH else 0.5
            # sech^2 y = q at |y| = log((1 + sqrt(1 - q)) / sqrt(q))
            q = np.clip(slope / scale**2, 1e-300, 1.0)
            right = np.log((1.0 + np.sqrt(1.0 - q)) / np.sqrt(q)) / scale
            return np.clip(-right, lo, turn), np.clip(right, turn, hi)
        if f is SOFTPLUS:
            q = np.clip(slope, 1e-300, 1.0 - 1e-16)
            return np.clip(np.log(q) - np.log1p(-q), lo, turn), hi
        if f is EXP:
            return np.clip(np.log(np.maximum(slope, 1e-300)), lo, turn), hi
    return _bisect(f, slope, lo, turn, rising=True), _bisect(f, slope, turn, hi, rising=False)


def _bisect(f: Activation, slope: Array, start: Array, end: Array, *, rising: bool) -> Array:
    for _ in range(HALVINGS):
        half = 0.5 * (start + end)
        left = (f.derivative(half) >= slope) == rising
        start, end = np.where(left, start, half), np.where(left, half, end)
    return 0.5 * (start + end)
