"""Small linear systems one at a time, without the overhead of a general interface."""

from __future__ import annotations

from dynlatch.validation import Array


def solved(matrix: Array, right: Array) -> Array | None:
    """The solution of one small system by LAPACK; None where the matrix is singular."""
    from scipy.linalg.lapack import dgesv

    _, _, solution, info = dgesv(matrix, right)
    return None if info else solution
