"""What the architectures share: checks of their weights, batch axes, and sums over gates."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box, add, multiply
from dynlatch.validation import Array, finite_array, shaped_array


def input_weights(name: str, value: Any, n: int) -> Array:
    """An input matrix of shape (n, m); m may be zero."""
    matrix = finite_array(name, value, ndim=2)
    if len(matrix) != n:
        return shaped_array(name, matrix, (n, matrix.shape[1]))
    return matrix


def gate_weights(name: str, value: Any, gates: int) -> Array:
    """Recurrent weights of `gates` gates below each other, shape (gates * n, n)."""
    matrix = finite_array(name, value, ndim=2)
    if matrix.shape[1] == 0 or len(matrix) != gates * matrix.shape[1]:
        raise InvalidInput(f"`{name}` must have shape ({gates} n, n), the gates below each other; got {matrix.shape}.")
    return matrix


def optional_bias(name: str, value: Any, n: int) -> Array | None:
    """A bias of shape (n,), or None."""
    return None if value is None else shaped_array(name, value, (n,))


def given(**arrays: Array | None) -> dict[str, Array]:
    """The named arrays that are not None."""
    return {name: array for name, array in arrays.items() if array is not None}


def checked_names(parameters: dict[str, Array], arrays: dict[str, Any]) -> dict[str, Any]:
    """Replacement arrays whose names and shapes are those of `parameters`."""
    for name in arrays:
        if name not in parameters:
            raise InvalidInput(f"there is no parameter {name!r}: this network has {', '.join(parameters)}.")
    return {name: shaped_array(name, value, parameters[name].shape) for name, value in arrays.items()}


def real(value: Any) -> Array:
    """`value` in float64: a state in float32 would otherwise pass through the nonlinearity with 7 digits."""
    return np.asarray(value, dtype=np.float64)


def batch_of(*vectors: Array | None) -> tuple[int, ...]:
    """Common batch axes of arrays `(..., k)`; None has none."""
    return np.broadcast_shapes(*(np.shape(vector)[:-1] for vector in vectors if vector is not None))


def spread(value: Array, batch: tuple[int, ...], core: int = 1) -> Array:
    """`value` repeated over the batch axes `batch`; its last `core` axes are no batch axes."""
    shape = (*batch, *value.shape[value.ndim - core :])
    return value if value.shape == shape else np.broadcast_to(value, shape).copy()


def join(*parts: Array) -> Array:
    """The vectors `(..., k_i)` one after the other along the last axis, batch axes broadcast."""
    batch = batch_of(*parts)
    return np.concatenate([spread(part, batch) for part in parts], axis=-1)


def parts(x: Array, count: int) -> tuple[Array, ...]:
    """The last axis of `x` cut into `count` equal pieces (views)."""
    n = x.shape[-1] // count
    return tuple(x[..., k * n : (k + 1) * n] for k in range(count))


def outer(v: Array, x: Array) -> Array:
    """`v x^T` for vectors (..., k) and (..., m): shape (..., k, m)."""
    return v[..., :, None] * x[..., None, :]


def expanded(factors: dict[str, tuple[Array, Array | None]]) -> dict[str, Array]:
    """The gradients that `parameter_factors` gives as outer products, each as an array of its own."""
    return {name: left.copy() if right is None else outer(left, right) for name, (left, right) in factors.items()}


def sum_of_gates(coefficients: tuple[Array, ...], W: Array) -> Array:
    """`sum_g diag(k_g) W_g` for gate weights below each other in W (G n, m): shape (..., n, m)."""
    k = np.stack(coefficients, axis=-2)
    # One pass over the result: adding gate by gate is bound by memory, and 2-3 times slower.
    return np.asarray(np.einsum("...gi,gij->...ij", k, W.reshape(*k.shape[-2:], W.shape[-1])))


def rows_times(k: Box, W: Array) -> Box:
    """Bounds on `diag(k) W` for a box of vectors k (..., n), shape (..., n, m)."""
    return multiply((k[0][..., None], k[1][..., None]), (W, W))


def box_sum_of_gates(coefficients: tuple[Box, ...], W: Array) -> Box:
    """Bounds on `sum_of_gates` for boxes of coefficients: shape (..., n, m)."""
    total: Box | None = None
    for k, gate in zip(coefficients, np.split(W, len(coefficients)), strict=True):
        term = rows_times(k, gate)
        total = term if total is None else add(total, term)
    assert total is not None
    return total


def box_parts(x: Box, count: int) -> list[Box]:
    """The last axis of a box cut into `count` equal pieces."""
    return list(zip(*(parts(end, count) for end in x), strict=True))


def add_to_diagonal(J: Box, d: Box) -> Box:
    """Bounds on `J + diag(d)`."""
    i = np.arange(d[0].shape[-1])
    lo, hi = J[0].copy(), J[1].copy()
    lo[..., i, i], hi[..., i, i] = add((lo[..., i, i], hi[..., i, i]), d)
    return lo, hi


def box_identity(lo: Array, rows: int) -> Box:
    """The first `rows` rows of the identity for every member of a batch of boxes, as bounds on a constant Jacobian."""
    block = np.broadcast_to(np.eye(rows, lo.shape[-1]), (*lo.shape[:-1], rows, lo.shape[-1]))
    return block, block
