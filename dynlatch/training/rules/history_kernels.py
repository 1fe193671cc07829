"""The compiled levels of a history compressor: prediction, update, and gradient descent through the last updates.

Shapes as in `models.history`: m inputs, i = m + 1 with the clock, k hidden units, o outputs, l levels.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.evaluation import put, take
from dynlatch.lanes.show import add_noise, awake, count, is_right, next_sequence
from dynlatch.training.models.history import HistoryCell
from dynlatch.validation import Array


@bundle
class Room(NamedTuple):
    """The updates of every level since the sequence began, update 0 being its beginning; l levels, k units, i inputs."""

    w: Array  # (P + F,) the weights of the trial at work
    u: Array  # (T + 1, m, L) inputs of the sequence, each trial in its place
    x: Array  # (l, T + 1, i) what an update came with
    held: Array  # (l, i) the last input that the outputs see
    g: Array  # (l, T + 1, k) tanh of the total inputs
    h: Array  # (l, T + 1, k) hidden units after an update
    s: Array  # (l, T + 1) strength
    z: Array  # (l, o) outputs
    error: Array  # (o,)
    back: Array  # (3, k)
    dR: Array  # (k, k)
    clock: Array  # (l,)
    updates: NDArray[np.int64]  # (l,)


def room_of(cell: HistoryCell, T: int, lanes: int) -> Room:
    """Room for sequences of T steps, of so many trials."""
    l, k, i, o = len(cell.outputs), cell.hidden, cell.inputs + 1, int(cell.outputs.max())
    return Room(
        w=np.zeros(cell.first[-1] + 1),
        u=np.zeros((T + 1, cell.inputs, lanes)),
        x=np.zeros((l, T + 1, i)),
        held=np.zeros((l, i)),
        g=np.zeros((l, T + 1, k)),
        h=np.zeros((l, T + 1, k)),
        s=np.zeros((l, T + 1)),
        z=np.zeros((l, o)),
        error=np.zeros(o),
        back=np.zeros((3, k)),
        dR=np.zeros((k, k)),
        clock=np.zeros(l),
        updates=np.zeros(l, dtype=np.int64),
    )


@kernel
def learn(cell, room, theta, show, total, before, seen, eta, depth, patience, wanted):  # type: ignore[no-untyped-def]
    """Lane after lane, sequence by sequence, until every lane sleeps; the last row of theta is the number of levels."""
    for lane in range(theta.shape[1]):
        if not awake(show, lane):
            continue
        take(theta, lane, room.w)
        while awake(show, lane):
            which = next_sequence(show, lane)
            length, target = show.lengths[lane, which], show.targets[lane, which]
            for t in range(length):
                for c in range(cell.inputs):
                    room.u[t + 1, c, lane] = show.inputs[lane, which, t, c]
            add_noise(show, lane, length, room.u, show.noise.channel)
            y, error = through(cell, room, lane, length, show.criterion.amplitude * target, eta, depth)
            count(show, lane, is_right(show.criterion, y, target))
            total[lane] += error
            seen[lane] += 1
            if not cell.collapses and seen[lane] >= patience:
                if total[lane] > wanted * before[lane] and room.w[-1] < cell.outputs.size:
                    room.w[-1] += 1.0
                    total[lane] = np.inf
                before[lane], total[lane], seen[lane] = total[lane], 0.0, 0
        put(room.w, theta, lane)


@kernel
def through(cell, room, lane, length, wanted, eta, depth):  # type: ignore[no-untyped-def]
    """Train on one sequence; (the answer before it was asked for, the squared errors of the highest level in use)."""
    used, m, error = int(room.w[-1]), cell.inputs, 0.0
    room.updates[:] = 0
    room.clock[:] = 0.0
    room.held[:] = 0.0
    room.h[:, 0] = 0.0
    for level in range(used):
        predict(cell, room, level)
    for t in range(1, length + 1):
        strength = 1.0
        for level in range(used):
            room.clock[level] += 1.0
            if strength == 0.0:
                continue
            for c in range(m):
                room.error[c] = room.z[level, c] - room.u[t, c, lane]
            room.error[m] = 0.0
            failed = surprise(cell, room.error, 0, m)
            error += train(cell, room, level, used, strength, eta, depth)
            advance(cell, room, level, room.u[t, :, lane], strength)
            strength *= failed
    y = room.z[0 if cell.collapses else used - 1, m]
    error += answered(cell, room, used, wanted, eta, depth)
    return y, error


@kernel
def answered(cell, room, used, wanted, eta, depth):  # type: ignore[no-untyped-def]
    """Train on the answer: the levels up to the first that gave it, and the one that answers."""
    m, strength, error = cell.inputs, 1.0, 0.0
    for level in range(used):
        if level == used - 1 and not cell.collapses:
            strength = 1.0
        if strength > 0.0:
            room.error[:m] = 0.0
            room.error[m] = room.z[level, m] - wanted
            failed = surprise(cell, room.error, m, m + 1)
            error += train(cell, room, level, used, strength, eta, depth)
            strength *= failed
    return error


@kernel
def surprise(cell, error, first, end):  # type: ignore[no-untyped-def]
    """S of the errors first, ..., end - 1."""
    worst, total = 0.0, 0.0
    for c in range(first, end):
        worst = max(worst, abs(error[c]))
        total += error[c] * error[c]
    if cell.gradual:
        return 1.0 - math.exp(-0.5 * total / (cell.tolerance * cell.tolerance))
    return 1.0 if worst > cell.tolerance else 0.0


@kernel
def _places(cell, level):  # type: ignore[no-untyped-def]
    """Where R, b, V, D and c of a level begin; W begins at `first[level]`."""
    k, i, o = cell.hidden, cell.inputs + 1, cell.outputs[level]
    R = cell.first[level] + k * i
    b = R + k * k
    V = b + k
    return R, b, V, V + o * k, V + o * k + (i - 1) * i


@kernel
def predict(cell, room, level):  # type: ignore[no-untyped-def]
    """`z = V h + D x + c`, where D x is for the predicted inputs only."""
    w, k, i, n = room.w, cell.hidden, cell.inputs + 1, room.updates[level]
    _, _, V, D, c = _places(cell, level)
    for o in range(cell.outputs[level]):
        total = w[c + o]
        for j in range(k):
            total += w[V + o * k + j] * room.h[level, n, j]
        for j in range(i if o < cell.inputs else 0):
            total += w[D + o * i + j] * room.held[level, j]
        room.z[level, o] = total


@kernel
def advance(cell, room, level, u, s):  # type: ignore[no-untyped-def]
    """Update the level by the input u with strength s, and its outputs."""
    w, W, k, i = room.w, cell.first[level], cell.hidden, cell.inputs + 1
    R, b, _, _, _ = _places(cell, level)
    room.updates[level] += 1
    n = room.updates[level]
    room.s[level, n] = s
    for j in range(i):
        entering = u[j] if j < i - 1 else room.clock[level] / cell.time_scale
        room.x[level, n, j] = entering
        room.held[level, j] = (1.0 - s) * room.held[level, j] + s * entering
    room.clock[level] *= 1.0 - s
    for r in range(k):
        total = w[b + r]
        for j in range(i):
            total += w[W + r * i + j] * room.x[level, n, j]
        for j in range(k):
            total += w[R + r * k + j] * room.h[level, n - 1, j]
        room.g[level, n, r] = math.tanh(total)
        room.h[level, n, r] = (1.0 - s) * room.h[level, n - 1, r] + s * room.g[level, n, r]
    predict(cell, room, level)


@kernel
def train(cell, room, level, used, weight, eta, depth):  # type: ignore[no-untyped-def]
    """Gradient descent on `weight |error|^2 / 2`, with the third term of level 0; the squared error of the highest level.

    Levels of a hierarchy below the highest are frozen.
    """
    m, error = cell.inputs, room.error
    if not cell.collapses and level < used - 1:
        return 0.0
    squares = 0.0
    for c in range(m + 1):
        squares += error[c] * error[c]
        error[c] *= weight
    for j in range(cell.outputs[level] - m - 1):
        imitated = room.updates[level] > 0
        error[m + 1 + j] = room.z[level, m + 1 + j] - room.h[1, room.updates[1], j] if imitated else 0.0
    _back_from_outputs(cell, room, level, eta)
    _back_through_updates(cell, room, level, eta, depth)
    return squares if level == used - 1 else 0.0


@kernel
def _back_from_outputs(cell, room, level, eta):  # type: ignore[no-untyped-def]
    """Change V, D and c; dC/dh of the last update into `back[0]`."""
    w, k, i, n = room.w, cell.hidden, cell.inputs + 1, room.updates[level]
    _, _, V, D, c = _places(cell, level)
    room.back[0] = 0.0
    for o in range(cell.outputs[level]):
        e = room.error[o]
        w[c + o] -= eta * e
        for j in range(k):
            room.back[0, j] += w[V + o * k + j] * e
            w[V + o * k + j] -= eta * e * room.h[level, n, j]
        for j in range(i if o < cell.inputs else 0):
            w[D + o * i + j] -= eta * e * room.held[level, j]


@kernel
def _back_through_updates(cell, room, level, eta, depth):  # type: ignore[no-untyped-def]
    """Change W, R and b from `back[0]`, through updates whose strengths add up to `depth`."""
    w, W, k, i, n = room.w, cell.first[level], cell.hidden, cell.inputs + 1, room.updates[level]
    R, b, _, _, _ = _places(cell, level)
    dh, da, earlier, dR = room.back[0], room.back[1], room.back[2], room.dR
    dR[:] = 0.0
    while n > 0 and depth > 0.0:
        s = room.s[level, n]
        for r in range(k):
            da[r] = s * (1.0 - room.g[level, n, r] ** 2) * dh[r]
            earlier[r] = (1.0 - s) * dh[r]
        for r in range(k):
            for j in range(k):
                earlier[j] += w[R + r * k + j] * da[r]
        for r in range(k):
            w[b + r] -= eta * da[r]
            for j in range(i):
                w[W + r * i + j] -= eta * da[r] * room.x[level, n, j]
            for j in range(k):
                dR[r, j] += da[r] * room.h[level, n - 1, j]
        for r in range(k):
            dh[r] = earlier[r]
        depth -= s
        n -= 1
    for r in range(k):
        for j in range(k):
            w[R + r * k + j] -= eta * dR[r, j]
