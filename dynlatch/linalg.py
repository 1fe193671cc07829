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


def scaled_products(jacobians: Iterable[Array]) -> Iterator[tuple[Array, Array]]:
    """Running products `J_t ... J_1` as `(P, log_scale)` with the product equal to `exp(log_scale) P`.

    P has largest entry 1, so no product underflows or overflows, however long. A product that is exactly zero stays
    zero with log_scale 0. Shapes (..., n, n) and (...).
    """
    product: Array | None = None
    log_scale: Array = np.zeros(())
    for jacobian in jacobians:
        product = jacobian if product is None else jacobian @ product
        largest = np.abs(product).max(axis=(-2, -1))
        scale = np.where(largest > 0, largest, 1.0)
        product = product / scale[..., None, None]
        log_scale = log_scale + np.log(scale)
        yield product, log_scale
