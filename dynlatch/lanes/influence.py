"""The influence of every weight on every unit, carried forward in time: what real-time recurrent learning keeps.

`q_ip(t) = dx_i(t)/dw_p = f_i'(a_i(t)) sum_e [w_e q_jp(t - delay) + (s_j(t - delay) if e has weight p)]` over the connections e
into i, each from j; of a gated one, by the rule of the product. Time O(E P) a step and room O(D n P), whatever the length;
Williams and Zipser (1989).
"""

from __future__ import annotations

from dynlatch.lanes.bundles import borrowed
from dynlatch.lanes.compiling import inlined, kernel
from dynlatch.lanes.gates import product
from dynlatch.lanes.packs import WIDTH, begins, fma, load, pack, peek, store, zeros
from dynlatch.lanes.units import slope
from dynlatch.lanes.wiring import Wiring
from dynlatch.validation import Array


def influences(net: Wiring) -> Array:
    """Room for the influences of one pack that are still needed, (D + 1, n, P, WIDTH): D the longest delay, 4 divides P."""
    return zeros(net.longest_delay + 1, net.kinds.size, net.trained + -net.trained % 4, WIDTH)


@kernel
def carried_gradient(net, theta, steps, s, d, q, g):  # type: ignore[no-untyped-def]
    """g (P, L) = `sum_t sum_o dC/dx_o(t) q_op(t)`, o the output units; d, what the cost itself gives, is not changed."""
    theta, s, d, q, g = borrowed(theta), borrowed(s), borrowed(d), borrowed(q), borrowed(g)
    g[:] = 0.0
    zero, kinds, outputs, trained, gates = pack(), net.kinds, net.outputs, net.trained, net.gated.shape[0] > 0
    for lane in begins(theta.shape[1]):
        for t in range(1, steps + 1):
            now = t % q.shape[0]
            for i in range(kinds.size):
                through = slope(kinds[i], load(s, (t, i, lane), zero))
                for p in range(0, q.shape[2], 4):
                    _four(net, theta, q, through, t, now, i, p, lane)
                if gates:
                    _gated(net, theta, s, q, through, t, now, i, lane)
                _own(net, s, q, through, t, now, i, lane)
            for o in outputs:
                error = load(d, (t, o, lane), zero)
                for p in range(trained):
                    store(g, (p, lane), fma(error, load(q, (now, o, p, 0), zero), load(g, (p, lane), zero)))


@inlined
def _four(net, theta, q, through, t, now, i, p, lane):  # type: ignore[no-untyped-def]
    """The influence of weights p to p + 3 on unit i, through the connections from other units."""
    v0 = v1 = v2 = v3 = zero = pack()
    first, source, weight, delay = net.first, net.source, net.weight, net.delay
    for e in range(peek(first, (i,)), peek(first, (i + 1,))):
        j, ago = peek(source, (e,)), peek(delay, (e,))
        if j < q.shape[1] and ago < t:
            w, then = load(theta, (peek(weight, (e,)), lane), zero), now - ago if ago <= now else now - ago + q.shape[0]
            v0 = fma(w, load(q, (then, j, p, 0), zero), v0)
            v1 = fma(w, load(q, (then, j, p + 1, 0), zero), v1)
            v2 = fma(w, load(q, (then, j, p + 2, 0), zero), v2)
            v3 = fma(w, load(q, (then, j, p + 3, 0), zero), v3)
    store(q, (now, i, p, 0), v0 * through)
    store(q, (now, i, p + 1, 0), v1 * through)
    store(q, (now, i, p + 2, 0), v2 * through)
    store(q, (now, i, p + 3, 0), v3 * through)


@inlined
def _own(net, s, q, through, t, now, i, lane):  # type: ignore[no-untyped-def]
    """What the trained weights into unit i do to it at once."""
    zero, first = pack(), net.first
    for e in range(peek(first, (i,)), peek(first, (i + 1,))):
        p = peek(net.weight, (e,))
        if p < net.trained:
            read = load(s, (max(t - peek(net.delay, (e,)), 0), peek(net.source, (e,)), lane), zero)
            store(q, (now, i, p, 0), fma(through, read, load(q, (now, i, p, 0), zero)))


@kernel
def _gated(net, theta, s, q, through, t, now, i, lane):  # type: ignore[no-untyped-def]
    """The influence of every weight through the gated connections of unit i added."""
    gated, n, kept, zero = net.gated, net.kinds.size, q.shape[0], pack()
    for e in range(peek(net.gated_first, (i,)), peek(net.gated_first, (i + 1,))):
        j, then, k, gate_then = gated[e, 1], t - gated[e, 3], gated[e, 4], t - gated[e, 5]
        w = load(theta, (gated[e, 2], lane), zero)
        if gated[e, 2] < net.trained:
            own = load(q, (now, i, gated[e, 2], 0), zero)
            store(q, (now, i, gated[e, 2], 0), fma(through, product(gated, s, t, e, lane), own))
        for p in range(net.trained):
            total = zero
            if j < n and then >= 1:
                gain = w * load(s, (max(gate_then, 0), k, lane), zero)
                total = fma(gain, load(q, (then % kept, j, p, 0), zero), total)
            if k < n and gate_then >= 1:
                gain = w * load(s, (max(then, 0), j, lane), zero)
                total = fma(gain, load(q, (gate_then % kept, k, p, 0), zero), total)
            store(q, (now, i, p, 0), fma(total, through, load(q, (now, i, p, 0), zero)))
