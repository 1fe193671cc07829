"""Small networks under constant inputs, one a lane: the map, its Jacobian, and matrices of lanes.

The state is that of the architecture's map: the outputs of the units that are read one step later and of the answer; or, in
activation coordinates, the total inputs of all units. Networks of one architecture are two arrays, since every further
argument of a function costs compilation, and references to be counted at each call:

    code (1 + n + E, 3)     row 0: n, E, whether in activation coordinates; of each unit: kind, first connection, place in the
                            state or -1; of each connection between units: whether it is delayed, place in the state or unit,
                            kind of the source
    w (E + n, L)            weights of the connections; what the constant input adds to each unit

Lanes are the last axis, WIDTH of them a pack, and `zero` says whether one or a pack is meant (`packs`): a network of five units
keeps a processor busy with loops and calls, sixteen at once with numbers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import choose, fma, load, peek, store, with_sign
from dynlatch.lanes.trace import memory_of
from dynlatch.lanes.units import respond, slope
from dynlatch.lanes.wiring import Wiring
from dynlatch.validation import Array


def encoded(net: Wiring, *, before: bool) -> NDArray[np.int64]:
    """`code` of a wiring without delays above one step; `before` is True for activation coordinates.

    Raises
    ------
    InvalidInput
        If connections are gated: the kernels of portraits know plain sums.
    """
    if len(net.gated):
        raise InvalidInput("portraits of many networks at once know plain sums, and this network has gated connections.")
    n, memory = net.kinds.size, memory_of(net)
    place = np.full(n, -1, dtype=np.int64)
    place[memory] = np.arange(memory.size)
    inner = np.flatnonzero(net.source < n)
    source, delayed = net.source[inner], net.delay[inner] > 0
    first = np.searchsorted(inner, net.first[:-1])
    edges = np.stack([delayed, np.where(delayed, place[source], source), net.kinds[source]], axis=1)
    units = np.stack([net.kinds, first, place], axis=1)
    return np.concatenate([[[n, inner.size, before]], units, edges]).astype(np.int64)


def weights(net: Wiring, theta: Array, u: Array) -> Array:
    """The weights of every lane of theta (P, L) under the constant input u (m,): shape (L, E + n)."""
    n = net.kinds.size
    inner = net.source < n
    value = np.append(u, 1.0)[np.clip(net.source - n, 0, None)]
    constant = np.zeros((n, theta.shape[1]))
    np.add.at(constant, net.target[~inner], theta[net.weight[~inner]] * value[~inner, None])
    return np.ascontiguousarray(np.concatenate([theta[net.weight[inner]], constant]).T)


@kernel
def gather(values, item, into, lane):  # type: ignore[no-untyped-def]
    """Put values[item] into a lane of `into`."""
    for i in range(values.shape[1]):
        into[i, lane] = values[item, i]


@kernel
def march(code, w, x, y, output, zero):  # type: ignore[no-untyped-def]
    """y = M(x), of lanes x and y (r, L); output (n, L) of all units."""
    n, E, before = code[0, 0], code[0, 1], code[0, 2]
    if before:
        for i in range(n):
            store(output, (i, 0), respond(peek(code, (1 + i, 0)), load(x, (i, 0), zero)))
    for i in range(n):
        total, place = load(w, (E + i, 0), zero), peek(code, (1 + i, 2))
        for e in range(peek(code, (1 + i, 1)), peek(code, (2 + i, 1)) if i + 1 < n else E):
            at = peek(code, (1 + n + e, 1))
            if before or peek(code, (1 + n + e, 0)) == 0:
                total = fma(load(w, (e, 0), zero), load(output, (at, 0), zero), total)
            else:
                total = fma(load(w, (e, 0), zero), load(x, (at, 0), zero), total)
        if before:
            store(y, (i, 0), total)
        else:
            total = respond(peek(code, (1 + i, 0)), total)
            store(output, (i, 0), total)
            if place >= 0:
                store(y, (place, 0), total)


@kernel
def linearise(code, w, x, y, J, output, tangent, zero):  # type: ignore[no-untyped-def]
    """y = M(x), and its Jacobian J (r, r, L) there; tangent (n, r, L) of all units in the coordinates of outputs."""
    march(code, w, x, y, output, zero)
    if code[0, 2]:
        _slopes_before(code, w, J, output, zero)
    else:
        _slopes_after(code, w, J, output, tangent, zero)


@kernel
def _slopes_before(code, w, J, output, zero):  # type: ignore[no-untyped-def]
    """Activation coordinates: J = W diag f'."""
    n, E = code[0, 0], code[0, 1]
    for i in range(n):
        for c in range(n):
            store(J, (i, c, 0), zero)
        for e in range(peek(code, (1 + i, 1)), peek(code, (2 + i, 1)) if i + 1 < n else E):
            at = peek(code, (1 + n + e, 1))
            d = slope(peek(code, (1 + n + e, 2)), load(output, (at, 0), zero))
            store(J, (i, at, 0), fma(load(w, (e, 0), zero), d, load(J, (i, at, 0), zero)))


@kernel
def _slopes_after(code, w, J, output, tangent, zero):  # type: ignore[no-untyped-def]
    """The coordinates of outputs: a connection without delay reads a unit that has just been computed."""
    n, E, r = code[0, 0], code[0, 1], J.shape[0]
    for i in range(n):
        for c in range(r):
            store(tangent, (i, c, 0), zero)
        for e in range(peek(code, (1 + i, 1)), peek(code, (2 + i, 1)) if i + 1 < n else E):
            at, weight = peek(code, (1 + n + e, 1)), load(w, (e, 0), zero)
            if peek(code, (1 + n + e, 0)):
                store(tangent, (i, at, 0), load(tangent, (i, at, 0), zero) + weight)
            else:
                for c in range(r):
                    store(tangent, (i, c, 0), fma(weight, load(tangent, (at, c, 0), zero), load(tangent, (i, c, 0), zero)))
        d, place = slope(peek(code, (1 + i, 0)), load(output, (i, 0), zero)), peek(code, (1 + i, 2))
        for c in range(r):
            store(tangent, (i, c, 0), d * load(tangent, (i, c, 0), zero))
            if place >= 0:
                store(J, (place, c, 0), load(tangent, (i, c, 0), zero))


@kernel
def times(A, B, into, zero):  # type: ignore[no-untyped-def]
    """into = A B, of matrices (r, r, L)."""
    r = A.shape[0]
    for i in range(r):
        for k in range(r):
            total = zero
            for j in range(r):
                total = fma(load(A, (i, j, 0), zero), load(B, (j, k, 0), zero), total)
            store(into, (i, k, 0), total)


@kernel
def add_squares(A, total, zero):  # type: ignore[no-untyped-def]
    """total += A^T A."""
    r = A.shape[0]
    for i in range(r):
        for j in range(r):
            new = load(total, (i, j, 0), zero)
            for k in range(r):
                new = fma(load(A, (k, i, 0), zero), load(A, (k, j, 0), zero), new)
            store(total, (i, j, 0), new)


@kernel
def pulled(J, P, into, space, zero):  # type: ignore[no-untyped-def]
    """into = J^T P J, of a symmetric P."""
    r = J.shape[0]
    times(P, J, space, zero)
    for i in range(r):
        for j in range(i + 1):
            total = zero
            for k in range(r):
                total = fma(load(J, (k, i, 0), zero), load(space, (k, j, 0), zero), total)
            store(into, (i, j, 0), total)
            store(into, (j, i, 0), total)


@kernel
def solve(A, b, zero):  # type: ignore[no-untyped-def]
    """Solve A x = b (r, L) in place (b becomes x), with row pivots: the sign of det A, 0 where a pivot vanishes."""
    n, sign = b.shape[0], zero + 1.0
    for k in range(n):
        for i in range(k + 1, n):  # the larger of two rows comes first
            sign = _ordered(A, b, k, i, sign, zero)
        pivot = load(A, (k, k, 0), zero)
        sign = sign * choose(pivot, 0.0, 1.0, choose(0.0, pivot, -1.0, 0.0))
        for i in range(k + 1, n):
            f = zero - load(A, (i, k, 0), zero) / pivot
            for j in range(k + 1, n):
                store(A, (i, j, 0), fma(f, load(A, (k, j, 0), zero), load(A, (i, j, 0), zero)))
            store(b, (i, 0), fma(f, load(b, (k, 0), zero), load(b, (i, 0), zero)))
    for i in range(n - 1, -1, -1):
        total = load(b, (i, 0), zero)
        for j in range(i + 1, n):
            total = total - load(A, (i, j, 0), zero) * load(b, (j, 0), zero)
        store(b, (i, 0), total / load(A, (i, i, 0), zero))
    return sign


@kernel
def _ordered(A, b, k, i, sign, zero):  # type: ignore[no-untyped-def]
    """Exchange rows k and i in the lanes where that of i has the larger pivot: the sign that goes with it."""
    here, there = with_sign(load(A, (k, k, 0), zero), 1.0), with_sign(load(A, (i, k, 0), zero), 1.0)
    for j in range(k, b.shape[0]):
        p, q = load(A, (k, j, 0), zero), load(A, (i, j, 0), zero)
        store(A, (k, j, 0), choose(there, here, q, p))
        store(A, (i, j, 0), choose(there, here, p, q))
    p, q = load(b, (k, 0), zero), load(b, (i, 0), zero)
    store(b, (k, 0), choose(there, here, q, p))
    store(b, (i, 0), choose(there, here, p, q))
    return choose(there, here, zero - sign, sign)
