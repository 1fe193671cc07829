"""Showing all sequences of a trial to one weight vector: its cost, or whether every answer is right.

Rules that try whole weight vectors see their data through this file. The cost of a weight vector is the mean over the sequences
of `(y - amplitude d)^2 / 2`. Presentations are counted as by a learner that shows one sequence after the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.show import Lanes, add_noise, is_right
from dynlatch.lanes.stage import choose, run, time_zero


@kernel
def is_noisy(show):  # type: ignore[no-untyped-def]
    """Whether every presentation has noise of its own."""
    return show.noise.std > 0.0 or show.noise.half_width > 0.0


@kernel
def _disturb(stage, net, show, lane, b):  # type: ignore[no-untyped-def]
    """Fresh noise on the sequences of block b, one after the other; `stream` keeps where each left the trial's stream."""
    wide, before, channel = stage.s.shape[3], time_zero(stage), show.noise.channel
    for j in range(b * wide, min((b + 1) * wide, stage.slot.size)):
        length, at = show.lengths[lane, j], stage.slot[j]
        stage.noise[:] = 0.0
        add_noise(show, lane, length, stage.noise, 0)
        for t in range(1, length + 1):
            clean = show.inputs[lane, j, t - 1, channel]
            stage.s[b, before + t, net.kinds.size + channel, at] = clean + stage.noise[t, 0, lane]
        for word in range(4):
            stage.stream[at, word] = show.random[lane, word]


@kernel
def evaluate(stage, net, show, lane):  # type: ignore[no-untyped-def]
    """Show all sequences to the chosen network: (cost, number of wrong answers); the cost of outputs that overflow is infinite."""
    cost, wrong, wide, n = 0.0, 0, stage.s.shape[3], stage.slot.size
    for b in range(stage.s.shape[0]):
        if is_noisy(show):
            _disturb(stage, net, show, lane, b)
        run(stage, net.kinds, b)
    for j in range(n):
        b, target = j // wide, show.targets[lane, j]
        y = stage.s[b, time_zero(stage) + show.lengths[lane, j], net.output, stage.slot[j]]
        cost += 0.5 * (y - show.criterion.amplitude * target) ** 2
        wrong += 0 if is_right(show.criterion, y, target) else 1
    show.presentations[lane] += n
    return cost / n if cost < np.inf else np.inf, wrong


@kernel
def all_right(stage, net, show, lane, wanted):  # type: ignore[no-untyped-def]
    """Whether the chosen network answers `wanted` presentations right, the sequences in turn; ends at the first wrong answer.

    A block is run ahead of what is known to be needed: what comes after the first wrong answer is forgotten, noise included.
    """
    shown, wide, n, noisy = 0, stage.s.shape[3], stage.slot.size, is_noisy(show)
    while shown < wanted:
        b = shown % n // wide
        if noisy:
            _disturb(stage, net, show, lane, b)
        run(stage, net.kinds, b)
        for j in range(b * wide, min((b + 1) * wide, n)):
            y = stage.s[b, time_zero(stage) + show.lengths[lane, j], net.output, stage.slot[j]]
            right = is_right(show.criterion, y, show.targets[lane, j])
            shown += 1
            show.presentations[lane] += 1
            if right and shown < wanted:
                continue
            if noisy:
                for word in range(4):
                    show.random[lane, word] = stage.stream[stage.slot[j], word]
            if not right or shown == wanted:
                return right
    return True


@kernel
def judge(stage, net, weights, show, lane):  # type: ignore[no-untyped-def]
    """The cost of a weight vector on all sequences; without an error the trial has learned.

    Where the noise is fresh, `needed` further presentations have to be right as well.
    """
    choose(stage, weights)
    cost, wrong = evaluate(stage, net, show, lane)
    if wrong == 0 and (not is_noisy(show) or all_right(stage, net, show, lane, show.needed)):
        show.learned[lane] = True
    return cost


def marks(show: Lanes) -> NDArray[np.uint64]:
    """Where every trial stands between two weight vectors: its stream and its presentations, shape (5, L)."""
    return np.vstack([show.random.T, show.presentations[None].astype(np.uint64)])


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
