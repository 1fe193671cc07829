"""Walks along fibers: curves that run from fixed point to fixed point.

The fiber of the direction c through a solution is the curve `G(x) - x = alpha c` in (x, alpha). It crosses alpha = 0 at
solutions only, and neighbours along it have opposite index: det(I - G') changes sign where the fiber turns. Unlike Newton
from a random start, a walk never stalls at a local minimum of |G(x) - x|, and finds unstable solutions as easily as stable
ones. Katz and Reggia (2018), IEEE TNNLS 29(8), follow one fiber from the origin; here many short ones start from every
solution known, in random directions, side by side.

Each step solves one system with two right sides, `(I - G') [w, q] = [c, G(x) - x - alpha c]`: w spans the tangent and q
corrects the prediction of the last step. The walk is loose on purpose: landing on another fiber of c does no harm.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.search.newton import Function, Systems, minus_identity, solve_systems
from dynlatch.intervals import Box
from dynlatch.validation import Array

STEPS = 80
WANTED, ALLOWED = 0.05, 0.2  # length of a correction relative to its step
SHARPEST_TURN = 0.3  # cosine of the angle between consecutive tangents
FIRST, LONGEST, SHORTEST = 1e-2, 0.25, 1e-7  # steps relative to the diagonal of the box


class Crossings(NamedTuple):
    """Points next to solutions, `x` (k, d), and how many linear systems they took."""

    x: Array
    solves: int


class _Walkers(NamedTuple):
    """State of the walks: last accepted point of each, its tangent, the length of the next step, and the prediction."""

    last: Array
    last_alpha: Array
    tangent: Array
    length: Array
    x: Array
    alpha: Array
    direction: Array


class _Seen(NamedTuple):
    """What one linear system says at the predictions: corrected point, tangent, and d alpha along it."""

    x: Array
    alpha: Array
    tangent: Array
    slope: Array
    ratio: Array


def walk(
    step: Function,
    jacobian: Function,
    origins: Array,
    directions: Array,
    box: Box,
    room: float,
    deadline: float = np.inf,
    systems: Systems = solve_systems,
) -> Crossings:
    """Crossings of alpha = 0 on the fibers of `directions` (k, d) that leave the solutions `origins` (k, d), both ways.

    A walk ends when it leaves the box, widened by `room` times its width on every side.
    """
    width = box[1] - box[0]
    diagonal = float(np.sqrt(np.sum(np.square(width))))
    region = box[0] - room * width, box[1] + room * width
    x, c = np.tile(origins, (2, 1)), np.tile(directions, (2, 1))
    zero = np.zeros(len(x))
    with np.errstate(all="ignore"):
        seen = _look(step, jacobian, _Walkers(x, zero, np.zeros_like(x), zero + 1.0, x, zero, c), systems)
        sign = np.repeat([1.0, -1.0], len(origins))
        tangent = sign[:, None] * seen.tangent
        first = zero + FIRST * diagonal
        walkers = _Walkers(x, zero, tangent, first, x + first[:, None] * tangent, first * sign * seen.slope, c)
        crossings, solves = [], len(x)
        for _ in range(STEPS):
            walkers = _inside(walkers, region, SHORTEST * diagonal)
            if len(walkers.x) == 0 or time.monotonic() > deadline:
                break
            seen = _look(step, jacobian, walkers, systems)
            solves += len(walkers.x)
            good = _acceptable(walkers, seen, diagonal)
            crossed = good & (walkers.last_alpha * seen.alpha < 0)
            part = (walkers.last_alpha / (walkers.last_alpha - seen.alpha))[crossed, None]
            crossings.append(walkers.last[crossed] + part * (seen.x - walkers.last)[crossed])
            walkers = _advance(walkers, seen, good, LONGEST * diagonal)
    return Crossings(np.concatenate([np.zeros((0, x.shape[-1])), *crossings]), solves)


def _look(step: Function, jacobian: Function, walkers: _Walkers, systems: Systems) -> _Seen:
    """One linear system: the correction at right angles to the last tangent, and the tangent where the walker stands."""
    x, c, t = walkers.x, walkers.direction, walkers.tangent
    residual = step(x) - x - walkers.alpha[:, None] * c
    solution = systems(minus_identity(jacobian(x)), np.stack([c, residual], axis=-1))
    w, q = solution[..., 0], solution[..., 1]
    along, speed = np.einsum("ki,ki->k", t, w), np.sqrt(np.einsum("ki,ki->k", w, w))
    shift = np.where(along == 0.0, 0.0, np.einsum("ki,ki->k", t, q) / along)
    correction = q - shift[:, None] * w
    ratio = np.sqrt(np.einsum("ki,ki->k", correction, correction)) / walkers.length
    sign = np.where(along < 0.0, 1.0, -1.0)  # along +-w; a walk goes on the way it went
    return _Seen(x + correction, walkers.alpha + shift, -w * (sign / speed)[:, None], sign / speed, ratio)


def _acceptable(walkers: _Walkers, seen: _Seen, diagonal: float) -> NDArray[np.bool_]:
    turn = np.einsum("ki,ki->k", walkers.tangent, seen.tangent)
    return np.asarray((seen.ratio < ALLOWED) & ((turn > SHARPEST_TURN) | (walkers.length < 1e-4 * diagonal)))


def _advance(walkers: _Walkers, seen: _Seen, good: NDArray[np.bool_], longest: float) -> _Walkers:
    """Accept or take back; the next step is as long as the last correction suggests, predicted with the curvature seen."""
    factor = np.clip(np.sqrt(WANTED / np.maximum(seen.ratio, 1e-9)), 0.3, 2.0)
    factor = np.where(np.isfinite(factor), np.where(good, factor, np.minimum(factor, 0.5)), 0.3)
    length = np.minimum(walkers.length * factor, longest)
    kept = good[:, None]
    last, tangent = np.where(kept, seen.x, walkers.last), np.where(kept, seen.tangent, walkers.tangent)
    last_alpha = np.where(good, seen.alpha, walkers.last_alpha)
    bend = np.where(good, 0.5 * np.square(length) / walkers.length, 0.0)[:, None] * (tangent - walkers.tangent)
    x = last + length[:, None] * tangent + bend
    # alpha is linear in the residual, so the first correction finds it from any guess.
    alpha = last_alpha + np.where(good, length * seen.slope, 0.0)
    return _Walkers(last, last_alpha, tangent, length, x, alpha, walkers.direction)


def _inside(walkers: _Walkers, region: Box, shortest: float) -> _Walkers:
    x = walkers.x
    alive = (walkers.length > shortest) & np.isfinite(walkers.alpha) & np.all((x >= region[0]) & (x <= region[1]), axis=-1)
    return walkers if alive.all() else _Walkers(*(part[alive] for part in walkers))
