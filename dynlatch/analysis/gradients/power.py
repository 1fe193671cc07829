"""Block power method for a product of many Jacobians that is never formed.

Rows V (B, b, n) are carried forward through the steps (`jvp`) and orthonormalised every few of them, which gives
`A V^T = U^T R`, then U backward (`vjp`), and so on. R is kept on rows with scales of their own (powers of two), so that neither
long products nor singular values hundreds of decades apart under- or overflow. Within clusters of diagonal entries of R its
singular value decomposition separates the directions (Rayleigh-Ritz); between clusters the power method does, by the square of
their ratio in every round. Logarithms converge by `(sigma_{b+1} / sigma_k)^4` a round (Golub and Van Loan 2013, Matrix
Computations, sect. 8.2 and 8.6).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.gradients.factors import Trajectories, exponent_of, log
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

STRIDE = 8  # steps between orthonormalisations, at most
GRADED, EVEN = (
    1e-3,
    0.1,
)  # what of a direction is new beside those before it: fewer steps below the first, more above the second
DEAD = 1e-14  # a direction of which less is new beside those before it is rounding alone: its singular value is zero
APART, WIDE = 0.05, 1e-3  # ratio of neighbours, and of first and last, at which a cluster of singular values ends
SLOWEST = 0.98
EPS = 8.0 * float(np.finfo(np.float64).eps)  # rounding of a few steps, generously


class Triplets(NamedTuple):
    """Approximate singular triplets of B products: logarithms (B, b), right and left directions (B, b, n)."""

    log_values: Array
    right: Array
    left: Array


class Carried(NamedTuple):
    """`A V^T = U^T R`: orthonormal rows U (B, b, n), and R = `2^exponents rows`, shapes (B, b, b) and (B, b).

    `rounding` (B, b) estimates the relative error of the diagonal of R.
    """

    U: Array
    rows: Array
    exponents: Array
    rounding: Array


def leading_triplets(
    map: SmoothMap, along: Trajectories, V: Array, k: int, limit: int, tolerance: float
) -> tuple[Triplets, Array, int]:
    """Rounds from rows V until the first k logarithms have settled; also their errors (B, k) and the number of rounds."""
    V = orthonormal(V)[0]
    before, change = np.full((len(V), k), -np.inf), np.full((len(V), k), np.inf)
    for done in range(1, limit + 1):
        image = carried(map, along, V, backward=False)
        found = separated(V, image)
        values = found.log_values[:, :k]
        with np.errstate(invalid="ignore"):  # equal infinities have not changed
            earlier, change = change, np.where(values == before, 0.0, np.abs(values - before))
        left, rounding = rest_of_series(change, earlier), np.maximum.accumulate(image.rounding, axis=-1)[:, :k]
        if np.all((left <= tolerance) | (change <= rounding)) or done == limit:
            break
        before, V = values, carried(map, along, found.left, backward=True).U
    return found, left + rounding, done


def rest_of_series(change: Array, earlier: Array) -> Array:
    """What is still to come of a geometric series after two terms; slow convergence is taken for no slower than 0.98."""
    known = np.isfinite(change) & np.isfinite(earlier) & (earlier > 0)
    ratio = np.where(known, np.where(known, change, 0.0) / np.where(known, earlier, 1.0), 0.0)
    return np.asarray(change / (1.0 - np.minimum(ratio, SLOWEST)))


def carried(map: SmoothMap, along: Trajectories, rows: Array, backward: bool) -> Carried:
    """Rows through all steps, forward by J or backward by its transpose."""
    B, b, _ = rows.shape
    R, exponents, rounding = np.broadcast_to(np.eye(b), (B, b, b)), np.zeros((B, b)), np.zeros((B, b))
    t, stride = 0, STRIDE
    while t < along.steps:
        steps = range(t, min(t + stride, along.steps))
        moved, removed = through(map, along, rows, steps, backward)
        Q, factor = orthonormal(moved)
        new = share_of_new(factor)
        if len(steps) > 1 and new.min() < GRADED:
            stride = len(steps) // 2
            continue
        rows = Q
        R, exponents = multiplied(factor, R, exponents)
        exponents, rounding = exponents + removed[:, None], rounding + EPS / new
        t, stride = t + len(steps), min(2 * stride, STRIDE) if new.min() > EVEN else stride
    return Carried(rows, R, exponents, rounding)


def share_of_new(factor: Array) -> Array:
    """Diagonal of upper triangular R over the norms of its columns, (B, b); 1 for columns of zeros."""
    diagonal, columns = np.abs(np.einsum("bii->bi", factor)), np.linalg.norm(factor, axis=-2)
    return np.where(diagonal > 0, diagonal / np.where(columns > 0, columns, 1.0), 1.0)


def through(map: SmoothMap, along: Trajectories, rows: Array, steps: range, backward: bool) -> tuple[Array, Array]:
    """Rows through some steps, counted from where they start, over a power of two; its exponent (B,)."""
    removed = np.zeros(len(rows))
    for step in steps:
        t = along.steps - 1 - step if backward else step
        state, drive = along.states[t, :, None], None if along.inputs is None else along.inputs[t, :, None]
        rows = map.vjp(state, rows, drive) if backward else map.jvp(state, rows, drive)
        exponent = exponent_of(np.abs(rows).max(axis=(-2, -1)))
        rows, removed = rows / np.exp2(exponent)[:, None, None], removed + exponent
    return rows, removed


def orthonormal(rows: Array) -> tuple[Array, Array]:
    """Orthonormal rows Q (B, b, n) and upper triangular R (B, b, b) with `rows^T = Q^T R`; dead directions are exactly zero."""
    Q, R = np.linalg.qr(np.swapaxes(rows, -1, -2))
    dead = np.asarray(np.abs(np.einsum("bii->bi", R)) <= DEAD * np.linalg.norm(R, axis=-2))
    if dead.any():
        R = np.where(dead[..., None], 0.0, R)
        Q = np.where(dead[..., None, :], 0.0, Q)
    return np.swapaxes(Q, -1, -2), R


def multiplied(factor: Array, R: Array, exponents: Array) -> tuple[Array, Array]:
    """`factor R` for upper triangular matrices, R and the product on rows with exponents of their own."""
    b = R.shape[-1]
    # Row i of the product takes rows j >= i: on the scale of the largest of them.
    upper = np.triu(np.ones((b, b), dtype=bool))
    alive = np.asarray(R.any(axis=-1))
    scales = np.where(upper & alive[:, None, :], exponents[:, None, :], -np.inf)
    top = scales.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    product = (factor * np.exp2(np.minimum(scales - top, 0.0))) @ R
    exponent = exponent_of(np.abs(product).max(axis=-1))
    return product / np.exp2(exponent)[..., None], top[..., 0] + exponent


def separated(V: Array, image: Carried) -> Triplets:
    """Singular triplets from `A V^T = U^T R`: rotations of V and U within clusters of the diagonal of R."""
    V, U = V.copy(), image.U.copy()
    diagonal = np.abs(np.einsum("bii->bi", image.rows))
    logs = log(diagonal) + np.log(2.0) * image.exponents
    for member in range(len(V)):
        for where in clusters(logs[member]):
            top = image.exponents[member, where].max()
            block = image.rows[member, where, where] * np.exp2(image.exponents[member, where] - top)[:, None]
            X, values, Y = np.linalg.svd(block)
            V[member, where], U[member, where] = Y @ V[member, where], X.T @ U[member, where]
            logs[member, where] = log(values) + np.log(2.0) * top
    order = np.argsort(-logs, axis=-1, kind="stable")
    return Triplets(
        np.take_along_axis(logs, order, -1),
        np.take_along_axis(V, order[..., None], -2),
        np.take_along_axis(U, order[..., None], -2),
    )


def clusters(logs: Array) -> list[slice]:
    """Runs of neighbours whose singular values are near each other."""
    starts = [0]
    for i in range(1, len(logs)):
        near = max(logs[i], logs[i - 1]) < min(logs[i], logs[i - 1]) - np.log(APART)
        if not (near and logs[i] > logs[starts[-1]] + np.log(WIDE)):
            starts.append(i)
    return [slice(i, j) for i, j in zip(starts, [*starts[1:], len(logs)], strict=True)]
