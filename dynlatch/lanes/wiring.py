"""Networks as lists of connections: the compiled cell of every architecture with weighted sums and fixed size.

Unit i of n has the total input `a_i(t) = sum of w s` over its connections and the output `x_i(t) = f_i(a_i(t))`. Units are
evaluated in order: a connection without delay may come from an earlier unit, an external input or the constant one.

Shapes: T steps, n units, m external inputs, L lanes. Signals s (T + 1, n + m + 1, L): the outputs of the units, the external
inputs, the constant one, at times 0 to T. Total inputs a (T + 1, n, L). Weights theta (P, L), the trained ones first.
Derivatives with respect to the outputs and then to the total inputs, d (T + 1, n, L).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import begins, choose, fma, load, pack, peek, store
from dynlatch.lanes.units import respond, slope
from dynlatch.validation import Array

OVERFLOW = 1e150  # where a curvature is cut, so that its products stay finite


class Connection(NamedTuple):
    """One weighted connection to unit `target`."""

    target: int
    source: int  # 0 .. n-1 units, n .. n+m-1 external inputs, n+m the constant one
    weight: int  # row of theta
    delay: int = 1  # steps; external inputs and the constant have 0


@bundle
class Wiring(NamedTuple):
    """The connections in arrays, those of unit i at `first[i]` to `first[i + 1] - 1`."""

    kinds: NDArray[np.int64]  # (n,) of units.TANH, ...
    start: Array  # (n,) outputs at time 0
    first: NDArray[np.int64]  # (n + 1,)
    source: NDArray[np.int64]  # (E,)
    weight: NDArray[np.int64]  # (E,)
    delay: NDArray[np.int64]  # (E,)
    inputs: int  # m
    output: int  # the unit that answers; the first of
    outputs: NDArray[np.int64]  # (k,) the units whose outputs are asked
    trained: int  # rows 0 .. trained-1 of theta are trained, the others are constants
    target: NDArray[np.int64]  # (E,)
    arriving: NDArray[np.int64]  # (E, 3) weight, source and delay once more, side by side
    leaving: NDArray[np.int64]  # (n + 1,) the connections from unit j are rows leaving[j] to leaving[j + 1] - 1 of
    departing: NDArray[np.int64]  # (E, 3) weight, target and delay


def wire(
    connections: Sequence[Connection],
    *,
    kinds: Sequence[int],
    inputs: int,
    output: int | Sequence[int],
    trained: int,
    start: Sequence[float] | float = 0.0,
) -> Wiring:
    """The connections of a network of `len(kinds)` units as arrays.

    Raises
    ------
    InvalidInput
        If a connection names a unit or an input that does not exist, or needs its source before it is known.
    """
    n = len(kinds)
    for c in connections:
        if not (0 <= c.target < n and 0 <= c.source <= n + inputs):
            raise InvalidInput(f"{c} joins what does not exist: there are {n} units, {inputs} inputs and the constant one.")
        if c.delay < 0 or (c.delay == 0 and c.target <= c.source < n):
            raise InvalidInput(f"{c} needs its source too early: give it a delay, or put the source first.")
    ordered = sorted(connections, key=lambda c: c.target)
    counts = np.bincount([c.target for c in ordered], minlength=n)
    target, source, weight, delay = (np.array([c[k] for c in ordered], dtype=np.int64) for k in range(4))
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    begin = np.broadcast_to(np.asarray(start, dtype=np.float64), (n,)).copy()
    arriving, departing = np.stack([weight, source, delay], axis=1), np.stack([weight, target, delay], axis=1)
    by_source = np.argsort(source, kind="stable")
    leaving = np.searchsorted(source[by_source], np.arange(n + 1))
    joined = (first, source, weight, delay)
    back = (target, arriving, leaving, departing[by_source])
    outputs = np.array(output, dtype=np.int64, ndmin=1)
    return Wiring(np.array(kinds, dtype=np.int64), begin, *joined, inputs, int(outputs[0]), outputs, trained, *back)


@kernel
def forward(net, theta, steps, s, a):  # type: ignore[no-untyped-def]
    """Fill the units' outputs in s, and a, for times 0 to `steps`; the external inputs in s are given."""
    for lane in begins(theta.shape[1]):
        _forward(net, theta, steps, s, a, lane)


@kernel
def _forward(net, theta, steps, s, a, lane):  # type: ignore[no-untyped-def]
    zero = pack()
    kinds, start, first, arriving = net.kinds, net.start, net.first, net.arriving
    n = kinds.size
    for t in range(steps + 1):
        store(s, (t, s.shape[1] - 1, lane), zero + 1.0)
    for i in range(n):
        store(s, (0, i, lane), zero + start[i])
    for t in range(1, steps + 1):
        for i in range(n):
            total = zero
            for e in range(first[i], first[i + 1]):
                p, j, back = peek(arriving, (e, 0)), peek(arriving, (e, 1)), max(t - peek(arriving, (e, 2)), 0)
                total = fma(load(theta, (p, lane), zero), load(s, (back, j, lane), zero), total)
            store(a, (t, i, lane), total)
            store(s, (t, i, lane), respond(kinds[i], total))


@kernel
def backward(net, theta, steps, s, d):  # type: ignore[no-untyped-def]
    """d from dC/dx (what the cost itself gives) to dC/da: `d_j(t) = f_j'(a_j(t)) [direct + sum_i w_ij d_i(t + delay)]`.

    d[0] is left alone: the start is given.
    """
    for lane in begins(theta.shape[1]):
        _backward(net, theta, steps, s, d, lane)


@kernel
def _backward(net, theta, steps, s, d, lane):  # type: ignore[no-untyped-def]
    zero = pack()
    kinds, leaving, departing = net.kinds, net.leaving, net.departing
    for t in range(steps, 0, -1):
        for j in range(kinds.size - 1, -1, -1):
            total = _sent_back(leaving, departing, theta, steps, d, t, j, lane)
            store(d, (t, j, lane), total * slope(kinds[j], load(s, (t, j, lane), zero)))


@kernel
def curvature(net, theta, steps, s, h):  # type: ignore[no-untyped-def]
    """h from d2C/dx2 to the Gauss-Newton diagonal d2C/da2: `h_j(t) = f_j'(a_j(t))^2 [direct + sum_i w_ij^2 h_i(t + delay)]`.

    Becker and LeCun (1988) without the terms in f'', so that it is never negative; the paths through two copies of one
    weight are neglected, as they do.
    """
    squares = theta * theta
    for lane in begins(theta.shape[1]):
        _curvature(net, squares, steps, s, h, lane)


@kernel
def _curvature(net, squares, steps, s, h, lane):  # type: ignore[no-untyped-def]
    zero = pack()
    kinds, leaving, departing = net.kinds, net.leaving, net.departing
    for t in range(steps, 0, -1):
        for j in range(kinds.size - 1, -1, -1):
            total = _sent_back(leaving, departing, squares, steps, h, t, j, lane)
            through = slope(kinds[j], load(s, (t, j, lane), zero))
            total = through * through * total
            store(h, (t, j, lane), choose(total, OVERFLOW, OVERFLOW, total))


@kernel
def _sent_back(leaving, departing, theta, steps, d, t, j, lane):  # type: ignore[no-untyped-def]
    """`direct + sum_i w_ij d_i(t + delay)` for t >= 1."""
    zero = pack()
    total = load(d, (t, j, lane), zero)
    for e in range(leaving[j], leaving[j + 1]):
        p, i, ahead = peek(departing, (e, 0)), peek(departing, (e, 1)), t + peek(departing, (e, 2))
        if ahead <= steps:
            total = fma(load(theta, (p, lane), zero), load(d, (ahead, i, lane), zero), total)
    return total


@kernel
def gradient(net, steps, s, d, g):  # type: ignore[no-untyped-def]
    """g (P, L) = dC/dtheta: the sum over connections and times of `d_i(t) s_j(t - delay)`."""
    g[:] = 0.0
    for lane in begins(g.shape[1]):
        _gradient(net, steps, s, d, g, lane)


@kernel
def _gradient(net, steps, s, d, g, lane):  # type: ignore[no-untyped-def]
    zero = pack()
    source, weight, delay, target = net.source, net.weight, net.delay, net.target
    for e in range(weight.size):
        i, j, p, back = target[e], source[e], weight[e], delay[e]
        total = load(g, (p, lane), zero)
        for t in range(1, steps + 1):
            total = fma(load(d, (t, i, lane), zero), load(s, (max(t - back, 0), j, lane), zero), total)
        store(g, (p, lane), total)
