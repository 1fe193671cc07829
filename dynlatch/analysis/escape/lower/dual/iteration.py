"""The smallest polytope, with given face normals, that the dual proves invariant: Newton's method on its faces.

With G(values) the dual bounds on the faces' values, `values >= G(values)` proves invariance. G is monotone, and the dual gives
its derivative (how each bound changes with each face, the multipliers kept), so that a step solves

    (I - G') step = G(values) - values + slack;

where the spectral radius of G' reaches 1 no larger polytope nearby is invariant, and the input is too large.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.lower.dual import kernels
from dynlatch.analysis.escape.lower.dual.problem import Cover, Hull, Problem
from dynlatch.validation import Array

PATIENCE = 6  # passes in which the faces move each other by more than they were moved


class Bounds(NamedTuple):
    """Dual bounds of the leaves (N,) and faces (F,), and the derivative (F, F) of the latter by the faces' values."""

    leaves: Array
    faces: Array
    derivative: Array
    scores: Array  # (N, K, n): how much each unit of each leaf is relaxed
    trace: Array  # (N, K, n): the relaxed trajectory


def fresh_cover(hull: Hull, K: int) -> Cover:
    """One leaf a face, all slopes 0.1."""
    F, n = hull.faces.shape
    whole = np.full((F, K, n), np.inf)
    slopes = np.full((F, K, n), 0.1)
    return Cover(np.arange(F), slopes, np.zeros((F, K, len(hull.tops))), np.zeros((F, K)), -whole, whole)


def weighted(problem: Problem, hull: Hull, cover: Cover, b: float) -> Cover:
    """The cover with the first guess of its quadratic multipliers."""
    weights = cover.weights.copy()
    kernels.start_weights(problem.net(b, hull.rows, hull.tops), hull.faces[cover.owner], cover.slopes, cover.gammas, weights)
    return cover._replace(weights=weights)


def descended(problem: Problem, hull: Hull, cover: Cover, b: float, goals: Array, steps: int, rate: float) -> Array:
    """Improve the cover's multipliers in place until each leaf's bound is at most its face's goal; returns the bounds (N,)."""
    box = hull.box
    lo, hi = np.maximum(cover.low, box[0]), np.minimum(cover.high, box[1])
    values = np.full(len(lo), -np.inf)
    full = np.flatnonzero((lo <= hi).all((1, 2)))
    net = problem.net(b, hull.rows, hull.tops)
    if len(full) == len(lo):
        kernels.descend(net, hull.faces[cover.owner], goals[cover.owner], *cover[1:4], lo, hi, steps, rate, values)
        return values
    parts = [np.ascontiguousarray(part[full]) for part in cover[1:4]]
    some = np.empty(len(full))
    owner = cover.owner[full]
    kernels.descend(net, hull.faces[owner], goals[owner], *parts, lo[full], hi[full], steps, rate, some)
    values[full] = some
    for part, new in zip(cover[1:4], parts, strict=True):
        part[full] = new
    return values


def inspected(problem: Problem, hull: Hull, cover: Cover, b: float, leaves: Array) -> Bounds:
    """The bounds of the faces with their derivative."""
    F = len(hull.faces)
    faces = np.full(F, -np.inf)
    np.maximum.at(faces, cover.owner, leaves)
    box = hull.box
    lo, hi = np.maximum(cover.low, box[0]), np.minimum(cover.high, box[1])
    slopes = np.empty((len(lo), F))
    scores, trace = np.empty_like(lo), np.empty_like(lo)
    net = problem.net(b, hull.rows, hull.tops)
    kernels.sensitivities(net, hull.faces[cover.owner], *cover[1:4], lo, hi, box, slopes, scores, trace)
    derivative = np.zeros((F, F))
    worst = np.flatnonzero(leaves >= faces[cover.owner])
    derivative[cover.owner[worst]] = slopes[worst]
    return Bounds(leaves, faces, derivative, scores, trace)


class State(NamedTuple):
    """A polytope with the multipliers that prove something of it."""

    hull: Hull
    cover: Cover


class Effort(NamedTuple):
    """How much work a proof of invariance may take."""

    passes: int = 60
    steps: int = 12  # of the descent, in each pass
    rate: float = 0.05
    slack: float = 1e-7  # by which bounds stay below faces, relative to the size of the state


def newton_step(hull: Hull, bounds: Bounds, slack: float) -> tuple[Array, float]:
    """How to move the faces' values, and the spectral radius of G'."""
    gap = np.maximum(bounds.faces - hull.values + slack, 0.0)
    plain = 1.1 * gap
    radius = float(np.abs(np.linalg.eigvals(bounds.derivative)).max())
    if radius >= 0.999:
        return plain, radius
    step = np.linalg.solve(np.eye(len(gap)) - bounds.derivative, gap)
    width = float((hull.box[1] - hull.box[0]).max())
    return np.maximum(step * min(1.0, 0.5 * width / max(float(step.max()), 1e-300)), plain), radius


def size_of(hull: Hull) -> float:
    """Size of the states in it."""
    return float(np.abs(hull.values).max()) + 1e-6


def invariant(problem: Problem, state: State, b: float, stop: Array, effort: Effort) -> State | None:
    """The polytope enlarged until it is invariant under |u| <= b; None if that takes too long.

    No state has faces beyond `stop` (2 n,): the activation is bounded.
    """
    hull, cover = state
    if problem.norm == 2 and not cover.weights.any():
        cover = weighted(problem, hull, cover, b)
    cover = Cover(cover.owner, *(part.copy() for part in cover[1:]))
    slack = effort.slack * size_of(hull)
    expanding = 0
    for _ in range(effort.passes):
        goals = hull.values - 0.5 * slack
        leaves = descended(problem, hull, cover, b, goals, effort.steps, effort.rate)
        if np.all(leaves <= goals[cover.owner]):
            return State(hull, cover)
        bounds = inspected(problem, hull, cover, b, leaves)
        step, radius = newton_step(hull, bounds, slack)
        expanding += radius >= 0.999
        if expanding > PATIENCE:
            return None
        hull = hull._replace(values=hull.values + step)
        hull.values[: len(stop)] = np.minimum(
            hull.values[: len(stop)], np.maximum(stop + slack, hull.values[: len(stop)] - step[: len(stop)])
        )
    return None


def tightened(problem: Problem, state: State, b: float, effort: Effort, passes: int = 3) -> State:
    """The polytope with slack faces moved in, as long as that keeps it invariant."""
    for _ in range(passes):
        hull, cover = state
        cover = Cover(cover.owner, *(part.copy() for part in cover[1:]))
        leaves = descended(problem, hull, cover, b, np.full(len(hull.values), -np.inf), effort.steps, effort.rate)
        faces = np.full(len(hull.values), -np.inf)
        np.maximum.at(faces, cover.owner, leaves)
        moved = hull._replace(values=np.minimum(hull.values, faces + effort.slack * size_of(hull)))
        leaves = descended(problem, moved, cover, b, moved.values, effort.steps, effort.rate)
        if not np.all(leaves <= moved.values[cover.owner]):
            return state
        state = State(moved, cover)
    return state
