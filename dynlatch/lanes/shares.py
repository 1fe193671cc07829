"""How near the end of a run its weight gradient comes from.

    dC/dW = sum_t G_t,             G_t = d(t) s(t - delay)^T  (d: dC/da)

eq. (5) of Bengio, Simard and Frasconi (1994), in the Frobenius norm.
"""

from __future__ import annotations

from dynlatch.lanes.compiling import inlined, kernel
from dynlatch.lanes.gates import product
from dynlatch.lanes.packs import begins, choose, fma, load, pack, peek, root, store

REACH = 0.95  # of the gradient, for its horizon


@kernel
def shares(probe, steps, length, share, horizon):  # type: ignore[no-untyped-def]
    """How near the end dC/dW comes from, by the sizes |G_t| of the steps t up to `steps`, which `probe.sizes` holds.

    They are 0 after the end of each lane; `probe.ends[0]` holds the lengths.
    share (L,) is that of the last steps, and horizon (L,) the least number of last steps that carry REACH of the whole; 1 and 0
    where all terms are zero.
    """
    for lane in range(share.size):
        probe.ends[1, lane] = length[lane] - probe.last
    for lane in begins(share.size):
        _sum(probe, steps, share, lane)
        _reach(probe, steps, horizon, lane)


@inlined
def size_of_step(net, probe, s, d, t, lane):  # type: ignore[no-untyped-def]
    """|G_t| from the signals s and d = dC/da.

    Every trained weight belongs to one connection, so that the square is a sum of products of squares; what a unit reads is
    added up once for all units that read the same.
    """
    squares = read = zero = pack()
    again, first, reads = probe.again, probe.reads_first, probe.reads
    for i in range(d.shape[1]):
        if peek(again, (i,)) == 0:
            read = zero
            for e in range(peek(first, (i,)), peek(first, (i + 1,))):
                x = load(s, (t - peek(reads, (e, 1)), peek(reads, (e, 0)), lane), zero)
                read = fma(x, x, read)
        if net.gated.shape[0] > 0:
            read = _read_by_gates(net, s, t, i, lane, read)
        back = load(d, (t, i, lane), zero)
        squares = fma(back * back, read, squares)
    return root(squares)


@kernel
def _read_by_gates(net, s, t, i, lane, read):  # type: ignore[no-untyped-def]
    """`read` and the squares of what unit i reads through trained gated connections."""
    for e in range(net.gated_first[i], net.gated_first[i + 1]):
        if net.gated[e, 2] < net.trained:
            x = product(net.gated, s, t, e, lane)
            read = fma(x, x, read)
    return read


@kernel
def _sum(probe, steps, share, lane):  # type: ignore[no-untyped-def]
    """The sum of the sizes into `probe.total`, the share of the last steps."""
    total = near = zero = pack()
    begun, sizes = load(probe.ends, (1, lane), zero), probe.sizes
    for t in range(1, steps + 1):
        size = load(sizes, (t, lane), zero)
        total = total + size
        near = near + choose(zero + float(t), begun, size, zero)
    store(probe.total, (lane,), total)
    store(share, (lane,), choose(total, 0.0, near / total, 1.0))


@kernel
def _reach(probe, steps, horizon, lane):  # type: ignore[no-untyped-def]
    """Steps, from the end of each lane on, until REACH of the total is reached; those after its end add nothing."""
    reached = counted = zero = pack()
    sizes = probe.sizes
    wanted, length = REACH * load(probe.total, (lane,), zero), load(probe.ends, (0, lane), zero)
    for t in range(steps, 0, -1):
        counted = counted + choose(wanted, reached, 1.0, 0.0)
        reached = reached + load(sizes, (t, lane), zero)
    counted = counted - (float(steps) - length)
    store(horizon, (lane,), choose(counted, 0.0, counted, 0.0))
