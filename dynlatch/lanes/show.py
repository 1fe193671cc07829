"""Showing sequences to learners: which comes next, what noise it carries, whether the answer is right, and the count.

One presentation is one sequence run through one network. Every learner sees data through these functions only, so that
presentations are counted in one place. Lane l is trial l; each has its own order, noise, count and end.

What is asked is a class, of the output at the end, or, where `desired` has steps, a number of every output at any step: the
cost is the sum of `(y - z)^2 / 2` over what is asked.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import peek, store
from dynlatch.lanes.random import integer, normal, uniform
from dynlatch.lanes.trace import Probe, look
from dynlatch.lanes.wiring import forward
from dynlatch.validation import Array


class Noise(NamedTuple):
    """Noise drawn anew at every presentation; all zero where the sequences carry theirs."""

    channel: int  # the external input that it is added to
    first: int  # the first step (1, 2, ...) that has noise
    std: float  # of Gaussian noise
    half_width: float  # of uniform noise


class Criterion(NamedTuple):
    """When an answer is right.

    For a class d = +-1: low < d y < high, and the cost is (y - amplitude d)^2 / 2. For targets at steps: every |y - z| is
    below `tolerance`; or, where `among` is not 0, at every asked step the output whose target z is largest is among so many
    largest outputs of those asked, a tie counting against it. One of the two is positive for such a task, neither for classes.
    """

    amplitude: float
    low: float
    high: float
    tolerance: float = 0.0
    among: int = 0


@bundle
class Lanes(NamedTuple):
    """What the trials of a block are shown, and how far they are. Arrays are changed in place."""

    inputs: Array  # (L, n, T, m)
    lengths: NDArray[np.int64]  # (L, n)
    targets: Array  # (L, n), -1 or +1; 0 where there are no classes
    desired: Array  # (L, n, T, k) of output k at step t + 1, NaN where nothing is asked; T = 0 where classes are asked
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
    probe: Probe  # what is recorded on the way


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
def asks_steps(show):  # type: ignore[no-untyped-def]
    """Whether numbers are asked at steps; otherwise classes, at the end."""
    return show.desired.shape[2] > 0


@kernel
def graded(net, show, lane, which, length, s, at):  # type: ignore[no-untyped-def]
    """Of what sequence `which` of the trial asks at its steps: the cost, and whether all is right.

    s (T + 1, units and inputs, lanes) are its signals, in lane `at`.
    """
    desired, cost, right = show.desired, 0.0, True
    for t in range(length):
        for k in range(desired.shape[3]):
            wanted = desired[lane, which, t, k]
            if wanted == wanted:
                cost += 0.5 * (s[t + 1, net.outputs[k], at] - wanted) ** 2
        right = right and step_right(net, show.criterion, desired[lane, which, t], s[t + 1, :, at])
    return cost, right


@kernel
def step_right(net, criterion, wanted, x):  # type: ignore[no-untyped-def]
    """Whether the outputs among the signals x of one step are right for the targets `wanted` (k,), NaN where not asked."""
    top, outputs, right = -1, net.outputs, True
    for k in range(wanted.size):
        if wanted[k] == wanted[k]:
            top = k if top < 0 or wanted[k] > wanted[top] else top
            right = right and abs(x[outputs[k]] - wanted[k]) < criterion.tolerance
    if criterion.among == 0 or top < 0:
        return right
    beaten = 0
    for k in range(wanted.size):
        if k != top and wanted[k] == wanted[k] and not x[outputs[k]] < x[outputs[top]]:
            beaten += 1
    return beaten < criterion.among and x[outputs[top]] == x[outputs[top]]


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

    Afterwards `work` holds the signals, the answers, and in d the derivative of the cost with respect to the outputs: for a
    class nothing but `output - amplitude target` at each sequence's own end, otherwise `y - z` wherever it is asked.
    """
    steps = _load(net, show, work)
    if steps == 0:
        return 0
    forward(net, theta, steps, work.s, work.a)
    work.d[: steps + 1] = 0.0
    for lane in range(theta.shape[1]):
        if work.live[lane] == 0.0:
            continue
        y, target = work.s[work.length[lane], net.output, lane], work.target[lane]
        if asks_steps(show):
            _, right = graded(net, show, lane, work.which[lane], work.length[lane], work.s, lane)
        else:
            right = is_right(show.criterion, y, target)
        _differences(net, show, work, lane)
        work.output[lane], work.wrong[lane] = y, not right
        count(show, lane, right)
    return steps


@kernel
def present_again(net, theta, steps, show, work):  # type: ignore[no-untyped-def]
    """Run the sequences that `work` holds under these weights, forward and back, and look at them; nothing is counted."""
    forward(net, theta, steps, work.s, work.a)
    work.d[:] = 0.0
    for lane in range(theta.shape[1]):
        _differences(net, show, work, lane)
    look(net, theta, steps, show.probe, work, work.d)


@kernel
def _differences(net, show, work, lane):  # type: ignore[no-untyped-def]
    """`y - z` at every step and output that is asked, into d, which is zero."""
    desired, which = show.desired, work.which[lane]
    if not asks_steps(show):
        t, target = work.length[lane], show.criterion.amplitude * work.target[lane]
        work.d[t, net.output, lane] = work.s[t, net.output, lane] - target
        return
    for t in range(work.length[lane]):
        for k in range(desired.shape[3]):
            wanted = desired[lane, which, t, k]
            if wanted == wanted:
                work.d[t + 1, net.outputs[k], lane] += work.s[t + 1, net.outputs[k], lane] - wanted


@kernel
def _load(net, show, work):  # type: ignore[no-untyped-def]
    """Put the next sequences into the signals; the longest length."""
    n, steps, s, inputs = net.kinds.size, 0, work.s, show.inputs
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
                store(s, (t + 1, n + k, lane), peek(inputs, (lane, which, t, k)))
        add_noise(show, lane, length, s, n + show.noise.channel)
        steps = max(steps, length)
    return steps
