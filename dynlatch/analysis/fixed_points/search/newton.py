"""Batched Newton on `G(x) = x`, many starts side by side, in three tempers; none alone finds all.

Bold starts take full steps, capped in length, and may climb: they leave the slow regions where |G(x) - x| has local minima.
Careful starts shorten the step until the residual falls: they converge where full steps cycle. Near starts take short steps
to the solution next to them, whatever its basin of full steps; only the most promising of many are followed. The length of a
Newton correction estimates the distance to a solution in any linear coordinates of the residual (Deuflhard 2011, Newton
Methods for Nonlinear Problems, section 2.1): that is what promises.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np

from dynlatch.intervals import Box
from dynlatch.validation import Array

Function: TypeAlias = Callable[[Array], Array]
Systems: TypeAlias = Callable[[Array, Array], Array]  # matrices (k, d, d) and right sides (k, d, m) to solutions (k, d, m)

STEPS = 60
CAP = 2.0  # longest bold step, in units of sqrt(d) or of half the length of the point, whichever is larger
LEAP = 1e3  # longest correction ever tried, relative to the size of the point
SHORT, SHORT_STEPS = 0.35, 35  # longest step of near starts, in units of sqrt(d); and how many
FOLLOWED = 0.25  # of the near starts: those with the shortest first correction
FARTHEST = 1e3  # a start that strays this many times beyond all starts is dropped, before a user's function overflows
SHORTENINGS = 0.5 ** np.arange(5)
EPS = float(np.finfo(np.float64).eps)
CONVERGED = 1e-9  # a Newton correction below this, relative to the size of the point, is a solution
NUDGES = 0.0, 1.0, 3e3, 1e7  # of a singular matrix, in units of its rounding
ROUNDING = 8 * EPS  # so is a residual below this; the point may be degenerate


class Arrivals(NamedTuple):
    """Where starts came to rest: `x` (k, d), and how many linear systems that took."""

    x: Array
    solves: int


class Measured(NamedTuple):
    """Solutions with their last digits right, `x` (k, d), and what is known of each (k,)."""

    x: Array
    correction: Array  # length of the Newton correction that remains
    error: Array  # forward error bound to first order: |(I - G')^-1| times residual and rounding


def size_of(x: Array) -> Array:
    """`1 + |x|`, the unit of every relative tolerance, shape (k,)."""
    return np.asarray(1.0 + np.abs(x).max(-1, initial=0.0))


def minus_identity(slope: Array) -> Array:
    """`I - G'` from G'."""
    return np.asarray(np.eye(slope.shape[-1]) - slope)


def solve_systems(matrices: Array, right: Array) -> Array:
    """Solutions of a batch of linear systems, with a nudge where a matrix is exactly singular; NaN if nudges do not help."""
    nudged = matrices
    for nudge in NUDGES:
        if nudge:
            size = EPS * (1.0 + np.abs(matrices).max(axis=(-2, -1), keepdims=True))
            nudged = matrices + nudge * size * np.eye(matrices.shape[-1])
        try:
            return np.asarray(np.linalg.solve(nudged, right))
        except np.linalg.LinAlgError:
            continue
    return np.full(np.broadcast_shapes((*matrices.shape[:-1], 1), right.shape), np.nan)


def newton_step(x: Array, residual: Array, slope: Array, systems: Systems = solve_systems) -> Array:
    """`(I - G')^-1 (G(x) - x)`."""
    return systems(minus_identity(slope), residual[..., None])[..., 0]


def solve(
    step: Function, jacobian: Function, starts: Array, box: Box, deadline: float = np.inf, systems: Systems = solve_systems
) -> Arrivals:
    """Run Newton from every row of `starts` (k, d), inside `box` throughout; returns those that arrived.

    A start is retired when its correction is at rounding level, or when its residual is (a degenerate solution, where
    corrections stay large); it is dropped when it never gets there.
    """
    x = starts.copy()
    careful = np.arange(len(x)) % 2 == 1
    active, arrived, solves = np.arange(len(x)), np.zeros(len(x), dtype=bool), 0
    farthest = FARTHEST * (1.0 + np.abs(starts).max(initial=0.0))
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            if len(active) == 0 or time.monotonic() > deadline:
                break
            here = x[active]
            residual = step(here) - here
            correction = newton_step(here, residual, jacobian(here), systems)
            solves += len(active)
            length, size = np.abs(correction).max(-1), size_of(here)
            settled = (length <= 4 * EPS * size) | (np.abs(residual).max(-1) <= 2 * EPS * size)
            lost = ~(length < np.inf) | (size > farthest)
            correction *= np.minimum(1.0, LEAP * size / np.maximum(length, 1e-300))[:, None]
            moving = ~settled & ~lost
            arrived[active[settled | (length <= CONVERGED * size)]] = True
            x[active[moving]] = _move(step, here[moving], residual[moving], correction[moving], careful[active[moving]], box)
            active = active[moving]
    return Arrivals(x[arrived], solves)


def solve_near(
    step: Function, jacobian: Function, starts: Array, box: Box, deadline: float = np.inf, systems: Systems = solve_systems
) -> Arrivals:
    """Short Newton steps from every row of `starts` (k, d), inside `box`; returns those that arrived."""
    x, arrived, solves = starts, [np.zeros((0, starts.shape[-1]))], 0
    with np.errstate(all="ignore"):
        for _ in range(SHORT_STEPS):
            if len(x) == 0 or time.monotonic() > deadline:
                break
            correction = newton_step(x, step(x) - x, jacobian(x), systems)
            solves += len(x)
            length = np.sqrt(np.einsum("ki,ki->k", correction, correction))
            there = length <= CONVERGED * size_of(x)
            arrived.append(x[there] + correction[there])
            going = ~there & np.isfinite(length)
            stretch = np.minimum(1.0, SHORT * np.sqrt(x.shape[-1]) / length[going])
            x = np.clip(x[going] + stretch[:, None] * correction[going], *box)
    return Arrivals(np.clip(np.concatenate(arrived), *box), solves)


def promising(step: Function, jacobian: Function, starts: Array, systems: Systems = solve_systems) -> Array:
    """The rows of `starts` (k, d) with the shortest Newton corrections."""
    with np.errstate(all="ignore"):
        correction = newton_step(starts, step(starts) - starts, jacobian(starts), systems)
        length = np.nan_to_num(np.abs(correction).max(-1), nan=np.inf)
    return starts[np.argsort(length, kind="stable")[: max(int(FOLLOWED * len(starts)), 1)]]


def _move(step: Function, x: Array, residual: Array, correction: Array, careful: Array, box: Box) -> Array:
    limit = CAP * np.maximum(np.sqrt(x.shape[-1]), 0.5 * np.sqrt(np.sum(np.square(x), axis=-1)))
    length = np.sqrt(np.sum(np.square(correction), axis=-1))
    moved = x + correction * np.minimum(1.0, limit / np.maximum(length, 1e-300))[:, None]
    who = np.flatnonzero(careful)
    before = np.sum(np.square(residual[who]), axis=-1)
    for shortening in SHORTENINGS:
        if len(who) == 0:
            break
        trial = np.clip(x[who] + shortening * correction[who], *box)
        moved[who] = trial
        worse = ~(np.sum(np.square(step(trial) - trial), axis=-1) < before)
        who, before = who[worse], before[worse]
    return np.asarray(np.clip(moved, *box))


def measure(step: Function, jacobian: Function, x: Array) -> Measured:
    """One more Newton correction of each row of `x`, what remains of it, and the forward error bound."""
    if len(x) == 0:
        return Measured(x, np.zeros(0), np.zeros(0))
    with np.errstate(all="ignore"):
        inverse = _inverses(minus_identity(jacobian(x)))
        refined = x + np.einsum("kij,kj->ki", inverse, step(x) - x)
        better = np.isfinite(refined).all(-1) & (np.abs(refined - x).max(-1) <= CONVERGED * size_of(x))
        x = np.where(better[:, None], refined, x)
        residual = step(x) - x
        rounding = 4 * EPS * (1.0 + np.abs(x)) * np.sqrt(x.shape[-1])
        error = np.einsum("kij,kj->ki", np.abs(inverse), np.abs(residual) + rounding).max(-1)
        correction = np.abs(np.einsum("kij,kj->ki", inverse, residual)).max(-1)
    return Measured(x, *(np.where(np.isfinite(column), column, np.inf) for column in (correction, error)))


def _inverses(matrices: Array) -> Array:
    """Inverses (k, d, d); infinite where a matrix is exactly singular."""
    try:
        return np.asarray(np.linalg.inv(matrices))
    except np.linalg.LinAlgError:
        return np.stack([_inverse(matrix) for matrix in matrices])


def _inverse(matrix: Array) -> Array:
    try:
        return np.asarray(np.linalg.inv(matrix))
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.inf)
