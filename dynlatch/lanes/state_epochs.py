"""How answers of state networks are counted: on-line, and in epochs of batch learning, one network a trial.

An epoch shows every training sequence once. It may be cut at any sequence, by the pause or the budget: what has been summed up
is kept, and added to in the same order, so that cuts do not change a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.random import states
from dynlatch.lanes.show import Lanes, awake, is_right
from dynlatch.lanes.state_network import StateCell, load, pass_through
from dynlatch.validation import Array


@bundle
class Epoch(NamedTuple):
    """The epochs that L trials are in; lanes last."""

    position: NDArray[np.int64]  # (L,) sequences shown so far
    counts: Array  # (K E, L) expected transitions so far
    score: Array  # (L,) log-likelihood so far
    wrong: NDArray[np.int64]  # (L,) answers so far
    best: Array  # (L,) mean log-likelihood that the next epochs are compared with
    stalled: NDArray[np.int64]  # (L,) epochs without gain
    held: NDArray[np.int64]  # (L,) clean epochs in a row
    random: NDArray[np.uint64]  # (4, L) the streams of fresh starts


class Ending(NamedTuple):
    """When a trial has learned, and when it starts afresh."""

    hold: int  # clean epochs in a row
    sharpness: float  # mean log-likelihood that a clean epoch exceeds
    patience: int  # epochs without gain before a fresh start
    gain: float  # of the mean log-likelihood


def opened(cell: StateCell, lanes: Lanes, seeds: Sequence[np.random.SeedSequence]) -> Epoch:
    """Epochs before their first sequence."""
    L = len(lanes.lengths)
    integers = [np.zeros(L, dtype=np.int64) for _ in range(4)]
    return Epoch(
        position=integers[0],
        counts=np.zeros((cell.trained, L)),
        score=np.zeros(L),
        wrong=integers[1],
        best=np.full(L, -np.inf),
        stalled=integers[2],
        held=integers[3],
        random=np.ascontiguousarray(states(seeds).T),
    )


@kernel
def study(cell, show, trial, epoch, run):  # type: ignore[no-untyped-def]
    """Show the rest of the epoch, as far as this call may go; whether the epoch is complete."""
    n = show.lengths.shape[1]
    for p in range(run.counts.size):
        run.counts[p] = epoch.counts[p, trial]
    while epoch.position[trial] < n and awake(show, trial):
        which = epoch.position[trial]
        length, wanted = show.lengths[trial, which], 1 if show.targets[trial, which] > 0.0 else 0
        load(cell.thresholds, show.inputs, trial, which, length, run.symbols)
        answer, score = pass_through(cell, run, length, wanted)
        show.presentations[trial] += 1
        enter(show, trial, epoch, answer, score)
    for p in range(run.counts.size):
        epoch.counts[p, trial] = run.counts[p]
    return epoch.position[trial] == n


@kernel
def enter(show, trial, epoch, answer, score):  # type: ignore[no-untyped-def]
    """Count the answer to the sequence at hand, the next one of the epoch."""
    right = is_right(show.criterion, answer, show.targets[trial, epoch.position[trial]])
    epoch.score[trial] += score
    epoch.wrong[trial] += not right
    show.streak[trial] = show.streak[trial] + 1 if right else 0
    epoch.position[trial] += 1


@kernel
def judge(show, trial, epoch, ending):  # type: ignore[no-untyped-def]
    """The end of an epoch: has the trial learned? Whether it should start afresh."""
    mean = epoch.score[trial] / show.lengths.shape[1]
    clean = epoch.wrong[trial] == 0 and mean > ending.sharpness
    epoch.held[trial] = epoch.held[trial] + 1 if clean else 0
    if epoch.held[trial] >= ending.hold:
        show.learned[trial] = True
    epoch.stalled[trial] += 1
    if mean > epoch.best[trial] + ending.gain:
        epoch.best[trial], epoch.stalled[trial] = mean, 0
    return not clean and epoch.stalled[trial] >= ending.patience


@kernel
def begin_again(epoch, trial, afresh):  # type: ignore[no-untyped-def]
    """The next epoch, of the same network or of a fresh one."""
    epoch.position[trial], epoch.score[trial], epoch.wrong[trial] = 0, 0.0, 0
    for p in range(epoch.counts.shape[0]):
        epoch.counts[p, trial] = 0.0
    if afresh:
        epoch.best[trial], epoch.stalled[trial] = -np.inf, 0


@kernel
def mark(show, lane, which, answer, score, right, sharpness):  # type: ignore[no-untyped-def]
    """Count an answer on-line: `right` sums scores since the last mistake; learned after enough right and likely answers."""
    if is_right(show.criterion, answer, show.targets[lane, which]):
        show.streak[lane] += 1
        right[lane] += score
    else:
        show.streak[lane], right[lane] = 0, 0.0
    if show.streak[lane] >= show.needed and right[lane] > sharpness * show.streak[lane]:
        show.learned[lane] = True
