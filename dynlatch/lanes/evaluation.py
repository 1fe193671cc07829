"""Showing all sequences of a trial to one weight vector: its cost, or whether every answer is right.

Rules that try whole weight vectors see their data through this file. The cost of a weight vector is the mean over the sequences
of `(y - amplitude d)^2 / 2`, or of the sum over what their steps ask. Presentations are counted as by a learner that shows one
sequence after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import WIDTH
from dynlatch.lanes.show import Lanes, add_noise
from dynlatch.lanes.stage import answered, run


@kernel
def take(array, lane, into):  # type: ignore[no-untyped-def]
    """into (P,) = the column of the lane. In a loop: Numba compiles text for the errors of an assignment between slices."""
    for p in range(into.size):
        into[p] = array[p, lane]


@kernel
def put(values, array, lane):  # type: ignore[no-untyped-def]
    """The column of the lane = values (P,)."""
    for p in range(values.size):
        array[p, lane] = values[p]


@kernel
def is_noisy(show):  # type: ignore[no-untyped-def]
    """Whether every presentation has noise of its own."""
    return show.noise.std > 0.0 or show.noise.half_width > 0.0


@kernel
def choose(stage, net, weights):  # type: ignore[no-untyped-def]
    """From now on the network has these weights (P + F,)."""
    for e in range(net.weight.size):
        stage.weight[e] = weights[net.weight[e]]
    for e in range(net.gated.shape[0]):
        stage.weight[net.weight.size + e] = weights[net.gated[e, 2]]


@kernel
def _present(stage, net, show, lane, b):  # type: ignore[no-untyped-def]
    """Run block b, with fresh noise for one place after the other."""
    if is_noisy(show):
        for place in range(b * WIDTH, min((b + 1) * WIDTH, stage.order.size)):
            _disturb(stage, net, show, lane, place)
    run(stage, net, b)


@kernel
def _disturb(stage, net, show, lane, place):  # type: ignore[no-untyped-def]
    """Fresh noise at this place; `stream` keeps where it left the stream of the trial."""
    j, channel, b, at = stage.order[place], show.noise.channel, place // WIDTH, place % WIDTH
    length = show.lengths[lane, j]
    for t in range(1, length + 1):
        stage.noise[t, 0, lane] = show.inputs[lane, j, t - 1, channel]
    add_noise(show, lane, length, stage.noise, 0)
    for t in range(1, length + 1):
        stage.s[b, stage.before + t, net.kinds.size + channel, at] = stage.noise[t, 0, lane]
    for word in range(4):
        stage.stream[place, word] = show.random[lane, word]


@kernel
def evaluate(stage, net, show, lane):  # type: ignore[no-untyped-def]
    """Show all sequences: (cost, number of wrong answers); the cost of outputs that overflow is infinite."""
    cost, wrong, n = 0.0, 0, stage.order.size
    for b in range(stage.steps.size):
        _present(stage, net, show, lane, b)
    for place in range(n):
        own, right = answered(stage, net, show, lane, place)
        cost += own
        wrong += 0 if right else 1
    show.presentations[lane] += n
    return cost / n if cost < np.inf else np.inf, wrong


@kernel
def all_right(stage, net, show, lane, wanted):  # type: ignore[no-untyped-def]
    """Whether `wanted` presentations, the sequences in turn, are answered right; ends at the first wrong answer.

    A block is run ahead of what is known to be needed: what comes after the end is forgotten, and its noise never drawn.
    """
    n, shown, right, place = stage.order.size, 0, True, 0
    while right and shown < wanted:
        place = shown % n
        if place % WIDTH == 0:
            _present(stage, net, show, lane, place // WIDTH)
        _, right = answered(stage, net, show, lane, place)
        shown += 1
    show.presentations[lane] += shown
    if is_noisy(show):
        for word in range(4):
            show.random[lane, word] = stage.stream[place, word]
    return right


@kernel
def judge(stage, net, weights, show, lane):  # type: ignore[no-untyped-def]
    """The cost of a weight vector on all sequences; without an error the trial has learned.

    Where the noise is fresh, `needed` further presentations have to be right as well.
    """
    choose(stage, net, weights)
    cost, wrong = evaluate(stage, net, show, lane)
    if wrong == 0 and (not is_noisy(show) or all_right(stage, net, show, lane, show.needed)):
        show.learned[lane] = True
    return cost


def marks(show: Lanes) -> NDArray[np.uint64]:
    """Where every trial stands between two weight vectors: its stream and its presentations, shape (5, L)."""
    return np.ascontiguousarray(np.vstack([show.random.T, show.presentations[None].astype(np.uint64)]))


@kernel
def remember(show, lane, mark):  # type: ignore[no-untyped-def]
    """Put the mark where the trial stands."""
    for word in range(4):
        mark[word, lane] = show.random[lane, word]
    mark[4, lane] = np.uint64(show.presentations[lane])


@kernel
def go_on(show, lane, mark):  # type: ignore[no-untyped-def]
    """Back to the mark: a weight vector that the budget cut short is tried again, should the budget have grown."""
    for word in range(4):
        show.random[lane, word] = mark[word, lane]
    show.presentations[lane] = np.int64(mark[4, lane])


@kernel
def cut_short(show, lane):  # type: ignore[no-untyped-def]
    """Whether the budget ended within the last weight vector: then it is forgotten, though its presentations count."""
    if show.presentations[lane] <= show.budget:
        return False
    show.presentations[lane] = show.budget
    show.learned[lane] = False
    return True
