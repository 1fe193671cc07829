"""Many small linear systems, compiled. Imported only where it is used: Numba is slow to load, and compiles at first use."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from dynlatch.validation import Array


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def _eliminate(matrices: NDArray[Any], right: NDArray[Any]) -> None:
    """Gaussian elimination with partial pivoting, in place: `right` (k, d, m) becomes the solutions."""
    count, d, _ = matrices.shape
    columns = right.shape[2]
    for number in range(count):
        a, x = matrices[number], right[number]
        for c in range(d):
            pivot = c
            for i in range(c + 1, d):
                if abs(a[i, c]) > abs(a[pivot, c]):
                    pivot = i
            if pivot != c:
                for j in range(c, d):
                    a[c, j], a[pivot, j] = a[pivot, j], a[c, j]
                for j in range(columns):
                    x[c, j], x[pivot, j] = x[pivot, j], x[c, j]
            scale = 1.0 / a[c, c]
            for i in range(c + 1, d):
                factor = a[i, c] * scale
                for j in range(c + 1, d):
                    a[i, j] -= factor * a[c, j]
                for j in range(columns):
                    x[i, j] -= factor * x[c, j]
        for i in range(d - 1, -1, -1):
            for column in range(columns):
                total = x[i, column]
                for j in range(i + 1, d):
                    total -= a[i, j] * x[j, column]
                x[i, column] = total / a[i, i]


def solve_small(matrices: Array, right: Array) -> Array:
    """Solutions (k, d, m) of systems with d up to about 32; infinite or NaN where a matrix is singular."""
    solutions = np.array(right, dtype=np.float64, order="C")
    _eliminate(np.array(matrices, dtype=np.float64, order="C"), solutions)
    return solutions
