"""Interpolation at many states, compiled. Imported only where it is used: Numba is slow to load."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Constants, so that the inner loops are unrolled: twice as fast.
ORDER_2D, ORDER_3D = 8, 6


@numba.njit(cache=True)  # type: ignore[misc,untyped-decorator,unused-ignore]
def read_2d(values: Floats, first: NDArray[Any], weights: Floats, out: Floats) -> None:
    """`out[r]` = sum of `values` around `first[r]`, weighted along both axes."""
    for r in range(len(first)):
        i, j = first[r]
        total = 0.0
        for p in range(ORDER_2D):
            along = 0.0
            for q in range(ORDER_2D):
                along += weights[r, 1, q] * values[i + p, j + q]
            total += weights[r, 0, p] * along
        out[r] = total


@numba.njit(cache=True)  # type: ignore[misc,untyped-decorator,unused-ignore]
def read_3d(values: Floats, first: NDArray[Any], weights: Floats, out: Floats) -> None:
    """The same in three dimensions."""
    for r in range(len(first)):
        i, j, k = first[r]
        total = 0.0
        for p in range(ORDER_3D):
            plane = 0.0
            for q in range(ORDER_3D):
                along = 0.0
                for s in range(ORDER_3D):
                    along += weights[r, 2, s] * values[i + p, j + q, k + s]
                plane += weights[r, 1, q] * along
            total += weights[r, 0, p] * plane
        out[r] = total
