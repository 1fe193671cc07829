"""The influence of every weight on every unit, carried forward in time: what real-time recurrent learning keeps.

`q_ip(t) = dx_i(t)/dw_p = f_i'(a_i(t)) sum_e [w_e q_jp(t - delay) + (s_j(t - delay) if e has weight p)]` over the connections e
into i, each from j. Time O(n E P) and room O(n P) a step, whatever the length; Williams and Zipser (1989).
"""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import begins, fma, load, pack, store
from dynlatch.lanes.units import slope


@kernel
def influences(net, lanes):  # type: ignore[no-untyped-def]
    """Room for the influences that are still needed, (D + 1, n, P, L): D is the longest delay."""
    return np.zeros((net.delay.max() + 1, net.kinds.size, net.trained, lanes))


@kernel
def carried_gradient(net, theta, steps, s, d, q, g):  # type: ignore[no-untyped-def]
    """g (P, L) = `sum_t dC/dx_o(t) q_op(t)`, o the output unit; d holds what the cost itself gives, and is not changed."""
    g[:] = 0.0
    for lane in begins(theta.shape[1]):
        _carried_gradient(net, theta, steps, s, d, q, g, lane)


@kernel
def _carried_gradient(net, theta, steps, s, d, q, g, lane):  # type: ignore[no-untyped-def]
    zero = pack()
    kinds, first, source, weight, delay = net.kinds, net.first, net.source, net.weight, net.delay
    n, output, trained, kept = kinds.size, net.output, net.trained, q.shape[0]
    for t in range(1, steps + 1):
        now = t % kept
        for i in range(n):
            through = slope(kinds[i], load(s, (t, i, lane), zero))
            for p in range(trained):
                total = zero
                for e in range(first[i], first[i + 1]):
                    j, back = source[e], t - delay[e]
                    if weight[e] == p:
                        total = total + load(s, (max(back, 0), j, lane), zero)
                    if j < n and back >= 1:
                        total = fma(load(theta, (weight[e], lane), zero), load(q, (back % kept, j, p, lane), zero), total)
                store(q, (now, i, p, lane), total * through)
        error = load(d, (t, output, lane), zero)
        for p in range(trained):
            store(g, (p, lane), fma(error, load(q, (now, output, p, lane), zero), load(g, (p, lane), zero)))
