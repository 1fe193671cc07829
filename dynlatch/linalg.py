"""Linear algebra that the analysis shares: batched spectra, norms, and products that neither underflow nor overflow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.validation import Array

NORMS: tuple[float | str, ...] = (1, 2, np.inf, "fro")


def check_norm(norm: float | str) -> float | str:
    """`norm` if it is one of 1, 2, inf and "fro"; otherwise one sentence."""
    if norm not in NORMS:
        raise InvalidInput(f"`norm` must be 1, 2, inf or 'fro'; got {norm!r}.")
    return norm


def spectra(matrices: Array) -> NDArray[np.complex128]:
    """Eigenvalues of a batch of matrices, shape (..., n), by falling modulus, then real part."""
    values = np.asarray(np.linalg.eigvals(matrices), dtype=np.complex128)
    # Rounding keeps conjugate pairs, whose moduli agree only to rounding, from being ordered by noise.
    with np.errstate(over="ignore"):
        order = np.lexsort((-values.imag, -values.real, -np.round(np.abs(values), 12)), axis=-1)
    return np.take_along_axis(values, order, axis=-1)


def spectral_radius(matrices: Array) -> Array:
    """Largest modulus of an eigenvalue, shape (...)."""
    return np.asarray(np.abs(np.linalg.eigvals(matrices)).max(axis=-1))


def matrix_norm(matrices: Array, norm: float | str = 2) -> Array:
    """Operator norm (1, 2, inf) or Frobenius norm of a batch of matrices, shape (...)."""
    if norm in ("fro", 2):
        scale = np.abs(matrices).max(axis=(-2, -1), keepdims=True)
        scale = np.where(scale > 0, scale, 1.0)
        scaled = matrices / scale
        if norm == "fro":
            return np.asarray(np.sqrt(np.sum(np.square(scaled), axis=(-2, -1))) * scale[..., 0, 0])
        # The largest singular value keeps its relative accuracy through the Gram matrix, at a third of an SVD's cost.
        gram = scaled @ np.swapaxes(scaled, -1, -2)
        return np.asarray(np.sqrt(np.maximum(np.linalg.eigvalsh(gram)[..., -1], 0.0)) * scale[..., 0, 0])
    return np.asarray(np.abs(matrices).sum(axis=-1 if norm == np.inf else -2).max(axis=-1))


def accurate_matmul(A: Array, B: Array) -> Array:
    """`A @ B`, shapes (k, n) and (n, m), with the error of one rounding unless terms cancel to 13 digits.

    Products and sums with their exact errors (Dot2 of Ogita, Rump and Oishi 2005, SIAM J. Sci. Comput. 26).
    """
    total = np.zeros((A.shape[0], B.shape[1]))
    lost = np.zeros_like(total)
    for k in range(A.shape[1]):
        product, missed = _two_products(A[:, k, None], B[None, k])
        summed = total + product
        back = summed - total
        lost += missed + ((total - (summed - back)) + (product - back))
        total = summed
    return total + lost


def _two_products(x: Array, y: Array) -> tuple[Array, Array]:
    """`x y` in float64 and the exact rest (Dekker 1971)."""
    product = x * y
    (a, b), (c, d) = _halves(x), _halves(y)
    rest = b * d - (((product - a * c) - b * c) - a * d)
    return product, np.where(np.isfinite(rest), rest, 0.0)


def _halves(x: Array) -> tuple[Array, Array]:
    """Two numbers of 26 bits that add to x (Veltkamp)."""
    with np.errstate(over="ignore", invalid="ignore"):
        shifted = 134217729.0 * x
        high = shifted - (shifted - x)
    return high, x - high


def scaled_products(jacobians: Iterable[Array]) -> Iterator[tuple[Array, Array]]:
    """Running products `J_t ... J_1` as `(P, log_scale)` with the product equal to `exp(log_scale) P`.

    P has largest entry 1, however long the product. A product that is exactly zero stays zero. Shapes (..., n, n) and (...).
    """
    columns: Array | None = None
    logs: Array = np.zeros(())
    for jacobian in jacobians:
        size = np.abs(jacobian).max(axis=(-2, -1), keepdims=True)
        size = np.where(size > 0, size, 1.0)
        columns = jacobian / size if columns is None else (jacobian / size) @ columns
        # Columns evolve on their own, each with a scale of its own: one that has fallen far behind may lead again later.
        largest = np.abs(columns).max(axis=-2)
        scale = np.where(largest > 0, largest, 1.0)
        columns = columns / scale[..., None, :]
        logs = logs + np.log(scale) + np.log(size[..., 0])
        leading = np.where(largest > 0, logs, -np.inf).max(axis=-1)
        leading = np.where(np.isneginf(leading), 0.0, leading)
        yield columns * np.exp(np.minimum(logs - leading[..., None], 0.0))[..., None, :], leading
