"""Multipliers of a cycle: the eigenvalues of J_{p-1} ... J_0, without forming the product.

The block-cyclic matrix C with J_j in place (j+1, j) has C^p = the block diagonal of the products from each point on, so
its eigenvalues are all p-th roots of the multipliers. They span the p-th root of the multipliers' range: what the
product rounds away (1e-20 beside 1e+3), the roots keep (Kressner, Numerical Methods for General and Structured Eigenvalue
Problems, 2005, ch. 3).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.linalg import spectra
from dynlatch.validation import Array

Spectrum = NDArray[np.complex128]
LARGEST = 400  # unknowns above which the eigenvalues of the cyclic matrix cost too much


def multipliers(jacobians: Array) -> Spectrum:
    """Multipliers (k, n), by falling modulus, of cycles with Jacobians (k, p, n, n)."""
    k, p, n = jacobians.shape[:3]
    direct = spectra(product_of(jacobians))
    if p == 1 or k == 0 or p * n > LARGEST:
        return direct
    roots = _roots(jacobians)
    return np.stack([_one_of_each(own, p, plain) for own, plain in zip(roots, direct, strict=True)])


def product_of(jacobians: Array) -> Array:
    """J_{p-1} ... J_0, shape (k, n, n)."""
    product = jacobians[:, 0]
    for j in range(1, jacobians.shape[1]):
        product = jacobians[:, j] @ product
    return product


def _roots(jacobians: Array) -> Spectrum:
    k, p, n = jacobians.shape[:3]
    cyclic = np.zeros((k, p, n, p, n))
    for j in range(p):
        cyclic[:, (j + 1) % p, :, j] = jacobians[:, j]
    return np.asarray(np.linalg.eigvals(cyclic.reshape(k, p * n, p * n)), dtype=np.complex128)


def _one_of_each(roots: Spectrum, p: int, direct: Spectrum) -> Spectrum:
    """One p-th power per set of p roots that lie a p-th turn apart; the plain eigenvalues if the sets cannot be told."""
    n = len(direct)
    turn = 2.0 * np.pi / p
    angle = np.sort(np.angle(roots) % turn)
    gaps = np.diff(angle, append=angle[0] + turn)
    cut = angle[np.argmax(gaps)] + 0.5 * gaps.max()  # where no root is near
    chosen = roots[(np.angle(roots) - cut) % (2.0 * np.pi) < turn]
    if len(chosen) != n:
        return direct
    powers = _real_where_paired(chosen**p)
    order = np.lexsort((-powers.imag, -powers.real, -np.round(np.abs(powers), 12)))
    powers = powers[order]
    # The product's own eigenvalues are good to rounding of the largest: the two must agree to a part of that.
    if np.abs(np.sort(np.abs(powers)) - np.sort(np.abs(direct))).max() > 1e-6 * max(np.abs(direct).max(), 1e-300):
        return direct
    return powers


def _real_where_paired(values: Spectrum) -> Spectrum:
    """Values whose conjugate is not in the list are real: their imaginary part is rounding of the power."""
    gap = np.abs(values[:, None] - values.conj()[None, :])
    partner = gap.argmin(axis=1)
    own = partner == np.arange(len(values))
    return np.where(own, values.real + 0j, values)
