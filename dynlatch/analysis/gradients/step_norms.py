"""Exact norms of the Jacobian of every single step, and of products that are bounded by them."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.gradients.factors import log
from dynlatch.analysis.gradients.leading_eigenvalue import leading_eigenvalues
from dynlatch.analysis.gradients.stretching import aligned
from dynlatch.linalg import matrix_norm
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

LAPACK = 128  # up to that size all eigenvalues of a Gram matrix cost no more than its largest
BLOCK = 1 << 22  # numbers in the Jacobians of one block of steps


def log_step_norms(
    map: SmoothMap, visited: Array, sequence: Array | None, norm: float | str, frames: tuple[Array, Array] | None = None
) -> Array:
    """log |J_t| of every step (T, ...).

    With `frames`, the S and S^-1 (p, n, n) of a cycle, it is log |S_{t mod p} J_t S_{t-1 mod p}^-1|.
    """
    T, n = len(visited) - 1, visited.shape[-1]
    logs = np.empty(visited.shape[:-1])[1:]
    per_block = max(BLOCK // (n * n * max(logs[0].size, 1)), 1)
    entering = None if sequence is None else aligned(sequence, visited.ndim)
    for first in range(0, T, per_block):
        rows = slice(first, min(first + per_block, T))
        J = map.jacobian(visited[:-1][rows], None if entering is None else entering[rows])
        if frames is not None:
            J = _framed(J, frames, np.arange(rows.start, rows.stop))
        logs[rows] = _logs(J, norm)
    return logs


def _framed(J: Array, frames: tuple[Array, Array], when: Array) -> Array:
    factors, inverses = frames
    p = len(factors)
    shape = (len(when), *[1] * (J.ndim - 3), *factors.shape[1:])
    return np.asarray(factors[(when + 1) % p].reshape(shape) @ J @ inverses[when % p].reshape(shape))


def _logs(J: Array, norm: float | str) -> Array:
    if norm != 2 or J.shape[-1] <= LAPACK:
        return log(matrix_norm(J, norm))
    size = np.abs(J).max(axis=(-2, -1), keepdims=True)
    scaled = J / np.where(size > 0, size, 1.0)
    return np.asarray(0.5 * log(leading_eigenvalues(scaled @ np.swapaxes(scaled, -1, -2))) + log(size[..., 0, 0]))
