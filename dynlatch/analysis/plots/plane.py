"""The plane in which paths of any dimension are drawn."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.validation import Array


class Plane(NamedTuple):
    """States are drawn at `(a - origin) @ rows.T`, along axes with these names."""

    origin: Array
    rows: Array
    names: tuple[str, str]

    def of(self, states: Array) -> Array:
        """Places (..., 2) of states (..., n)."""
        return np.asarray((states - self.origin) @ self.rows.T)


def plane_of(states: Array, coordinates: str) -> Plane:
    """The two components themselves where n = 2, else the first two principal components of `states` (N, n)."""
    n = states.shape[1]
    if n == 2:
        return Plane(np.zeros(2), np.eye(2), (f"{coordinates}, component 1", f"{coordinates}, component 2"))
    origin = states.mean(0)
    _, sizes, rows = np.linalg.svd(states - origin, full_matrices=True)
    rows = rows[:2] * np.where(rows[:2].sum(-1, keepdims=True) < 0, -1.0, 1.0)
    total = float(np.square(sizes).sum()) or 1.0
    share = np.append(np.square(sizes) / total, [0.0, 0.0])
    return Plane(origin, rows, tuple(f"{coordinates}, direction {k + 1} ({share[k]:.0%})" for k in range(2)))  # type: ignore[arg-type]
