"""The record of cycles found by any method: multipliers, stability, index, symmetry, all from the map itself."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.fixed_points.result import Completeness
from dynlatch.analysis.outcomes import Stability, classify
from dynlatch.analysis.periodic_orbits.multipliers import multipliers, product_of
from dynlatch.analysis.periodic_orbits.orbits import Collection, symmetric_rows
from dynlatch.analysis.periodic_orbits.result import PeriodicOrbits
from dynlatch.analysis.periodic_orbits.search import index_sum
from dynlatch.analysis.periodic_orbits.shooting import image_of, index_of, jacobians_of, residual_of
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import SmoothMap, coordinates
from dynlatch.validation import Array


def described(
    map: SmoothMap, period: int, found: Collection, *, odd: bool, completeness: Completeness, unseen: float, unresolved: Array
) -> PeriodicOrbits:
    """The cycles of exactly this period; those of its divisors count in the index sum only."""
    cycles = sorted(found.of_period(period), key=lambda cycle: tuple(cycle.points.ravel()))
    points = np.array([cycle.points for cycle in cycles]).reshape(-1, period, map.dim)
    errors = np.array([cycle.error for cycle in cycles])
    jacobians = jacobians_of(map, points) if cycles else np.zeros((0, period, map.dim, map.dim))
    eigenvalues = multipliers(jacobians)
    undecided = np.array([cycle.degenerate for cycle in cycles], dtype=bool)
    stability = classify(eigenvalues, matrix_norm(product_of(jacobians), "fro"))
    stability[undecided] = Stability.NEUTRAL
    for row, cycle in enumerate(cycles):
        stability[row] = cycle.stability or stability[row]
    residuals = np.abs(residual_of(image_of(map), points)).max(axis=(1, 2)) if cycles else np.zeros(0)
    return PeriodicOrbits(
        points=points,
        multipliers=eigenvalues,
        residuals=residuals,
        errors=errors,
        stability=stability,
        symmetric=symmetric_rows(list(points), errors) if odd else np.zeros(len(points), dtype=bool),
        index=np.where(undecided, 0, index_of(jacobians)) if cycles else np.zeros(0, dtype=np.int64),
        pointwise_radii=spectral_radius(jacobians) if cycles else np.zeros((0, period)),
        period=period,
        index_sum=index_sum(map, found, period)[0],
        completeness=completeness,
        estimated_missing=unseen,
        unresolved=unresolved,
        coordinates=coordinates(map),
    )
