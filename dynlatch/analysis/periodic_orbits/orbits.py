"""Which cycles are the same, what their prime period is, and where a list of them starts.

The map is a function: two cycles that share a point are one. So points are compared, not cycles, and cyclic shifts need
no care.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.outcomes import Stability
from dynlatch.analysis.periodic_orbits.shooting import is_degenerate
from dynlatch.validation import Array


@dataclass
class Cycle:
    """One cycle met by a search, of the prime period `len(points)`.

    `hits` counts how many starts led to it; `undecided` says that it lies on a kink or in a continuum; `stability` is given
    where the multipliers do not decide it.
    """

    points: Array
    error: float
    hits: int = 1
    undecided: bool = False
    stability: Stability | None = None

    @property
    def degenerate(self) -> bool:
        """Whether I - (M^p)' is singular to rounding, or not defined."""
        return self.undecided or bool(is_degenerate(self.points[None], np.array([self.error]))[0])


@dataclass
class Collection:
    """The distinct cycles met so far, of every period that divides one that was searched for."""

    cycles: list[Cycle] = field(default_factory=list)

    def of_period(self, period: int) -> list[Cycle]:
        return [cycle for cycle in self.cycles if len(cycle.points) == period]

    def unseen(self, period: int) -> float:
        """Chao's bias-corrected estimate of the cycles not met, from those met once and twice."""
        hits = np.array([cycle.hits for cycle in self.of_period(period)])
        once, twice = np.sum(hits == 1), np.sum(hits == 2)
        return float(once * (once - 1) / (2 * (twice + 1)))

    def add(self, orbits: Array, errors: Array) -> int:
        """Merge solutions (k, p, n) in; returns how many cycles are new."""
        orbits, errors, hits = _distinct(orbits, errors)
        known = [cycle.points for cycle in self.cycles]
        everything = [*known, *orbits]
        if not everything:
            return 0
        error = np.concatenate([[cycle.error for cycle in self.cycles], errors])
        labels = identities(everything, error)
        fresh = 0
        by_label = {labels[i][0]: cycle for i, cycle in enumerate(self.cycles)}
        for (label, period), points, bound, met_by in zip(labels[len(known) :], orbits, errors, hits, strict=True):
            met = by_label.get(label)
            if met is None:
                by_label[label] = Cycle(canonical(points[:period]), float(bound), int(met_by))
                self.cycles.append(by_label[label])
                fresh += 1
            else:
                met.hits += int(met_by)
                if bound < met.error and len(met.points) == period:
                    met.points, met.error = canonical(points[:period]), float(bound)
        return fresh


def _distinct(orbits: Array, errors: Array) -> tuple[Array, Array, NDArray[np.int64]]:
    """Solutions that agree in all points to ten digits counted once: most of a batch, before points are compared in earnest."""
    if len(orbits) == 0:
        return orbits, errors, np.zeros(0, dtype=np.int64)
    generic = np.cos(1.0 + np.arange(orbits.shape[2]) ** 1.5)
    shift = (orbits @ generic).argmin(axis=1)
    turned = np.take_along_axis(orbits, ((shift[:, None] + np.arange(orbits.shape[1])) % orbits.shape[1])[..., None], axis=1)
    rounded = np.round(turned / (1e-10 * (1.0 + np.abs(turned).max()))).reshape(len(orbits), -1)
    _, first, own = np.unique(rounded, axis=0, return_index=True, return_inverse=True)
    own = own.ravel()  # NumPy 2.0 keeps an axis here
    best = np.lexsort((errors, own))
    first = best[np.searchsorted(own[best], np.arange(len(first)))]
    return turned[first], errors[first], np.bincount(own, minlength=len(first)).astype(np.int64)


def merge_radius(orbits: list[Array], errors: Array) -> Array:
    """Two points closer than the sum of their radii are one: ten forward errors, at most 1e-3 of their size."""
    size = 1.0 + np.array([np.abs(points).max() for points in orbits])
    return np.asarray(np.minimum(10.0 * errors + 1e-12 * size, 1e-3 * size))


def identities(orbits: list[Array], errors: Array) -> list[tuple[int, int]]:
    """For each cycle (p_i, n) a label that equal cycles share, and its prime period."""
    lengths = [len(points) for points in orbits]
    labels = touching(np.concatenate(orbits), np.repeat(merge_radius(orbits, errors), lengths))
    out = []
    for own in np.split(labels, np.cumsum(lengths)[:-1]):
        out.append((int(own.min()), prime_period(own)))
    return out


def prime_period(labels: NDArray[np.int64]) -> int:
    """Smallest divisor d of p with `labels[j + d] == labels[j]` for all j."""
    p = len(labels)
    return next(d for d in divisors(p) if np.array_equal(labels, np.roll(labels, d)))


def divisors(p: int) -> list[int]:
    """Divisors of p, ascending, p included."""
    return [d for d in range(1, p + 1) if p % d == 0]


def touching(points: Array, radius: Array) -> NDArray[np.int64]:
    """Group label of each point (k, n): points within the sum of their radii, directly or through others, share one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    tree = cKDTree(points)
    pairs = [np.zeros((0, 2), dtype=np.int64)]
    # By decades of radius, so that one blurred point does not make every other one search far.
    decade = np.floor(np.log10(radius)).astype(int)
    for level in np.unique(decade):
        wide = np.flatnonzero(decade == level)
        reach = 2.0 * radius[wide].max()
        near = cKDTree(points[wide]).sparse_distance_matrix(tree, reach, p=np.inf, output_type="coo_matrix")
        pairs.append(np.stack([wide[near.row], near.col], axis=1))
    left, right = np.concatenate(pairs).T
    close = np.abs(points[left] - points[right]).max(axis=-1) <= radius[left] + radius[right]
    graph = coo_array((np.ones(close.sum()), (left[close], right[close])), shape=(len(points), len(points)))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def canonical(points: Array) -> Array:
    """The cycle from its lexicographically smallest point on."""
    return np.roll(points, -int(np.lexsort(points.T[::-1])[0]), axis=0)


def symmetric_rows(orbits: list[Array], errors: Array) -> NDArray[np.bool_]:
    """Which cycles -x maps onto themselves; for the odd map that the caller knows to be one."""
    if not orbits:
        return np.zeros(0, dtype=bool)
    both = [*orbits, *(-points for points in orbits)]
    labels = identities(both, np.concatenate([errors, errors]))
    k = len(orbits)
    return np.array([labels[i][0] == labels[k + i][0] for i in range(k)])
