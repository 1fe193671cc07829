"""Local minima of `q(a) = |M(a) - a|^2 / 2`, many starts side by side.

With `r = M(a) - a` and `A = M' - I`, the gradient of q is `A^T r`. Levenberg and Marquardt's step solves
`(A^T A + lambda) s = -A^T r`; lambda falls when q falls and rises when it does not. At a minimum with r != 0, A is singular
and the curvature along its null direction is that of M, which `A^T A` does not see: the last digits are Newton's, with the
Hessian from central differences of the gradient. (Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 10.)
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.search.newton import EPS, minus_identity, size_of, solve_systems
from dynlatch.intervals import Box
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

DESCENTS, POLISHINGS = 120, 12
DAMPING, SMALLEST_DAMPING = 1e-2, 1e-14
EASED, TIGHTENED = 0.3, 4.0
LEVEL = 1e-8  # gradient relative to |A| |r|; curvature relative to the largest
NEARLY_LEVEL = 1e-2
FLAT = 1e-6  # curvature relative to the speed: the least that differences tell from none
STEP = 1e-5  # of the differences, relative to the size of the point
LONGEST = 0.1  # step of the polishing, relative to the size of the point
NEAR = 1e-2  # a Newton correction shorter than this, relative to the size of the point, leads to a fixed point
AT_REST = 1e3 * EPS  # a speed below this, relative to the size of the point, is that of a fixed point


class Descent(NamedTuple):
    """States `a` (k, n) where q hardly falls any more without being zero, and how many linear systems it took."""

    a: Array
    solves: int


def speed(map: SmoothMap, a: Array) -> Array:
    """|M(a) - a|, Euclidean norm, shape (...)."""
    return np.asarray(np.sqrt(np.sum(np.square(map.step(a) - a), axis=-1)))


def descend(map: SmoothMap, starts: Array, slow: float, box: Box | None, deadline: float) -> Descent:
    """Levenberg and Marquardt from every row of `starts` (k, n); returns where the speed is at most about `slow`."""
    a = starts.copy()
    active, damping, solves = np.arange(len(a)), np.full(len(a), DAMPING), 0
    with np.errstate(all="ignore"):
        for _ in range(DESCENTS):
            if len(active) == 0 or time.monotonic() > deadline:
                break
            here = a[active]
            r, A = map.step(here) - here, -minus_identity(map.jacobian(here))
            gradient = np.einsum("kji,kj->ki", A, r)
            going = ~_level(A, r, gradient, LEVEL) & ~_resting(here, r) & np.isfinite(gradient).all(-1)
            active, here, r, A, gradient = active[going], here[going], r[going], A[going], gradient[going]
            normal = np.swapaxes(A, -1, -2) @ A + damping[active, None, None] * np.eye(a.shape[-1])
            trial = here - solve_systems(normal, gradient[..., None])[..., 0]
            trial = trial if box is None else np.clip(trial, *box)
            solves += len(active)
            better = speed(map, trial) < np.sqrt(np.sum(np.square(r), axis=-1))
            a[active[better]] = trial[better]
            damping[active] *= np.where(better, EASED, TIGHTENED)
            damping = np.maximum(damping, SMALLEST_DAMPING)
        return Descent(_candidates(map, a[np.isfinite(a).all(-1)], slow), solves)


def _candidates(map: SmoothMap, a: Array, slow: float) -> Array:
    r, A = map.step(a) - a, -minus_identity(map.jacobian(a))
    gradient = np.einsum("kji,kj->ki", A, r)
    near = np.sqrt(np.sum(np.square(r), axis=-1)) <= 2.0 * slow
    return np.asarray(a[near & _level(A, r, gradient, NEARLY_LEVEL) & ~_resting(a, r)])


def _level(A: Array, r: Array, gradient: Array, tolerance: float) -> NDArray[np.bool_]:
    """Whether the gradient is small against the two factors it is made of, as far as rounding lets it."""
    factor = 1.0 + np.sqrt(np.sum(np.square(A), axis=(-2, -1)))
    length = np.sqrt(np.sum(np.square(r), axis=-1))
    return np.asarray(np.sqrt(np.sum(np.square(gradient), axis=-1)) <= factor * (tolerance * length + 100.0 * EPS))


def _resting(a: Array, r: Array) -> NDArray[np.bool_]:
    return np.asarray(np.abs(r).max(-1, initial=0.0) <= AT_REST * size_of(a))


def polish(map: SmoothMap, a: Array) -> Array | None:
    """The minimum next to the state `a` (n,), to rounding; None if there is none, or if it is a fixed point."""
    a = a.copy()
    with np.errstate(all="ignore"):
        for _ in range(POLISHINGS):
            values, vectors = np.linalg.eigh(_hessian(map, a))
            gradient = _gradient(map, a)
            curvature = np.maximum(np.abs(values), LEVEL * np.abs(values).max())
            move = -vectors @ ((vectors.T @ gradient) / curvature)
            length, size = float(np.abs(move).max()), float(size_of(a))
            if not np.isfinite(length):
                return None
            a += move * min(1.0, LONGEST * size / max(length, 1e-300))
            if length <= 1e-10 * size:
                break
        r, A = map.step(a) - a, -minus_identity(map.jacobian(a))
        if _resting(a[None], r[None])[0] or not _level(A[None], r[None], (A.T @ r)[None], LEVEL)[0]:
            return None
        # Next to a degenerate fixed point q is as level as at a minimum, but Newton's method says where the point is.
        correction = np.abs(solve_systems(A, r[:, None])).max()
        values = np.linalg.eigvalsh(_hessian(map, a))
        curved = values[0] > max(LEVEL * values[-1], FLAT * float(np.sqrt(r @ r)) / float(size_of(a)))
    return a if curved and not correction < NEAR * float(size_of(a)) else None


def _gradient(map: SmoothMap, a: Array) -> Array:
    r = map.step(a) - a
    return map.vjp(a, r) - r


def _hessian(map: SmoothMap, a: Array) -> Array:
    """Of q at a state (n,), by central differences of the gradient."""
    h = STEP * float(size_of(a))
    steps = h * np.eye(len(a))
    columns = (_gradient(map, a + steps) - _gradient(map, a - steps)) / (2.0 * h)
    return np.asarray(0.5 * (columns + columns.T))
