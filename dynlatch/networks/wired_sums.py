"""The arithmetic of `WiredNetwork`: `x = f(R z + V x + G s s')` for what the units read, z = (state, inputs, 1).

V is strictly lower triangular, so the units are computed one after the other; derivatives and bounds go the same way. What is
gated multiplies two of the signals (z, x); to first order that is a change of R and V.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.activations import EXPONENTIAL, LINEAR, LOGISTIC, RELU, TANH, THRESHOLD, Activation
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.lanes.wiring import Wiring

KINDS = (
    TANH,
    LINEAR,
    THRESHOLD,
    LOGISTIC,
    RELU,
    EXPONENTIAL,
)  # in the order of dynlatch.lanes.units, which this module does not load


class Memory(NamedTuple):
    """What the state holds: the output of `unit` as it was `age` steps before the next one."""

    unit: NDArray[np.int64]  # (n,)
    age: NDArray[np.int64]  # (n,) 1, 2, ...
    older: NDArray[np.int64]  # (n,) where the state holds it one step earlier, for an age above 1
    old: bool  # whether any age is above 1


class Sums(NamedTuple):
    """A wiring with its weights summed into matrices."""

    f: tuple[Activation, ...]  # of each of the k units
    groups: tuple[tuple[slice, Activation, slice], ...]  # neighbours that can be computed at once; their part of the pairs
    memory: Memory
    R: Array  # (k, n + m + 1)
    V: Array  # (k, k)
    read: NDArray[np.int64]  # (E,) for every connection, the column of [R, V] that it is summed into
    G: Array  # (k, Q) weights of the gated connections
    pairs: NDArray[np.int64]  # (2, Q) the two signals that each of them multiplies, columns of (z, x)


def sums_of(net: Wiring, weights: Array) -> Sums:
    """The matrices of a wiring."""
    f = tuple(KINDS[kind] for kind in net.kinds)
    k, memory = len(f), _memory(net)
    outside = len(memory.unit) + net.inputs + 1
    read = _columns(net, memory, net.source, net.delay)
    both = np.zeros((k, outside + k))
    np.add.at(both, (net.target, read), weights[net.weight])
    R, V = both[:, :outside].copy(), both[:, outside:].copy()
    target, source, weight, delay, gate, gate_delay = net.gated.T
    pairs = np.stack([_columns(net, memory, source, delay), _columns(net, memory, gate, gate_delay)])
    G = np.zeros((k, len(target)))
    G[target, np.arange(len(target))] = weights[weight]
    reads = V != 0.0
    for columns in pairs - outside:
        reads[target[columns >= 0], columns[columns >= 0]] = True
    return Sums(f, _groups(f, reads, net.gated_first), memory, R, V, read, G, pairs)


def _columns(net: Wiring, memory: Memory, source: NDArray[np.int64], delay: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which of the signals (z, x) are the outputs of `source` as they were `delay` steps ago."""
    k, n = len(net.kinds), len(memory.unit)
    place = {pair: i for i, pair in enumerate(zip(memory.unit.tolist(), memory.age.tolist(), strict=True))}
    remembered = [place.get(pair, 0) for pair in zip(source.tolist(), delay.tolist(), strict=True)]
    now = n + net.inputs + 1 + source
    columns = np.where(source >= k, source - k + n, np.where(delay > 0, remembered, now))
    return columns.astype(np.int64)


def _groups(
    f: tuple[Activation, ...], reads: NDArray[np.bool_], gated_first: NDArray[np.int64]
) -> tuple[tuple[slice, Activation, slice], ...]:
    """Neighbouring units of one kind, none of which reads another."""
    starts = [0]
    for i in range(1, len(f)):
        if f[i] is not f[i - 1] or reads[i, starts[-1] : i].any():
            starts.append(i)
    ends = pairwise([*starts, len(f)])
    return tuple((slice(i, j), f[i], slice(int(gated_first[i]), int(gated_first[j]))) for i, j in ends)


def _memory(net: Wiring) -> Memory:
    """The outputs that are read with a delay, unit by unit, and the answers."""
    kept = {(j, 1) for j in net.outputs.tolist()}
    signals = np.concatenate([np.stack([net.source, net.delay], axis=1), net.gated[:, [1, 3]], net.gated[:, [4, 5]]])
    for j, delay in signals.tolist():
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
    for rows, f, gated in sums.groups:
        if rows.start > 0:
            totals[..., rows] += x[..., : rows.start] @ sums.V[rows, : rows.start].T
        if gated.stop > gated.start:
            totals[..., rows] += products(sums, z, x, gated) @ sums.G[rows, gated].T
        x[..., rows] = f(totals[..., rows])
    return totals, x


def products(sums: Sums, z: Array, x: Array, gated: slice) -> Array:
    """What those gated connections multiply their weights with, shape (..., q)."""
    one, other = (np.concatenate([z, x], axis=-1)[..., columns] for columns in sums.pairs[:, gated])
    return np.asarray(one * other)


def linearised(sums: Sums, z: Array) -> tuple[Sums, Array]:
    """The sums with R (..., k, n + m + 1) and V (..., k, k) of first order where the units are, and slopes (..., k) there."""
    totals, x = run(sums, z)
    slope = np.concatenate([f.derivative(totals[..., rows]) for rows, f, _ in sums.groups], axis=-1)
    if not sums.G.size:
        return sums, slope
    both = np.concatenate([sums.R, sums.V], axis=1) + np.zeros((*z.shape[:-1], 1, 1))
    signals = np.concatenate([z, x], axis=-1)
    for e, unit in zip(*sums.G.T.nonzero(), strict=True):  # several may add to one place
        one, other = sums.pairs[:, e]
        both[..., unit, one] += sums.G[unit, e] * signals[..., other]
        both[..., unit, other] += sums.G[unit, e] * signals[..., one]
    return sums._replace(R=both[..., : z.shape[-1]], V=both[..., z.shape[-1] :]), slope


def times(v: Array, M: Array) -> Array:
    """`v M` for vectors (..., p) and one matrix (p, q), or one a vector."""
    return v @ M if M.ndim == 2 else (v[..., None, :] @ M)[..., 0, :]


def push(sums: Sums, slope: Array, entering: Array) -> Array:
    """Derivatives of the outputs (..., k, q), from those of `R z` (..., k, q)."""
    moved = slope[..., None] * entering
    for rows, *_ in sums.groups[1:]:
        moved[..., rows, :] += slope[..., rows, None] * (sums.V[..., rows, : rows.start] @ moved[..., : rows.start, :])
    return moved


def pull(sums: Sums, slope: Array, v: Array) -> Array:
    """Gradient of `v . next state` with respect to the total inputs, shape (..., k)."""
    fresh = sums.memory.age == 1
    delta = np.zeros((*np.broadcast_shapes(slope.shape[:-1], v.shape[:-1]), len(sums.f)))
    delta[..., sums.memory.unit[fresh]] = v[..., fresh]
    for rows, *_ in reversed(sums.groups):
        if rows.stop < len(sums.f):
            delta[..., rows] += times(delta[..., rows.stop :], sums.V[..., rows.stop :, rows])
        delta[..., rows] *= slope[..., rows]
    return delta
