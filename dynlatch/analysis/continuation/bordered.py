"""Bordered systems that locate bifurcations to rounding (Govaerts 2000, Numerical Methods for Bifurcations of Dynamical
Equilibria, chapters 3-5; Kuznetsov 2004, sect. 10.2).

Where a matrix A is singular, g = 0 in `[[A, b], [c^T, 0]] (q, g) = (0, 1)`, whose matrix stays regular; g is smooth, and with
the left vector psi of the same system its derivative is `-psi^T (dA) q`. A is J - I (fold), J + I (flip), `J^2 - 2 k J + I`
with k = cos(angle) and two borders (Neimark-Sacker; it needs no bialternate product, so any dimension), and `[J - I, dM/dp]`
where branches cross.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.continuation.equations import Equations
from dynlatch.errors import DynlatchError
from dynlatch.validation import Array

STEPS = 25
SETTLED = 1e-14


class Located(NamedTuple):
    """Unknowns at the bifurcation and the length of the last correction (infinite: it did not converge)."""

    x: Array
    error: float


class Kernel(NamedTuple):
    """Right and left critical vectors, and g."""

    right: Array
    left: Array
    g: float


def newton(system: Callable[[Array], tuple[Array, Array]], y: Array) -> tuple[Array, float]:
    """Newton's (Gauss-Newton's) method on `system(y) = (residual, derivative)`; the last correction relative to y."""
    shortest, best = np.inf, y
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            try:
                residual, slope = system(y)
                if not (np.isfinite(residual).all() and np.isfinite(slope).all()):
                    break
                change = np.linalg.lstsq(slope, -residual, rcond=None)[0]
            except (DynlatchError, np.linalg.LinAlgError):
                break
            y = y + change
            length = float(np.abs(change).max() / (1.0 + np.abs(y).max()))
            stalled = length >= 0.5 * shortest and shortest < 1e-11
            if length < shortest:
                shortest, best = length, y
            if stalled or length <= SETTLED:
                break
    return best, shortest


def kernel(A: Array) -> Kernel:
    """The bordered solution of a square matrix A that is nearly singular, with its singular vectors as borders."""
    u, _, vh = np.linalg.svd(A)
    b, c = u[:, -1], vh[-1]
    border = np.block([[A, b[:, None]], [c[None, :], np.zeros((1, 1))]])
    last = np.append(np.zeros(len(A)), 1.0)
    right, left = np.linalg.solve(border, last), np.linalg.solve(border.T, last)
    return Kernel(right[:-1], left[:-1], float(right[-1]))


def singular(equations: Equations, x: Array, sigma: float) -> Located:
    """Where `J - sigma I` becomes singular along the curve: a fold (sigma = 1) or a flip (sigma = -1)."""

    def system(y: Array) -> tuple[Array, Array]:
        J = equations.jacobian(y)
        found = kernel(J[:, : equations.dim] + (1.0 - sigma) * np.eye(equations.dim))
        slope = -equations.bend(y, found.left, found.right)
        return np.append(equations.residual(y), found.g), np.vstack([J, slope])

    return Located(*newton(system, x))


def pair(equations: Equations, x: Array, cosine: float) -> tuple[Located, float]:
    """Where a pair of multipliers with the given cosine of their angle meets the unit circle; and that cosine."""
    n = equations.dim

    def system(y: Array) -> tuple[Array, Array]:
        z, k = y[:-1], y[-1]
        slopes = equations.jacobian(z)
        J = slopes[:, :n] + np.eye(n)
        A = J @ J - 2.0 * k * J + np.eye(n)
        u, _, vh = np.linalg.svd(A)
        b, c = u[:, -2:], vh[-2:]
        border = np.block([[A, b], [c, np.zeros((2, 2))]])
        last = np.concatenate([np.zeros((n, 2)), np.eye(2)])
        right, left = np.linalg.solve(border, last), np.linalg.solve(border.T, last)
        rows = [_turn(equations, z, J, k, left[:n, i], right[:n, j]) for i in range(2) for j in range(2)]
        top = np.concatenate([slopes, np.zeros((n, 1))], axis=1)
        return np.concatenate([equations.residual(z), right[n:].ravel()]), np.vstack([top, *rows])

    y, error = newton(system, np.append(x, cosine))
    return Located(y[:-1], error), float(y[-1])


def _turn(equations: Equations, x: Array, J: Array, k: float, psi: Array, q: Array) -> Array:
    """`-psi^T (d(J^2 - 2 k J)) q` by every unknown and by k, shape (1, n + 2)."""
    by_x = equations.bend(x, psi, J @ q - 2.0 * k * q) + equations.bend(x, J.T @ psi, q)
    return -np.append(by_x, -2.0 * psi @ (J @ q))[None, :]


class Crossing(NamedTuple):
    """Where branches cross: unknowns, error, null vectors (n + 1, 2), the left one (n,), and the imperfection |beta|."""

    x: Array
    error: float
    right: Array
    left: Array
    imperfection: float


def crossing(equations: Equations, x: Array) -> Crossing:
    """Where `[J - I, dM/dp]` loses rank: `M_p(a) - a + beta b = 0, g = 0` (Govaerts); beta = 0 at a true crossing."""
    n = equations.dim

    def bordered(y: Array) -> tuple[Array, Array, Array, Array]:
        D = equations.jacobian(y)
        u, _, vh = np.linalg.svd(D)
        border = np.block([[D, u[:, -1:]], [vh[-2:], np.zeros((2, 1))]])
        right = np.linalg.solve(border, np.concatenate([np.zeros((n, 2)), np.eye(2)]))
        left = np.linalg.solve(border.T, np.append(np.zeros(n + 1), 1.0))
        return D, right[: n + 1], left, u[:, -1]

    push = bordered(x)[3]

    def system(y: Array) -> tuple[Array, Array]:
        z, beta = y[:-1], y[-1]
        D, right, left, _ = bordered(z)
        psi, g = left[:n], left[n:]
        rows = [-curvature(equations, z, psi, right[:, k]) for k in range(2)]
        slope = np.block([[D, push[:, None]], [np.array(rows), np.zeros((2, 1))]])
        return np.concatenate([equations.residual(z) + beta * push, g]), slope

    y, error = newton(system, np.append(x, 0.0))
    z = y[:-1]
    _, right, left, _ = bordered(z)
    return Crossing(z, error, np.linalg.qr(right)[0], left[:n], abs(float(y[-1])))


def curvature(equations: Equations, x: Array, psi: Array, q: Array) -> Array:
    """`psi^T (d[J - I, dM/dp]) q` by every unknown, shape (n + 1,): the second derivative of the equations along q."""
    n = equations.dim
    return np.asarray(equations.bend(x, psi, q[:n]) + equations.bend_of_parameter(x, psi) * q[n])
