"""Sweeps through networks of connections: the compiled cell of every architecture with weighted sums and fixed size.

Shapes: T steps, n units, m external inputs, L lanes. Signals s (T + 1, n + m + 1, L): the outputs of the units, the external
inputs, the constant one, at times 0 to T. Total inputs a (T + 1, n, L). Weights theta (P, L), the trained ones first.
Derivatives with respect to the outputs and then to the total inputs, d (T + 1, n, L).
"""

from __future__ import annotations

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.connections import Connection as Connection
from dynlatch.lanes.connections import Wiring as Wiring
from dynlatch.lanes.connections import wire as wire
from dynlatch.lanes.gates import OVERFLOW, bent_back, gated_gradient, gated_sum, sent_back
from dynlatch.lanes.packs import begins, choose, fma, load, pack, peek, store
from dynlatch.lanes.units import respond, slope


@kernel
def forward(net, theta, steps, s, a):  # type: ignore[no-untyped-def]
    """Fill the units' outputs in s, and a, for times 0 to `steps`; the external inputs in s are given."""
    s[: steps + 1, s.shape[1] - 1] = 1.0
    for i in range(net.kinds.size):
        s[0, i] = net.start[i]
    zero, gates = pack(), net.gated.shape[0] > 0
    kinds, first, arriving = net.kinds, net.first, net.arriving
    for lane in begins(theta.shape[1]):
        for t in range(1, steps + 1):
            for i in range(kinds.size):
                total = zero
                for e in range(first[i], first[i + 1]):
                    p, j, back = peek(arriving, (e, 0)), peek(arriving, (e, 1)), max(t - peek(arriving, (e, 2)), 0)
                    total = fma(load(theta, (p, lane), zero), load(s, (back, j, lane), zero), total)
                if gates:
                    total = gated_sum(net, theta, s, t, i, lane, total)
                store(a, (t, i, lane), total)
                store(s, (t, i, lane), respond(kinds[i], total))


@kernel
def backward(net, theta, steps, s, d):  # type: ignore[no-untyped-def]
    """d from dC/dx (what the cost itself gives) to dC/da: `d_j(t) = f_j'(a_j(t)) [direct + sum_i w_ij d_i(t + delay)]`.

    Where a connection is gated, w is its weight times the other signal. d[0] is left alone: the start is given.
    """
    zero, gates = pack(), net.gated.shape[0] > 0
    kinds, leaving, departing = net.kinds, net.leaving, net.departing
    for lane in begins(theta.shape[1]):
        for t in range(steps, 0, -1):
            for j in range(kinds.size - 1, -1, -1):
                total = _sent_back(leaving, departing, theta, steps, d, t, j, lane)
                if gates:
                    total = sent_back(net, theta, steps, s, d, t, j, lane, total)
                store(d, (t, j, lane), total * slope(kinds[j], load(s, (t, j, lane), zero)))


@kernel
def curvature(net, theta, steps, s, h):  # type: ignore[no-untyped-def]
    """h from d2C/dx2 to the Gauss-Newton diagonal d2C/da2: `h_j(t) = f_j'(a_j(t))^2 [direct + sum_i w_ij^2 h_i(t + delay)]`.

    Becker and LeCun (1988) without the terms in f'', so that it is never negative; the paths through two copies of one
    weight are neglected, as they do.
    """
    squares, zero, gates = theta * theta, pack(), net.gated.shape[0] > 0
    kinds, leaving, departing = net.kinds, net.leaving, net.departing
    for lane in begins(theta.shape[1]):
        for t in range(steps, 0, -1):
            for j in range(kinds.size - 1, -1, -1):
                total = _sent_back(leaving, departing, squares, steps, h, t, j, lane)
                if gates:
                    total = bent_back(net, theta, steps, s, h, t, j, lane, total)
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
    """g (P, L) = dC/dtheta: the sum over connections and times of `d_i(t) s_j(t - delay)`, or of the product of two signals."""
    g[:] = 0.0
    zero, gates = pack(), net.gated.shape[0] > 0
    source, weight, delay, target = net.source, net.weight, net.delay, net.target
    for lane in begins(g.shape[1]):
        for e in range(weight.size):
            i, j, p, back = target[e], source[e], weight[e], delay[e]
            total = load(g, (p, lane), zero)
            for t in range(1, steps + 1):
                total = fma(load(d, (t, i, lane), zero), load(s, (max(t - back, 0), j, lane), zero), total)
            store(g, (p, lane), total)
        if gates:
            gated_gradient(net, steps, s, d, g, lane)
