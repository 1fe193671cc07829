"""Showing sequences to learners: which comes next, what noise it carries, whether the answer is right, and the count.

One presentation is one sequence run through one network. Every learner sees data through these functions only, so that
presentations are counted in one place. Lane l is trial l; each has its own order, noise, count and end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.random import integer, normal, uniform
from dynlatch.lanes.wiring import forward
from dynlatch.validation import Array


class Noise(NamedTuple):
    """Noise drawn anew at every presentation; all zero where the sequences carry theirs."""

    channel: int  # the external input that it is added to
    first: int  # the first step (1, 2, ...) that has noise
    std: float  # of Gaussian noise
    half_width: float  # of uniform noise


class Criterion(NamedTuple):
    """When an output y counts as right for the class d = +-1: low < d y < high; the cost is (y - amplitude d)^2 / 2."""

    amplitude: float
    low: float
    high: float


@bundle
class Lanes(NamedTuple):
    """What the trials of a block are shown, and how far they are. Arrays are changed in place."""

    inputs: Array  # (L, n, T, m)
    lengths: NDArray[np.int64]  # (L, n)
    targets: Array  # (L, n), -1 or +1
    noise: Noise
    criterion: Criterion
    random: NDArray[np.uint64]  # (L, 4): the stream of order and noise
    order: NDArray[np.int64]  # (L, n)
    position: NDArray[np.int64]  # (L,) in `order`
    presentations: NDArray[np.int64]  # (L,)
    streak: NDArray[np.int64]  # (L,) right answers in a row
    learned: NDArray[np.bool_]  # (L,)
    stuck: NDArray[np.bool_]  # (L,) the rule has given up
    needed: int  # right answers in a row that end a trial
    budget: int  # presentations that end a trial
    pause: NDArray[np.int64]  # (1,) presentations at which a call of the rule returns


@bundle
class Work(NamedTuple):
    """The last presentation of every lane, and room for the sweeps back; shapes as in `lanes.wiring`."""

    s: Array  # (T + 1, n + m + 1, L)
    a: Array  # (T + 1, n, L)
    d: Array  # (T + 1, n, L)
    h: Array  # (T + 1, n, L)
    which: NDArray[np.int64]  # (L,)
    length: NDArray[np.int64]  # (L,)
    target: Array  # (L,)
    output: Array  # (L,)
    wrong: NDArray[np.bool_]  # (L,)
    live: Array  # (L,) 1 for a lane that was shown a sequence, 0 for one that has ended or pauses


@kernel
def awake(show, lane):  # type: ignore[no-untyped-def]
    """Whether the lane may be shown another sequence in this call."""
    seen = show.presentations[lane]
    return not show.learned[lane] and not show.stuck[lane] and seen < show.budget and seen < show.pause[0]


@kernel
def next_sequence(show, lane):  # type: ignore[no-untyped-def]
    """The next sequence of the lane: a new random order begins when the old one is through."""
    order, n = show.order, show.order.shape[1]
    if show.position[lane] == n:
        for k in range(n - 1, 0, -1):  # Fisher and Yates
            other = integer(show.random, lane, k + 1)
            order[lane, k], order[lane, other] = order[lane, other], order[lane, k]
        show.position[lane] = 0
    which = order[lane, show.position[lane]]
    show.position[lane] += 1
    return which


@kernel
def add_noise(show, lane, length, s, row):  # type: ignore[no-untyped-def]
    """Fresh noise on the signals s[t, row, lane] of one sequence."""
    noise = show.noise
    if noise.std == 0.0 and noise.half_width == 0.0:
        return
    for t in range(noise.first, length + 1):
        drawn = noise.std * normal(show.random, lane) if noise.std > 0.0 else 0.0
        if noise.half_width > 0.0:
            drawn += noise.half_width * (2.0 * uniform(show.random, lane) - 1.0)
        s[t, row, lane] += drawn


@kernel
def is_right(criterion, y, target):  # type: ignore[no-untyped-def]
    """Whether the output y answers the class `target`."""
    return criterion.low < y * target < criterion.high


@kernel
def count(show, lane, right):  # type: ignore[no-untyped-def]
    """One presentation of the lane, answered right or wrong; the trial is learned after `needed` right ones in a row."""
    show.presentations[lane] += 1
    show.streak[lane] = show.streak[lane] + 1 if right else 0
    if show.streak[lane] >= show.needed:
        show.learned[lane] = True


@kernel
def present(net, theta, show, work):  # type: ignore[no-untyped-def]
    """Show every lane that is awake its next sequence; the number of steps of the longest, 0 when all lanes sleep.

    Afterwards `work` holds the signals, the answers, and in d the derivative of the cost with respect to the outputs: nothing
    but `output - amplitude target` at each sequence's own end.
    """
    steps = _load(net, show, work)
    if steps == 0:
        return 0
    forward(net, theta, steps, work.s, work.a)
    work.d[: steps + 1] = 0.0
    criterion = show.criterion
    for lane in range(theta.shape[1]):
        if work.live[lane] == 0.0:
            continue
        y, target = work.s[work.length[lane], net.output, lane], work.target[lane]
        right = is_right(criterion, y, target)
        work.output[lane], work.wrong[lane] = y, not right
        work.d[work.length[lane], net.output, lane] = y - criterion.amplitude * target
        count(show, lane, right)
    return steps


@kernel
def _load(net, show, work):  # type: ignore[no-untyped-def]
    """Put the next sequences into the signals; the longest length."""
    n, steps = net.kinds.size, 0
    for lane in range(show.order.shape[0]):
        work.live[lane] = 0.0
        if not awake(show, lane):
            continue
        which = next_sequence(show, lane)
        length = show.lengths[lane, which]
        work.live[lane], work.which[lane], work.length[lane] = 1.0, which, length
        work.target[lane] = show.targets[lane, which]
        for t in range(length):
            for k in range(net.inputs):
                work.s[t + 1, n + k, lane] = show.inputs[lane, which, t, k]
        add_noise(show, lane, length, work.s, n + show.noise.channel)
        steps = max(steps, length)
    return steps
