"""Finite horizons: the extreme input of T steps, bisected between safe and escaping.

The state after T extreme inputs is the highest (or lowest) that can be reached, and rises with their size; it returns if once
its orbit lies below a state known to return, and escapes if it comes to rest elsewhere.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.exact.answer import Undecided
from dynlatch.analysis.escape.exact.dynamics import orbit
from dynlatch.analysis.escape.exact.extremes import Extremes
from dynlatch.analysis.escape.exact.monotone import Loss, Side
from dynlatch.validation import Array

TAIL, MOST_STEPS = 48, 200_000
LONGEST = 100_000  # horizons simulated; what longer ones exceed the threshold without horizon by is about 1e-9 of it
PERIODS = range(1, 9)  # of cycles on which a state may come to rest, in phases of the attractor
HALVINGS = 200
LARGEST = 1e9  # sizes this many times the state are taken for infinite


def finite_threshold(case: Extremes, side: Side, loss: Loss, steps: int) -> float:
    """The largest size of the extreme input that is safe for `steps` steps; infinite if every size is.

    Raises
    ------
    Undecided
        If the released state takes too long to settle, or the horizon is too long to be simulated.
    """
    if steps > LONGEST:
        raise Undecided
    back, beyond = _marks(case, side, loss.fold.before.a), _marks(case, side, loss.beyond)
    lo = loss.size * side.scale
    speed = loss.fold.bend * float(loss.fold.left @ side.system.d)
    more = side.scale * np.pi**2 / (speed * steps**2) if speed > 0 else lo
    while not _escapes(case, side.way, lo + more, steps, back, beyond):
        lo, more = lo + more, 2.0 * more
        if lo > LARGEST * side.scale * (1.0 + np.abs(case.points).max()):
            return np.inf
    hi = lo + more
    for _ in range(HALVINGS):
        middle = 0.5 * (lo + hi)
        if not lo < middle < hi:
            break
        lo, hi = (lo, middle) if _escapes(case, side.way, middle, steps, back, beyond) else (middle, hi)
    return lo


def _marks(case: Extremes, side: Side, states: Array) -> Array:
    """States of the kept units at every phase (p, n), NaN for the others."""
    marks = np.full(side.kept.shape, np.nan)
    marks[side.kept] = states
    return marks.reshape(case.points.shape)


def _escapes(case: Extremes, way: float, size: float, steps: int, back: Array, beyond: Array) -> bool:
    """Whether the state is lost after `steps` extreme inputs of this size."""
    p = len(case.points)
    pushes = np.zeros((steps + TAIL, len(case.push)))
    pushes[:steps] = size * way * case.flips[(1 + np.arange(steps)) % p][:, None] * case.push
    states = orbit(case.form, pushes, case.points[0], steps + TAIL)
    time = steps + TAIL
    while True:
        a, j = states[-1], time % p
        order = way * case.order[j]
        if not np.any(order * (a - back[j]) > 0):  # units of other parts (NaN) do not count
            return False
        if not np.any(order * (a - beyond[j]) < 0) or _at_rest(states, p):
            return True
        if time > steps + MOST_STEPS:
            raise Undecided
        states = orbit(case.form, np.zeros((1, len(a))), a, time - steps)
        time += len(states)


def _at_rest(states: Array, period: int) -> bool:
    # Maps that preserve an order may have attracting cycles beside fixed points.
    near = 4e-16 * (1.0 + np.abs(states[-1]))
    before = (states[-1 - k * period] for k in PERIODS if k * period < len(states))
    return any(bool(np.all(np.abs(states[-1] - state) <= near)) for state in before)
