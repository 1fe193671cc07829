"""Where a branch of fixed points under a growing constant input folds: the bordered system of Moore and Spence.

Unknowns (a, v, b): `M(a, b d) = a`, `J(a, b d) v = v`, `|v|^2 = 1` (Moore and Spence 1980, SIAM J. Numer. Anal. 17).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.exact.linear import solved
from dynlatch.validation import Array

STEPS = 30


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
    turning: Callable[[Array, Array, float], tuple[Array, Array]]  # derivatives of J v with respect to a (n, n) and b (n,)


def find_fold(system: Forced, a: Array, b: float, v: Array | None = None) -> Fold | None:
    """Newton on the bordered system from a fixed point `a` at input size `b`; None if it does not converge.

    `v` is a guess of the critical direction; by default the leading eigenvector at `a`.
    """
    v = _leading(system.jacobian(a, b)) if v is None else v / np.linalg.norm(v)
    before = np.inf
    for k in range(STEPS):
        da, dv, db = _correction(system, a, v, b)
        size = float(max(np.abs(da).max(), np.abs(dv).max(), abs(db)))
        scale = 1.0 + float(np.abs(a).max())
        if not np.isfinite(size) or (k > 7 and size > 1e-6 * scale and size > 0.5 * before):
            return None
        a, v, b = a + da, v + dv, b + db
        if size <= 1e-14 * scale or (size <= 1e-9 * scale and size > 0.5 * before):  # the second: down to rounding
            break
        before = size
    return Fold(a, v, b) if _is_fold(system, a, v, b) else None


def _leading(J: Array) -> Array:
    values, vectors = np.linalg.eig(J)
    v = np.real(vectors[:, np.argmax(values.real)])
    return np.asarray(v / np.linalg.norm(v))


def _correction(system: Forced, a: Array, v: Array, b: float) -> tuple[Array, Array, float]:
    """Newton's step of (a, v, b)."""
    n = len(a)
    J = system.jacobian(a, b)
    matrix = np.zeros((2 * n + 1, 2 * n + 1))
    matrix[:n, :n] = matrix[n:-1, n:-1] = J - np.eye(n)
    matrix[:n, -1] = system.input_slope(a, b)
    matrix[n:-1, :n], matrix[n:-1, -1] = system.turning(a, v, b)
    matrix[-1, n:-1] = 2.0 * v
    residual = np.concatenate([a - system.step(a, b), v - J @ v, [1.0 - v @ v]])
    change = solved(matrix, residual)
    if change is None or not np.abs(change).max() < 10.0 * (1.0 + np.abs(a).max() + abs(b)):
        # Least squares: units that fold together (uncoupled equal ones) leave the critical direction free in a plane.
        change = np.linalg.lstsq(matrix, residual, rcond=1e-9)[0]
    return change[:n], change[n:-1], float(change[-1])


def _is_fold(system: Forced, a: Array, v: Array, b: float) -> bool:
    """Whether the equations hold: a truncated step can be short far from a solution."""
    at_rest = np.abs(system.step(a, b) - a).max() <= 1e-11 * (1.0 + np.abs(a).max() + abs(b))
    critical = np.abs(system.jacobian(a, b) @ v - v).max() <= 1e-8
    return bool(at_rest and critical and 0.5 < v @ v < 2.0)
