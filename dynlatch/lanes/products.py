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
    gates, half, sizes = net.gated.shape[0] > 0, kinds.size * carried * WIDTH, probe.sizes
    end = load(probe.ends, (0, lane), zero)
    room[: 2 * half] = 0.0
    for t in range(steps, 0, -1):
        begun = choose(t + 0.5, end, choose(end, t - 0.5, 1.0, zero), zero)  # 1 in the lanes that end at t
        begins_here = anywhere(begun, 0.5)
        for j in range(kinds.size - 1, -1, -1):
            through, to = slope(kinds[j], load(s, (t, j, lane), zero)), (t & 1) * half + j * carried * WIDTH
            error = load(d, (t, j, lane), zero)
            if gates:
                _gated_rows(net, probe, theta, s, error, through, steps, t, j, lane)
            else:
                _rows(net, probe, theta, error, through, t & 1, j, lane)
            store(d, (t, j, lane), load(room, (to + (carried - 1) * WIDTH,), zero))
            if begins_here and own[j] >= 0:
                here = to + own[j] * WIDTH
                new = begun if probe.before else begun * through
                store(room, (here,), new + load(room, (here,), zero))
        store(sizes, (t, lane), size_of_step(net, probe, s, d, t, lane))
        if t % LOOK == 1:
            _rescale(room, (t & 1) * half, carried, kinds.size, log_norm, lane)


@kernel
def _arrive(net, probe, theta, steps, s, log_norm, lane):  # type: ignore[no-untyped-def]
    """The rows by the first state, x_0 or a_0, and the logarithm of their norm."""
    theta, s = borrowed(theta), borrowed(s)
    zero, kinds, room, memory, carried = pack(), net.kinds, probe.room, probe.memory, probe.memory.size + 1
    room[: kinds.size * carried * WIDTH] = 0.0  # what stays within the step does not come from x_0
    gates, squares = net.gated.shape[0] > 0, zero
    for j in memory:
        through, to = slope(kinds[j], load(s, (0, j, lane), zero)) if probe.before else zero + 1.0, j * carried * WIDTH
        if gates:
            _gated_rows(net, probe, theta, s, zero, through, steps, 0, j, lane)
        else:
            _rows(net, probe, theta, zero, through, 0, j, lane)
        for at in range(to, to + (carried - 1) * WIDTH, WIDTH):
            value = load(room, (at,), zero)
            squares = fma(value, value, squares)
    store(room, (0,), squares)
    for l in range(WIDTH):
        log_norm[lane + l] += 0.5 * math.log(room[l]) if room[l] > 0.0 else -np.inf


@inlined
def _rows(net, probe, theta, error, through, odd, j, lane):  # type: ignore[no-untyped-def]
    """What comes back to unit j in all rows, six of them in one loop where there are so many; `error` begins the last."""
    c, carried, zero = 0, probe.memory.size + 1, pack()
    while c + 6 <= carried:
        _six(net, probe, theta, error if c + 6 == carried else zero, through, odd, j, c, lane)
        c += 6
    while c + 2 <= carried:
        _two(net, probe, theta, error if c + 2 == carried else zero, through, odd, j, c, lane)
        c += 2
    if c < carried:
        at = ((odd * net.kinds.size + j) * carried + c) * WIDTH
        store(probe.room, (at,), _one(net, probe, theta, error, odd, j, c, lane) * through)


@inlined
def _six(net, probe, theta, error, through, odd, j, c, lane):  # type: ignore[no-untyped-def]
    v0 = v1 = v2 = v3 = v4 = zero = pack()
    v5, first, between, room = error, net.leaving, probe.between, probe.room
    for e in range(peek(first, (j,)), peek(first, (j + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c * WIDTH
        v0 = fma(w, load(room, (at,), zero), v0)
        v1 = fma(w, load(room, (at + WIDTH,), zero), v1)
        v2 = fma(w, load(room, (at + 2 * WIDTH,), zero), v2)
        v3 = fma(w, load(room, (at + 3 * WIDTH,), zero), v3)
        v4 = fma(w, load(room, (at + 4 * WIDTH,), zero), v4)
        v5 = fma(w, load(room, (at + 5 * WIDTH,), zero), v5)
    to = ((odd * net.kinds.size + j) * (probe.memory.size + 1) + c) * WIDTH
    store(room, (to,), v0 * through)
    store(room, (to + WIDTH,), v1 * through)
    store(room, (to + 2 * WIDTH,), v2 * through)
    store(room, (to + 3 * WIDTH,), v3 * through)
    store(room, (to + 4 * WIDTH,), v4 * through)
    store(room, (to + 5 * WIDTH,), v5 * through)


@inlined
def _two(net, probe, theta, error, through, odd, j, c, lane):  # type: ignore[no-untyped-def]
    v0 = zero = pack()
    v1, first, between, room = error, net.leaving, probe.between, probe.room
    for e in range(peek(first, (j,)), peek(first, (j + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c * WIDTH
        v0 = fma(w, load(room, (at,), zero), v0)
        v1 = fma(w, load(room, (at + WIDTH,), zero), v1)
    to = ((odd * net.kinds.size + j) * (probe.memory.size + 1) + c) * WIDTH
    store(room, (to,), v0 * through)
    store(room, (to + WIDTH,), v1 * through)


@inlined
def _one(net, probe, theta, error, odd, j, c, lane):  # type: ignore[no-untyped-def]
    v, zero, first, between, room = error, pack(), net.leaving, probe.between, probe.room
    for e in range(peek(first, (j,)), peek(first, (j + 1,))):
        w, at = load(theta, (peek(between, (e, 0)), lane), zero), peek(between, (e, 1 + odd)) + c * WIDTH
        v = fma(w, load(room, (at,), zero), v)
    return v


@kernel
def _gated_rows(net, probe, theta, s, error, through, steps, t, j, lane):  # type: ignore[no-untyped-def]
    """As `_rows`, gated connections included."""
    departing, leaving, room, units, zero = net.gated_departing, net.gated_leaving, probe.room, net.kinds.size, pack()
    carried = probe.memory.size + 1
    for c in range(carried):
        begun = error if c + 1 == carried else zero
        total = _one(net, probe, theta, begun, t & 1, j, c, lane)
        for e in range(peek(leaving, (j,)), peek(leaving, (j + 1,))):
            ahead = t + peek(departing, (e, 2))
            if ahead <= steps:  # beyond there are no signals
                there = (((ahead & 1) * units + peek(departing, (e, 1))) * carried + c) * WIDTH
                total = fma(gain_of(departing, theta, s, ahead, e, lane), load(room, (there,), total), total)
        store(room, ((((t & 1) * units + j) * carried + c) * WIDTH,), total * through)


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
