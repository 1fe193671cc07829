"""Stochastic matrices A (..., S, S), columns distributions: how they act on the simplex, and what they keep of differences.

Bengio and Frasconi (1995), "Diffusion of credit in Markovian models"; Seneta (1981).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.validation import Array


def moved(A: Array, p: Array) -> Array:
    """A p of points (..., S)."""
    return np.asarray(np.einsum("...ij,...j->...i", A, p))


def on_plane(p: Array) -> Array:
    """Points moved along (1, ..., 1) onto the plane `sum p = 1`."""
    S, excess = p.shape[-1], p.sum(-1, keepdims=True) - 1.0
    # Sums that differ from one by rounding are left alone: zeros stay zero.
    excess = np.where(np.abs(excess) <= 4 * S * np.finfo(float).eps, 0.0, excess)
    return np.asarray(p - excess / S)


def tangent(v: Array) -> Array:
    """`v` without its component along (1, ..., 1)."""
    return np.asarray(v - v.mean(-1, keepdims=True))


def on_tangent(A: Array) -> Array:
    """`A (I - 1 1^T / S)`: A on the vectors of sum zero alone."""
    return np.asarray(A - A.mean(-1, keepdims=True))


def abs_det(A: Array) -> Array:
    """|det A|, shape (...)."""
    return np.asarray(np.abs(np.linalg.det(A)))


def dobrushin(A: Array) -> Array:
    """`max over j, k of sum_i |a_ij - a_ik| / 2`, shape (...)."""
    return np.asarray(0.5 * np.abs(A[..., :, :, None] - A[..., :, None, :]).sum(-3).max((-1, -2)))


def second_eigenvalue(A: Array) -> NDArray[np.complex128]:
    """The largest eigenvalue in modulus on the tangent space of the simplex, shape (...)."""
    values = np.linalg.eigvals(on_tangent(A))
    largest = np.abs(values).argmax(-1)
    return np.asarray(np.take_along_axis(values, largest[..., None], -1)[..., 0], dtype=np.complex128)
