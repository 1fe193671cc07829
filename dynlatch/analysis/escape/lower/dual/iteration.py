"""The smallest polytope, with given face normals, that the dual proves invariant: Newton's method on its faces.

With G(values) the dual bounds on the faces' values, `values >= G(values)` proves invariance. G is monotone, and the dual gives
its derivative (how each bound changes with each face, the multipliers kept), so that a step solves

    (I - G') step = G(values) - values + slack;

where the spectral radius of G' reaches 1 no larger polytope nearby is invariant, and the input is too large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.lower.dual.branching import branched
from dynlatch.analysis.escape.lower.dual.problem import Bounds, Cover, Hull, Problem
from dynlatch.validation import Array

EXPANDING = 0.999  # spectral radius of G' above which Newton's method leads nowhere
OVERHEAD = 40  # a unit's maximum costs as much as so many products
PASSES = 60
SLACK = 1e-7  # by which bounds stay below faces, relative to the size of the state
LONGEST_STEP = 0.03  # of Newton's method, relative to the width of the polytope: beyond a fold lie larger invariant sets
PATIENCE = 6  # passes in which the faces move each other by more than they were moved


@dataclass
class Work:
    """What is left of the work allowed, in products of floats, about a nanosecond each: the same on every machine."""

    left: float


class Descent(NamedTuple):
    """How the multipliers are improved in each pass, and how many leaves a face may have."""

    work: Work
    steps: int = 12
    leaves: int = 1
    rate: float = 0.05


class State(NamedTuple):
    """A polytope with the multipliers that prove something of it."""

    hull: Hull
    cover: Cover


def fresh_cover(hull: Hull, K: int) -> Cover:
    """One leaf a face, all slopes 0.1."""
    F, n = hull.faces.shape
    whole = np.full((F, K, n), np.inf)
    slopes = np.full((F, K, n), 0.1)
    return Cover(np.arange(F), slopes, np.zeros((F, K, len(hull.tops))), np.zeros((F, K)), -whole, whole)


def weighted(problem: Problem, hull: Hull, cover: Cover, b: float) -> Cover:
    """The cover with the first guess of its quadratic multipliers."""
    from dynlatch.analysis.escape.lower.dual import kernels

    weights = cover.weights.copy()
    kernels.start_weights(problem.net(b, hull.rows, hull.tops), hull.faces[cover.owner], cover.slopes, cover.gammas, weights)
    return cover._replace(weights=weights)


def descended(problem: Problem, hull: Hull, cover: Cover, b: float, goals: Array, descent: Descent) -> Array:
    """Improve the cover's multipliers in place until each leaf's bound is at most its face's goal; returns the bounds (N,)."""
    from dynlatch.analysis.escape.lower.dual import kernels

    box = hull.box
    lo, hi = np.maximum(cover.low, box[0]), np.minimum(cover.high, box[1])
    values = np.full(len(lo), -np.inf)
    full = np.flatnonzero((lo <= hi).all((1, 2)))  # a leaf beyond faces that moved in is empty
    parts = [np.ascontiguousarray(part[full]) for part in cover[1:4]]
    some = np.empty(len(full))
    owner = cover.owner[full]
    net = problem.net(b, hull.rows, hull.tops)
    slopes, gammas, weights = parts
    sweeps = kernels.descend(
        net, hull.faces[owner], goals[owner], slopes, gammas, weights, lo[full], hi[full], descent.steps, descent.rate, some
    )
    K, n = lo.shape[1:]
    descent.work.left -= sweeps * K * n * (n + len(hull.tops) + OVERHEAD * (1 + 8 * (problem.norm == 2)))
    values[full] = some
    for part, new in zip(cover[1:4], parts, strict=True):
        part[full] = new
    return values


def inspected(problem: Problem, hull: Hull, cover: Cover, b: float, leaves: Array) -> Bounds:
    """The bounds of the faces with their derivative."""
    from dynlatch.analysis.escape.lower.dual import probes

    F = len(hull.faces)
    faces = np.full(F, -np.inf)
    np.maximum.at(faces, cover.owner, leaves)
    box = hull.box
    lo, hi = np.maximum(cover.low, box[0]), np.minimum(cover.high, box[1])
    slopes = np.empty((len(lo), F))
    scores, trace = np.empty_like(lo), np.empty_like(lo)
    net = problem.net(b, hull.rows, hull.tops)
    probes.sensitivities(net, hull.faces[cover.owner], *cover[1:4], lo, hi, box, slopes, scores, trace)
    derivative = np.zeros((F, F))
    worst = np.flatnonzero(leaves >= faces[cover.owner])
    derivative[cover.owner[worst]] = slopes[worst]
    return Bounds(leaves, faces, derivative, scores, trace)


def newton_step(hull: Hull, bounds: Bounds, slack: float) -> tuple[Array, float]:
    """How to move the faces' values, and the spectral radius of G'."""
    gap = np.maximum(bounds.faces - hull.values + slack, 0.0)
    plain = 1.1 * gap
    radius = float(np.abs(np.linalg.eigvals(bounds.derivative)).max())
    if radius >= EXPANDING:
        return plain, radius
    step = np.linalg.solve(np.eye(len(gap)) - bounds.derivative, gap)
    width = float((hull.box[1] - hull.box[0]).max())
    return np.maximum(step * min(1.0, LONGEST_STEP * width / max(float(step.max()), 1e-300)), plain), radius


def size_of(hull: Hull) -> float:
    """Size of the states in it."""
    return float(np.abs(hull.values).max()) + 1e-6


def invariant(problem: Problem, state: State, b: float, stop: Array, descent: Descent) -> State | None:
    """The polytope enlarged until it is invariant under |u| <= b; None if that takes too long.

    No state has faces beyond `stop` (2 n,): the activation is bounded.
    """
    hull, cover = state.hull, copied(state.cover)
    if problem.norm == 2 and not cover.weights.any():
        cover = weighted(problem, hull, cover, b)
    slack = SLACK * size_of(hull)
    expanding = 0
    for _ in range(PASSES):
        goals = hull.values - 0.5 * slack
        leaves = descended(problem, hull, cover, b, goals, descent)
        if np.all(leaves <= goals[cover.owner]):
            return State(hull, cover)
        bounds = inspected(problem, hull, cover, b, leaves)
        step, radius = newton_step(hull, bounds, slack)
        before, cover = len(cover.owner), branched(hull, cover, bounds, goals, descent.leaves)
        if radius >= EXPANDING and len(cover.owner) == before:
            expanding += 1
        if expanding > PATIENCE or descent.work.left < 0:
            return None
        if radius < EXPANDING or len(cover.owner) == before:  # otherwise better bounds first: moving the faces would not end
            hull = hull._replace(values=_within(hull.values + step, hull.values, stop + slack))
    return None


def _within(moved: Array, values: Array, stop: Array) -> Array:
    ends = slice(len(stop))
    moved[ends] = np.minimum(moved[ends], np.maximum(stop, values[ends]))
    return moved


def copied(cover: Cover) -> Cover:
    """With arrays of its own."""
    return Cover(*(part.copy() for part in cover))


def tightened(problem: Problem, state: State, b: float, descent: Descent, passes: int = 3) -> State:
    """The polytope with slack faces moved in, as long as that keeps it invariant."""
    for _ in range(passes):
        hull, cover = state.hull, copied(state.cover)
        leaves = descended(problem, hull, cover, b, np.full(len(hull.values), -np.inf), descent)
        faces = np.full(len(hull.values), -np.inf)
        np.maximum.at(faces, cover.owner, leaves)
        moved = hull._replace(values=np.minimum(hull.values, faces + SLACK * size_of(hull)))
        leaves = descended(problem, moved, cover, b, moved.values, descent)
        if not np.all(leaves <= moved.values[cover.owner]):
            return state
        state = State(moved, cover)
    return state
