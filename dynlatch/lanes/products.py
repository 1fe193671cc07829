"""Products of Jacobians along a run, carried back with its errors: how much of the first state is left in the last.

    |dx_T/dx_0| = |J_T ... J_1|,   J_t = dx_t/dx_{t-1}        (x: the outputs that are read one step later, and the answers)

in the Frobenius norm. The rows of the product are errors like any other, one for each state at the end, and go back through the
same connections: from each lane's own end, where they are the identity, to the start, where all lanes arrive together. In
activation coordinates a, before the nonlinearity, the last step is multiplied by no slope and the start by its own. `room`
holds the rows of one pack of lanes, at this step and at the one after: WIDTH numbers a unit and row, side by side, so that they
stay in the innermost cache.
"""

from __future__ import annotations

import math

import numpy as np

from dynlatch.lanes.bundles import borrowed
from dynlatch.lanes.compiling import inlined, kernel
from dynlatch.lanes.gates import gain_of
from dynlatch.lanes.packs import WIDTH, anywhere, begins, choose, fma, load, pack, peek, store, with_sign
from dynlatch.lanes.shares import size_of_step
from dynlatch.lanes.units import slope

SMALL, LARGE = 1e-100, 1e100  # where a product is rescaled
LOOK = 8  # steps between two looks at its size; a slope that is not zero is at least 1e-16


@kernel
def carry_back(net, probe, theta, steps, s, d, length, log_norm):  # type: ignore[no-untyped-def]
    """As `wiring.backward`, bit by bit; and log_norm (L,) = ln|dx_T/dx_0| of runs of `length` (L,) steps, T each lane's own.

    Weights are finite. Where `probe.before`, in activation coordinates; they belong to nets without connections inside a step.
    The sizes of the terms of dC/dW go into `probe.sizes` while their step is at hand.
    """
    log_norm[:] = 0.0
    for lane in range(log_norm.size):
        probe.ends[0, lane] = length[lane]
    for lane in begins(log_norm.size):
        _sweep(net, probe, theta, steps, s, d, log_norm, lane)
        _arrive(net, probe, theta, steps, s, log_norm, lane)


@kernel
def _sweep(net, probe, theta, steps, s, d, log_norm, lane):  # type: ignore[no-untyped-def]
    """Rows and errors, the last row, from the last step to the first; a row begins at the end of its lane."""
    theta, s, d = borrowed(theta), borrowed(s), borrowed(d)
    zero, kinds, room, own, carried = pack(), net.kinds, probe.room, probe.own, probe.memory.size + 1
    first, between, gates, half = probe.first, probe.between, net.gated.shape[0] > 0, kinds.size * carried * WIDTH
    again, reads_first, reads, sizes = probe.again, probe.reads_first, probe.reads, probe.sizes
    end = load(probe.ends, (0, lane), zero)
    room[: 2 * half] = 0.0
    for t in range(steps, 0, -1):
        begun = choose(t + 0.5, end, choose(end, t - 0.5, 1.0, zero), zero)  # 1 in the lanes that end at t
        begins_here = anywhere(begun, 0.5)
        for j in range(kinds.size - 1, -1, -1):
            through, to = slope(kinds[j], load(s, (t, j, lane), zero)), (t & 1) * half + j * carried * WIDTH
            error = load(d, (t, j, lane), zero)
            if gates:
                _gated_rows(net, first, between, theta, s, room, error, through, steps, t, j, to, carried, half, lane)
            else:
                _rows(first, between, theta, room, error, through, t & 1, j, to, carried, lane)
            store(d, (t, j, lane), load(room, (to + (carried - 1) * WIDTH,), zero))
            if begins_here and own[j] >= 0:
                here = to + own[j] * WIDTH
                new = begun if probe.before else begun * through
                store(room, (here,), new + load(room, (here,), zero))
        store(sizes, (t, lane), size_of_step(net, again, reads_first, reads, s, d, t, lane))
        if t % LOOK == 1:
            _rescale(room, (t & 1) * half, carried, kinds.size, log_norm, lane)


@kernel
def _arrive(net, probe, theta, steps, s, log_norm, lane):  # type: ignore[no-untyped-def]
    """The rows by the first state, x_0 or a_0, and the logarithm of their norm."""
    theta, s = borrowed(theta), borrowed(s)
    zero, kinds, room, memory, carried = pack(), net.kinds, probe.room, probe.memory, probe.memory.size + 1
    first, between, gates, half = probe.first, probe.between, net.gated.shape[0] > 0, kinds.size * carried * WIDTH
    room[:half] = 0.0  # what stays within the step does not come from x_0
    squares = zero
    for j in memory:
        through, to = slope(kinds[j], load(s, (0, j, lane), zero)) if probe.before else zero + 1.0, j * carried * WIDTH
        if gates:
            _gated_rows(net, first, between, theta, s, room, zero, through, steps, 0, j, to, carried, half, lane)
        else:
            _rows(first, between, theta, room, zero, through, 0, j, to, carried, lane)
        for at in range(to, to + (carried - 1) * WIDTH, WIDTH):
            value = load(room, (at,), zero)
            squares = fma(value, value, squares)
    store(room, (0,), squares)
    for l in range(WIDTH):
        log_norm[lane + l] += 0.5 * math.log(room[l]) if room[l] > 0.0 else -np.inf


@inlined
def _rows(first, between, theta, room, error, through, odd, j, to, carried, lane):  # type: ignore[no-untyped-def]
    """What comes back to unit j in all rows, six of them in one loop where there are so many; `error` begins the last."""
    c, zero = 0, pack()
    while c + 6 <= carried:
        _six(first, between, theta, room, error if c + 6 == carried else zero, through, odd, j, c * WIDTH, to, lane)
        c += 6
    while c + 2 <= carried:
        _two(first, between, theta, room, error if c + 2 == carried else zero, through, odd, j, c * WIDTH, to, lane)
        c += 2
    if c < carried:
        store(room, (to + c * WIDTH,), _one(first, between, theta, room, error, odd, j, c * WIDTH, lane) * through)


@inlined
def _six(first, between, theta, room, error, through, odd, j, c, to, lane):  # type: ignore[no-untyped-def]
    v0 = v1 = v2 = v3 = v4 = zero = pack()
    v5 = error
    for e in range(peek(first, (j,)), peek(first, (j + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c
        v0 = fma(w, load(room, (at,), zero), v0)
        v1 = fma(w, load(room, (at + WIDTH,), zero), v1)
        v2 = fma(w, load(room, (at + 2 * WIDTH,), zero), v2)
        v3 = fma(w, load(room, (at + 3 * WIDTH,), zero), v3)
        v4 = fma(w, load(room, (at + 4 * WIDTH,), zero), v4)
        v5 = fma(w, load(room, (at + 5 * WIDTH,), zero), v5)
    store(room, (to + c,), v0 * through)
    store(room, (to + c + WIDTH,), v1 * through)
    store(room, (to + c + 2 * WIDTH,), v2 * through)
    store(room, (to + c + 3 * WIDTH,), v3 * through)
    store(room, (to + c + 4 * WIDTH,), v4 * through)
    store(room, (to + c + 5 * WIDTH,), v5 * through)


@inlined
def _two(first, between, theta, room, error, through, odd, j, c, to, lane):  # type: ignore[no-untyped-def]
    v0 = zero = pack()
    v1 = error
    for e in range(peek(first, (j,)), peek(first, (j + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c
        v0 = fma(w, load(room, (at,), zero), v0)
        v1 = fma(w, load(room, (at + WIDTH,), zero), v1)
    store(room, (to + c,), v0 * through)
    store(room, (to + c + WIDTH,), v1 * through)


@inlined
def _one(first, between, theta, room, error, odd, j, c, lane):  # type: ignore[no-untyped-def]
    v, zero = error, pack()
    for e in range(peek(first, (j,)), peek(first, (j + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c
        v = fma(w, load(room, (at,), zero), v)
    return v


@kernel
def _gated_rows(  # type: ignore[no-untyped-def]
    net, first, between, theta, s, room, error, through, steps, t, j, to, carried, half, lane
):
    """As `_rows`, gated connections included."""
    departing, leaving, zero = net.gated_departing, net.gated_leaving, pack()
    for c in range(carried):
        begun = error if c + 1 == carried else zero
        total = _one(first, between, theta, room, begun, t & 1, j, c * WIDTH, lane)
        for e in range(peek(leaving, (j,)), peek(leaving, (j + 1,))):
            ahead = t + peek(departing, (e, 2))
            if ahead <= steps:  # beyond there are no signals
                there = (ahead & 1) * half + (peek(departing, (e, 1)) * carried + c) * WIDTH
                total = fma(gain_of(departing, theta, s, ahead, e, lane), load(room, (there,), total), total)
        store(room, (to + c * WIDTH,), total * through)


@kernel
def _rescale(room, at, carried, units, log_norm, lane):  # type: ignore[no-untyped-def]
    """Bring products that leave [SMALL, LARGE] back to size 1, the logarithm of the factor into `log_norm`."""
    zero = top = pack()
    for i in range(units):
        for c in range(carried - 1):
            value = with_sign(load(room, (at + (i * carried + c) * WIDTH,), zero), 1.0)
            top = choose(value, top, value, top)
    if anywhere(top, LARGE) or anywhere(choose(top, 0.0, SMALL, zero), top):
        for l in range(WIDTH):
            largest = _largest(room, at + l, carried, units)
            if largest > 0.0 and not SMALL < largest < LARGE:
                _divide(room, at + l, carried, units, largest)
                log_norm[lane + l] += math.log(largest)


@kernel
def _largest(room, at, carried, units):  # type: ignore[no-untyped-def]
    top = 0.0
    for i in range(units):
        for c in range(carried - 1):
            top = max(top, abs(room[at + (i * carried + c) * WIDTH]))
    return top


@kernel
def _divide(room, at, carried, units, by):  # type: ignore[no-untyped-def]
    for i in range(units):
        for c in range(carried - 1):
            room[at + (i * carried + c) * WIDTH] /= by
