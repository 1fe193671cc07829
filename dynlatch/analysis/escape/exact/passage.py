"""How long the extreme input just above the threshold takes to carry the state out: the witness of an exact value."""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.exact.answer import EXCESS, WITNESS_STEPS, Undecided
from dynlatch.analysis.escape.exact.branch import FirstFold
from dynlatch.analysis.escape.exact.dynamics import orbit
from dynlatch.analysis.escape.exact.extremes import Extremes
from dynlatch.analysis.escape.exact.monotone import Loss, Side
from dynlatch.validation import Array

CHUNK = 1024
SLACK = 1e-9  # share of the way to the other side by which a unit may still be short of it


def witness(case: Extremes, way: float, size: float, steps: int) -> Array:
    """The extreme inputs (steps, m) from the first point of the attractor."""
    signs = way * case.flips[(1 + np.arange(steps)) % len(case.flips)]
    return np.asarray(size * signs[:, None] * case.unit)


def escape_length(case: Extremes, side: Side, loss: Loss) -> int | None:
    """Steps of the extreme input of size (1 + EXCESS) u* until the state is above the other fixed point.

    From there on the order keeps it above for ever. None beyond WITNESS_STEPS.

    Raises
    ------
    Undecided
        If the simulation contradicts the theory.
    """
    expected = _passage(case, side, loss.fold)
    if expected > WITNESS_STEPS:
        return None
    p = len(case.points)
    size = loss.size * side.scale * (1.0 + EXCESS)
    pushes = np.roll(size * side.way * case.flips, -1)[:, None] * case.push
    goal = _goal(case, side, loss)
    a, done = case.points[0], 0
    while done < 4.0 * expected + 10_000.0:
        states = orbit(case.form, pushes, a, CHUNK * p, done)
        out = states[p - 1 :: p]  # all of one phase, in which the state only rises
        if goal.holds(out[-1], done % p):
            first = bisect_left(range(len(out)), True, key=lambda k: goal.holds(out[k], done % p))
            return done + (first + 1) * p
        a, done = states[-1], done + len(states)
        if done >= WITNESS_STEPS:
            return None
    raise Undecided


class _Goal(NamedTuple):
    """The fixed point beyond, at each phase (p, n), and how far below it each unit may be: any distance in other parts."""

    order: Array
    target: Array
    slack: Array

    def holds(self, a: Array, phase: int) -> bool:
        return bool((self.order[phase] * (a - self.target[phase]) + self.slack[phase]).min() >= 0.0)


def _goal(case: Extremes, side: Side, loss: Loss) -> _Goal:
    target, slack = case.points.reshape(-1).copy(), np.full(side.kept.shape, np.inf)
    target[side.kept] = loss.beyond
    slack[side.kept] = SLACK * np.abs(loss.beyond - side.attractor).max()
    shape = case.points.shape
    return _Goal(side.way * case.order, target.reshape(shape), slack.reshape(shape))


def _passage(case: Extremes, side: Side, fold: FirstFold) -> float:
    """Steps through the bottleneck: pi / sqrt(bend drive excess) in the normal form, slower by the share that leaks through."""
    stays = np.tile(1.0 - case.form.leak, len(case.points))[side.kept]
    slower = float((fold.left / stays) @ fold.v) / float(fold.left @ fold.v)
    speed = fold.bend * float(fold.left @ side.system.d) * fold.b * EXCESS
    return slower * float(np.pi / np.sqrt(speed)) if speed > 0 else np.inf
