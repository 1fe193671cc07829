"""Bounds on what `WiredNetwork` does over boxes of states and inputs, by the arithmetic of `wired_sums` on intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.activations import LINEAR
from dynlatch.intervals import Box, add, affine_image, as_box, matmul, multiply, square
from dynlatch.networks.wired_sums import Sums, remember
from dynlatch.validation import FARTHEST


def boxes(sums: Sums, z: Box) -> tuple[Box, Box]:
    """Bounds on the units' outputs and on their slopes, each (..., k)."""
    shape = (*np.shape(z[0])[:-1], len(sums.f))
    x, slope = (np.empty(shape), np.empty(shape)), (np.empty(shape), np.empty(shape))
    for i, f in enumerate(sums.f):
        gates = np.flatnonzero(sums.G[i])
        row = np.concatenate([sums.R[i], sums.V[i, :i], sums.G[i, gates]])
        read = np.flatnonzero(row)  # nothing is known of 0 times infinity
        product = _product_boxes(sums, z, x, gates)
        below, above = (np.concatenate([z[end], x[end][..., :i], product[end]], axis=-1)[..., read] for end in (0, 1))
        total = affine_image(row[None, read], below, above)
        for found, image in ((x, f.image(*total)), (slope, f.slope_image(*total))):
            found[0][..., i], found[1][..., i] = image[0][..., 0], image[1][..., 0]
    return x, slope


def _product_boxes(sums: Sums, z: Box, x: Box, gates: NDArray[np.intp]) -> Box:
    """Bounds on what those gated connections multiply their weights with."""
    one, other = (_signal_box(z, x, columns) for columns in sums.pairs[:, gates])
    same, distinct = sums.pairs[0, gates] == sums.pairs[1, gates], multiply(one, other)
    below, above = (np.where(same, squares, products) for squares, products in zip(square(one), distinct, strict=True))
    return below, above


def _signal_box(z: Box, x: Box, columns: Any) -> Box:
    below, above = (np.concatenate([z[end], x[end]], axis=-1)[..., columns] for end in (0, 1))
    return below, above


def linearised_box(sums: Sums, z: Box, x: Box) -> Box:
    """Bounds on [R, V] of first order, (..., k, n + m + 1 + k); the matrix itself, without a batch, where nothing is gated."""
    both = as_box(np.concatenate([sums.R, sums.V], axis=1))
    if not sums.G.size:
        return both
    lo, hi = (end + np.zeros((*x[0].shape[:-1], 1, 1)) for end in both)
    for i, e in zip(*sums.G.nonzero(), strict=True):
        for here, other in (sums.pairs[:, e], sums.pairs[::-1, e]):
            gain = multiply(as_box(sums.G[i, e]), _signal_box(z, x, other))
            lo[..., i, here], hi[..., i, here] = add((lo[..., i, here], hi[..., i, here]), gain)
    return lo, hi


def derivative_boxes(sums: Sums, first_order: Box, slope: Box, columns: slice) -> Box:
    """Bounds on the derivatives of the outputs with respect to those columns of z, shape (..., k, q)."""
    shape, outside = (*slope[0].shape, columns.stop - columns.start), sums.R.shape[-1]
    moved = np.zeros(shape), np.zeros(shape)
    for i in range(len(sums.f)):
        total = first_order[0][..., i, columns], first_order[1][..., i, columns]
        row = first_order[0][..., i : i + 1, outside : outside + i], first_order[1][..., i : i + 1, outside : outside + i]
        if row[0].any() or row[1].any():
            within = matmul(row, (moved[0][..., :i, :], moved[1][..., :i, :]))
            total = add(total, (within[0][..., 0, :], within[1][..., 0, :]))
        moved[0][..., i, :], moved[1][..., i, :] = multiply((slope[0][..., i, None], slope[1][..., i, None]), total)
    return moved


def settling_box(sums: Sums, entering: Box) -> Box | None:
    """A box that holds every limit set under inputs in the box `entering` (m,); None where nothing is known.

    It is an image of the whole space. A linear unit that remembers itself, `x' = w x + r` with |w| < 1, ends within
    `sup |r| / (1 - sup |w|)`, since r is bounded where everything else is; w may be gated.
    """
    n = len(sums.memory.unit)
    lo, hi = np.full(n, -np.inf), np.full(n, np.inf)
    for _ in range(2 * n + 1):
        finite = np.isfinite(lo).all() and np.isfinite(hi).all()
        z = _reading((lo, hi), entering)
        below, above = boxes(sums, z)[0]
        lo, hi = remember(sums, lo, below), remember(sums, hi, above)
        for k in np.flatnonzero((sums.memory.age == 1) & ~(np.isfinite(lo) & np.isfinite(hi))):
            reach = _reach(sums, int(k), z)
            lo[k], hi[k] = -reach, reach
        if finite:
            return lo, hi
    return None


def _reach(sums: Sums, k: int, z: Box) -> float:
    """How far from 0 component k of the state can stay."""
    unit = sums.memory.unit[k]
    if sums.f[unit] is not LINEAR:
        return np.inf
    own = (sums.pairs == k).any(axis=0) & (sums.G[unit] != 0.0)
    R, G = sums.R.copy(), sums.G.copy()
    R[unit, k], G[unit, own] = 0.0, 0.0
    below, above = boxes(sums._replace(R=R, G=G), z)[0]
    w = abs(sums.R[unit, k])
    for e in np.flatnonzero(own):
        one, other = sums.pairs[:, e]
        gate = _signal_box(z, (below, above), other if one == k else one)
        w += abs(sums.G[unit, e]) * max(abs(gate[0]), abs(gate[1])) * (1.0 + 1e-15) + 1e-15
    if w >= 1.0:
        return np.inf
    reach = max(abs(below[unit]), abs(above[unit])) / (1.0 - w) * (1.0 + 1e-12)
    return float(reach) if reach <= FARTHEST else np.inf


def _reading(state: Box, entering: Box) -> Box:
    below, above = (np.concatenate([state[end], entering[end], np.ones(1)]) for end in (0, 1))
    return below, above
