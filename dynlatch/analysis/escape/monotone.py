"""Exact thresholds of monotone maps under box inputs.

If signs s, r exist with `s W s >= 0` and `s B r >= 0`, the map preserves the order `a <= b iff s a <= s b` componentwise. Then
every input with |u| <= b keeps the state between the two orbits under the constant inputs `+b r` and `-b r`, and b is safe if
and only if both of them lead back: whatever lies between two states of the basin that order the attractor is squeezed
between their orbits. So each direction has a threshold of its own, and u* is the smaller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.fold import Fold, Forced, find_fold, forced
from dynlatch.analysis.escape.witness import is_back, rest, same_state
from dynlatch.intervals import Box
from dynlatch.linalg import spectral_radius
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

LONG = 20_000  # steps under a constant input after which a state that has not left is taken to stay, for bracketing only
WITNESS_STEPS = 100_000
MARGIN = 1e-6  # relative distance below the fold at which safety is shown
EXCESS = 0.99e-6  # relative distance above the threshold at which the witness escapes
LARGEST = 1e9
SLOWEST = 0.995  # spectral radius of the attractor above which simulation takes too long to decide
MOST_HALVINGS = 60


class Undecided(Exception):
    """The map is so close to a bifurcation that simulation does not tell where a state comes to rest."""


class Direction(NamedTuple):
    """Threshold of one extreme direction: the largest safe and the smallest escaping size, and how long that escape takes."""

    safe: float
    escaping: float
    steps: int | None
    by: str


class Problem(NamedTuple):
    """One attractor pushed in one extreme direction of the order."""

    map: SmoothMap
    attractor: Array
    order: Array  # signs: the push moves the state upward in `order * a`
    d: Array  # the extreme input of size 1
    system: Forced

    def returns(self, a: Array) -> bool:
        """Whether the state comes back to the attractor without input."""
        state, period = rest(self.map, a)
        if period is None:
            raise Undecided
        return is_back(state, period, self.attractor)


def problem(map: SmoothMap, attractor: Array, order: Array, d: Array, input_matrix: Array | None) -> Problem:
    """The problem of pushing `attractor` by multiples of the input d, upward in `order`."""
    return Problem(map, attractor, order, d, forced(map, d, input_matrix))


def is_extreme(problem: Problem, box: Box) -> bool:
    """Whether the attractor is the last fixed point in this direction, so that no push can lose it (squeezing, simulated)."""
    corner = np.where(problem.order > 0, box[1], box[0])
    return problem.returns(corner)


def after(problem: Problem, size: float, steps: int) -> tuple[Array, bool]:
    """State after `steps` steps of the constant input, or once nothing moves; and whether that is so."""
    a = problem.attractor
    for _ in range(steps):
        moved = problem.system.step(a, size)
        if abs(moved[0] - a[0]) <= 1e-15 * (1.0 + abs(a[0])) and same_state(moved, a):
            return moved, True
        a = moved
    return a, False


def threshold(problem: Problem, steps: int | None) -> Direction:
    """Largest size of the constant push that is safe for `steps` steps, or for ever.

    Raises
    ------
    Undecided
        Where convergence is too slow for simulation to decide, or the threshold is not shown from both sides.
    """
    if spectral_radius(problem.map.jacobian(problem.attractor)) > SLOWEST:
        raise Undecided
    first = 1e-3 * (1.0 + float(np.abs(problem.attractor).max()))
    if steps is not None:
        lo, hi = _bracket(lambda size: problem.returns(after(problem, size, steps)[0]), first, LARGEST, 0.0)
        return Direction(lo, lo, steps, f"bisection on the extreme input of {steps} steps")

    def rests_and_returns(size: float) -> bool:
        state, at_rest = after(problem, size, LONG)
        return at_rest and problem.returns(state)

    lo, hi = _bracket(rests_and_returns, first, LARGEST, 1e-3)
    if np.isinf(hi):
        return Direction(np.inf, np.inf, None, "every input of this direction is safe, up to 1e9 times the state")
    fold = find_fold(problem.system, after(problem, lo, LONG)[0], lo)
    if fold is not None and fold.size >= lo * (1 - 1e-9) and _safe_below(problem, fold):
        length = escape_length(problem, fold.size * (1 + EXCESS))
        if length is not None:
            return Direction(fold.size, fold.size, length, "fold under the extreme constant input (bordered Newton)")
    lo, hi = _bracket(rests_and_returns, hi, LARGEST, 1e-10, lo)
    if not after(problem, hi, LONG)[1]:
        raise Undecided  # still moving: that is slowness, not an escape
    length = escape_length(problem, lo * (1 + EXCESS))
    if length is None:
        raise Undecided
    return Direction(lo, lo, length, "bisection on the extreme constant input")


def _bracket(safe: Callable[[float], bool], hi: float, largest: float, width: float, lo: float = 0.0) -> tuple[float, float]:
    """Sizes that are safe and not shown safe, at most `width` apart, relative; (inf, inf) if all up to `largest` are."""
    if lo == 0.0:
        while safe(hi):
            lo, hi = hi, 2.0 * hi
            if hi > largest:
                return np.inf, np.inf
    for _ in range(MOST_HALVINGS):
        middle = 0.5 * (lo + hi)
        if hi - lo <= max(width, 2e-16) * hi or not lo < middle < hi:
            break
        lo, hi = (middle, hi) if safe(middle) else (lo, middle)
    if lo == 0.0:
        raise Undecided
    return lo, hi


def _safe_below(problem: Problem, fold: Fold) -> bool:
    """Whether `(1 - MARGIN)` of the fold's size is safe: a fixed point under it, past the attractor, that leads back.

    The orbit of the attractor under the push never passes a fixed point of the pushed map that lies beyond the attractor.
    """
    size = (1.0 - MARGIN) * fold.size
    reach = problem.order * (fold.point - problem.attractor)
    for share in (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1):
        a = fold.point - share * problem.order * reach
        for _ in range(30):
            try:
                a = a + np.linalg.solve(np.eye(len(a)) - problem.system.jacobian(a, size), problem.system.step(a, size) - a)
            except np.linalg.LinAlgError:
                break
        slack = 1e-9 * (1.0 + np.abs(a).max())
        at_rest = np.abs(problem.system.step(a, size) - a).max() <= 1e-13 * (1.0 + np.abs(a).max())
        beyond = np.all(problem.order * (a - problem.attractor) >= -slack)
        if at_rest and beyond and problem.returns(a):
            return True
    return False


def escape_length(problem: Problem, size: float) -> int | None:
    """Smallest number of steps after which the constant push of this size has carried the state out for good.

    Under a constant push the state only moves on, so that once out it stays out: the number is bracketed by doubling, then
    bisected. None beyond WITNESS_STEPS, which it reaches near the pitchfork of a latch, where the passage is slow.
    """
    try:
        return _first_escape(problem, size)
    except Undecided:
        return None


def _first_escape(problem: Problem, size: float) -> int | None:
    start, a, steps = 0, problem.attractor, 16
    while True:
        end = _pushed(problem, a, size, steps)
        if not problem.returns(end):
            break
        start, a = start + steps, end
        if start >= WITNESS_STEPS:
            return None
        steps = start
    while steps > 1:
        half = steps // 2
        middle = _pushed(problem, a, size, half)
        if problem.returns(middle):
            start, a, steps = start + half, middle, steps - half
        else:
            steps = half
    return start + 1


def _pushed(problem: Problem, a: Array, size: float, steps: int) -> Array:
    for _ in range(steps):
        a = problem.system.step(a, size)
    return a
