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
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.units import activate, times_slope
from dynlatch.validation import Array

OVERFLOW = 1e150  # where a curvature is cut, so that its products stay finite


class Connection(NamedTuple):
    """One weighted connection to unit `target`."""

    target: int
    source: int  # 0 .. n-1 units, n .. n+m-1 external inputs, n+m the constant one
    weight: int  # row of theta
    delay: int = 1  # steps; external inputs and the constant have 0


class Wiring(NamedTuple):
    """The connections in arrays, those of unit i at `first[i]` to `first[i + 1] - 1`."""

    kinds: NDArray[np.int64]  # (n,) of units.TANH, ...
    start: Array  # (n,) outputs at time 0
    first: NDArray[np.int64]  # (n + 1,)
    source: NDArray[np.int64]  # (E,)
    weight: NDArray[np.int64]  # (E,)
    delay: NDArray[np.int64]  # (E,)
    inputs: int  # m
    output: int  # the unit that is trained
    trained: int  # rows 0 .. trained-1 of theta are trained, the others are constants


def wire(
    connections: Sequence[Connection],
    *,
    kinds: Sequence[int],
    inputs: int,
    output: int,
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
    source, weight, delay = (np.array([c[k] for c in ordered], dtype=np.int64) for k in (1, 2, 3))
    first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    begin = np.broadcast_to(np.asarray(start, dtype=np.float64), (n,)).copy()
    return Wiring(np.array(kinds, dtype=np.int64), begin, first, source, weight, delay, inputs, output, trained)


@kernel
def forward(net, theta, steps, s, a):  # type: ignore[no-untyped-def]
    """Fill the units' outputs in s, and a, for times 0 to `steps`; the external inputs in s are given."""
    kinds, start, first, source, weight, delay = net.kinds, net.start, net.first, net.source, net.weight, net.delay
    n, lanes = kinds.size, theta.shape[1]
    for t in range(steps + 1):
        for lane in range(lanes):
            s[t, s.shape[1] - 1, lane] = 1.0
    for i in range(n):
        for lane in range(lanes):
            s[0, i, lane] = start[i]
    for t in range(1, steps + 1):
        for i in range(n):
            for lane in range(lanes):
                a[t, i, lane] = 0.0
            for e in range(first[i], first[i + 1]):
                p, j, back = weight[e], source[e], max(t - delay[e], 0)
                for lane in range(lanes):
                    a[t, i, lane] += theta[p, lane] * s[back, j, lane]
            activate(kinds[i], a, s, t, i)


@kernel
def backward(net, theta, steps, s, d):  # type: ignore[no-untyped-def]
    """d from dC/dx (what the cost itself gives) to dC/da: `d_j(t) = f_j'(a_j(t)) [direct + sum_i w_ij d_i(t + delay)]`.

    d[0] keeps dC/dx at the start.
    """
    kinds, first, source, weight, delay = net.kinds, net.first, net.source, net.weight, net.delay
    n, lanes = kinds.size, theta.shape[1]
    for t in range(steps, 0, -1):
        for i in range(n - 1, -1, -1):
            times_slope(kinds[i], s, d, t, i)
            for e in range(first[i], first[i + 1]):
                p, j, back = weight[e], source[e], max(t - delay[e], 0)
                if j < n:
                    for lane in range(lanes):
                        d[back, j, lane] += theta[p, lane] * d[t, i, lane]


@kernel
def curvature(net, theta, steps, s, h):  # type: ignore[no-untyped-def]
    """h from d2C/dx2 to the Gauss-Newton diagonal d2C/da2: `h_j(t) = f_j'(a_j(t))^2 [direct + sum_i w_ij^2 h_i(t + delay)]`.

    Becker and LeCun (1988) without the terms in f'', so that it is never negative; the paths through two copies of one
    weight are neglected, as they do.
    """
    kinds, first, source, weight, delay = net.kinds, net.first, net.source, net.weight, net.delay
    n, lanes = kinds.size, theta.shape[1]
    for t in range(steps, 0, -1):
        for i in range(n - 1, -1, -1):
            times_slope(kinds[i], s, h, t, i)
            times_slope(kinds[i], s, h, t, i)
            for lane in range(lanes):
                h[t, i, lane] = min(h[t, i, lane], OVERFLOW)
            for e in range(first[i], first[i + 1]):
                p, j, back = weight[e], source[e], max(t - delay[e], 0)
                if j < n:
                    for lane in range(lanes):
                        h[back, j, lane] += theta[p, lane] * theta[p, lane] * h[t, i, lane]


@kernel
def gradient(net, steps, s, d, g):  # type: ignore[no-untyped-def]
    """g (P, L) = dC/dtheta: the sum over connections and times of `d_i(t) s_j(t - delay)`."""
    first, source, weight, delay = net.first, net.source, net.weight, net.delay
    n, lanes = net.kinds.size, g.shape[1]
    g[:] = 0.0
    for t in range(1, steps + 1):
        for i in range(n):
            for e in range(first[i], first[i + 1]):
                p, j, back = weight[e], source[e], max(t - delay[e], 0)
                for lane in range(lanes):
                    g[p, lane] += d[t, i, lane] * s[back, j, lane]
