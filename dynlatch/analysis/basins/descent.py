"""Orbits of many states until each is in the ball or the cells of an attractor, has escaped, or has used up its steps."""

from __future__ import annotations

import itertools
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.result import OUTCOMES, BasinOutcome
from dynlatch.analysis.basins.system import FLAT, Labels, System
from dynlatch.validation import Array

STREAK = 16  # steps in a row in the cells of a recurrent attractor, after which an orbit is counted to it
CHUNK = 2**15  # numbers in a block of states: a few such blocks fit into a core's own cache
LOOK_EVERY = 4  # steps, where a look at all balls costs more than a step and no orbit leaves a ball
WIDE_CHUNK = 2**16  # the same where matrix products take the time
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

    @classmethod
    def of(cls, X: Array) -> Fate:
        """Nothing known yet of the columns X."""
        N = X.shape[1]
        codes = np.full(N, OUTCOMES.index(BasinOutcome.BUDGET), dtype=np.int8)
        return cls(np.full(N, -1, dtype=np.int32), codes, np.full(N, -1, dtype=np.int32), np.arange(N), X)


@dataclass(eq=False)
class _Block:
    """Orbits on their way: the columns X belong to the states `rows`, and have been `streak` steps in the cells of `seen`."""

    X: Array
    rows: NDArray[np.intp]
    open: NDArray[np.bool_]
    streak: Labels
    seen: Labels

    @classmethod
    def of(cls, X: Array, rows: NDArray[np.intp]) -> _Block:
        nowhere = np.full(len(rows), -1, dtype=np.int32)
        return cls(X, rows, np.ones(len(rows), dtype=bool), np.zeros(len(rows), dtype=np.int32), nowhere)

    def take(self, keep: NDArray[np.intp]) -> _Block:
        return _Block(self.X.take(keep, axis=1), self.rows[keep], self.open[keep], self.streak[keep], self.seen[keep])


def descend(system: System, X: Array, last: int) -> Fate:
    """The columns X followed for `last` steps."""
    fate = Fate.of(X)
    descend_all(system, fate, last, np.inf)
    return fate


def descend_all(system: System, fate: Fate, last: int, deadline: float, first: NDArray[np.int32] | None = None) -> bool:
    """Follow the open states of `fate` to step `last`; False if the time ran out on the way.

    `first`, one number a state and rising, are steps before which a state is known to be in no set: it is not looked at
    before. Blocks that have become small wait at their step for others, and go on together.
    """
    fresh = _by_first(fate, first)
    waiting: dict[int, list[_Block]] = defaultdict(list)
    ended: list[_Block] = []
    while fresh or waiting:
        t = min([*fresh, *waiting])
        for block in itertools.chain(_brought(system, fate, fresh.pop(t, None), t), _pieces(waiting.pop(t, None))):
            if time.monotonic() > deadline:
                return False
            reached, left = _run(system, fate, block, t, last)
            if reached == last:
                ended.append(left)
            elif len(left.rows):
                left.X = system.advance(left.X)
                waiting[reached + 1].append(left)
    fate.rows = np.concatenate([fate.rows[:0], *(block.rows for block in ended)])
    fate.states = np.concatenate([fate.states[:, :0], *(block.X for block in ended)], axis=1)
    fate.done = last
    return True


def _by_first(fate: Fate, first: NDArray[np.int32] | None) -> dict[int, NDArray[np.intp]]:
    """Places of the open states in `fate`, by the step from which on they are looked at."""
    if first is None:
        return {fate.done: np.arange(len(fate.rows))} if len(fate.rows) else {}
    if not len(first):  # the blocks have decided everything; NumPy splits nothing into one part
        return {}
    steps, starts = np.unique(first, return_index=True)
    return {int(t): part for t, part in zip(steps, np.split(np.arange(len(first)), starts[1:]), strict=True)}


def _brought(system: System, fate: Fate, places: NDArray[np.intp] | None, t: int) -> Iterator[_Block]:
    """The states at those places, block by block, taken to step t."""
    size = chunk(len(fate.states))
    for start in range(0, 0 if places is None else len(places), size):
        part = places[start : start + size]  # type: ignore[index]
        X = fate.states.take(part, axis=1)
        for _ in range(t - fate.done):
            X = system.advance(X)
        yield _Block.of(X, fate.rows[part])


def _pieces(blocks: list[_Block] | None) -> Iterator[_Block]:
    """Blocks that wait at the same step, put together into few."""
    group: list[_Block] = []
    for block in blocks or []:
        if group and sum(len(b.rows) for b in group) + len(block.rows) > chunk(len(block.X)):
            yield _joined(group)
            group = []
        group.append(block)
    if group:
        yield _joined(group)


def _joined(group: list[_Block]) -> _Block:
    if len(group) == 1:
        return group[0]
    X = np.concatenate([block.X for block in group], axis=1)
    rows, streak, seen = (np.concatenate([getattr(b, name) for b in group]) for name in ("rows", "streak", "seen"))
    return _Block(X, rows, np.ones(len(rows), dtype=bool), streak, seen)


def chunk(n: int) -> int:
    """How many states of dimension n make a block."""
    return max((CHUNK if n <= FLAT else WIDE_CHUNK) // n, 64)


def _run(system: System, fate: Fate, block: _Block, t: int, last: int) -> tuple[int, _Block]:
    """Follow a block from step t until it ends or few are left: the step reached, and the open ones there."""
    few = min(len(block.rows), chunk(len(block.X))) // 4
    every = LOOK_EVERY if system.map.dim > FLAT and system.only_proved else 1
    before: list[Array] = []  # the states since the last look
    while True:
        if len(before) < every - 1 and t < last:
            before.append(block.X)
        else:
            _judge(system, fate, block, t, before)
            before = []
            count = np.count_nonzero(block.open)
            if t == last or count <= few:
                return t, block.take(np.flatnonzero(block.open))
            if count <= 0.75 * len(block.open):
                block = block.take(np.flatnonzero(block.open))
        block.X = system.advance(block.X)
        t += 1


def _judge(system: System, fate: Fate, block: _Block, t: int, before: list[Array]) -> None:
    """Close what is in a ball, long enough in the cells of a recurrent attractor, or out of bounds at step t."""
    if system.balls:
        held = system.holding(block.X)
        which = np.flatnonzero((held >= 0) & block.open)
        rows = block.rows[which]
        fate.labels[rows], fate.times[rows] = held[which], t
        _date(system, fate, block, which, before)
        block.open[which] = False
    if system.recurrent:
        seen = system.recurring(block.X)
        block.streak = np.where((seen >= 0) & (seen == block.seen), block.streak + 1, (seen >= 0).astype(np.int32))
        block.seen = seen
        settled = (block.streak >= STREAK) & block.open
        rows = block.rows[settled]
        fate.labels[rows], fate.times[rows] = seen[settled], t - block.streak[settled] + 1
        block.open &= ~settled
    lost = system.lost(block.X)
    if lost is not None and lost.any():
        rows = block.rows[lost & block.open]
        fate.times[rows], fate.codes[rows] = t, ESCAPED
        block.open &= ~lost
        block.X[:, lost] = 0.0  # closed: kept finite until they are dropped


def _date(system: System, fate: Fate, block: _Block, which: NDArray[np.intp], before: list[Array]) -> None:
    """Go back in time with the columns just found in a ball: who enters one stays, so the first look inside is the entry."""
    for states in reversed(before):
        which = which[system.holding(states.take(which, axis=1)) >= 0]
        if not len(which):
            return
        fate.times[block.rows[which]] -= 1
