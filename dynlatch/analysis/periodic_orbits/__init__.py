"""Periodic orbits of a map: each once, with its multipliers, and how complete the list is."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from dynlatch.analysis.fixed_points.result import Completeness
from dynlatch.analysis.outcomes import Stability, classify
from dynlatch.analysis.periodic_orbits.multipliers import multipliers
from dynlatch.analysis.periodic_orbits.orbits import Cycle, divisors, symmetric_rows
from dynlatch.analysis.periodic_orbits.region import region
from dynlatch.analysis.periodic_orbits.result import PeriodicOrbit as PeriodicOrbit
from dynlatch.analysis.periodic_orbits.result import PeriodicOrbits as PeriodicOrbits
from dynlatch.analysis.periodic_orbits.search import Search
from dynlatch.analysis.periodic_orbits.shooting import image_of, index_of, jacobians_of, residual_of
from dynlatch.analysis.structure import additive_form
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import SmoothMap, coordinates, require_smooth
from dynlatch.randomness import Rng, generator
from dynlatch.validation import count, positive_number

METHODS = ("auto", "multistart")


def periodic_orbits(
    map: SmoothMap,
    period: int,
    *,
    method: str = "auto",
    bounds: tuple[Any, Any] | None = None,
    rng: Rng = None,
    time_budget: float | None = None,
    progress: bool = False,
) -> PeriodicOrbits:
    """Orbits of a map."""
    p = count("period", period, least=1)
    if method not in METHODS:
        raise InvalidInput(f"`method` must be one of {', '.join(METHODS)}; got {method!r}.")
    smooth = require_smooth(map, "periodic_orbits")
    box, compact = region(map, bounds)
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    search = Search(smooth, box, _is_odd(smooth, box), compact, generator(rng), deadline)
    ended = all([search.run(d) for d in divisors(p)])
    return _described(search, p, ended)


def _is_odd(map: SmoothMap, box: Box) -> bool:
    """Whether M(-x) = -M(x): from the weights, or on points of a box that is symmetric itself."""
    form = additive_form(map)
    if form is not None:
        return form.f.odd and not form.c.any()
    if not np.array_equal(box[0], -box[1]):
        return False
    points = np.random.default_rng(0).uniform(*box, (64, map.dim))
    there, back = map.step(points), map.step(-points)
    return bool(np.all(np.abs(there + back) <= 1e-12 * (1e-300 + np.abs(there).max())))


def _described(search: Search, period: int, ended: bool) -> PeriodicOrbits:
    cycles = search.found.of_period(period)
    total = search.index_sum(period)
    if not ended:
        completeness = Completeness.BUDGET
    elif any(cycle.degenerate for cycle in search.found.cycles):
        completeness = Completeness.CLUSTER
    elif not search.compact:
        completeness = Completeness.NO_CHECKSUM
    else:
        completeness = Completeness.CHECKSUM_PASSED if total == 1 else Completeness.CHECKSUM_FAILED
    return describe(
        search.map, period, cycles, odd=search.odd, total=total, completeness=completeness, unseen=search.found.unseen(period)
    )


def describe(map, period, cycles: list[Cycle], *, odd, total, completeness, unseen) -> PeriodicOrbits:
    n = map.dim
    cycles = sorted(cycles, key=lambda cycle: tuple(cycle.points.ravel()))
    points = np.stack([cycle.points for cycle in cycles]) if cycles else np.zeros((0, period, n))
    errors = np.array([cycle.error for cycle in cycles])
    jacobians = jacobians_of(map, points) if cycles else np.zeros((0, period, n, n))
    eigenvalues = multipliers(jacobians)
    product = jacobians[:, 0]
    for j in range(1, period):
        product = jacobians[:, j] @ product
    stability = classify(eigenvalues, matrix_norm(product, "fro"))
    undecided = np.array([cycle.degenerate for cycle in cycles], dtype=bool)
    stability[undecided] = Stability.NEUTRAL
    return PeriodicOrbits(
        points=points,
        multipliers=eigenvalues,
        residuals=np.abs(residual_of(image_of(map), points)).max(axis=(1, 2), initial=0.0),
        errors=errors,
        stability=stability,
        symmetric=symmetric_rows(list(points), errors) if odd else np.zeros(len(points), dtype=bool),
        index=np.where(undecided, 0, index_of(jacobians)) if cycles else np.zeros(0, dtype=np.int64),
        pointwise_radii=spectral_radius(jacobians) if cycles else np.zeros((0, period)),
        period=period,
        index_sum=total,
        completeness=completeness,
        estimated_missing=unseen,
        unresolved=np.zeros((0, 2, n)),
        coordinates=coordinates(map),
    )
