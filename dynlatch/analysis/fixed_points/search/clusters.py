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

from dynlatch.analysis.fixed_points.search.newton import ROUNDING, Function, minus_identity, size_of
from dynlatch.intervals import Box
from dynlatch.validation import Array

NULL = 1e-10  # a singular value of I - G' below this, relative to the largest (or 1), is none
PROJECTIONS = 8  # Newton's method is quadratic along a continuum
PATIENCE = 5  # times that, where another direction is degenerate: a triple point is approached by a factor of 2/3 a step
PULLED_BACK = 0.05  # of the way of a probe: it returns to where it came from
PIECES = 8  # of a segment between two members
PROBE = 1e-2  # how far along null directions a continuum is looked for, relative to the size of the point
MEMBERS, EXAMINED = 32, 6  # of a cluster kept; of a round examined, or a few more: the rest say nothing new
FIRST_PROBES = 3


@dataclass(eq=False)
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
    new = 0
    for point in x[:: max(1, len(x) // EXAMINED)]:
        home = _home(clusters, step, jacobian, point, box)
        if home is None:
            clusters.append(Cluster(point[None]))
            new += 1
            continue
        home.hits += 1
        if len(home.members) < MEMBERS:
            home.members = np.concatenate([home.members, point[None]])
    return new


def united(clusters: list[Cluster], step: Function, jacobian: Function, box: Box) -> list[Cluster]:
    """The clusters, those joined into one that turn out to be connected."""
    apart: list[Cluster] = []
    for cluster in clusters:
        for other in apart:
            if _follows(other, step, jacobian, _nearest(cluster, other), box):
                other.members = np.concatenate([other.members, cluster.members])
                other.hits += cluster.hits
                break
        else:
            apart.append(Cluster(cluster.members, cluster.hits))
    return apart


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
    there = Projection(np.clip(point + distance * directions / length, *box), np.zeros(len(directions), dtype=bool))
    for _ in range(PATIENCE):
        there = project(step, jacobian, there.x, box)
        away = np.sqrt(np.sum(np.square(there.x - point), axis=-1)) > PULLED_BACK * distance
        there = Projection(there.x[away], there.arrived[away])
        if there.arrived.all():
            break
    return np.asarray((there.x - point)[there.arrived])


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
            moving = finite & (np.abs(residual).max(-1, initial=0.0) > ROUNDING * size_of(here))
            active, here, residual = active[moving], here[moving], residual[moving]
            if len(active) == 0:
                break
            correction = _least_norm(minus_identity(jacobian(here)), residual)
            x[active] = np.clip(here + correction, *box)
            active = active[np.abs(correction).max(-1) > 0.0]
        remaining = np.abs(step(x) - x).max(-1, initial=0.0) if len(x) else np.zeros(0)
    return Projection(x, np.asarray(remaining <= ROUNDING * size_of(x)))


def _least_norm(matrices: Array, right: Array) -> Array:
    """Least-norm solutions (k, d), singular values below NULL counted as zero."""
    usable = np.asarray(np.isfinite(matrices).all((-2, -1)))
    U, values, V = np.linalg.svd(np.where(usable[:, None, None], matrices, 0.0))
    cut = NULL * np.maximum(values[:, :1], 1.0)
    inverse = np.where(values > cut, 1.0 / np.maximum(values, cut), 0.0)
    return np.asarray(np.einsum("kji,kj->ki", V, inverse * np.einsum("kij,ki->kj", U, right)))


def _home(clusters: list[Cluster], step: Function, jacobian: Function, point: Array, box: Box) -> Cluster | None:
    """The cluster that a solution belongs to; the cheap test of all of them before the dear one of any."""
    for test in (_same_within_rounding, _follows):
        for cluster in clusters:
            if test(cluster, step, jacobian, point, box):
                return cluster
    return None


def _segment(cluster: Cluster, point: Array) -> Array:
    """From `point` to the nearest member."""
    nearest = cluster.members[np.argmin(np.sum(np.square(cluster.members - point), axis=-1))]
    return np.asarray(point + np.linspace(0.0, 1.0, PIECES + 1)[:, None] * (nearest - point))


def _same_within_rounding(cluster: Cluster, step: Function, jacobian: Function, point: Array, box: Box) -> bool:
    """Whether all of the segment to the nearest member solves the equation to rounding."""
    segment = _segment(cluster, point)
    return bool(np.all(np.abs(step(segment) - segment).max(-1) <= ROUNDING * size_of(segment)))


def _follows(cluster: Cluster, step: Function, jacobian: Function, point: Array, box: Box) -> bool:
    """Whether the segment to the nearest member, moved onto solutions, still leads there without a gap."""
    segment = _segment(cluster, point)
    longest = 3.0 * float(np.sqrt(np.sum(np.square(segment[1] - segment[0]))))
    middle = project(step, jacobian, segment[PIECES // 2 : PIECES // 2 + 1], box)
    if not middle.arrived.all():
        return False
    followed = project(step, jacobian, segment, box)
    between = np.sqrt(np.sum(np.square(np.diff(followed.x, axis=0)), axis=-1))
    return bool(followed.arrived.all() and between.max() <= longest)


def _nearest(cluster: Cluster, other: Cluster) -> Array:
    """The member of `cluster` nearest to the other, shape (d,)."""
    distance = np.sum(np.square(cluster.members[:, None] - other.members), axis=-1).min(axis=1)
    return np.asarray(cluster.members[np.argmin(distance)])
