"""Orbits of many states until each is in the ball or the cells of an attractor, has escaped, or has used up its steps."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.result import OUTCOMES, BasinOutcome
from dynlatch.analysis.basins.system import Labels, System
from dynlatch.validation import Array

STREAK = 16  # steps in a row in the cells of a recurrent attractor, after which an orbit is counted to it
CHUNK = 2**15  # numbers in a block of states: a few such blocks fit into a core's own cache
ESCAPED = OUTCOMES.index(BasinOutcome.ESCAPED)


@dataclass(eq=False)
class Fate:
    """What is known of N states: labels, codes and times as in `Basins`, and where the open ones are after some steps."""

    labels: Labels
    codes: NDArray[np.int8]
    times: Labels
    rows: NDArray[np.intp]  # the open ones
    states: Array  # (n, len(rows)), after `done` steps
    done: int = 0


@dataclass(eq=False)
class _Block:
    """A block of orbits on their way. `rows` are places in the block's own result; columns leave when they are decided."""

    X: Array
    rows: NDArray[np.intp]
    open: NDArray[np.bool_]
    labels: Labels
    times: Labels
    gone: NDArray[np.bool_]
    streak: Labels = field(init=False)
    last: Labels = field(init=False)

    def __post_init__(self) -> None:
        self.streak = np.zeros(len(self.rows), dtype=np.int32)
        self.last = np.full(len(self.rows), -1, dtype=np.int32)

    def decide(self, which: NDArray[np.bool_], labels: Labels | None, t: int | Labels) -> None:
        """Close the open columns `which`: with labels, or (None) as escaped."""
        rows = self.rows[which]
        if labels is None:
            self.gone[rows] = True
        else:
            self.labels[rows] = labels[which]
        self.times[rows] = t if isinstance(t, int) else t[which]
        self.open &= ~which

    def shrink(self) -> None:
        """Drop the closed columns, once enough of them have gathered."""
        if np.count_nonzero(self.open) > 0.75 * len(self.open):
            return
        keep = np.flatnonzero(self.open)
        self.X, self.rows = self.X[:, keep], self.rows[keep]
        self.streak, self.last, self.open = self.streak[keep], self.last[keep], self.open[keep]


def descend(
    system: System, X: Array, first: int, last: int
) -> tuple[Labels, Labels, NDArray[np.bool_], NDArray[np.intp], Array]:
    """Follow the columns X, which are states after `first` steps, to at most step `last`.

    Returns labels, times and whether escaped, each (N,); the places of the open ones, and their states after `last` steps.
    """
    N = X.shape[1]
    nothing = np.full(N, -1, dtype=np.int32)
    block = _Block(X, np.arange(N), np.ones(N, dtype=bool), nothing, nothing.copy(), np.zeros(N, dtype=bool))
    for t in range(first, last + 1):
        _judge(system, block, t)
        block.shrink()
        if not len(block.rows):
            break
        if t < last:
            block.X = system.advance(block.X)
    keep = np.flatnonzero(block.open)
    return block.labels, block.times, block.gone, block.rows[keep], block.X[:, keep]


def _judge(system: System, block: _Block, t: int) -> None:
    """Close what is in a ball, long enough in the cells of a recurrent attractor, or out of bounds at step t."""
    if system.balls:
        held = system.holding(block.X)
        if held.max(initial=-1) >= 0:
            block.decide((held >= 0) & block.open, held, t)
    if system.recurrent:
        seen = system.recurring(block.X)
        block.streak = np.where((seen >= 0) & (seen == block.last), block.streak + 1, (seen >= 0).astype(np.int32))
        block.last = seen
        settled = (block.streak >= STREAK) & block.open
        block.decide(settled, seen, t - block.streak + 1)
    lost = system.lost(block.X)
    if lost is not None and lost.any():
        block.decide(lost & block.open, None, t)
        block.X[:, lost] = 0.0  # closed: kept finite until they are dropped


def chunk(n: int) -> int:
    """How many states of dimension n make a block."""
    return max(CHUNK // n, 64)


def descend_all(system: System, fate: Fate, last: int, deadline: float, first: NDArray[np.int32] | None = None) -> bool:
    """Follow the open states of `fate` to step `last`, block by block; False if the time ran out on the way.

    `first`, one number a state, are steps before which a state is known to be in no set: it is not looked at before.
    """
    n = len(fate.states)
    order = np.arange(len(fate.rows)) if first is None else np.argsort(first, kind="stable")
    rows, states = [], []
    for start in range(0, len(order), chunk(n)):
        part = order[start : start + chunk(n)]
        if time.monotonic() > deadline:
            return False
        X, begin = fate.states[:, part], fate.done
        for _ in range(0 if first is None else int(first[part[0]]) - fate.done):
            X, begin = system.advance(X), begin + 1
        labels, times, gone, left, X = descend(system, X, begin, last)
        here = fate.rows[part]
        fate.labels[here], fate.times[here] = labels, times
        fate.codes[here[gone]] = ESCAPED
        rows.append(here[left])
        states.append(X)
    fate.rows = np.concatenate(rows) if rows else fate.rows[:0]
    fate.states = np.concatenate(states, axis=1) if states else fate.states[:, :0]
    fate.done = last
    return True
