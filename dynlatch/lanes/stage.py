"""One network and the sequences of one trial: here the sequences are the lanes, WIDTH in a block, and share the weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import WIDTH, fma, load, pack, store
from dynlatch.lanes.show import Lanes, asks_steps, graded, is_right
from dynlatch.lanes.units import respond
from dynlatch.lanes.wiring import Wiring
from dynlatch.validation import Array


@bundle
class Stage(NamedTuple):
    """Room for N sequences in B blocks, and the weights they are shown to; a sequence has a place: lane + WIDTH x block."""

    s: Array  # (B, before + T + 1, n + m + 1, WIDTH) signals as in `wiring`; what stands before time 0 is as at time 0
    before: int
    order: NDArray[np.int64]  # (N,) which sequence has this place
    steps: NDArray[np.int64]  # (B,) longest length
    weight: Array  # (E + G,) of every connection, the gated ones last
    candidate: Array  # (P + F,) room for the weights to try
    noise: Array  # (T + 1, 1, L) of one sequence
    stream: NDArray[np.uint64]  # (N, 4) where the noise of this place left the stream of the trial


def set_up(net: Wiring, show: Lanes) -> Stage:
    """An empty stage for the sequences of a trial."""
    lanes, sequences, steps = show.inputs.shape[:3]
    n, blocks, before = len(net.kinds), -(-sequences // WIDTH), max(0, net.longest_delay - 1)
    s = np.zeros((blocks, before + steps + 1, n + net.inputs + 1, WIDTH))
    s[:, :, :n], s[:, :, -1] = net.start[:, None], 1.0
    return Stage(
        s=s,
        before=before,
        order=np.zeros(sequences, dtype=np.int64),
        steps=np.zeros(blocks, dtype=np.int64),
        weight=np.zeros(len(net.weight) + len(net.gated)),
        candidate=np.zeros(net.weights),
        noise=np.zeros((steps + 1, 1, lanes)),
        stream=np.zeros((sequences, 4), dtype=np.uint64),
    )


@kernel
def in_order(stage, show, lane):  # type: ignore[no-untyped-def]
    """Places in the order of the training set."""
    for j in range(stage.order.size):
        stage.order[j] = j


@kernel
def longest_first(stage, show, lane):  # type: ignore[no-untyped-def]
    """Places by falling length, so that the sequences of a block end at about the same time."""
    lengths = show.lengths[lane]
    for j in range(lengths.size):
        place = 0
        for other in range(lengths.size):
            if lengths[other] > lengths[j] or (lengths[other] == lengths[j] and other < j):
                place += 1
        stage.order[place] = j


@kernel
def fill(stage, net, show, lane):  # type: ignore[no-untyped-def]
    """The sequences of the trial at their places, without fresh noise."""
    s, inputs, n = stage.s, show.inputs, net.kinds.size
    stage.steps[:] = 0
    for place in range(stage.order.size):
        j, b, at = stage.order[place], place // WIDTH, place % WIDTH
        length = show.lengths[lane, j]
        stage.steps[b] = max(stage.steps[b], length)
        for t in range(length):
            for c in range(net.inputs):
                s[b, stage.before + t + 1, n + c, at] = inputs[lane, j, t, c]


@kernel
def run(stage, net, b):  # type: ignore[no-untyped-def]
    """The outputs of all units at all steps of the sequences in block b, bit for bit those of `wiring.forward`."""
    s, first, source, delay, weight, kinds = stage.s, net.first, net.source, net.delay, stage.weight, net.kinds
    gates = net.gated.shape[0] > 0
    for t in range(stage.before + 1, stage.before + stage.steps[b] + 1):
        for i in range(kinds.size):
            total = pack()
            for e in range(first[i], first[i + 1]):
                total = fma(weight[e], load(s, (b, t - delay[e], source[e], 0), total), total)
            if gates:
                total = _gated_sum(net, weight, s, b, t, i, total)
            store(s, (b, t, i, 0), respond(kinds[i], total))


@kernel
def _gated_sum(net, weight, s, b, t, i, total):  # type: ignore[no-untyped-def]
    gated, first, plain = net.gated, net.gated_first, net.weight.size
    for e in range(first[i], first[i + 1]):
        one = load(s, (b, t - gated[e, 3], gated[e, 1], 0), total)
        other = load(s, (b, t - gated[e, 5], gated[e, 4], 0), total)
        total = fma(weight[plain + e], one * other, total)
    return total


@kernel
def answered(stage, net, show, lane, place):  # type: ignore[no-untyped-def]
    """The cost of the answers to the sequence at this place, and whether they are right."""
    j, s, at = stage.order[place], stage.s[place // WIDTH, stage.before :], place % WIDTH
    length = show.lengths[lane, j]
    if asks_steps(show):
        return graded(net, show, lane, j, length, s, at)
    y, target = s[length, net.output, at], show.targets[lane, j]
    return 0.5 * (y - show.criterion.amplitude * target) ** 2, is_right(show.criterion, y, target)
