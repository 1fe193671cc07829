"""One trace a connection, local in time and space: the gradient where each loop goes around a single unit.

A unit i with the weight v of its self-loop keeps, for every connection e that reaches it, `z_e(t) = da_i(t)/dw_e`:

    z_e(t) = v f_i'(a_i(t-1)) z_e(t-1) + s_j(t)                       e enters i itself (the self-loop: s_i(t-1))
    z_e(t) = v f_i'(a_i(t-1)) z_e(t-1) + w_ki f_k'(a_k(t)) s_j(t)     e enters a unit k that only i reads

and `dC/dw_e = sum_t d_i(t) z_e(t)`, where d_i(t) is passed back within step t only. Connections beyond the loops have
`z_e(t) = s_j(t)` and the d of the unit that they enter. Nothing is passed back through time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import begins, fma, load, pack, store
from dynlatch.lanes.units import slope
from dynlatch.lanes.wiring import Wiring


@bundle
class Tracks(NamedTuple):
    """Where the traces of a wiring live; -1 is none."""

    loop: NDArray[np.int64]  # (n,) the connection that is the unit's self-loop
    host: NDArray[np.int64]  # (E,) the unit with a self-loop that keeps the connection's trace
    through: NDArray[np.int64]  # (E,) the connection from the unit that it enters to the host, where that is another unit


def tracks(net: Wiring) -> Tracks | None:
    """None if a loop goes around several units, or a weight reaches more than one loop."""
    n, edges = net.kinds.size, range(net.weight.size)
    own = (net.source == net.target) & (net.delay == 1)
    if np.any(net.delay[~own] > 0) or np.bincount(net.target[own], minlength=n).max() > 1:
        return None
    loop = np.full(n, -1)
    loop[net.target[own]] = np.flatnonzero(own)
    host, through = np.full(len(edges), -1), np.full(len(edges), -1)
    reached = _loops_reached(net, loop)
    for e in edges:
        target = int(net.target[e])
        if loop[target] >= 0:
            host[e] = target
            continue
        readers = [k for k in edges if net.source[k] == target]
        if any(reached[net.target[k]] for k in readers):
            if len(readers) > 1 or loop[net.target[readers[0]]] < 0:
                return None
            host[e], through[e] = net.target[readers[0]], readers[0]
    beyond = [reached[net.target[e]] for e in edges if net.source[e] < n and loop[net.source[e]] >= 0 and not own[e]]
    return None if any(beyond) else Tracks(loop, host, through)


def _loops_reached(net: Wiring, loop: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Units that have a self-loop, or feed one that has."""
    reached = loop >= 0
    for e in reversed(range(net.weight.size)):  # later units first
        if net.source[e] < reached.size:
            reached[net.source[e]] |= reached[net.target[e]]
    return reached


@kernel
def traced_gradient(net, tracks, theta, steps, s, d, z, g):  # type: ignore[no-untyped-def]
    """g (P, L) = dC/dtheta; d becomes dC/da passed back within each step, z (E, L) is room for the traces."""
    g[:] = 0.0
    z[:] = 0.0
    for lane in begins(theta.shape[1]):
        _traced_gradient(net, tracks, theta, steps, s, d, z, g, lane)


@kernel
def _traced_gradient(net, tracks, theta, steps, s, d, z, g, lane):  # type: ignore[no-untyped-def]
    zero = pack()
    weight, target, host = net.weight, net.target, tracks.host
    for t in range(1, steps + 1):
        _keep_traces(net, tracks, theta, s, z, t, lane)
        _pass_back(net, theta, s, d, t, lane)
        for e in range(weight.size):
            error = load(d, (t, host[e] if host[e] >= 0 else target[e], lane), zero)
            store(g, (weight[e], lane), fma(error, load(z, (e, lane), zero), load(g, (weight[e], lane), zero)))


@kernel
def _keep_traces(net, tracks, theta, s, z, t, lane):  # type: ignore[no-untyped-def]
    zero = pack()
    kinds, source, weight, delay, target = net.kinds, net.source, net.weight, net.delay, net.target
    loop, host, through = tracks.loop, tracks.host, tracks.through
    for e in range(weight.size):
        arriving, i, k = load(s, (t - delay[e], source[e], lane), zero), host[e], target[e]
        if through[e] >= 0:
            arriving = arriving * slope(kinds[k], load(s, (t, k, lane), zero)) * load(theta, (weight[through[e]], lane), zero)
        if i >= 0:
            kept = load(theta, (weight[loop[i]], lane), zero) * slope(kinds[i], load(s, (t - 1, i, lane), zero))
            arriving = fma(kept, load(z, (e, lane), zero), arriving)
        store(z, (e, lane), arriving)


@kernel
def _pass_back(net, theta, s, d, t, lane):  # type: ignore[no-untyped-def]
    """d[t] from dC/dx to dC/da, within the step."""
    zero = pack()
    kinds, leaving, departing = net.kinds, net.leaving, net.departing
    for j in range(kinds.size - 1, -1, -1):
        total = load(d, (t, j, lane), zero)
        for e in range(leaving[j], leaving[j + 1]):
            p, i, delay = departing[e, 0], departing[e, 1], departing[e, 2]
            if delay == 0:
                total = fma(load(theta, (p, lane), zero), load(d, (t, i, lane), zero), total)
        store(d, (t, j, lane), total * slope(kinds[j], load(s, (t, j, lane), zero)))
