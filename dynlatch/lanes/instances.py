"""Sums over the copies of each weight in the unfolded network: one copy a connection and step.

The copy of connection e (from j to i) at step t has `dC/dw_et = d_i(t) s_j(t - delay)` and, with the recursion of
`wiring.curvature`, `d2C/dw_et^2 = h_i(t) s_j(t - delay)^2`; a gated connection has the product of its two signals for s_j.
"""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.gates import product
from dynlatch.lanes.packs import begins, fma, load, pack, store
from dynlatch.lanes.show import asks_steps


@kernel
def bend(net, steps, show, work):  # type: ignore[no-untyped-def]
    """work.h = d2C/dx2 of sums of `(y - target)^2 / 2`: 1 for the outputs and steps that are asked, else 0."""
    h, desired = work.h, show.desired
    h[: steps + 1] = 0.0
    for lane in range(work.live.size):
        if not asks_steps(show):
            h[work.length[lane], net.output, lane] = work.live[lane]
            continue
        for t in range(work.length[lane]):
            for k in range(desired.shape[3]):
                if not np.isnan(desired[lane, work.which[lane], t, k]):
                    h[t + 1, net.outputs[k], lane] = work.live[lane]


@kernel
def summed_curvature(net, steps, s, h, curved):  # type: ignore[no-untyped-def]
    """curved (P, L) = `sum_t d2C/dw_t^2`."""
    curved[:] = 0.0
    zero = pack()
    source, weight, delay, target = net.source, net.weight, net.delay, net.target
    for lane in begins(curved.shape[1]):
        for e in range(weight.size):
            i, j, p, back = target[e], source[e], weight[e], delay[e]
            total = load(curved, (p, lane), zero)
            for t in range(1, steps + 1):
                x = load(s, (max(t - back, 0), j, lane), zero)
                total = fma(load(h, (t, i, lane), zero), x * x, total)
            store(curved, (p, lane), total)
        for e in range(net.gated.shape[0]):
            i, p = net.gated[e, 0], net.gated[e, 2]
            total = load(curved, (p, lane), zero)
            for t in range(1, steps + 1):
                x = product(net.gated, s, t, e, lane)
                total = fma(load(h, (t, i, lane), zero), x * x, total)
            store(curved, (p, lane), total)


@kernel
def weighed_gradient(net, steps, s, d, h, mu, g):  # type: ignore[no-untyped-def]
    """g (P, L) = `sum_t dC/dw_t / (d2C/dw_t^2 + mu)`."""
    g[:] = 0.0
    zero = pack()
    source, weight, delay, target = net.source, net.weight, net.delay, net.target
    for lane in begins(g.shape[1]):
        for e in range(weight.size):
            i, j, p, back = target[e], source[e], weight[e], delay[e]
            total = load(g, (p, lane), zero)
            for t in range(1, steps + 1):
                x = load(s, (max(t - back, 0), j, lane), zero)
                total = total + load(d, (t, i, lane), zero) * x / fma(load(h, (t, i, lane), zero), x * x, zero + mu)
            store(g, (p, lane), total)
        for e in range(net.gated.shape[0]):
            i, p = net.gated[e, 0], net.gated[e, 2]
            total = load(g, (p, lane), zero)
            for t in range(1, steps + 1):
                x = product(net.gated, s, t, e, lane)
                total = total + load(d, (t, i, lane), zero) * x / fma(load(h, (t, i, lane), zero), x * x, zero + mu)
            store(g, (p, lane), total)
