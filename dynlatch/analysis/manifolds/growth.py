"""Growing a one-dimensional invariant manifold, domain by domain.

Near a saddle x* the manifold is the line `x* + s v`. A fundamental domain `delta / mu <= |s| <= delta`, mu the expansion along
the manifold, is carried outward by F (unstable) or by its inverse (stable); its images, one after the other, are the branch.
A point of the branch is the exact image of a point of the line, whose parameter is known, so that a point that is missing
between two others is computed and never interpolated.

Source: Hobson, D. (1993), An efficient method for computing invariant manifolds of planar maps, J. Comput. Phys. 104; the
bound on the bend of the polyline is that of Krauskopf, B. and Osinga, H. (1998), Growing unstable manifolds of planar maps.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

Carry = Callable[[Array, Array], Array]  # (points, guess of their images) -> their images, NaN if there is none

FIRST = 9  # points of the first domain
ROUNDS = 30  # halvings of a parameter interval
DOMAINS = 20_000


class BranchEnd(StrEnum):
    """Why a branch of a manifold ends where it does."""

    SETTLED = "settled"
    BOUNDS = "bounds"
    LENGTH = "length"
    POINTS = "points"
    NO_PREIMAGE = "no preimage"

    @property
    def sentence(self) -> str:
        return {
            BranchEnd.SETTLED: "It runs into a point at which it comes to rest.",
            BranchEnd.BOUNDS: "It leaves the bounds.",
            BranchEnd.LENGTH: "It has the length that was asked for.",
            BranchEnd.POINTS: "It has the largest number of points allowed, or of iterations.",
            BranchEnd.NO_PREIMAGE: "There it leaves the image of the map, or meets a fold of it: no preimage continues it.",
        }[self]


class Limits(NamedTuple):
    """Where to stop, and how finely to draw."""

    lo: Array
    hi: Array
    tolerance: float  # largest distance of a vertex from the chord between its neighbours
    chord: float  # longest segment
    length: float
    points: int

    def inside(self, x: Array) -> NDArray[np.bool_]:
        # Comparisons with NaN are false.
        return np.asarray(((x >= self.lo) & (x <= self.hi)).all(-1))


def grow(line: Callable[[Array], Array], pace: float, carry: Carry, limits: Limits) -> tuple[Array, BranchEnd]:
    """One branch (k, n), from the end of `line` outward, and why it ends.

    `line(tau)` gives the points (..., n) of the first domain for parameters tau from 0 (inner end) to 1 (outer end), whose
    distances from the saddle grow by the factor `exp(pace)` between these.
    """
    tau = np.linspace(0.0, 1.0, FIRST)
    levels = [line(tau)]
    branch, total, before = [levels[0]], _length(levels[0]), 0.0
    for _ in range(DOMAINS):
        levels.append(carry(levels[-1], levels[-1]))
        tau, levels = _refine(tau, levels, line, pace, carry, limits, limits.points - sum(map(len, branch)))
        domain, end = _cut(levels[-1], limits)
        branch.append(domain[1:])
        here = _length(domain)
        total += here
        if end is not None:
            return np.concatenate(branch), end
        if total >= limits.length:
            return _shorten(np.concatenate(branch), limits.length), BranchEnd.LENGTH
        if sum(map(len, branch)) >= limits.points:
            break
        if here < before and here < 1e-2 * limits.tolerance:
            return np.concatenate(branch), BranchEnd.SETTLED
        before = here
    return np.concatenate(branch), BranchEnd.POINTS


def _refine(
    tau: Array, levels: list[Array], line: Callable[[Array], Array], pace: float, carry: Carry, limits: Limits, room: int
) -> tuple[Array, list[Array]]:
    """Points inserted, at every level, until the newest domain bends by less than the tolerance."""
    for _ in range(ROUNDS):
        _follow(levels, carry, limits)
        # Where there is no image next to one, parameters this close say that the branch goes no further.
        least = np.where(np.isnan(levels[-1][1:]).any(-1), 1e-4, 1e-13)
        where = np.flatnonzero(_coarse(levels[-1], limits) & (pace * np.diff(tau) > least))
        if len(where) == 0 or len(tau) + len(where) > room + FIRST:
            break
        fresh = 0.5 * (tau[where] + tau[where + 1])
        image = line(fresh)
        filled = [np.insert(levels[0], where + 1, image, axis=0)]
        for level in levels[1:]:
            guess = 0.5 * (level[where] + level[where + 1])
            image = carry(image, np.where(np.isfinite(guess), guess, image))
            filled.append(np.insert(level, where + 1, image, axis=0))
        tau, levels = np.insert(tau, where + 1, fresh), filled
    return tau, levels


def _follow(levels: list[Array], carry: Carry, limits: Limits) -> None:
    """Missing or far images at the newest level tried again, from the image next to them: the branch is continuous."""
    level = levels[-1]
    gap = _chords(level)
    late = np.flatnonzero(limits.inside(level[:-1]) & ~(gap <= limits.chord))
    if len(late):
        again = carry(levels[-2][late + 1], level[late])
        closer = ~(gap[late] <= np.sqrt(np.sum(np.square(again - level[late]), axis=-1))) & np.isfinite(again).all(-1)
        level[late[closer] + 1] = again[closer]


def _coarse(x: Array, limits: Limits) -> NDArray[np.bool_]:
    """Which segments of the polyline (k, n) are too long, or next to too sharp a bend; those outside do not matter."""
    chord = _chords(x)
    bend = _sagitta(x) > limits.tolerance
    coarse = ~(chord <= limits.chord)
    coarse[:-1] |= bend
    coarse[1:] |= bend
    inside = limits.inside(x)
    return np.asarray(coarse & (inside[:-1] | inside[1:]) & ~(chord <= 1e-3 * limits.tolerance))


def _sagitta(x: Array) -> Array:
    """Distance of each inner vertex from the line through its neighbours."""
    span, arm = x[2:] - x[:-2], x[1:-1] - x[:-2]
    width = np.sum(np.square(span), axis=-1)
    along = np.sum(span * arm, axis=-1) / np.where(width > 0, width, 1.0)
    # A vertex beyond both neighbours is the tip of a hairpin: its distance is to the nearer one.
    foot = np.clip(along, 0.0, 1.0)[:, None] * span
    return np.asarray(np.sqrt(np.sum(np.square(arm - foot), axis=-1)))


def _cut(x: Array, limits: Limits) -> tuple[Array, BranchEnd | None]:
    """The domain up to where it leaves the bounds, or jumps."""
    inside = limits.inside(x)
    jump = _chords(x) > 4.0 * limits.chord
    jump &= inside[:-1] & inside[1:]
    stop = np.flatnonzero(~inside[1:] | jump)
    if len(stop) == 0:
        return x, None
    first = int(stop[0]) + 1
    gone = bool(jump[first - 1]) or bool(np.isnan(x[first]).any())
    return x[:first], BranchEnd.NO_PREIMAGE if gone else BranchEnd.BOUNDS


def _chords(x: Array) -> Array:
    return np.asarray(np.sqrt(np.sum(np.square(np.diff(x, axis=0)), axis=-1)))


def _length(x: Array) -> float:
    return float(_chords(x).sum())


def _shorten(x: Array, length: float) -> Array:
    """The polyline up to the first vertex beyond `length`."""
    return x[: int(np.searchsorted(np.cumsum(_chords(x)), length)) + 2]


def forward(map: SmoothMap, limits: Limits) -> Carry:
    """Images under the map; points that have left the bounds are not followed."""

    def carry(x: Array, guess: Array) -> Array:
        image = np.full_like(x, np.nan)
        inside = limits.inside(x)
        image[inside] = map.step(x[inside])
        return image

    return carry
