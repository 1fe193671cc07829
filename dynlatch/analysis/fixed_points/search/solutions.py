"""The list of distinct solutions: what is the same point, what is degenerate, and how often each was met."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.search.clusters import Cluster, dimension, gather, representative, united
from dynlatch.analysis.fixed_points.search.newton import CONVERGED, EPS, ROUNDING, Function, Measured, measure, size_of
from dynlatch.intervals import Box
from dynlatch.validation import Array

DEGENERATE_ERROR = 3e-9  # a forward error above this, relative to the size of the point, makes the point degenerate


@dataclass(frozen=True, eq=False)
class Found:
    """Distinct solutions: `points` (k, d), forward `errors` (k,), `dimension` (k,) and how many `hits` (k,) each had.

    A cluster of degenerate solutions is one row, of infinite error; its dimension is 0 unless it is a continuum.
    """

    points: Array
    errors: Array
    dimension: NDArray[np.int64]
    hits: NDArray[np.int64]

    @property
    def degenerate(self) -> NDArray[np.bool_]:
        """Points where I - G' is singular to rounding."""
        return is_degenerate(self.points, self.errors)

    @property
    def unseen(self) -> float:
        """Chao's bias-corrected estimate, from the points met once and twice."""
        return unseen(self.hits)


@dataclass
class Solutions:
    """The list while it grows: regular points with error and hits, sorted by nothing, and clusters of degenerate ones."""

    step: Function
    jacobian: Function
    box: Box
    odd: bool
    points: Array
    errors: Array = field(default_factory=lambda: np.zeros(0))
    hits: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    clusters: list[Cluster] = field(default_factory=list)

    @property
    def unseen(self) -> float:
        return unseen(np.concatenate([self.hits, [cluster.hits for cluster in self.clusters]]))

    @property
    def met(self) -> int:
        """How many arrivals the list is made of."""
        return int(self.hits.sum()) + sum(cluster.hits for cluster in self.clusters)

    def add(self, arrivals: Array) -> int:
        """Merge in the places where starts came to rest (k, d); returns how many points and clusters are new."""
        met = same_point(np.concatenate([self.points, arrivals]), np.concatenate([self._radii, np.zeros(len(arrivals))]))
        known = len(self.points)
        label = np.full(met.max(initial=-1) + 1, -1)
        label[met[:known]] = np.arange(known)
        row = label[met[known:]]
        self.hits += np.bincount(row[row >= 0], minlength=known)
        return self._insert(measure(self.step, self.jacobian, arrivals[row < 0]))

    def _insert(self, new: Measured) -> int:
        degenerate = is_degenerate(new.x, new.error)
        inside = np.all((new.x >= self.box[0] - 1e-9) & (new.x <= self.box[1] + 1e-9), axis=-1)
        regular = ~degenerate & inside & (new.correction <= CONVERGED * size_of(new.x))
        residual = np.abs(self.step(new.x[degenerate]) - new.x[degenerate]).max(-1, initial=0.0)
        rest = new.x[degenerate][residual <= ROUNDING * size_of(new.x[degenerate])]
        added = gather(self.clusters, self.step, self.jacobian, self._closed(rest), self.box) if len(rest) else 0
        x, error = self._closed(new.x[regular]), np.tile(new.error[regular], 2 if self.odd else 1)
        return added + self._merge(x, error)

    def _closed(self, x: Array) -> Array:
        """Under x -> -x, where the equation is odd."""
        return np.concatenate([x, -x]) if self.odd else x

    def _merge(self, x: Array, error: Array) -> int:
        before = len(self.points)
        points, errors = np.concatenate([self.points, x]), np.concatenate([self.errors, error])
        hits = np.concatenate([self.hits, np.ones(len(x), dtype=np.int64)])
        group = same_point(points, merge_radius(points, errors))
        # The member of least error speaks for its group; points keep their place in the list.
        best = np.lexsort((errors, group))
        first = best[np.r_[True, np.diff(group[best]) > 0]] if len(best) else best
        self.points, self.errors = points[first], errors[first]
        self.hits = np.bincount(group, weights=hits, minlength=len(first)).astype(np.int64)
        return len(self.points) - before

    @property
    def _radii(self) -> Array:
        return merge_radius(self.points, self.errors)

    def found(self) -> Found:
        """The list as it stands, with the dimension of every cluster."""
        clusters = united(self.clusters, self.step, self.jacobian, self.box)
        heads = [representative(cluster, self.step) for cluster in clusters]
        dimensions = [dimension(self.step, self.jacobian, head, self.box) for head in heads]
        return Found(
            np.concatenate([self.points, np.reshape(heads, (len(heads), self.points.shape[1]))]),
            np.concatenate([self.errors, np.full(len(heads), np.inf)]),
            np.concatenate([np.zeros(len(self.points), dtype=np.int64), np.asarray(dimensions, dtype=np.int64)]),
            np.concatenate([self.hits, np.asarray([c.hits for c in clusters], dtype=np.int64)]),
        )


def unseen(hits: NDArray[np.int64]) -> float:
    """Chao's bias-corrected lower estimate of the classes never met, from how often each was met."""
    once, twice = np.sum(hits == 1), np.sum(hits == 2)
    return float(once * (once - 1) / (2 * (twice + 1)))


def is_degenerate(points: Array, errors: Array) -> NDArray[np.bool_]:
    """Where the forward error is so large that the equation does not determine the point."""
    return np.asarray(~(errors <= DEGENERATE_ERROR * size_of(points)))


def merge_radius(points: Array, errors: Array) -> Array:
    """Two solutions closer than the sum of their radii are one: four forward errors, and some rounding."""
    return np.asarray(4.0 * errors + 64 * EPS * size_of(points))


def same_point(points: Array, radius: Array) -> NDArray[np.int64]:
    """Group label of each point (k,), in order of appearance: points that touch, directly or through others, share one.

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
    sorted_key, furthest = key[order], key[order] + radius[order] + radius.max()
    left, right = [], []
    near = np.arange(k)
    for ahead in range(1, k):
        near = near[near + ahead < k]
        near = near[sorted_key[near + ahead] <= furthest[near]]
        if len(near) == 0:
            break
        i, j = order[near], order[near + ahead]
        close = np.abs(points[j] - points[i]).max(-1) <= radius[i] + radius[j]
        left.append(i[close])
        right.append(j[close])
    rows, columns = np.concatenate([np.zeros(0, dtype=int), *left]), np.concatenate([np.zeros(0, dtype=int), *right])
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(k, k))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)
