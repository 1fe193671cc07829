"""How long the extreme input just above the threshold takes to carry the state out: the witness of an exact value.

Nearly all of that time the state creeps past the fold, pi / sqrt(bend drive excess) steps in the normal form
`x' = x + drive excess + bend x^2`. So two larger excesses are simulated, and if their lengths differ as the normal form says,
it gives the rest, with some steps to spare: under an extreme input a state that is out stays out. Otherwise all is simulated.
"""

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

CHUNK = 256
SLACK = 1e-9  # share of the way to the other side by which a unit may still be short of it
SHORT, LARGEST_EXCESS = 250.0, 0.05  # the first passage simulated: its length, if its excess is no larger
AGREEMENT, SPARE = 0.05, 0.03  # how well the lengths must agree, and the share of steps to spare


def witness(case: Extremes, way: float, size: float, steps: int) -> Array:
    """The extreme inputs (steps, m) from the first point of the attractor."""
    signs = way * case.flips[(1 + np.arange(steps)) % len(case.flips)]
    return np.asarray(size * signs[:, None] * case.unit)


def escape_length(case: Extremes, side: Side, loss: Loss) -> int | None:
    """Steps of the extreme input of size (1 + EXCESS) u* after which the state is above the other fixed point.

    From there on the order keeps it above for ever. None beyond WITNESS_STEPS.

    Raises
    ------
    Undecided
        If the simulation contradicts the theory.
    """
    expected = _passage(case, side, loss.fold)
    if expected > WITNESS_STEPS:
        return None
    steps = _extrapolated(case, side, loss, expected)
    if steps is None:
        most = int(min(4.0 * expected + 10_000.0, WITNESS_STEPS))
        steps = _simulated(case, side, loss, EXCESS, most)
        if steps is None and most < WITNESS_STEPS:
            raise Undecided
    return None if steps is None or steps > WITNESS_STEPS else steps


def _extrapolated(case: Extremes, side: Side, loss: Loss, expected: float) -> int | None:
    """The length from those at excesses whose passages take SHORT and 2 SHORT steps; None unless they fit the normal form."""
    excess = EXCESS * (expected / SHORT) ** 2
    if expected < 5.0 * SHORT or excess > LARGEST_EXCESS:
        return None
    most = int(20.0 * SHORT)
    quick, slow = (_simulated(case, side, loss, excess / k**2, most) for k in (1, 2))
    if quick is None or slow is None or abs((slow - quick) / SHORT - 1.0) > AGREEMENT:
        return None
    return slow + int((1.0 + SPARE) * (expected - 2.0 * SHORT))


def _simulated(case: Extremes, side: Side, loss: Loss, excess: float, most: int) -> int | None:
    """Steps at this excess until the state is above the other fixed point; None if not within about `most`."""
    p = len(case.points)
    size = loss.size * side.scale * (1.0 + excess)
    pushes = np.roll(size * side.way * case.flips, -1)[:, None] * case.push
    goal = _goal(case, side, loss)
    a, done = case.points[0], 0
    chunk = CHUNK
    while done < most:
        states = orbit(case.form, pushes, a, chunk * p, done)
        out = states[p - 1 :: p]  # all of one phase, in which the state only rises
        if goal.holds(out[-1], 0):
            first = bisect_left(range(len(out)), True, key=lambda k: goal.holds(out[k], 0))
            return done + (first + 1) * p
        a, done = states[-1], done + len(states)
        chunk = min(2 * chunk, 8192)
    return None


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
