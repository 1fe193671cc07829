"""The gradient of a presentation: how much of the first state is left in the last, and from which steps dC/dW comes.

    |dx_T/dx_0| = |J_T ... J_1|,   J_t = dx_t/dx_{t-1}        (x: the outputs that are read one step later, and the answer)
    dC/dW = sum_t G_t,             G_t = d(t) s(t - delay)^T  (d: dC/da)

eq. (5) of Bengio, Simard and Frasconi (1994); all norms are Frobenius. In activation coordinates a, before the nonlinearity,
the start is multiplied by its slope and the last step by none.
"""

from __future__ import annotations

import math

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.gates import product
from dynlatch.lanes.packs import WIDTH, begins, choose, fma, load, pack, store, with_sign
from dynlatch.lanes.units import slope
from dynlatch.lanes.wiring import Wiring, backward, forward

SMALL, LARGE = 1e-100, 1e100  # where a product is rescaled
REACH = 0.95  # of the gradient, for its horizon
LOOK = 8  # steps between two looks at its size; a slope that is not zero is at least 1e-16


def traceable(net: Wiring) -> bool:
    """Whether the state is what was put out one step ago, and every trained weight belongs to one connection."""
    weights = np.concatenate([net.weight, net.gated[:, 2]])
    trained = weights[weights < net.trained]
    return bool(net.longest_delay <= 1 and np.unique(trained).size == trained.size)


@kernel
def memory_of(net):  # type: ignore[no-untyped-def]
    """The units that are read one step later, and the answers: those whose outputs are the state."""
    n, source, later, gated = net.kinds.size, net.source, net.delay, net.gated
    kept = np.zeros(n, dtype=np.bool_)
    for o in net.outputs:
        kept[o] = True
    for e in range(source.size):
        if source[e] < n and later[e] > 0:
            kept[source[e]] = True
    for e in range(gated.shape[0]):
        for signal, delay in ((gated[e, 1], gated[e, 3]), (gated[e, 4], gated[e, 5])):
            if signal < n and delay > 0:
                kept[signal] = True
    return np.flatnonzero(kept)


@kernel
def _between(net, r):  # type: ignore[no-untyped-def]
    """The connections between units: those of unit i begin at first[i]; their weights; where they read in even steps."""
    n, m = net.kinds.size, 0
    first, weight, place = np.zeros(n + 1, np.int64), net.weight.copy(), net.source.copy()
    for i in range(n):
        for e in range(net.first[i], net.first[i + 1]):
            if net.source[e] < n:
                weight[m], place[m] = net.weight[e], 2 * net.source[e] * r + net.delay[e]
                m += 1
        first[i + 1] = m
    return first, weight, place


@kernel
def log_norms(net, theta, s, length, before, log_norm):  # type: ignore[no-untyped-def]
    """log_norm (L,) = ln|dx_T/dx_0| of runs of `length` (L,) steps, T each lane's own, that left the signals s.

    `before` is True for activation coordinates; they belong to nets without connections inside a step.
    """
    memory, lanes = memory_of(net), theta.shape[1]
    first, weight, place = _between(net, memory.size)
    # Derivatives of the outputs of unit i by state c: row 2 (i r + c) in even steps, the next one in odd steps.
    room = np.zeros((2 * net.kinds.size * memory.size, lanes))
    ends = np.where(before, length, length.max() + 1).astype(np.float64)
    tops, log_norm[:] = np.zeros(lanes), 0.0
    for lane in begins(lanes):
        _run(net, first, weight, place, theta, s, length, ends, memory, room, tops, log_norm, lane)


@kernel
def _run(net, first, weight, place, theta, s, length, ends, memory, room, tops, log_norm, lane):  # type: ignore[no-untyped-def]
    zero, kinds, gates = pack(), net.kinds, net.gated.shape[0] > 0
    n, r, end = kinds.size, memory.size, load(ends, (lane,), zero)
    for c in range(r):
        start = slope(kinds[memory[c]], load(s, (0, memory[c], lane), zero))
        store(room, (2 * (memory[c] * r + c), lane), choose(end, float(length.max()), zero + 1.0, start))
    for t in range(1, length[lane : lane + WIDTH].max() + 1):
        odd = t & 1
        for i in range(n):
            through = choose(end, float(t), slope(kinds[i], load(s, (t, i, lane), zero)), 1.0)
            for c in range(0, r, 2):  # two columns at a time: half as many loads of weights
                one, two, both = zero, zero, 2 if c + 1 < r else 0
                for e in range(first[i], first[i + 1]):
                    row = (place[e] ^ odd) + 2 * c
                    w = load(theta, (weight[e], lane), zero)
                    one = fma(w, load(room, (row, lane), zero), one)
                    two = fma(w, load(room, (row + both, lane), zero), two)
                if gates:
                    one = _through_gates(net, theta, s, room, 2 * r, t, i, c, lane, one)
                    two = _through_gates(net, theta, s, room, 2 * r, t, i, c + both // 2, lane, two)
                row = 2 * (i * r + c) + odd
                store(room, (row + both, lane), two * through)
                store(room, (row, lane), one * through)
        for l in range(lane, lane + WIDTH):
            if length[l] == t:
                log_norm[l] += _log_frobenius(room, memory, odd, l)
        if t % LOOK == 0:
            _rescale(room, odd, tops, length, t, log_norm, lane)


@kernel
def _through_gates(net, theta, s, room, rows, t, i, c, lane, total):  # type: ignore[no-untyped-def]
    """The derivative of the total input of unit i by state c, its gated connections included; `rows` a unit."""
    gated, n = net.gated, net.kinds.size
    for e in range(net.gated_first[i], net.gated_first[i + 1]):
        w = load(theta, (gated[e, 2], lane), total)
        for j, then, k, other_then in (
            (gated[e, 1], t - gated[e, 3], gated[e, 4], t - gated[e, 5]),
            (gated[e, 4], t - gated[e, 5], gated[e, 1], t - gated[e, 3]),
        ):
            if j < n:
                gain = w * load(s, (other_then, k, lane), total)
                total = fma(gain, load(room, (rows * j + 2 * c + (then & 1), lane), total), total)
    return total


@kernel
def _rescale(room, odd, tops, length, t, log_norm, lane):  # type: ignore[no-untyped-def]
    """Bring products that leave [SMALL, LARGE] back to size 1, the logarithm of the factor into `log_norm`."""
    zero = top = pack()
    for row in range(odd, room.shape[0], 2):
        size = with_sign(load(room, (row, lane), zero), 1.0)
        top = choose(size, top, size, top)
    store(tops, (lane,), top)
    for l in range(lane, lane + WIDTH):
        if length[l] > t and tops[l] > 0.0 and not SMALL < tops[l] < LARGE:
            for row in range(odd, room.shape[0], 2):
                room[row, l] /= tops[l]
            log_norm[l] += math.log(tops[l])


@kernel
def _log_frobenius(room, memory, odd, lane):  # type: ignore[no-untyped-def]
    total, r = 0.0, memory.size
    for k in range(r):
        for c in range(r):
            total += room[2 * (memory[k] * r + c) + odd, lane] ** 2
    return 0.5 * math.log(total) if total > 0.0 else -np.inf


@kernel
def shares(net, s, d, length, last, share, horizon):  # type: ignore[no-untyped-def]
    """How near the end dC/dW comes from, by the sums of |G_t| of the steps t, from d = dC/da.

    share (L,) is that of the last steps, and horizon (L,) the least number of last steps that carry REACH of the whole; 1 and 0
    where all terms are zero.
    """
    lanes, steps = share.size, length.max()
    squares = np.zeros((steps + 1, lanes))
    for lane in begins(lanes):
        _squares(net, s, d, steps, squares, lane)
    near, total = np.zeros(lanes), np.zeros(lanes)
    for t in range(1, steps + 1):
        for lane in range(lanes):
            size = math.sqrt(squares[t, lane])
            squares[t, lane] = size
            total[lane] += size if t <= length[lane] else 0.0
            near[lane] += size if length[lane] - last < t <= length[lane] else 0.0
    for lane in range(lanes):
        share[lane], horizon[lane] = near[lane] / total[lane] if total[lane] > 0.0 else 1.0, 0.0
        reached, t = 0.0, length[lane]
        while t > 0 and reached < REACH * total[lane]:
            reached += squares[t, lane]
            horizon[lane] += 1.0
            t -= 1


@kernel
def _squares(net, s, d, steps, squares, lane):  # type: ignore[no-untyped-def]
    """|G_t|^2: every trained weight belongs to one connection, so its square is a product of squares."""
    zero = pack()
    first, source, weight, delay, trained = net.first, net.source, net.weight, net.delay, net.trained
    gates = net.gated.shape[0] > 0
    for t in range(1, steps + 1):
        total = zero
        for i in range(net.kinds.size):
            read = zero
            for e in range(first[i], first[i + 1]):
                if weight[e] < trained:
                    x = load(s, (t - delay[e], source[e], lane), zero)
                    read = fma(x, x, read)
            if gates:
                read = _read_by_gates(net, s, t, i, lane, read)
            back = load(d, (t, i, lane), zero)
            total = fma(back * back, read, total)
        store(squares, (t, lane), total)


@kernel
def _read_by_gates(net, s, t, i, lane, read):  # type: ignore[no-untyped-def]
    for e in range(net.gated_first[i], net.gated_first[i + 1]):
        if net.gated[e, 2] < net.trained:
            x = product(net.gated, s, t, e, lane)
            read = fma(x, x, read)
    return read


@kernel
def trace(net, theta, inputs, length, target, amplitude, before, last, out):  # type: ignore[no-untyped-def]
    """Run one sequence a lane, inputs (T, m, L), forward and back, and trace it; weights and counts stay as they are.

    out (3, L): log-norm, share, horizon.
    """
    n, m, (T, _, L) = net.kinds.size, net.inputs, inputs.shape
    steps = length.max()
    s, a, d = np.zeros((T + 1, n + m + 1, L)), np.zeros((T + 1, n, L)), np.zeros((T + 1, n, L))
    for t in range(steps):
        for k in range(m):
            for lane in range(L):
                s[t + 1, n + k, lane] = inputs[t, k, lane]
    forward(net, theta, steps, s, a)
    for lane in range(L):
        d[length[lane], net.output, lane] = s[length[lane], net.output, lane] - amplitude * target[lane]
    backward(net, theta, steps, s, d)
    log_norms(net, theta, s, length, before, out[0])
    shares(net, s, d, length, last, out[1], out[2])


@kernel
def record(net, theta, show, work, every, before, last, out):  # type: ignore[no-untyped-def]
    """After `backward` in the loop of a gradient rule: trace the presentation at hand at every `every`-th one; out (3, L).

    Nothing is run again, so that a rule that is traced at every presentation stays within twice its time.
    """
    for lane in range(out.shape[1]):
        if work.live[lane] > 0.0 and show.presentations[lane] % every == 0:
            log_norms(net, theta, work.s, work.length, before, out[0])
            shares(net, work.s, work.d, work.length, last, out[1], out[2])
            return
