"""Products of Jacobians along a run: how much of the first state is left in the last.

    |dx_T/dx_0| = |J_T ... J_1|,   J_t = dx_t/dx_{t-1}        (x: the outputs that are read one step later, and the answers)

in the Frobenius norm. In activation coordinates a, before the nonlinearity, the start is multiplied by its slope and the last
step by none. `room` holds the derivatives of one pack of lanes by every state, of the last step and of this one: WIDTH
numbers a row, rows side by side, so that they stay in the innermost cache.
"""

from __future__ import annotations

import math

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import WIDTH, begins, choose, fma, load, pack, peek, store, with_sign
from dynlatch.lanes.units import slope

SMALL, LARGE = 1e-100, 1e100  # where a product is rescaled
LOOK = 8  # steps between two looks at its size; a slope that is not zero is at least 1e-16


@kernel
def log_norms(net, probe, theta, s, length, log_norm):  # type: ignore[no-untyped-def]
    """log_norm (L,) = ln|dx_T/dx_0| of runs of `length` (L,) steps, T each lane's own, that left the signals s.

    Where `probe.before`, in activation coordinates; they belong to nets without connections inside a step.
    """
    log_norm[:] = 0.0
    for lane in range(log_norm.size):
        probe.ends[0, lane] = length[lane]
    for lane in begins(log_norm.size):
        _product(net, probe, theta, s, length, log_norm, lane)


@kernel
def _product(net, probe, theta, s, length, log_norm, lane):  # type: ignore[no-untyped-def]
    zero = pack()
    kinds, memory, room, first, between = net.kinds, probe.memory, probe.room, probe.first, probe.between
    r, half, gates = memory.size, kinds.size * memory.size * WIDTH, net.gated.shape[0] > 0
    _begin(kinds, memory, probe.before, s, room, half, lane)
    end = load(probe.ends, (0, lane), zero) if probe.before else zero + float(s.shape[0])
    soonest, last = _soonest(length, 0, lane), length[lane : lane + WIDTH].max()
    for t in range(1, last + 1):
        if gates:
            _gated_step(net, first, between, theta, s, room, end, t, r, half, lane)
        else:
            _step(kinds, first, between, theta, s, room, end, t, r, half, lane)
        if t == soonest:
            _ended(room, memory, length, t, (t & 1) * half, log_norm, lane)
            soonest = _soonest(length, t, lane)
        if t % LOOK == 0:
            _rescale(room, (t & 1) * half, half, length, t, log_norm, lane)


@kernel
def _begin(kinds, memory, before, s, room, half, lane):  # type: ignore[no-untyped-def]
    """dx_0/dx_0, or dx_0/da_0."""
    zero, r = pack(), memory.size
    room[:half] = 0.0
    for c in range(r):
        start = slope(kinds[memory[c]], load(s, (0, memory[c], lane), zero)) if before else zero + 1.0
        store(room, ((memory[c] * r + c) * WIDTH,), start)


@kernel
def _step(kinds, first, between, theta, s, room, end, t, r, half, lane):  # type: ignore[no-untyped-def]
    """The derivatives of every unit by all r states, five of them in one loop where there are so many."""
    odd = t & 1
    for i in range(kinds.size):
        through = choose(end, float(t), slope(peek(kinds, (i,)), load(s, (t, i, lane), end)), 1.0)
        c, to = 0, odd * half + i * r * WIDTH
        while c + 5 <= r:
            _five(first, between, theta, room, odd, through, i, c * WIDTH, to, lane)
            c += 5
        while c + 2 <= r:
            _two(first, between, theta, room, odd, through, i, c * WIDTH, to, lane)
            c += 2
        if c < r:
            _one(first, between, theta, room, odd, through, i, c * WIDTH, to, lane)


@kernel
def _five(first, between, theta, room, odd, through, i, c, to, lane):  # type: ignore[no-untyped-def]
    v0 = v1 = v2 = v3 = v4 = zero = pack()
    for e in range(peek(first, (i,)), peek(first, (i + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c
        v0 = fma(w, load(room, (at,), zero), v0)
        v1 = fma(w, load(room, (at + WIDTH,), zero), v1)
        v2 = fma(w, load(room, (at + 2 * WIDTH,), zero), v2)
        v3 = fma(w, load(room, (at + 3 * WIDTH,), zero), v3)
        v4 = fma(w, load(room, (at + 4 * WIDTH,), zero), v4)
    store(room, (to + c,), v0 * through)
    store(room, (to + c + WIDTH,), v1 * through)
    store(room, (to + c + 2 * WIDTH,), v2 * through)
    store(room, (to + c + 3 * WIDTH,), v3 * through)
    store(room, (to + c + 4 * WIDTH,), v4 * through)


@kernel
def _two(first, between, theta, room, odd, through, i, c, to, lane):  # type: ignore[no-untyped-def]
    v0 = v1 = zero = pack()
    for e in range(peek(first, (i,)), peek(first, (i + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c
        v0 = fma(w, load(room, (at,), zero), v0)
        v1 = fma(w, load(room, (at + WIDTH,), zero), v1)
    store(room, (to + c,), v0 * through)
    store(room, (to + c + WIDTH,), v1 * through)


@kernel
def _one(first, between, theta, room, odd, through, i, c, to, lane):  # type: ignore[no-untyped-def]
    v0 = zero = pack()
    for e in range(peek(first, (i,)), peek(first, (i + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c
        v0 = fma(w, load(room, (at,), zero), v0)
    store(room, (to + c,), v0 * through)


@kernel
def _gated_step(net, first, between, theta, s, room, end, t, r, half, lane):  # type: ignore[no-untyped-def]
    """As `_step`, gated connections included."""
    odd, kinds = t & 1, net.kinds
    for i in range(kinds.size):
        through = choose(end, float(t), slope(kinds[i], load(s, (t, i, lane), end)), 1.0)
        for c in range(r):
            to = odd * half + (i * r + c) * WIDTH
            _one(first, between, theta, room, odd, pack() + 1.0, i, c * WIDTH, odd * half + i * r * WIDTH, lane)
            total = _through_gates(net, theta, s, room, half, r, t, i, c, lane, load(room, (to,), end))
            store(room, (to,), total * through)


@kernel
def _through_gates(net, theta, s, room, half, r, t, i, c, lane, total):  # type: ignore[no-untyped-def]
    """`total` and what the gated connections add to the derivative of the total input of unit i by state c."""
    gated, n = net.gated, net.kinds.size
    for e in range(net.gated_first[i], net.gated_first[i + 1]):
        w = load(theta, (gated[e, 2], lane), total)
        for j, then, k, other_then in (
            (gated[e, 1], t - gated[e, 3], gated[e, 4], t - gated[e, 5]),
            (gated[e, 4], t - gated[e, 5], gated[e, 1], t - gated[e, 3]),
        ):
            if j < n:
                gain = w * load(s, (other_then, k, lane), total)
                total = fma(gain, load(room, ((then & 1) * half + (j * r + c) * WIDTH,), total), total)
    return total


@kernel
def _soonest(length, t, lane):  # type: ignore[no-untyped-def]
    """The next step, after t, at which a lane of the pack ends; -1 after the last."""
    found = -1
    for l in range(lane, lane + WIDTH):
        if length[l] > t and (found < 0 or length[l] < found):
            found = length[l]
    return found


@kernel
def _ended(room, memory, length, t, at, log_norm, lane):  # type: ignore[no-untyped-def]
    """Read off the lanes that end at t."""
    for l in range(lane, lane + WIDTH):
        if length[l] == t:
            log_norm[l] += _log_frobenius(room, memory, at + l - lane)


@kernel
def _log_frobenius(room, memory, at):  # type: ignore[no-untyped-def]
    total, r = 0.0, memory.size
    for k in range(r):
        for c in range(r):
            total += room[at + (memory[k] * r + c) * WIDTH] ** 2
    return 0.5 * math.log(total) if total > 0.0 else -np.inf


@kernel
def _rescale(room, at, size, length, t, log_norm, lane):  # type: ignore[no-untyped-def]
    """Bring products that leave [SMALL, LARGE] back to size 1, the logarithm of the factor into `log_norm`."""
    zero = top = pack()
    for k in range(at, at + size, WIDTH):
        value = with_sign(load(room, (k,), zero), 1.0)
        top = choose(value, top, value, top)
    store(room, (2 * size,), top)
    for l in range(WIDTH):
        largest = room[2 * size + l]
        if length[lane + l] > t and largest > 0.0 and not SMALL < largest < LARGE:
            for k in range(at + l, at + size, WIDTH):
                room[k] /= largest
            log_norm[lane + l] += math.log(largest)
