"""Multiple shooting: the p points of a cycle as p unknowns, `x_{j+1} = M(x_j)` for j = 0 .. p-1 (indices modulo p).

Newton's correction solves the cyclic block system

    d_{j+1} - J_j d_j = M(x_j) - x_{j+1},        J_j = M'(x_j).

Its matrix has the determinant of I - J_{p-1} ... J_0, but not its condition: no product of Jacobians is formed, so long
unstable orbits keep their digits, where Newton on M^p - I loses them (Deuflhard, Newton Methods for Nonlinear Problems, 7.1).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.intervals import EPS, Box
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

STEPS = 40
PATIENCE = 6  # steps after which the residual must have fallen by PROGRESS
PROGRESS = 0.5
CAP = 0.5  # longest bold step, in units of the widest side of the box
SHORTENINGS = 0.5 ** np.arange(5)
DEGENERATE_ERROR = 3e-9  # a forward error above this, relative to the size of the orbit, makes the orbit degenerate
Image = Callable[[Array], Array]


class Solutions(NamedTuple):
    """Converged cycles (k, p, n), the bound on the distance to the true one and the residual (k,)."""

    orbits: Array
    errors: Array
    residuals: Array


def image_of(map: SmoothMap) -> Image:
    """`map.step` on orbits (k, p, n); one sentence where the map leaves the finite numbers."""

    def image(orbits: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            values = map.step(orbits)
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            where = tuple(bad[0][:-1])
            shown = np.array2string(orbits[where], precision=6, threshold=8)
            raise InvalidInput(
                f"the map gave {values[tuple(bad[0])]} at the state {shown}: it must be finite in all of `bounds`; "
                "give bounds inside its domain."
            )
        return np.asarray(values, dtype=np.float64)

    return image


def jacobians_of(map: SmoothMap, orbits: Array) -> Array:
    """`M'` at every point, shape (k, p, n, n), by one batch."""
    k, p, n = orbits.shape
    return np.asarray(map.jacobian(orbits.reshape(k * p, n))).reshape(k, p, n, n)


def cyclic_matrix(jacobians: Array) -> Array:
    """Matrix of the system above, shape (k, p n, p n), of Jacobians (k, p, n, n)."""
    k, p, n = jacobians.shape[:3]
    matrix = np.zeros((k, p, n, p, n))
    for j in range(p):
        matrix[:, j, :, j] += np.eye(n)
        matrix[:, (j + 1) % p, :, j] -= jacobians[:, j]
    return matrix.reshape(k, p * n, p * n)


def correction_of(jacobians: Array, residual: Array) -> Array:
    """Newton's correction (k, p, n) for residuals `M(x_j) - x_{j+1}` (k, p, n); nudged where the matrix is singular."""
    matrix = cyclic_matrix(jacobians)
    right = np.roll(residual, 1, axis=1).reshape(len(residual), -1, 1)
    try:
        solved = np.linalg.solve(matrix, right)
    except np.linalg.LinAlgError:
        nudge = EPS * (1.0 + np.abs(matrix).max(axis=(-2, -1), keepdims=True))
        solved = np.linalg.solve(matrix + nudge * np.eye(matrix.shape[-1]), right)
    return np.asarray(solved[..., 0]).reshape(residual.shape)


def index_of(jacobians: Array) -> NDArray[np.int64]:
    """sign det(I - (M^p)') of each orbit, shape (k,)."""
    return np.asarray(np.linalg.slogdet(cyclic_matrix(jacobians))[0], dtype=np.int64)


def residual_of(image: Image, orbits: Array) -> Array:
    """`M(x_j) - x_{j+1}`, shape (k, p, n)."""
    return image(orbits) - np.roll(orbits, -1, axis=1)


def solve(map: SmoothMap, starts: Array, box: Box) -> Solutions:
    """Newton from every row of `starts` (k, p, n), all points kept in `box`; returns what converged.

    Even rows take full steps, capped in length; odd rows shorten theirs until the residual falls. A row is retired when its
    correction or its residual is at rounding level.
    """
    image = image_of(map)
    orbits = np.clip(starts, *box)
    active = np.arange(len(orbits))
    careful = active % 2 == 1
    least = np.full(len(orbits), np.inf)  # smallest residual so far, and how long ago it fell
    since = np.zeros(len(orbits), dtype=np.int64)
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            here = orbits[active]
            residual = residual_of(image, here)
            correction = correction_of(jacobians_of(map, here), residual)
            size = 1.0 + np.abs(here).max(axis=(1, 2))
            length, largest = np.abs(correction).max(axis=(1, 2)), np.abs(residual).max(axis=(1, 2))
            settled = (length <= 4 * EPS * size) | (largest <= 2 * EPS * size)
            better = largest < PROGRESS * least[active]
            since[active] = np.where(better, 0, since[active] + 1)
            least[active] = np.where(better, largest, least[active])
            lost = ~(length < np.inf) | (~settled & (since[active] >= PATIENCE))
            correction[~(length < np.inf)] = 0.0
            orbits[active] = _move(image, here, largest, correction, careful[active], box)
            orbits[active[lost]] = np.nan
            active = active[~settled & ~lost]
            if len(active) == 0:
                break
    return measure(map, orbits[np.isfinite(orbits).all(axis=(1, 2))])


def _move(image: Image, here: Array, largest: Array, correction: Array, careful: NDArray[np.bool_], box: Box) -> Array:
    limit = CAP * float((box[1] - box[0]).max())
    length = np.abs(correction).max(axis=(1, 2))
    scale = np.minimum(1.0, limit / np.maximum(length, 1e-300))
    moved = np.clip(here + scale[:, None, None] * correction, *box)
    who = np.flatnonzero(careful)
    for shortenings in (SHORTENINGS[:1], SHORTENINGS[1:]):
        if len(who) == 0:
            break
        trials = np.clip(here[who] + shortenings[:, None, None, None] * correction[who], *box)
        after = np.abs(image(trials) - np.roll(trials, -1, axis=2)).max(axis=(2, 3))
        falls = after < largest[who]
        pick = np.where(falls.any(axis=0), falls.argmax(axis=0), len(shortenings) - 1)
        moved[who] = trials[pick, np.arange(len(who))]
        who = who[~falls.any(axis=0)]
    return np.asarray(moved)


def measure(map: SmoothMap, orbits: Array) -> Solutions:
    """Forward error to first order, |(I - ...)^-1| times residual and rounding; rows that are no solutions are left out."""
    if len(orbits) == 0:
        return Solutions(orbits, np.zeros(0), np.zeros(0))
    residual = residual_of(image_of(map), orbits)
    jacobians = jacobians_of(map, orbits)
    matrix = cyclic_matrix(jacobians)
    widths = np.linalg.svd(matrix, compute_uv=False)
    singular = widths[:, -1] <= EPS * np.maximum(widths[:, 0], 1.0)
    inverse = np.linalg.inv(np.where(singular[:, None, None], np.eye(matrix.shape[-1]), matrix))
    rounding = 4 * EPS * (1.0 + np.abs(orbits)) * np.sqrt(orbits.shape[-1])
    right = np.roll(np.abs(residual) + rounding, 1, axis=1).reshape(len(orbits), -1, 1)
    error = np.where(singular, np.inf, (np.abs(inverse) @ right).max(axis=(1, 2)))
    newton = np.abs(inverse @ np.roll(residual, 1, axis=1).reshape(right.shape)).max(axis=(1, 2))
    size = 1.0 + np.abs(orbits).max(axis=(1, 2))
    largest = np.abs(residual).max(axis=(1, 2))
    keep = (~singular & (newton <= 1e-9 * size)) | (largest <= 8 * EPS * size * np.maximum(widths[:, 0], 1.0))
    return Solutions(orbits[keep], error[keep], largest[keep])


def is_degenerate(orbits: Array, errors: Array) -> NDArray[np.bool_]:
    """Where the forward error is so large that the equation does not determine the orbit."""
    return np.asarray(errors > DEGENERATE_ERROR * (1.0 + np.abs(orbits).max(axis=(1, 2), initial=0.0)))
