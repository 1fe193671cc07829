"""Coefficients of normal forms at bifurcations of fixed points of maps (Kuznetsov 2004, Elements of Applied Bifurcation
Theory, sects. 4.4-4.7 and 5.4), from second and third derivatives along the critical directions.

B(u, v) and C(u, u, v) are the second and third derivative of the map; they come from extrapolated central differences of
`jvp`, to about 1e-10 and 1e-8 of their size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

STEP2, STEP3 = 2e-3, 1e-2

Complex = NDArray[np.complex128]


def second(map: SmoothMap, a: Array, u: Array, v: Array) -> Array:
    """B(u, v), shape (n,)."""
    size = float(np.linalg.norm(u))
    if size == 0.0:
        return np.zeros_like(a)
    h = STEP2 * (1.0 + float(np.abs(a).max())) / size
    wide, narrow = ((map.jvp(a + s * u, v) - map.jvp(a - s * u, v)) / (2.0 * s) for s in (h, 0.5 * h))
    return (4.0 * narrow - wide) / 3.0


def third(map: SmoothMap, a: Array, u: Array, v: Array) -> Array:
    """C(u, u, v), shape (n,)."""
    size = float(np.linalg.norm(u))
    if size == 0.0:
        return np.zeros_like(a)
    h = STEP3 * (1.0 + float(np.abs(a).max())) / size
    middle = 2.0 * map.jvp(a, v)
    wide, narrow = ((map.jvp(a + s * u, v) - middle + map.jvp(a - s * u, v)) / s**2 for s in (h, 0.5 * h))
    return (4.0 * narrow - wide) / 3.0


def quadratic(map: SmoothMap, a: Array, phi: Array, psi: Array) -> float:
    """Fold and transcritical: `u' = u + coefficient u^2` with `psi . phi = 1`."""
    return float(0.5 * psi @ second(map, a, phi, phi) / (psi @ phi))


def cubic(map: SmoothMap, a: Array, phi: Array, psi: Array, sigma: float) -> float:
    """Pitchfork (sigma = 1, `u' = u + coefficient u^3`) and flip (sigma = -1, `u' = -u + coefficient u^3`)."""
    J, n = map.jacobian(a), len(a)
    bent = second(map, a, phi, phi)
    if sigma > 0:  # I - J is singular: on the complement of the critical direction
        border = np.block([[np.eye(n) - J, phi[:, None]], [psi[None, :], np.zeros((1, 1))]])
        centre = np.linalg.solve(border, np.append(bent - phi * (psi @ bent) / (psi @ phi), 0.0))[:n]
    else:
        centre = np.linalg.solve(np.eye(n) - J, bent)
    value = third(map, a, phi, phi) / 6.0 + 0.5 * second(map, a, phi, centre)
    return float(psi @ value / (psi @ phi))


def circle(map: SmoothMap, a: Array, q: Complex, p: Complex, angle: float) -> float:
    """Neimark-Sacker: `r' = r + coefficient r^3`, J q = exp(i angle) q, J^T p = exp(-i angle) p, p^H q = 1."""
    J, n = map.jacobian(a), len(a)
    x, y = np.real(q), np.imag(q)
    around = second(map, a, x, x) + second(map, a, y, y)  # B(q, conj q)
    twice = second(map, a, x, x) - second(map, a, y, y) + 2j * second(map, a, x, y)  # B(q, q)
    centre = np.asarray(np.linalg.solve(np.eye(n) - J, around), dtype=np.float64)
    double = np.linalg.solve(np.exp(2j * angle) * np.eye(n) - J, twice)
    along = third(map, a, x, x) + third(map, a, y, x) + 1j * (third(map, a, x, y) + third(map, a, y, y))  # C(q, q, conj q)
    mixed = second(map, a, x, centre) + 1j * second(map, a, y, centre)
    real, imag = np.real(double), np.imag(double)
    conjugate = second(map, a, x, real) + second(map, a, y, imag) + 1j * (second(map, a, x, imag) - second(map, a, y, real))
    total = along + 2.0 * mixed + conjugate
    return float(0.5 * np.real(np.exp(-1j * angle) * np.vdot(p, total)))
