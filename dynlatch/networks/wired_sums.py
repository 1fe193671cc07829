"""The arithmetic of `WiredNetwork`: `x = f(R z + V x)` for what the units read, z = (state, inputs, 1).

V is strictly lower triangular, so the units are computed one after the other; derivatives and bounds go the same way.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.activations import LINEAR, LOGISTIC, TANH, THRESHOLD, Activation
from dynlatch.intervals import Box, add, affine_image, as_box, matmul, multiply
from dynlatch.validation import FARTHEST, Array

if TYPE_CHECKING:
    from dynlatch.lanes.wiring import Wiring

KINDS = (TANH, LINEAR, THRESHOLD, LOGISTIC)  # in the order of dynlatch.lanes.units, which this module does not load


class Memory(NamedTuple):
    """What the state holds: the output of `unit` as it was `age` steps before the next one."""

    unit: NDArray[np.int64]  # (n,)
    age: NDArray[np.int64]  # (n,) 1, 2, ...
    older: NDArray[np.int64]  # (n,) where the state holds it one step earlier, for an age above 1
    old: bool  # whether any age is above 1


class Sums(NamedTuple):
    """A wiring with its weights summed into matrices."""

    f: tuple[Activation, ...]  # of each of the k units
    groups: tuple[tuple[slice, Activation], ...]  # neighbours that can be computed at once
    memory: Memory
    R: Array  # (k, n + m + 1)
    V: Array  # (k, k)
    read: NDArray[np.int64]  # (E,) for every connection, the column of [R, V] that it is summed into


def sums_of(net: Wiring, weights: Array) -> Sums:
    """The matrices of a wiring."""
    f = tuple(KINDS[kind] for kind in net.kinds)
    k, memory = len(f), _memory(net)
    n = len(memory.unit)
    place = {pair: i for i, pair in enumerate(zip(memory.unit.tolist(), memory.age.tolist(), strict=True))}
    remembered = [place.get(pair, 0) for pair in zip(net.source.tolist(), net.delay.tolist(), strict=True)]
    outside = net.source - k + n
    now = n + net.inputs + 1 + net.source
    read = np.where(net.source >= k, outside, np.where(net.delay > 0, remembered, now))
    both = np.zeros((k, n + net.inputs + 1 + k))
    np.add.at(both, (net.target, read), weights[net.weight])
    R, V = both[:, : n + net.inputs + 1].copy(), both[:, n + net.inputs + 1 :].copy()
    return Sums(f, _groups(f, V), memory, R, V, read)


def _groups(f: tuple[Activation, ...], V: Array) -> tuple[tuple[slice, Activation], ...]:
    """Neighbouring units of one kind, none of which reads another."""
    starts = [0]
    for i in range(1, len(f)):
        if f[i] is not f[i - 1] or V[i, starts[-1] : i].any():
            starts.append(i)
    return tuple((slice(i, j), f[i]) for i, j in pairwise([*starts, len(f)]))


def _memory(net: Wiring) -> Memory:
    """The outputs that are read with a delay, unit by unit, and the answer."""
    kept = {(int(net.output), 1)}
    for j, delay in zip(net.source.tolist(), net.delay.tolist(), strict=True):
        if j < len(net.kinds):
            kept |= {(j, age) for age in range(1, delay + 1)}
    places = {pair: i for i, pair in enumerate(sorted(kept))}
    older = [places.get((j, age - 1), 0) for j, age in places]
    unit, age = np.array(list(places), dtype=np.int64).T
    return Memory(unit, age, np.array(older, dtype=np.int64), bool((age > 1).any()))


def remember(sums: Sums, state: Array, x: Array) -> Array:
    """The next state (..., n), from the last one and the outputs of all units (..., k); also of their derivatives."""
    memory = sums.memory
    if not memory.old:
        return x[..., memory.unit]
    return np.where(memory.age == 1, x[..., memory.unit], state[..., memory.older])


def run(sums: Sums, z: Array) -> tuple[Array, Array]:
    """Total inputs and outputs of the units, each (..., k)."""
    totals = z @ sums.R.T
    x = np.empty_like(totals)
    for rows, f in sums.groups:
        if rows.start > 0:
            totals[..., rows] += x[..., : rows.start] @ sums.V[rows, : rows.start].T
        x[..., rows] = f(totals[..., rows])
    return totals, x


def slopes(sums: Sums, z: Array) -> Array:
    """Slopes of the units where they are, shape (..., k)."""
    totals, _ = run(sums, z)
    return np.concatenate([f.derivative(totals[..., rows]) for rows, f in sums.groups], axis=-1)


def push(sums: Sums, slope: Array, entering: Array) -> Array:
    """Derivatives of the outputs (..., k, q), from those of `R z` (..., k, q)."""
    moved = slope[..., None] * entering
    for rows, _ in sums.groups[1:]:
        moved[..., rows, :] += slope[..., rows, None] * (sums.V[rows, : rows.start] @ moved[..., : rows.start, :])
    return moved


def pull(sums: Sums, slope: Array, v: Array) -> Array:
    """Gradient of `v . next state` with respect to the total inputs, shape (..., k)."""
    fresh = sums.memory.age == 1
    delta = np.zeros((*np.broadcast_shapes(slope.shape[:-1], v.shape[:-1]), len(sums.f)))
    delta[..., sums.memory.unit[fresh]] = v[..., fresh]
    for rows, _ in reversed(sums.groups):
        if rows.stop < len(sums.f):
            delta[..., rows] += delta[..., rows.stop :] @ sums.V[rows.stop :, rows]
        delta[..., rows] *= slope[..., rows]
    return delta


def boxes(sums: Sums, z: Box) -> tuple[Box, Box]:
    """Bounds on the units' outputs and on their slopes, each (..., k)."""
    shape = (*np.shape(z[0])[:-1], len(sums.f))
    x, slope = (np.empty(shape), np.empty(shape)), (np.empty(shape), np.empty(shape))
    for i, f in enumerate(sums.f):
        row = np.concatenate([sums.R[i], sums.V[i, :i]])
        read = np.flatnonzero(row)  # nothing is known of 0 times infinity
        below, above = (np.concatenate([z[end], x[end][..., :i]], axis=-1)[..., read] for end in (0, 1))
        total = affine_image(row[None, read], below, above)
        for found, image in ((x, f.image(*total)), (slope, f.slope_image(*total))):
            found[0][..., i], found[1][..., i] = image[0][..., 0], image[1][..., 0]
    return x, slope


def derivative_boxes(sums: Sums, slope: Box, columns: slice) -> Box:
    """Bounds on the derivatives of the outputs with respect to those columns of z, shape (..., k, q)."""
    shape = (*slope[0].shape, columns.stop - columns.start)
    moved = np.zeros(shape), np.zeros(shape)
    for i in range(len(sums.f)):
        total, row = as_box(sums.R[i, columns]), sums.V[i : i + 1, :i]
        if row.any():
            within = matmul((row, row), (moved[0][..., :i, :], moved[1][..., :i, :]))
            total = add(total, (within[0][..., 0, :], within[1][..., 0, :]))
        moved[0][..., i, :], moved[1][..., i, :] = multiply((slope[0][..., i, None], slope[1][..., i, None]), total)
    return moved


def settling_box(sums: Sums, entering: Box) -> Box | None:
    """A box that holds every limit set under inputs in the box `entering` (m,); None where nothing is known.

    It is an image of the whole space. A linear unit that remembers itself, `x' = w x + r` with |w| < 1, ends within
    `sup |r| / (1 - |w|)`, since r is bounded where everything else is.
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
    w = abs(sums.R[unit, k])
    if sums.f[unit] is not LINEAR or w >= 1.0:
        return np.inf
    others = sums.R.copy()
    others[unit, k] = 0.0
    below, above = boxes(sums._replace(R=others), z)[0]
    reach = max(abs(below[unit]), abs(above[unit])) / (1.0 - w) * (1.0 + 1e-12)
    return float(reach) if reach <= FARTHEST else np.inf


def _reading(state: Box, entering: Box) -> Box:
    below, above = (np.concatenate([state[end], entering[end], np.ones(1)]) for end in (0, 1))
    return below, above
