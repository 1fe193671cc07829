"""The orbit of a pushed network, compiled. Imported only where it is used: Numba is slow to load, and compiles at first use."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

TANH, LOGISTIC = 0, 1


@numba.njit(cache=True, error_model="numpy")  # type: ignore[misc,untyped-decorator,unused-ignore]
def run(
    leak: NDArray[Any], W: NDArray[Any], pushes: NDArray[Any], start: NDArray[Any], kind: int, phase: int, steps: int
) -> NDArray[Any]:
    """States (steps, n) after `start`: `a' = leak a + W f(a) + pushes[t % p]`, t counted from `phase`; `pushes` (p, n)."""
    n = len(start)
    states = np.empty((steps, n))
    columns = np.ascontiguousarray(W.T)
    a = start
    for t in range(steps):
        following, push = states[t], pushes[(phase + t) % len(pushes)]
        for i in range(n):
            following[i] = leak[i] * a[i] + push[i]
        for j in range(n):
            # The form in e^-2|x| is exact to rounding where |x| is not small, and three times faster than libm's tanh.
            x = a[j] if kind == TANH else 0.5 * a[j]
            if abs(x) > 0.3:
                e = np.exp(-2.0 * abs(x))
                y = np.copysign((1.0 - e) / (1.0 + e), x)
            else:
                y = np.tanh(x)
            if kind == LOGISTIC:
                y = 0.5 + 0.5 * y
            for i in range(n):
                following[i] += columns[j, i] * y
        a = following
    return states
