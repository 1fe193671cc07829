"""Attracting fixed points of a large network: where its runs have come to rest, polished, with their leading multipliers.

Newton's method solves `(1 - J) d = M(a) - a` by GMRES (Saad and Schultz 1986); the multipliers come from implicitly restarted
Arnoldi iterations (Lehoucq, Sorensen and Yang 1998). No matrix is factored.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.audit.estimate import SEED
from dynlatch.analysis.fixed_points import Completeness, FixedPoints
from dynlatch.analysis.outcomes import Stability, classify
from dynlatch.maps import Parametric, SmoothMap, coordinates
from dynlatch.validation import Array

LEADING = 6  # multipliers of a fixed point that are computed
KRYLOV, RESTARTS = 128, 40  # directions of an Arnoldi iteration (a few of them miss leading multipliers), and how many
FORMED = 1 << 26  # entries of a Jacobian that is formed: reading it is faster than reading the weights of all gates
WORK = 1 << 27  # entries of the Jacobians of all fixed points that are looked at
NEWTON, CORRECTIONS = 6, 50  # steps of Newton's method, and of GMRES in each
NEAR, SAME = 1e-3, 1e-6  # runs that move no more than that in a step are at rest, or nearly; points that are equal


def resting(map: SmoothMap, last: Array) -> tuple[FixedPoints, tuple[str, ...]]:
    """The attracting fixed points at which runs of last states (N, n) rest, or nearly do, and what was left out."""
    with np.errstate(over="ignore", invalid="ignore"):
        ends = _distinct(last[apart(map.step(last), last) <= NEAR], NEAR)  # NaN and infinity are not at rest
    looked_at = ends[: max(WORK // map.dim**2, 1)]
    left_out = [_passed_over(len(ends) - len(looked_at))] if len(looked_at) < len(ends) else []
    points: list[Array] = []
    values: list[NDArray[np.complex128]] = []
    for end in looked_at:
        point = polished(map, end)
        if any(apart(point, other) <= SAME for other in points):
            continue
        leading = multipliers(map, point)
        if leading is not None and np.abs(leading).max() < 1.0:
            points.append(point)
            values.append(leading)
        else:
            left_out.append(_undecided(leading))
    order = sorted(range(len(points)), key=lambda i: tuple(points[i]))
    kept = np.array([points[i] for i in order]).reshape(-1, map.dim)
    return _found(map, kept, np.array([values[i] for i in order]).reshape(-1, LEADING)), tuple(dict.fromkeys(left_out))


def apart(states: Array, other: Array) -> Array:
    """Largest component of the distance, relative to the size of `other`."""
    return np.asarray(np.abs(states - other).max(-1) / (1.0 + np.abs(other).max(-1)))


def _distinct(states: Array, closest: float) -> Array:
    kept: list[Array] = []
    for state in states:
        if all(apart(state, other) > closest for other in kept):
            kept.append(state)
    return np.array(kept).reshape(-1, states.shape[-1])


def polished(map: SmoothMap, end: Array) -> Array:
    """The fixed point near the end of a run, or that end where Newton's method leads nowhere or away."""
    from scipy.sparse.linalg import LinearOperator, gmres

    point, residual = end, map.step(end) - end
    for _ in range(NEWTON):
        slope = tangent(map, point)
        system = LinearOperator(slope.shape, matvec=lambda v, J=slope: v - J @ v, dtype=np.float64)
        correction, _ = gmres(system, residual, rtol=1e-6, restart=CORRECTIONS, maxiter=1)
        moved = point + correction
        following = map.step(moved) - moved
        if not np.abs(following).max() < np.abs(residual).max() or not apart(moved, end) <= 10.0 * NEAR:
            break
        point, residual = moved, following
    return point


def tangent(map: SmoothMap, point: Array) -> Any:
    """The Jacobian at a point as an operator: formed where it is the product of known weights and not too large."""
    from scipy.sparse.linalg import LinearOperator, aslinearoperator

    if isinstance(getattr(map, "map", map), Parametric) and map.dim**2 <= FORMED:
        return aslinearoperator(map.jacobian(point))
    shape = (map.dim, map.dim)
    return LinearOperator(shape, matvec=lambda v: map.jvp(point, v.ravel()), dtype=np.float64)


def multipliers(map: SmoothMap, point: Array) -> NDArray[np.complex128] | None:
    """The leading multipliers by falling modulus; None where the iterations do not converge."""
    from scipy.sparse.linalg import ArpackError, eigs

    start = np.random.default_rng(SEED).standard_normal(map.dim)
    try:
        found = eigs(
            tangent(map, point), k=LEADING, v0=start, ncv=KRYLOV, maxiter=RESTARTS, tol=1e-9, return_eigenvectors=False
        )
    except ArpackError:
        return None
    return np.asarray(found[np.argsort(-np.abs(found), kind="stable")], dtype=np.complex128)


def _passed_over(count: int) -> str:
    return f"{count} more states in which runs rest: each takes as long as those that were looked at (`dynlatch fixed-points`)."


def _undecided(leading: NDArray[np.complex128] | None) -> str:
    if leading is None:
        return "A state in which runs rest: its leading multipliers did not converge."
    return "A state next to which runs linger: its largest multiplier is not inside the unit circle."


def _found(map: SmoothMap, points: Array, values: NDArray[np.complex128]) -> FixedPoints:
    residuals = np.abs(map.step(points) - points).max(-1, initial=0.0)
    radius = np.abs(values).max(-1, initial=0.0)
    stability = classify(values, radius)
    return FixedPoints(
        points=points,
        eigenvalues=values,
        residuals=residuals,
        errors=residuals / np.maximum(1.0 - radius, 1e-16),
        stability=stability,
        index=(stability == Stability.ATTRACTING).astype(np.int64),
        completeness=Completeness.BUDGET,
        estimated_missing=0.0,
        dimension=np.zeros(len(points), dtype=np.int64),
        certified=np.zeros(len(points), dtype=bool),
        unresolved=np.zeros((0, 2, map.dim)),
        coordinates=coordinates(map),
    )
