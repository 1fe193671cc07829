"""One step `J Q = Q' R` of a full set of directions where R's diagonal spans more decades than float64 has digits.

Rounding hides the entries of R that are 1e16 times smaller than the largest. The dual step `J^-T Q = Q' R^-T`, taken in
reversed order, has them as its largest, so each step gives the half that it gives well; the determinant settles the seam.
Exactly singular Jacobians annihilate as many directions as their rank lacks.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.validation import Array

VISIBLE = 25.0  # of the logarithms of R's diagonal: up to here the determinant alone mends it
ROUNDING = 4.0 * np.finfo(float).eps


class _Scaled(NamedTuple):
    # J = diag(rows) core diag(columns): a core whose rows and columns have entries of size 1 has few small singular values.
    rows: Array
    columns: Array
    core: Array


def steep_step(J: Array, rows: Array) -> tuple[Array, Array]:
    """Next directions, as rows, and the logarithms of R's diagonal, from orthonormal rows (n, n)."""
    size = float(np.abs(J).max())
    if not (0.0 < size < np.inf):
        return rows, np.full(len(J), -np.inf if size == 0.0 else np.nan)
    determinant = _log_determinant(J, size)
    J = J / size
    Q, R = np.linalg.qr(J @ rows.T)
    with np.errstate(divide="ignore"):
        logs = np.log(np.abs(np.diagonal(R)))
    if np.isfinite(determinant) and logs[-1] == logs.min() and logs.max() - logs.min() <= VISIBLE:
        logs[-1] = determinant - logs[:-1].sum()
        return Q.T, logs + np.log(size)
    scaled = _equilibrated(J)
    missing = len(J) - _rank(scaled.core)
    if missing or not np.isfinite(determinant):
        return Q.T, _annihilated(logs, max(missing, 1)) + np.log(size)
    following, logs = _from_both_ends(Q, logs, _dual(scaled, rows), determinant)
    return following, logs + np.log(size)


def _log_determinant(J: Array, size: float) -> float:
    """ln|det(J / size)|, from J itself unless that overflows: scaling would round its entries."""
    with np.errstate(over="ignore", invalid="ignore"):
        whole = float(np.linalg.slogdet(J)[1])
    if whole < np.inf:
        return whole - len(J) * float(np.log(size))
    return float(np.linalg.slogdet(J / size)[1])


def _equilibrated(J: Array) -> _Scaled:
    columns = np.abs(J).max(axis=0)
    core = J[:, columns > 0.0] / columns[columns > 0.0]
    rows = np.abs(core).max(axis=1)
    return _Scaled(rows, columns, core[rows > 0.0] / rows[rows > 0.0, None])


def _rank(core: Array) -> int:
    """Rank to working precision."""
    if core.size == 0:
        return 0
    values = np.linalg.svd(core, compute_uv=False)
    return int((values > ROUNDING * max(core.shape) * values[0]).sum())


def _annihilated(logs: Array, missing: int) -> Array:
    """-inf for the `missing` directions that shrink most."""
    logs = logs.copy()
    logs[np.argsort(logs, kind="stable")[:missing]] = -np.inf
    return logs


def _dual(scaled: _Scaled, rows: Array) -> tuple[Array, Array]:
    """Q' and the logarithms of R's diagonal by `J^-T Q = Q' R^-T`, the smallest of them the most exact."""
    reversed_columns = rows.T[:, ::-1]
    solved = np.linalg.solve(scaled.core.T, reversed_columns / scaled.columns[:, None]) / scaled.rows[:, None]
    Q, R = np.linalg.qr(solved / np.abs(solved).max())
    with np.errstate(divide="ignore"):  # rounded to zero: of the half that the step itself gives
        logs = np.log(np.abs(np.diagonal(R))) + np.log(np.abs(solved).max())
    return Q[:, ::-1], -logs[::-1]


def _from_both_ends(Q: Array, logs: Array, dual: tuple[Array, Array], determinant: float) -> tuple[Array, Array]:
    """The larger half from the step itself, the smaller from its dual."""
    middle = 0.5 * (logs.max() + dual[1].min())
    seam = int(np.argmax(dual[1] < middle))
    both = np.concatenate([logs[:seam], dual[1][seam:]])
    # The entry at the seam is the one that both know least.
    both[seam] += determinant - both.sum()
    rows, _ = np.linalg.qr(np.concatenate([Q[:, :seam], dual[0][:, seam:]], axis=1))
    return rows.T, both
