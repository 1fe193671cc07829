"""Batch learning of state networks: one network a trial, the sequences of the trial are the lanes.

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

    order: NDArray[np.int64]  # (n, L) longest sequences first, so that those side by side end together
    position: NDArray[np.int64]  # (L,) in the order
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
    order = np.argsort(-lanes.lengths, axis=1, kind="stable").T.astype(np.int64)
    integers = [np.zeros(L, dtype=np.int64) for _ in range(4)]
    return Epoch(
        order=np.ascontiguousarray(order),
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
    n, width = epoch.order.shape[0], run.length.size
    while epoch.position[trial] < n and awake(show, trial):
        begin = epoch.position[trial]
        may = min(show.budget, show.pause[0]) - show.presentations[trial]
        size = min(width, min(n - begin, may))
        for lane in range(width):
            run.length[lane] = 0
            if lane < size:
                which = epoch.order[begin + lane, trial]
                run.length[lane] = show.lengths[trial, which]
                run.goal[lane] = 1 if show.targets[trial, which] > 0.0 else 0
                load(cell.thresholds, show.inputs, trial, which, run.length[lane], run.symbols, lane)
        pass_through(cell, run)
        for lane in range(size):
            _add(show, trial, epoch, run, lane)
        epoch.position[trial] += size
    return epoch.position[trial] == n


@kernel
def _add(show, trial, epoch, run, lane):  # type: ignore[no-untyped-def]
    """One sequence more."""
    counts, more = epoch.counts, run.counts
    for p in range(counts.shape[0]):
        counts[p, trial] += more[p, lane]
    right = is_right(show.criterion, run.answer[lane], 1.0 if run.goal[lane] == 1 else -1.0)
    epoch.score[trial] += run.score[lane]
    epoch.wrong[trial] += not right
    show.presentations[trial] += 1
    show.streak[trial] = show.streak[trial] + 1 if right else 0


@kernel
def judge(show, trial, epoch, ending):  # type: ignore[no-untyped-def]
    """The end of an epoch: has the trial learned? Whether it should start afresh."""
    mean = epoch.score[trial] / epoch.order.shape[0]
    clean = epoch.wrong[trial] == 0 and mean > ending.sharpness
    epoch.held[trial] = epoch.held[trial] + 1 if clean else 0
    if epoch.held[trial] >= ending.hold:
        show.learned[trial] = True
    epoch.stalled[trial] += 1
    if mean > epoch.best[trial] + ending.gain:
        epoch.best[trial], epoch.stalled[trial] = mean, 0
    return not clean and epoch.stalled[trial] >= ending.patience


@kernel
def copy_to_lanes(table, trial, run):  # type: ignore[no-untyped-def]
    """The probabilities of a trial, a column of `table`, in every lane of its sequences."""
    for p in range(run.table.shape[0]):
        for lane in range(run.table.shape[1]):
            run.table[p, lane] = table[p, trial]


@kernel
def begin_again(epoch, trial, afresh):  # type: ignore[no-untyped-def]
    """The next epoch, of the same network or of a fresh one."""
    epoch.position[trial], epoch.score[trial], epoch.wrong[trial] = 0, 0.0, 0
    for p in range(epoch.counts.shape[0]):
        epoch.counts[p, trial] = 0.0
    if afresh:
        epoch.best[trial], epoch.stalled[trial] = -np.inf, 0
