"""Largest eigenvalues of many Gram matrices at once, to 12 digits, faster than all eigenvalues of each.

Lanczos from a random start, many matrices side by side. A Ritz value is low by at most
`min(r, r^2 / gap)`, r its residual (Parlett 1998, The Symmetric Eigenvalue Problem, sect. 11.7). What is small, or leaves
Lanczos undecided, goes to LAPACK.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from dynlatch.validation import Array

BY_LAPACK, LITTLE_WORK = 40, 1e6  # largest size, and size^3 of all matrices together
LOOKS = (12, 20, 32, 56)  # Krylov dimensions at which convergence is looked at
TOLERANCE = 1e-12


def leading_eigenvalues(grams: Array) -> Array:
    """Largest eigenvalue of symmetric positive semidefinite matrices (..., r, r), shape (...)."""
    size = grams.shape[-1]
    flat = grams.reshape(-1, size, size)
    if size <= BY_LAPACK or len(flat) * size**3 <= LITTLE_WORK:
        return np.asarray(np.linalg.eigvalsh(flat)[:, -1].reshape(grams.shape[:-2]))
    values, decided = by_lanczos(flat)
    if not decided.all():
        values[~decided] = np.linalg.eigvalsh(flat[~decided])[:, -1]
    return values.reshape(grams.shape[:-2])


def by_lanczos(grams: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Estimates (m,) for matrices (m, r, r), and where they are good to `TOLERANCE`.

    Without reorthogonalisation: what rounding adds are copies of Ritz values that have converged (Paige 1980).
    """
    count, size, _ = grams.shape
    diagonal, beside = np.zeros((count, LOOKS[-1])), np.zeros((count, LOOKS[-1]))
    before, last = np.zeros((count, size)), np.broadcast_to(_start(size), (count, size))
    norm = np.zeros(count)
    values, decided = np.zeros(count), np.zeros(count, dtype=bool)
    for k in range(min(LOOKS[-1], size)):
        moved = (grams @ last[..., None])[..., 0]
        moved -= norm[:, None] * before
        diagonal[:, k] = along = np.vecdot(last, moved)
        moved -= along[:, None] * last
        beside[:, k] = norm = np.sqrt(np.vecdot(moved, moved))
        before, last = last, moved / np.where(norm > 0, norm, 1.0)[:, None]
        if k + 1 in LOOKS:
            values, decided = _ritz(diagonal[:, : k + 1], beside[:, : k + 1])
            if decided.all():
                break
    return values, decided


def _ritz(diagonal: Array, beside: Array) -> tuple[Array, NDArray[np.bool_]]:
    """Leading Ritz values, and whether their error bound is met."""
    k = diagonal.shape[1]
    tridiagonal = np.zeros((len(diagonal), k, k))
    i = np.arange(k)
    tridiagonal[:, i, i] = diagonal
    tridiagonal[:, i[1:], i[:-1]] = beside[:, :-1]  # eigh reads the lower triangle
    values, vectors = np.linalg.eigh(tridiagonal)
    leading, residual = values[:, -1], beside[:, -1] * np.abs(vectors[:, -1, -1])
    gap = leading - values[:, -2] - residual
    bound = np.where(gap > residual, np.square(residual) / np.where(gap > 0, gap, 1.0), residual)
    return leading.copy(), bound <= TOLERANCE * np.abs(leading)


@lru_cache(maxsize=8)
def _start(size: int) -> Array:
    start = np.random.default_rng(size).standard_normal(size)
    start /= np.linalg.norm(start)
    start.setflags(write=False)
    return start
