"""Where a branch of fixed points under a growing constant input folds: the bordered system of Moore and Spence.

Unknowns (a, v, b): `M(a, b d) = a`, `J(a, b d) v = v`, `|v|^2 = 1` (Moore and Spence 1980, SIAM J. Numer. Anal. 17). The
residual is exact; the derivative of `J v` in it comes from central differences, so Newton converges linearly with a ratio of
about 1e-6 to the full accuracy of the residual.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

STEPS = 30
DIFFERENCE = 1e-6


class Fold(NamedTuple):
    """The fold: state, critical direction and size of the input."""

    point: Array
    direction: Array
    size: float


class Forced(NamedTuple):
    """The map under the constant input `b d`: state a, size b."""

    step: Callable[[Array, float], Array]
    jacobian: Callable[[Array, float], Array]
    input_slope: Callable[[Array, float], Array]  # derivative of the step with respect to b


def forced(map: SmoothMap, d: Array, input_matrix: Array | None) -> Forced:
    """`map` under inputs of shape `d`, through the map's own input or, if `input_matrix` is given, added to the state."""
    if input_matrix is not None:
        push = input_matrix @ d
        return Forced(lambda a, b: map.step(a) + b * push, lambda a, b: map.jacobian(a), lambda a, b: push)
    return Forced(
        lambda a, b: map.step(a, b * d),
        lambda a, b: map.jacobian(a, b * d),
        lambda a, b: map.input_jacobian(a, b * d) @ d,
    )


def find_fold(system: Forced, a: Array, b: float) -> Fold | None:
    """Newton on the bordered system from a fixed point `a` at input size `b`; None if it does not converge."""
    values, vectors = np.linalg.eig(system.jacobian(a, b))
    v = np.real(vectors[:, np.argmax(values.real)])
    v = v / np.linalg.norm(v)
    n = len(a)
    for _ in range(STEPS):
        J = system.jacobian(a, b)
        residual = np.concatenate([system.step(a, b) - a, J @ v - v, [v @ v - 1.0]])
        matrix = np.zeros((2 * n + 1, 2 * n + 1))
        matrix[:n, :n] = J - np.eye(n)
        matrix[:n, -1] = system.input_slope(a, b)
        matrix[n:-1, n:-1] = J - np.eye(n)
        matrix[n:-1, :n], matrix[n:-1, -1] = _turning(system, a, v, b)
        matrix[-1, n:-1] = 2.0 * v
        # Least squares: units that fold together (uncoupled equal ones) leave the critical direction free in a plane.
        change = np.linalg.lstsq(matrix, -residual, rcond=1e-9)[0]
        a, v, b = a + change[:n], v + change[n:-1], b + float(change[-1])
        if not np.isfinite(change).all():
            return None
        if np.abs(change).max() <= 1e-14 * (1.0 + np.abs(a).max()):
            break
    return Fold(a, v, b) if _is_fold(system, a, v, b) else None


def _is_fold(system: Forced, a: Array, v: Array, b: float) -> bool:
    """Whether the equations hold: a truncated step can be short far from a solution."""
    at_rest = np.abs(system.step(a, b) - a).max() <= 1e-11 * (1.0 + np.abs(a).max())
    critical = np.abs(system.jacobian(a, b) @ v - v).max() <= 1e-8
    return bool(at_rest and critical and 0.5 < v @ v < 2.0)


def _turning(system: Forced, a: Array, v: Array, b: float) -> tuple[Array, Array]:
    """Derivatives of `J(a, b) v` with respect to a, shape (n, n), and b, shape (n,)."""
    n = len(a)
    h = DIFFERENCE * (1.0 + np.abs(a))
    there, back = a + np.diag(h), a - np.diag(h)
    columns = (system.jacobian(there, b) @ v - system.jacobian(back, b) @ v) / (2.0 * h[:, None])
    k = DIFFERENCE * (1.0 + abs(b))
    along = (system.jacobian(a, b + k) @ v - system.jacobian(a, b - k) @ v) / (2.0 * k)
    return columns.T.reshape(n, n), along
