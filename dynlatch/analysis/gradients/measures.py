"""The norms in which products of Jacobians are measured, read from rows that represent them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.gradients.factors import log
from dynlatch.analysis.gradients.leading_eigenvalue import leading_eigenvalues
from dynlatch.errors import InvalidInput
from dynlatch.linalg import check_norm
from dynlatch.validation import Array, square_matrix

NEGLIGIBLE = 1e-12  # share of the squared norm
SQUARABLE = 1e140  # entries between this and its inverse have squares, and sums of those, far from the ends of float64


class Measure(NamedTuple):
    """Rows before the first factor, and the norm of what they become: `kind` of `rows @ outer` (None: the identity)."""

    start: Array
    outer: Array | None
    kind: str

    @property
    def inner_product(self) -> bool:
        """Whether the norm is read from the Gram matrix of the rows, so that rows may be rotated among themselves."""
        return self.kind in ("spectral", "frobenius")

    def framed(self, rows: Array) -> Array:
        """What the norm is taken of, from rows (..., r, n)."""
        return rows if self.outer is None else np.asarray(rows @ self.outer)

    def log_norms(self, rows: Array, exponents: Array, removed: Array) -> Array:
        """Log norms (K, B) of matrices of rows `2^(exponents + removed) rows`, shapes (K, B, r, n), (B, r) and (K, B)."""
        lead = exponents.max(axis=-1)
        weights = np.exp2(exponents - lead[:, None])
        rows = self.framed(rows if np.all(weights == 1.0) else rows * weights[..., None])
        rows, taken = _squarable(rows) if self.inner_product else (rows, 0.0)
        return np.asarray(log(self._norms(rows)) + np.log(2.0) * (lead + removed + taken))

    def _norms(self, rows: Array) -> Array:
        if self.kind == "spectral":
            rows = rows[..., : _head(rows), :]
            return np.sqrt(leading_eigenvalues(rows @ np.swapaxes(rows, -1, -2)))
        if self.kind == "frobenius":
            return np.asarray(np.sqrt(np.einsum("...ij,...ij->...", rows, rows)))
        return np.asarray(np.abs(rows).sum(axis=-1 if self.kind == "largest row sum" else -2).max(axis=-1))

    def principal_axes(self, rows: Array) -> tuple[Array, Array]:
        """Rows (B, r, n) rotated among themselves so that the first carry the most, and the sizes (B, r) of them all."""
        rows = self._rotated(rows)
        return rows, self._sizes(rows)

    def _sizes(self, rows: Array) -> Array:
        framed = self.framed(rows)
        return np.asarray(np.sqrt(np.einsum("bij,bij->bi", framed, framed)))

    def _rotated(self, rows: Array) -> Array:
        framed = self.framed(rows)
        axes = np.linalg.eigh(framed @ np.swapaxes(framed, -1, -2))[1]
        return np.asarray(np.swapaxes(axes[..., ::-1], -1, -2) @ rows)


def _squarable(rows: Array) -> tuple[Array, Array | float]:
    """Rows whose squares float64 holds, and the exponents of two (K, B) that were taken out: one step can span 1e-300."""
    peak = np.abs(rows).max(axis=(-2, -1))
    if np.all((peak == 0.0) | ((peak > 1.0 / SQUARABLE) & (peak < SQUARABLE))):
        return rows, 0.0
    power = np.floor(np.log2(np.where(peak > 0.0, peak, 1.0)))
    return rows / np.exp2(power)[..., None, None], power


def _head(rows: Array) -> int:
    """How many of the rows (K, B, r, n) carry the spectral norm: the others add at most `NEGLIGIBLE` to its square."""
    squares = np.vecdot(rows, rows)
    after = np.cumsum(squares[..., ::-1], axis=-1)[..., ::-1]  # of this row and all later ones
    needed = (after > NEGLIGIBLE * squares.max(axis=-1, keepdims=True)).any(axis=(0, 1))
    return max(int(needed.sum()), 1)


def measures(norm: Any, n: int) -> tuple[Measure, Measure]:
    """How to measure forward, from rows of the transposed product, and backward, from rows of the product itself."""
    eye = np.eye(n)
    if isinstance(norm, np.ndarray) and norm.ndim:
        S, inverse = norm, np.linalg.inv(norm)
        return Measure(inverse.T, S.T, "spectral"), Measure(S, inverse, "spectral")
    kinds = {2: ("spectral",) * 2, "fro": ("frobenius",) * 2}
    row, column = "largest row sum", "largest column sum"
    kinds |= {1: (row, column), np.inf: (column, row)}
    forward, backward = kinds[norm]
    return Measure(eye, None, forward), Measure(eye, None, backward)


def checked_norm(norm: Any, n: int) -> float | str | Array:
    """`norm` as one of 1, 2, inf, "fro", or as the factor S (n, n) of an adapted norm.

    Raises
    ------
    InvalidInput
        If it is none of them, or S is not invertible to working precision.
    """
    if np.ndim(norm) == 0 or isinstance(norm, str):
        return check_norm(norm)
    S = square_matrix("norm", norm)
    if len(S) != n:
        raise InvalidInput(f"`norm` must be 1, 2, inf, 'fro' or a factor S of shape {(n, n)}; got shape {S.shape}.")
    if not np.linalg.cond(S) < 1e12:
        raise InvalidInput("`norm` is a factor S that is singular, or nearly: |S v| is no norm. Give an invertible matrix.")
    return S
