"""Degenerate solutions of `G(x) = x`, where I - G' is singular to rounding: which belong together, and what they are.

Rounding spreads a degenerate point over many float64 solutions, and a continuum (a line attractor) has infinitely many of its
own. Two of them belong to one cluster when the segment between them can be followed on solutions. The dimension of a cluster
is the number of null directions of I - G' that lead along solutions: 0 for an isolated degenerate point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.newton import CONVERGED, ROUNDING, Function, minus_identity, size_of
from dynlatch.intervals import Box
from dynlatch.validation import Array

NULL = 1e-9  # a singular value of I - G' below this, relative to the largest (or 1), is none
PROJECTIONS = 40  # a fold is approached linearly, by a factor of 1/2 a step, a triple point by 2/3
PIECES = 8  # of a segment between two members
PROBE = 1e-2  # how far along null directions a continuum is looked for, relative to the size of the point
MEMBERS = 32  # of a cluster kept, and of a round examined: more say nothing new
FIRST_PROBES = 4


@dataclass
class Cluster:
    """Solutions that were followed into each other, `members` (m, d), and how many starts led to them."""

    members: Array
    hits: int = 1


class Projection(NamedTuple):
    """Points of the solution set, `x` (k, d), and whether each is one."""

    x: Array
    arrived: NDArray[np.bool_]


def gather(clusters: list[Cluster], step: Function, jacobian: Function, x: Array, box: Box) -> int:
    """Put degenerate solutions x (k, d) into their clusters; returns how many clusters are new."""
    projected = project(step, jacobian, x[:MEMBERS], box)
    new = 0
    for point in projected.x[projected.arrived]:
        joined = [cluster for cluster in clusters if _connected(cluster, step, jacobian, point, box)]
        if not joined:
            clusters.append(Cluster(point[None]))
            new += 1
            continue
        home = joined[0]
        home.hits += 1
        if len(home.members) < MEMBERS:
            home.members = np.concatenate([home.members, point[None]])
        for other in joined[1:]:
            home.members = np.concatenate([home.members, other.members])
            home.hits += other.hits
            clusters.remove(other)
    return new


def representative(cluster: Cluster, step: Function) -> Array:
    """The member of least residual, shape (d,)."""
    residual = np.abs(step(cluster.members) - cluster.members).max(-1)
    return np.asarray(cluster.members[np.argmin(residual)])


def dimension(step: Function, jacobian: Function, point: Array, box: Box) -> int:
    """Dimension of the set of solutions around a degenerate one.

    Points a little way along the null directions are moved back onto the set by least-norm Newton: those that stay away from
    `point` span the set. A point that is degenerate but isolated pulls them back, or they find no solution.
    """
    _, values, rows = np.linalg.svd(minus_identity(jacobian(point[None])[0]))
    null = rows[values <= NULL * max(values[0], 1.0)]
    if len(null) == 0:
        return 0
    mixture = np.cos(np.outer(np.arange(1, FIRST_PROBES + 1), np.arange(1, len(null) + 1) ** 1.5)) @ null
    if len(_moved(step, jacobian, point, mixture, box)) == 0:
        return 0
    moved = _moved(step, jacobian, point, np.concatenate([null, -null]), box)
    if len(moved) == 0:
        return 0
    spread = np.linalg.svd(moved, compute_uv=False)
    return int(np.sum(spread > 0.1 * spread[0]))


def _moved(step: Function, jacobian: Function, point: Array, directions: Array, box: Box) -> Array:
    """Displacements along `directions` (k, d), back on the set, of those that went somewhere."""
    length = np.sqrt(np.sum(np.square(directions), axis=-1, keepdims=True))
    distance = PROBE * float(size_of(point))
    there = project(step, jacobian, np.clip(point + distance * directions / length, *box), box)
    moved = (there.x - point)[there.arrived]
    return np.asarray(moved[np.abs(moved).max(-1, initial=0.0) > 0.1 * distance / np.sqrt(len(point))])


def project(step: Function, jacobian: Function, x: Array, box: Box) -> Projection:
    """Move points x (k, d) onto the set of solutions by least-norm Newton, inside the box.

    Corrections leave out the null directions of I - G', along which nothing is determined.
    """
    x = x.copy()
    active = np.arange(len(x))
    with np.errstate(all="ignore"):
        for _ in range(PROJECTIONS):
            here = x[active]
            residual = step(here) - here
            finite = np.isfinite(residual).all(-1)
            moving = finite & (np.abs(residual).max(-1, initial=0.0) > 0.1 * ROUNDING * size_of(here))
            active, here, residual = active[moving], here[moving], residual[moving]
            if len(active) == 0:
                break
            correction = _least_norm(minus_identity(jacobian(here)), residual)
            x[active] = np.clip(here + correction, *box)
            active = active[np.abs(correction).max(-1) > 0.0]
        remaining = np.abs(step(x) - x).max(-1, initial=0.0)
    return Projection(x, np.asarray(remaining <= ROUNDING * size_of(x)))


def _least_norm(matrices: Array, right: Array) -> Array:
    """Least-norm solutions (k, d), singular values below NULL counted as zero."""
    usable = np.asarray(np.isfinite(matrices).all((-2, -1)))
    U, values, V = np.linalg.svd(np.where(usable[:, None, None], matrices, 0.0))
    cut = NULL * np.maximum(values[:, :1], 1.0)
    inverse = np.where(values > cut, 1.0 / np.maximum(values, cut), 0.0)
    return np.asarray(np.einsum("kji,kj->ki", V, inverse * np.einsum("kij,ki->kj", U, right)))


def _connected(cluster: Cluster, step: Function, jacobian: Function, point: Array, box: Box) -> bool:
    """Whether the segment to the nearest member can be followed on solutions, or is one within rounding."""
    distance = np.sqrt(np.sum(np.square(cluster.members - point), axis=-1))
    nearest = cluster.members[np.argmin(distance)]
    gap = float(distance.min())
    if gap <= CONVERGED * float(size_of(point)):
        return True
    segment = point + np.linspace(0.0, 1.0, PIECES + 1)[:, None] * (nearest - point)
    if np.all(np.abs(step(segment) - segment).max(-1) <= ROUNDING * size_of(segment)):
        return True
    followed = project(step, jacobian, segment, box)
    between = np.sqrt(np.sum(np.square(np.diff(followed.x, axis=0)), axis=-1))
    return bool(followed.arrived.all() and between.max() <= 3.0 * gap / PIECES)
