"""Products with the Jacobian of every step of a trajectory, forward and backward, whichever way is cheaper.

A call to `jvp` or `vjp` costs a fixed time that exceeds the work in a small network. There the Jacobians of many steps are
taken in one call and kept until the walk has passed them; in a large one none is formed.
"""

from __future__ import annotations

import numpy as np

from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

CHEAP = 1 << 15  # entries of the Jacobians of one step that cost less than a call
BLOCK = 1 << 15  # entries of the Jacobians that are kept


def aligned(sequence: Array | None, visited: Array) -> Array | None:
    """Inputs (T, ..., m) with the batch axes of the states (T + 1, ..., n) that they drive."""
    if sequence is None:
        return None
    T, *batch, m = sequence.shape
    missing = visited.ndim - sequence.ndim
    return np.broadcast_to(sequence.reshape(T, *[1] * missing, *batch, m), (T, *visited.shape[1:-1], m))


class Tangent:
    """The linearised run: step t leads from `visited[t]` to `visited[t + 1]`. Steps are asked for in turn, in either order."""

    def __init__(self, map: SmoothMap, visited: Array, sequence: Array | None, vectors: int = 1) -> None:
        """`vectors` is how many vectors are carried at once: from a quarter of n on, a Jacobian is cheaper than products."""
        self._map, self._visited, self._sequence = map, visited, sequence
        n = visited.shape[-1]
        entries = n * n * int(np.prod(visited.shape[1:-1]))
        self._formed = entries <= CHEAP or 4 * vectors >= n
        self._size = max(BLOCK // max(entries, 1), 1)
        self._kept, self._jacobians = -1, np.empty(0)

    def jacobian(self, t: int) -> Array:
        """`J_{t+1} = M'(visited[t])`, shape (..., n, n)."""
        block = t // self._size
        if block != self._kept:
            steps = slice(block * self._size, min((block + 1) * self._size, len(self._visited) - 1))
            entering = None if self._sequence is None else self._sequence[steps]
            self._jacobians, self._kept = self._map.jacobian(self._visited[steps], entering), block
        return np.asarray(self._jacobians[t - block * self._size])

    def forward(self, t: int, rows: Array) -> Array:
        """`J v` for every row v of `rows` (..., k, n)."""
        if self._formed:
            return rows @ np.swapaxes(self.jacobian(t), -1, -2)
        entering = None if self._sequence is None else self._sequence[t][..., None, :]
        return self._map.jvp(self._visited[t][..., None, :], rows, entering)

    def backward(self, t: int, v: Array) -> Array:
        """`J^T v` for v (..., n)."""
        if not self._formed:
            return self._map.vjp(self._visited[t], v, None if self._sequence is None else self._sequence[t])
        if v.ndim == 1:
            return v @ self.jacobian(t)
        return np.asarray((v[..., None, :] @ self.jacobian(t))[..., 0, :])
