"""The influence of every weight on every unit, carried forward in time: what real-time recurrent learning keeps.

`q_ip(t) = dx_i(t)/dw_p = f_i'(a_i(t)) sum_e [w_e q_jp(t - delay) + (s_j(t - delay) if e has weight p)]` over the connections e
into i, each from j; of a gated one, by the rule of the product. Time O(n E P) and room O(n P) a step, whatever the length;
Williams and Zipser (1989).
"""

from __future__ import annotations

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.gates import product
from dynlatch.lanes.packs import begins, fma, load, pack, peek, store
from dynlatch.lanes.units import slope
from dynlatch.lanes.wiring import Wiring
from dynlatch.validation import Array


def influences(net: Wiring, lanes: int) -> Array:
    """Room for the influences that are still needed, (D + 1, n, P, L): D is the longest delay."""
    return np.zeros((net.longest_delay + 1, net.kinds.size, net.trained, lanes))


@kernel
def carried_gradient(net, theta, steps, s, d, q, g):  # type: ignore[no-untyped-def]
    """g (P, L) = `sum_t sum_o dC/dx_o(t) q_op(t)`, o the output units; d, what the cost itself gives, is not changed."""
    g[:] = 0.0
    zero = pack()
    kinds, first, source, weight, delay = net.kinds, net.first, net.source, net.weight, net.delay
    n, outputs, trained, kept, gates = kinds.size, net.outputs, net.trained, q.shape[0], net.gated.shape[0] > 0
    for lane in begins(theta.shape[1]):
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
                    if gates:
                        total = _through_gates(net, theta, s, q, t, i, p, lane, total)
                    store(q, (now, i, p, lane), total * through)
            for o in outputs:
                error = load(d, (t, o, lane), zero)
                for p in range(trained):
                    store(g, (p, lane), fma(error, load(q, (now, o, p, lane), zero), load(g, (p, lane), zero)))


@kernel
def _through_gates(net, theta, s, q, t, i, p, lane, total):  # type: ignore[no-untyped-def]
    """The influence of weight p through the gated connections of unit i included."""
    gated, n, kept, zero = net.gated, net.kinds.size, q.shape[0], pack()
    for e in range(peek(net.gated_first, (i,)), peek(net.gated_first, (i + 1,))):
        j, then, k, gate_then = gated[e, 1], t - gated[e, 3], gated[e, 4], t - gated[e, 5]
        w = load(theta, (gated[e, 2], lane), zero)
        if gated[e, 2] == p:
            total = total + product(gated, s, t, e, lane)
        if j < n and then >= 1:
            gain = w * load(s, (max(gate_then, 0), k, lane), zero)
            total = fma(gain, load(q, (then % kept, j, p, lane), zero), total)
        if k < n and gate_then >= 1:
            gain = w * load(s, (max(then, 0), j, lane), zero)
            total = fma(gain, load(q, (gate_then % kept, k, p, lane), zero), total)
    return total
