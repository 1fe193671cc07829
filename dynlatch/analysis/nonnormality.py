"""How far a matrix is from normal, and what that does to its powers.

* Departure from normality (Henrici 1962): Frobenius norm of the strictly upper triangle of the Schur form, which is
  `sqrt(|J|_F^2 - sum |lambda|^2)` without the cancellation.
* Kreiss constant `K = sup_{|z| > 1} (|z| - 1) |(z I - J)^-1|_2`, with `K <= max_k |J^k|_2 <= e n K` (Kreiss 1962; Spijker
  1991; Trefethen and Embree 2005, Spectra and Pseudospectra, sect. 18).
* Transient growth `max_k |J^k|_2`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.intervals import EPS
from dynlatch.linalg import matrix_norm
from dynlatch.validation import Array

RADII, ANGLES = 16, 32
LARGEST = 1e70  # entries whose resolvents have finite squares
WORK = 1e8  # points of the first grid times the cube of the dimension
POWER_STEPS = 6
CLIMBS = 4
EXACT_POWERS = 256  # powers looked at one by one; then strides double
MOST_POWERS = 1 << 40


class Powers(NamedTuple):
    """Norms of powers of a matrix: exponents k (m,) and ln |J^k|_2 (m,), from k = 0."""

    exponents: NDArray[np.int64]
    log_norms: Array


def departure(J: Array) -> float:
    """Henrici's departure from normality; 0 exactly for normal matrices, to rounding."""
    from scipy.linalg import schur

    return float(matrix_norm(np.abs(np.triu(schur(J, output="complex")[0], 1)), "fro"))


def kreiss_constant(J: Array) -> tuple[float, complex | None]:
    """A lower estimate of the Kreiss constant, and the z where it is attained (None: as |z| grows).

    The best points of a grid over the exterior of the unit circle climb along the gradient of the resolvent's norm. Every
    value met is a value of the supremum's argument, so that the result is a lower bound to rounding; infinite if a
    multiplier lies outside the unit circle.
    """
    if np.abs(np.linalg.eigvals(J)).max() > 1.0:
        return np.inf, None
    # Kreiss's theorem from its other side: no power exceeds e n K.
    by_powers = float(np.exp(min(power_norms(J).log_norms.max() - 1.0 - np.log(len(J)), 700.0)))
    if np.abs(J).max() > LARGEST:
        return max(1.0, by_powers), None
    radii, angles = _grid(J)
    z = (1.0 + radii)[:, None] * np.exp(1j * angles)
    height = radii[:, None] * _resolvent_norms(J, z)
    peaks = np.argsort(height, axis=None)[::-1]
    # Along each angle one start, the best angles first: neighbours on the grid would climb the same hill.
    starts: list[tuple[float, float]] = []
    for flat in peaks:
        i, j = np.unravel_index(flat, height.shape)
        if all(abs(angles[j] - angle) > 1e-9 for _, angle in starts):
            starts.append((float(np.log(radii[i])), float(angles[j])))
        if len(starts) == CLIMBS:
            break
    best = max((_climb(J, start) for start in starts), key=lambda found: found[0])
    if best[0] < max(1.0, by_powers):
        return max(1.0, by_powers), None
    return best


def _grid(J: Array) -> tuple[Array, Array]:
    """Distances from the unit circle and angles in [0, pi] (J is real): uniform ones, and those of the multipliers."""
    n = len(J)
    share = min(1.0, float(np.sqrt(WORK / (RADII * ANGLES * float(n) ** 3))))
    multipliers = np.linalg.eigvals(J)
    gap = max(1.0 - float(np.abs(multipliers).max()), 1e-10)
    radii = np.geomspace(0.02 * gap, 2.0 * float(matrix_norm(J, "fro")) + 1.0, max(int(RADII * share), 6))
    closest = np.argsort(-np.abs(multipliers))[: max(int(ANGLES * share), 6)]
    angles = np.concatenate([np.linspace(0.0, np.pi, max(int(ANGLES * share), 6)), np.abs(np.angle(multipliers[closest]))])
    return radii, np.unique(angles)


def _resolvent_norms(J: Array, z: NDArray[np.complex128]) -> Array:
    """`|(z I - J)^-1|_2` from below, by a few steps of the power method; one row of `z` at a time."""
    n = len(J)
    norms = np.empty(z.shape)
    for i, row in enumerate(z):
        matrices = row[:, None, None] * np.eye(n) - J
        resolvent = np.linalg.inv(matrices)
        columns = np.argmax(np.square(np.abs(resolvent)).sum(-2), axis=-1)
        v = resolvent[np.arange(len(row)), :, columns]
        adjoint = np.conj(np.swapaxes(resolvent, -1, -2))
        for _ in range(POWER_STEPS):
            v = v / np.linalg.norm(v, axis=-1, keepdims=True)
            v = (adjoint @ (resolvent @ v[..., None]))[..., 0]
        norms[i] = np.sqrt(np.linalg.norm(v, axis=-1))
    return norms


def _climb(J: Array, start: tuple[float, float]) -> tuple[float, complex | None]:
    """Local maximum of the logarithm of `(|z| - 1) / sigma_min(z I - J)` in (ln(|z| - 1), angle)."""
    from scipy.optimize import minimize

    # What rounding may do to the smallest singular value, and to |z|, makes it larger: so the result stays a lower bound.
    noise = 4.0 * (len(J) + 2) * EPS * (2.0 + float(matrix_norm(J, "fro")))

    def downhill(x: Array) -> tuple[float, Array]:
        excess, turn = np.exp(x[0]), np.exp(1j * x[1])
        z = (1.0 + excess) * turn
        u, widths, vh = np.linalg.svd(z * np.eye(len(J)) - J)
        slope = np.conj(u[:, -1]) @ np.conj(vh[-1])  # d sigma_min = Re(u^* dz v)
        along = np.array([np.real(slope * excess * turn), np.real(slope * 1j * z)])
        least = widths[-1] + noise
        return float(np.log(least)) - float(x[0]), along / least - np.array([1.0, 0.0])

    result = minimize(downhill, np.array(start), jac=True, method="L-BFGS-B", bounds=[(-50.0, 50.0), (None, None)])
    excess, angle = np.exp(result.x[0]), result.x[1]
    return float(np.exp(-result.fun)), complex((1.0 + excess) * np.exp(1j * angle))


def power_norms(J: Array, least: int = 32) -> Powers:
    """Norms of `J^0, J^1, ...` until one at or after k = `least` is below 1: no later one then exceeds all earlier ones.

    The first 256 powers are looked at one by one, later ones at strides that double every 128, so that slow decay costs a
    logarithm; a J without decay ends at `least`.
    """
    decays = np.abs(np.linalg.eigvals(J)).max() < 1.0
    exponents, logs = [0], [0.0]
    product, log_scale = np.eye(len(J)), 0.0
    factor, factor_log, stride = J, 0.0, 1
    while exponents[-1] < least or (decays and logs[-1] >= 0.0 and exponents[-1] < MOST_POWERS):
        if exponents[-1] >= EXACT_POWERS * stride:
            factor, factor_log, stride = *_normalised(factor @ factor, 2.0 * factor_log), 2 * stride
        product, log_scale = _normalised(factor @ product, log_scale + factor_log)
        exponents.append(exponents[-1] + stride)
        norm = float(matrix_norm(product))
        logs.append(log_scale + np.log(norm) if norm > 0 else -np.inf)
    return Powers(np.array(exponents), np.array(logs))


def _normalised(matrix: Array, log_scale: float) -> tuple[Array, float]:
    size = float(np.abs(matrix).max())
    return (matrix / size, log_scale + float(np.log(size))) if size > 0 else (matrix, log_scale)
