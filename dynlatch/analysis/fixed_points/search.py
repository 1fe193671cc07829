"""The search for fixed points: starts of several families, rounds of Newton, a list without duplicates, and when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.equations import Equation
from dynlatch.analysis.fixed_points.newton import solve
from dynlatch.intervals import Box
from dynlatch.validation import Array

WORK = 1000  # rounds times unknowns; at least LEAST_ROUNDS, at most MOST_ROUNDS rounds
LEAST_ROUNDS, MOST_ROUNDS = 16, 128
QUIET_ROUNDS = 2
DEGENERATE_ERROR = 3e-9  # a forward error above this, relative to the size of the point, makes the point degenerate
MANY_DEGENERATE = 32
FACTORISATIONS = 2e9  # starts of a round times the cube of the unknowns


@dataclass
class Found:
    """The distinct solutions met so far. `hits` counts how many starts led to each."""

    points: Array
    errors: Array
    hits: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def degenerate(self) -> NDArray[np.bool_]:
        """Points where I - G' is singular to rounding."""
        return is_degenerate(self.points, self.errors)

    @property
    def unseen(self) -> float:
        """Chao's bias-corrected estimate, from the points met once and twice."""
        once, twice = np.sum(self.hits == 1), np.sum(self.hits == 2)
        return float(once * (once - 1) / (2 * (twice + 1)))

    def add(self, points: Array, errors: Array) -> int:
        """Merge new solutions in; returns how many were new."""
        before = len(self.points)
        everything = np.concatenate([self.points, points])
        error = np.concatenate([self.errors, errors])
        hits = np.concatenate([self.hits, np.ones(len(points), dtype=np.int64)])
        group = same_point(everything, merge_radius(everything, error))
        first = np.full(group.max(initial=-1) + 1, -1)
        order = np.lexsort((np.arange(len(group)), error, group))
        first[group[order][::-1]] = order[::-1]  # the member of least error speaks for its group
        self.points, self.errors = everything[first], error[first]
        self.hits = np.bincount(group, weights=hits, minlength=len(first)).astype(np.int64)
        return len(self.points) - before


def is_degenerate(points: Array, errors: Array) -> NDArray[np.bool_]:
    """Where the forward error is so large that the equation does not determine the point."""
    return np.asarray(errors > DEGENERATE_ERROR * (1.0 + np.abs(points).max(-1, initial=0.0)))


def merge_radius(points: Array, errors: Array) -> Array:
    """Two solutions closer than the sum of their radii are one: ten forward errors, at most 1e-3 of their size."""
    size = 1.0 + np.abs(points).max(-1, initial=0.0)
    return np.asarray(np.minimum(10.0 * errors + 1e-12 * size, 1e-3 * size))


def same_point(points: Array, radius: Array) -> NDArray[np.int64]:
    """Group label of each point: points that touch, directly or through others, share one.

    Sorted along one generic direction, only neighbours within reach of each other are compared.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    k = len(points)
    if k == 0:
        return np.zeros(0, dtype=np.int64)
    direction = np.cos(1.0 + np.arange(points.shape[1]) ** 1.5)  # generic, and the same every time
    key = points @ (direction / np.abs(direction).sum())
    order = np.argsort(key, kind="stable")
    reach = np.searchsorted(key[order], key[order] + radius[order] + radius.max(), side="right")
    left, right = [], []
    for position in range(k):
        i, others = order[position], order[position + 1 : reach[position]]
        close = others[np.abs(points[others] - points[i]).max(-1) <= radius[others] + radius[i]]
        left.append(np.full(len(close), i))
        right.append(close)
    rows, columns = np.concatenate(left), np.concatenate(right)
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(k, k))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def search(
    equation: Equation,
    u0: Array | None,
    box: Box,
    *,
    odd: bool,
    compact: bool,
    rng: np.random.Generator,
    deadline: float,
) -> tuple[Found, bool]:
    """All solutions of `G(x) = x` that the rounds meet in `box`, and whether the search ended by itself."""

    def step(x: Array) -> Array:
        return equation.step(x, u0)

    def jacobian(x: Array) -> Array:
        return equation.jacobian(x, u0)

    found = Found(np.zeros((0, equation.dim)), np.zeros(0))
    size = int(np.clip(FACTORISATIONS // equation.dim**3, 16, 128))
    quiet = 0
    for number in range(int(np.clip(WORK // equation.dim, LEAST_ROUNDS, MOST_ROUNDS))):
        if time.monotonic() > deadline:
            return found, False
        solutions = solve(step, jacobian, _starts(step, box, found.points, size, rng, first=number == 0), box)
        inside = np.all((solutions.x >= box[0] - 1e-9) & (solutions.x <= box[1] + 1e-9), axis=-1)
        points, errors = solutions.x[inside], solutions.error[inside]
        if odd:
            points, errors = np.concatenate([points, -points]), np.concatenate([errors, errors])
        quiet = 0 if found.add(points, errors) else quiet + 1
        if found.degenerate.sum() > MANY_DEGENERATE:
            return found, True
        whole = not compact or index_of(jacobian(found.points)).sum() == 1 or bool(found.degenerate.any())
        if quiet >= QUIET_ROUNDS and whole and found.unseen < 0.5:
            return found, True
    return found, True


def index_of(slope: Array) -> NDArray[np.int64]:
    """sign det(I - G') of each Jacobian, shape (k,)."""
    if len(slope) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(np.linalg.slogdet(np.eye(slope.shape[-1]) - slope)[0], dtype=np.int64)


def _starts(
    step: Callable[[Array], Array], box: Box, known: Array, size: int, rng: np.random.Generator, *, first: bool
) -> Array:
    """A round of starts: uniform in the box, images of far points, orbits of random length, small, mixed, and segments.

    Orbits find what attracts, segments between known points the saddles between them, small starts the centre, mixed ones
    saddles where some units saturate and others do not.
    """
    lo, hi = box
    d, share = len(lo), max(size // 6, 2)
    uniform = rng.uniform(lo, hi, (share, d))
    image = step(np.clip(0.5 * (lo + hi) + 1.5 * (hi - lo) * rng.standard_normal((share, d)), lo, hi))
    orbit = rng.uniform(lo, hi, (share, d))
    lengths = rng.integers(1, 40, share)
    for t in range(int(lengths.max())):
        orbit = np.where((t < lengths)[:, None], np.clip(step(orbit), lo, hi), orbit)
    small = 0.5 * (lo + hi) + 0.15 * rng.standard_normal((share, d)) * np.minimum(0.5 * (hi - lo), 1.0)
    mixed = np.where(rng.random((share, d)) < 0.5, np.clip(rng.standard_normal((share, d)), lo, hi), uniform)
    families = [uniform, np.clip(image, lo, hi), orbit, small, mixed]
    if len(known) >= 2:
        ends = rng.integers(0, len(known), (2, share))
        segments = known[ends[0]] + rng.uniform(-0.1, 1.1, (share, 1)) * (known[ends[1]] - known[ends[0]])
        families.append(np.clip(segments, lo, hi))
    if first:
        families += [np.clip(np.zeros((2, d)), lo, hi), np.tile(0.5 * (lo + hi), (2, 1))]
    return np.concatenate(families)
