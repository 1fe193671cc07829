"""One network and the sequences of one trial: here the sequences are the lanes, and all have the same weights.

The longest sequence is the first lane of its block, so that lanes fall away at the end of the row as sequences end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.units import LINEAR, TANH, THRESHOLD, tanh
from dynlatch.validation import Array

TERMS = 6  # connections of one pass over the lanes: every pass loads and stores the sums once
VECTOR = 4  # lanes are counted in fours, so that no loop has a scalar rest


class Stage(NamedTuple):
    """The sequences of one trial in B blocks of W lanes, and the connections of a network in passes of TERMS."""

    s: Array  # (B, before + T + 1, n + m + 2, W) outputs, external inputs, one, zero; start values up to time 0
    slot: NDArray[np.int64]  # (N,) lane of each sequence in its block
    active: NDArray[np.int64]  # (B, T + 2) lanes whose sequence has a step t
    noise: Array  # (T + 1, 1, L) room for one sequence
    stream: NDArray[np.uint64]  # (W, 4) the stream of the trial after the noise of each sequence
    wave: NDArray[np.int64]  # units wave[k] .. wave[k + 1] - 1 need nothing of each other in the same step
    first: NDArray[np.int64]  # (n + 1,) passes of each unit
    source: NDArray[np.int64]  # (TERMS C,)
    delay: NDArray[np.int64]  # (TERMS C,)
    weight: NDArray[np.int64]  # (TERMS C,) row of theta; -1 fills up
    value: Array  # (TERMS C,) weights of the network that is evaluated


@kernel
def set_up(net, show, width):  # type: ignore[no-untyped-def]
    """Empty room for the sequences of a trial in blocks of at least `width` lanes."""
    lanes, sequences, steps = show.inputs.shape[0], show.inputs.shape[1], show.inputs.shape[2]
    wide = (width + VECTOR - 1) // VECTOR * VECTOR
    blocks, rows = (sequences + wide - 1) // wide, net.kinds.size + net.inputs + 2
    before = max(net.delay.max() - 1, 0)
    s = np.zeros((blocks, before + steps + 1, rows, wide))
    s[:, :, rows - 2] = 1.0
    for i in range(net.kinds.size):
        s[:, : before + 1, i] = net.start[i]
    first, source, delay, weight = _passes(net)
    return Stage(
        s,
        np.zeros(sequences, np.int64),
        np.zeros((blocks, steps + 2), np.int64),
        np.zeros((steps + 1, 1, lanes)),
        np.zeros((wide, 4), np.uint64),
        _waves(net),
        first,
        source,
        delay,
        weight,
        np.zeros(weight.size),
    )


@kernel
def _passes(net):  # type: ignore[no-untyped-def]
    """The connections of each unit, filled up to a multiple of TERMS with zero times the signal that is zero."""
    n = net.kinds.size
    first = np.zeros(n + 1, np.int64)
    for i in range(n):
        first[i + 1] = first[i] + max((net.first[i + 1] - net.first[i] + TERMS - 1) // TERMS, 1)
    zero, size = n + net.inputs + 1, TERMS * first[n]
    source, delay, weight = np.full(size, zero), np.zeros(size, np.int64), np.full(size, -1)
    for i in range(n):
        for e in range(net.first[i], net.first[i + 1]):
            at = TERMS * first[i] + e - net.first[i]
            source[at], delay[at], weight[at] = net.source[e], net.delay[e], net.weight[e]
    return first, source, delay, weight


@kernel
def _waves(net):  # type: ignore[no-untyped-def]
    """Where a unit needs what an earlier one of its wave puts out in the same step, a new wave begins."""
    n = net.kinds.size
    begins = np.zeros(n + 1, np.int64)
    waves = 1
    for i in range(n):
        for e in range(net.first[i], net.first[i + 1]):
            if net.delay[e] == 0 and begins[waves - 1] <= net.source[e] < n:
                begins[waves] = i
                waves += 1
                break
    begins[waves] = n
    return begins[: waves + 1].copy()


@kernel
def load(stage, net, show, lane):  # type: ignore[no-untyped-def]
    """The sequences of the trial, without fresh noise; in every block the longest first."""
    s, slot, active, lengths, inputs = stage.s, stage.slot, stage.active, show.lengths, show.inputs
    before, n, wide = time_zero(stage), net.kinds.size, s.shape[3]
    active[:] = 0
    for j in range(slot.size):
        b, length = j // wide, lengths[lane, j]
        slot[j] = 0
        for other in range(b * wide, min((b + 1) * wide, slot.size)):
            longer = lengths[lane, other] > length or (lengths[lane, other] == length and other < j)
            slot[j] += 1 if longer else 0
        for t in range(1, length + 1):
            active[b, t] += 1
            for c in range(net.inputs):
                s[b, before + t, n + c, slot[j]] = inputs[lane, j, t - 1, c]
    active[:] = (active + VECTOR - 1) // VECTOR * VECTOR


@kernel
def choose(stage, weights):  # type: ignore[no-untyped-def]
    """Evaluate the network with these weights (P + F,) from now on."""
    for e in range(stage.weight.size):
        stage.value[e] = weights[stage.weight[e]] if stage.weight[e] >= 0 else 0.0


@kernel
def run(stage, kinds, b):  # type: ignore[no-untyped-def]
    """The outputs of all units at all steps of the sequences in block b; sums in the order of `wiring.forward`, bit for bit."""
    s, active, wave, first = stage.s, stage.active, stage.wave, stage.first
    source, delay, w = stage.source, stage.delay, stage.value
    before, zero, step = time_zero(stage), s.shape[2] - 1, 1
    while active[b, step] > 0:
        lanes, t = active[b, step], before + step
        for k in range(wave.size - 1):
            for i in range(wave[k], wave[k + 1]):
                for c in range(first[i], first[i + 1]):
                    e = TERMS * c
                    w0, w1, w2, w3, w4, w5 = w[e], w[e + 1], w[e + 2], w[e + 3], w[e + 4], w[e + 5]
                    t0, t1, t2 = t - delay[e], t - delay[e + 1], t - delay[e + 2]
                    t3, t4, t5 = t - delay[e + 3], t - delay[e + 4], t - delay[e + 5]
                    j0, j1, j2 = source[e], source[e + 1], source[e + 2]
                    j3, j4, j5 = source[e + 3], source[e + 4], source[e + 5]
                    ts, js = (0, zero) if c == first[i] else (t, i)  # the sum so far
                    for lane in range(lanes):
                        s[b, t, i, lane] = (
                            s[b, ts, js, lane]
                            + w0 * s[b, t0, j0, lane]
                            + w1 * s[b, t1, j1, lane]
                            + w2 * s[b, t2, j2, lane]
                            + w3 * s[b, t3, j3, lane]
                            + w4 * s[b, t4, j4, lane]
                            + w5 * s[b, t5, j5, lane]
                        )
            for i in range(wave[k], wave[k + 1]):
                if kinds[i] == TANH:  # a loop of its own: only then vector instructions
                    for lane in range(lanes):
                        s[b, t, i, lane] = tanh(s[b, t, i, lane])
                else:
                    for lane in range(lanes):
                        s[b, t, i, lane] = _answer(kinds[i], s[b, t, i, lane])
        step += 1


@kernel
def _answer(kind, a):  # type: ignore[no-untyped-def]
    """The output of a unit, not of tanh, with the total input a."""
    if kind == LINEAR:
        return a
    if kind == THRESHOLD:
        return 1.0 if a >= 0.0 else -1.0
    return 0.5 + 0.5 * tanh(0.5 * a)


@kernel
def time_zero(stage):  # type: ignore[no-untyped-def]
    """Where time 0 stands in the signals."""
    return stage.s.shape[1] - stage.active.shape[1] + 1
