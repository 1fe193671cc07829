"""Affine forms: quantities over a box as linear functions of its points, with an error.

`q(x) = value + slope (x - m) +- error` for every x of the box, and `lo <= q(x) <= hi`. What is composed of them stays linear
in x where interval arithmetic would forget that two quantities depend on the same x; the error is of second order in the width.

Source: de Figueiredo and Stolfi (2004), Affine arithmetic: concepts and applications. Numerical Algorithms 37. Here the
nonlinear parts are bounded by bands of the activations instead of new noise symbols.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.activations import Activation
from dynlatch.analysis.fixed_points.proof.relaxation import band
from dynlatch.intervals import EPS, TINY, Box, affine_image, multiply
from dynlatch.validation import Array


class Form(NamedTuple):
    """`q = value + slope (x - m) +- error` within [lo, hi]: shapes (B, k), but (B, k, d) for the slope.

    `floor` is the part of the error that does not shrink with the box, `reach` (B, d) the half widths of the box.
    """

    value: Array
    slope: Array
    error: Array
    floor: Array
    lo: Array
    hi: Array
    reach: Array


def variables(lo: Array, hi: Array, middle: Array, reach: Array) -> Form:
    """The coordinates of the box themselves."""
    d = lo.shape[1]
    slope = np.broadcast_to(np.eye(d), (len(lo), d, d))
    return Form(middle, slope, np.zeros_like(lo), np.zeros_like(lo), lo, hi, reach)


def constants(value: Array, like: Form) -> Form:
    """The same numbers (k,) for every point of every box."""
    v = np.broadcast_to(value, (len(like.lo), len(value)))
    return Form(v, np.zeros((*v.shape, like.reach.shape[1])), np.zeros_like(v), np.zeros_like(v), v, v, like.reach)


def piece(q: Form, where: slice) -> Form:
    """Some of the quantities."""
    value, slope, error, floor, lo, hi = (part[:, where] for part in q[:-1])
    return Form(value, slope, error, floor, lo, hi, q.reach)


def joined(parts: list[Form]) -> Form:
    """The quantities of several forms over the same boxes."""
    columns = zip(*(q[:-1] for q in parts), strict=True)
    value, slope, error, floor, lo, hi = (np.concatenate(column, axis=1) for column in columns)
    return Form(value, slope, error, floor, lo, hi, parts[0].reach)


def linear(W: Array, q: Form, b: Array) -> Form:
    """`W q + b`."""
    size = np.abs(W)
    largest = np.maximum(np.abs(q.lo), np.abs(q.hi)) + np.abs(q.value)
    terms = largest @ size.T + np.abs(b) + _spread(q) @ size.T
    floor = q.floor @ size.T + _rounding(W.shape[1], terms)
    slope = np.matmul(W, q.slope)
    error = q.error @ size.T * (1.0 + 2.0 * (W.shape[1] + 2) * EPS) + _rounding(W.shape[1], terms)
    return _tightened(q.value @ W.T + b, slope, error, floor, affine_image(W, q.lo, q.hi, b), q.reach)


def added(p: Form, q: Form) -> Form:
    """`p + q`."""
    size = np.abs(p.value) + np.abs(q.value) + _spread(p) + _spread(q)
    extra = _rounding(1, size)
    ends = np.nextafter(p.lo + q.lo, -np.inf), np.nextafter(p.hi + q.hi, np.inf)
    floor, error = p.floor + q.floor + extra, (p.error + q.error) * (1.0 + 2.0 * EPS) + extra
    return _tightened(p.value + q.value, p.slope + q.slope, error, floor, ends, p.reach)


def image(f: Activation, q: Form) -> Form:
    """`f(q)`."""
    b = band(f, q.lo, q.hi, q.value)
    slope = b.slope[..., None] * q.slope
    extra = _rounding(1, np.abs(b.value) + b.slope * (_spread(q) + np.abs(q.value)))
    error = (b.error + b.slope * q.error) * (1.0 + 4.0 * EPS) + extra
    return _tightened(b.value, slope, error, b.floor + b.slope * q.floor + extra, f.image(q.lo, q.hi), q.reach)


def product(p: Form, q: Form) -> Form:
    """`p q`, componentwise: linear about the middles of the ranges, with the product of the half ranges as error."""
    (a, da), (b, db) = _middle(p), _middle(q)
    value = a * q.value + b * p.value - a * b
    slope = a[..., None] * q.slope + b[..., None] * p.slope
    size = np.abs(a) * (np.abs(q.value) + _spread(q) + np.abs(b)) + np.abs(b) * (np.abs(p.value) + _spread(p))
    extra = _rounding(3, size)
    error = (np.abs(a) * q.error + np.abs(b) * p.error + da * db) * (1.0 + 8.0 * EPS) + extra
    floor = np.abs(a) * q.floor + np.abs(b) * p.floor + extra
    return _tightened(value, slope, error, floor, multiply((p.lo, p.hi), (q.lo, q.hi)), p.reach)


def _middle(q: Form) -> tuple[Array, Array]:
    middle = q.lo + 0.5 * (q.hi - q.lo)
    return middle, np.nextafter(np.maximum(q.hi - middle, middle - q.lo), np.inf)


def _spread(q: Form) -> Array:
    """How far the linear part reaches."""
    return np.asarray((np.abs(q.slope) @ q.reach[..., None])[..., 0])


def _rounding(terms: int, size: Array) -> Array:
    return np.asarray(4.0 * (terms + 4) * EPS * size + TINY)


def _tightened(value: Array, slope: Array, error: Array, floor: Array, ends: Box, reach: Array) -> Form:
    """The form with the better of both ranges; where the linear one is lost to overflow, the range as a constant."""
    lost = ~(np.isfinite(value) & np.isfinite(slope).all(-1) & np.isfinite(error))
    if lost.any():
        value = np.where(lost, np.clip(0.5 * ends[0] + 0.5 * ends[1], *ends), value)
        slope = np.where(lost[..., None], 0.0, slope)
        error = np.where(lost, np.nextafter(np.maximum(ends[1] - value, value - ends[0]), np.inf), error)
        floor = np.where(lost, TINY, floor)
    wide = (np.abs(slope) @ reach[..., None])[..., 0] + error
    wide = wide + _rounding(reach.shape[1], wide + np.abs(value))
    return Form(value, slope, error, floor, np.maximum(ends[0], value - wide), np.minimum(ends[1], value + wide), reach)
