"""Gated connections: what one adds to the total input of its unit is `w s(t - delay) s'(t - delay')`, a product of two signals.

Memory cells (the gate of an input, of what is kept, of what is read), second-order networks and squares, for radial units,
are made of them. Errors go back to both signals: to s times `w s'`, to s' times `w s`. Shapes as in `lanes.wiring`.
"""

from __future__ import annotations

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import choose, fma, load, pack, peek, store

OVERFLOW = 1e150  # where a curvature is cut, so that its products stay finite


@kernel
def product(gated, s, t, e, lane):  # type: ignore[no-untyped-def]
    """What gated connection e reads at time t, without its weight."""
    j, k, zero = peek(gated, (e, 1)), peek(gated, (e, 4)), pack()
    then, gate_then = max(t - peek(gated, (e, 3)), 0), max(t - peek(gated, (e, 5)), 0)
    return load(s, (then, j, lane), zero) * load(s, (gate_then, k, lane), zero)


@kernel
def gated_sum(net, theta, s, t, i, lane, total):  # type: ignore[no-untyped-def]
    """The total input of unit i, its gated connections included."""
    gated, first = net.gated, net.gated_first
    for e in range(peek(first, (i,)), peek(first, (i + 1,))):
        w = load(theta, (peek(gated, (e, 2)), lane), total)
        total = fma(w, product(gated, s, t, e, lane), total)
    return total


@kernel
def sent_back(net, theta, steps, s, d, t, j, lane, total):  # type: ignore[no-untyped-def]
    """What comes back to unit j at time t, `times w s_other d_i(t + delay)` of its gated connections included."""
    departing, leaving = net.gated_departing, net.gated_leaving
    for e in range(peek(leaving, (j,)), peek(leaving, (j + 1,))):
        ahead = t + peek(departing, (e, 2))
        if ahead <= steps:
            gain = gain_of(departing, theta, s, ahead, e, lane)
            total = fma(gain, load(d, (ahead, peek(departing, (e, 1)), lane), total), total)
    return total


@kernel
def bent_back(net, theta, steps, s, h, t, j, lane, total):  # type: ignore[no-untyped-def]
    """The same of curvatures: squares of the derivatives."""
    departing, leaving = net.gated_departing, net.gated_leaving
    for e in range(peek(leaving, (j,)), peek(leaving, (j + 1,))):
        ahead = t + peek(departing, (e, 2))
        if ahead <= steps:
            gain = gain_of(departing, theta, s, ahead, e, lane)
            square = gain * gain
            square = choose(square, OVERFLOW, OVERFLOW, square)
            total = fma(square, load(h, (ahead, peek(departing, (e, 1)), lane), total), total)
    return total


@kernel
def gain_of(departing, theta, s, t, e, lane):  # type: ignore[no-untyped-def]
    """`times w s_other`, read by the target at time t."""
    zero, other, then = pack(), peek(departing, (e, 3)), max(t - peek(departing, (e, 4)), 0)
    w = load(theta, (peek(departing, (e, 0)), lane), zero) * float(peek(departing, (e, 5)))
    return w * load(s, (then, other, lane), zero)


@kernel
def gated_gradient(net, steps, s, d, g, lane):  # type: ignore[no-untyped-def]
    """Add to g (P, L) what the gated connections give: the sum over times of `d_i(t) s_j(t - delay) s_k(t - delay')`."""
    gated, zero = net.gated, pack()
    for e in range(gated.shape[0]):
        i, p = peek(gated, (e, 0)), peek(gated, (e, 2))
        total = load(g, (p, lane), zero)
        for t in range(1, steps + 1):
            total = fma(load(d, (t, i, lane), zero), product(gated, s, t, e, lane), total)
        store(g, (p, lane), total)
