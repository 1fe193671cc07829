"""Norms of all products `P_t = J_t ... J_1` of Jacobians along trajectories: log-scaled, truncated in rank, and audited.

With `P_t = U S V^T` the rows `(U S)^T = V^T P_t^T` have the norm of P_t, and as t grows most of them fall far behind the
first. Every few steps the rows are rotated onto their principal axes (eigenvectors of their Gram matrix), and those below
`DROPS[0]` times the norm are discarded. Discarded rows E enter as `P P^T = kept + E^T E`: they move log ||P|| by at most
`(|E| / |P|)^2 / 2`, by nothing that float64 could show as long as they stay behind.

They may not: in block-diagonal nets and gated cells what leads today dies tomorrow. So three random combinations of all that
was discarded, with scales of their own, are multiplied along. Where one comes within `RETURN` of the norm, or holds entries so
far apart that float64 would lose some, the trajectory is done again with less discarded, and at last with nothing: every column
of P_t then keeps a scale of its own, however far it falls behind. (Three Gaussian combinations of a matrix all miss its norm by
a factor f < 1 with probability about (0.8 f)^3: Halko, Martinsson and Tropp 2011, SIAM Review 53.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.gradients.factors import Factors, log
from dynlatch.analysis.gradients.measures import Measure
from dynlatch.validation import Array

DROPS, RETURN = (1e-9, 1e-13), 1e-6
SKETCHES = 3
SMALL = 16  # up to this dimension nothing is discarded: it would not pay
MOST_STEPS, MOST_BYTES = 32, 1 << 25  # rows are looked at after so many steps, or so many bytes of them, at the latest
OVERHEAD = 2e7  # of looking at the rows once, in floating-point operations of a product
VANISHING = 1e-120  # rows whose squares are safe are larger
FARTHEST = 1e-200  # entries of a sketch below this times the largest are soon lost
FLUSHED = 1e-280  # entries below this times the largest of their row would soon be denormal, which is slow


class Rows(NamedTuple):
    """Rows `2^exponents values`: values (B, r, n), largest entry 1 to 2; exponents (B, r). The last `sketches` are sketches.

    Scales are powers of two: whole numbers add without rounding, however long the product.
    """

    values: Array
    exponents: Array
    sketches: int


class Sweep(NamedTuple):
    """Log norms (T, B) in the order of multiplication, and which trajectories (B,) may have lost what came to lead later."""

    log_norms: Array
    doubtful: NDArray[np.bool_]


def product_norms(factors: Factors, measure: Measure, backward: bool) -> Array:
    """Log norms (T, B) of all products, in the order of multiplication: backward, entry k is for the last k + 1 factors."""
    n = measure.start.shape[-1]
    T, B = factors.log_sizes.shape
    log_norms, left = np.empty((T, B)), np.arange(B)
    for drop in (*(DROPS if measure.inner_product and n > SMALL else ()), None):
        chosen = factors if len(left) == B else factors.take(left)
        log_norms[:, left], doubtful = sweep(chosen, measure, backward, drop)
        left = left[doubtful]
        if not len(left):
            break
    return log_norms


def sweep(factors: Factors, measure: Measure, backward: bool, drop: float | None) -> Sweep:
    """All products in turn; rows below `drop` times the norm are discarded, none if it is None."""
    T, B = factors.log_sizes.shape
    n = measure.start.shape[-1]
    rows = rescaled(np.broadcast_to(measure.start, (B, n, n)), np.zeros((B, n)), 0)
    log_norms, doubtful = np.empty((T, B)), np.zeros(B, dtype=bool)
    rng = np.random.default_rng(0)  # of the sketches: they decide what is done again, never a result
    t = 0
    while t < T and not (drop is not None and doubtful.all()):
        chunk, removed = advance(factors, rows, t, min(_stride(rows, drop), T - t), backward)
        now = slice(t, t + len(chunk))
        kept = rows.values.shape[-2] - rows.sketches
        removed = np.cumsum(removed, axis=0)
        log_norms[now] = measure.log_norms(chunk[:, :, :kept], rows.exponents[:, :kept], removed)
        if rows.sketches:
            doubtful |= returned(chunk[:, :, kept:], rows.exponents[:, kept:] + removed[:, :, None], measure, log_norms[now])
        rows = rescaled(chunk[-1], rows.exponents + removed[-1][:, None], rows.sketches)
        t += len(chunk)
        if drop is not None and t < T:
            rows, lost = truncated(rows, measure, drop, rng)
            doubtful |= lost
    return Sweep(log_norms, doubtful)


def _stride(rows: Rows, drop: float | None) -> int:
    """Steps until rows are looked at again: at most as much is spent on rotating them as on multiplying them."""
    B, r, n = rows.values.shape
    multiplying = 2.0 * B * n * n * r + OVERHEAD / 64
    rotating = B * r * r * (3.0 * n + 25.0 * r) + OVERHEAD  # eigenvectors cost as much as 12 products
    worth = MOST_STEPS if drop is None else max(rotating / multiplying, 8)
    return int(max(min(worth, MOST_STEPS, MOST_BYTES // (8 * B * r * n)), 1))


def advance(factors: Factors, rows: Rows, first: int, count: int, backward: bool) -> tuple[Array, Array]:
    """Rows (count, B, r, n) after each of some factors, and exponents of two (count, B) that were taken out of each.

    Fewer factors than asked for where rows would underflow on the way.
    """
    out = np.empty((count, *rows.values.shape))
    removed = factors.multiply(rows.values, first, backward, out)
    if count > 1 and np.any((np.abs(out[-1]).max(axis=-1) < VANISHING) & rows.values.any(axis=-1)):
        return advance(factors, rows, first, max(count // 4, 1), backward)
    return out, removed


def rescaled(values: Array, exponents: Array, sketches: int) -> Rows:
    """The same rows, each with its largest entry between 1 and 2 (or exactly zero)."""
    peak = np.abs(values).max(axis=-1)
    power = np.floor(np.log2(np.where(peak > 0, peak, 1.0)))
    values = values / np.exp2(power)[..., None]
    values[np.abs(values) < FLUSHED] = 0.0
    return Rows(values, np.where(peak > 0, exponents + power, 0.0), sketches)


def returned(sketches: Array, exponents: Array, measure: Measure, log_norms: Array) -> NDArray[np.bool_]:
    """Which trajectories' discarded rows came back within `RETURN` of the norm, or have entries that float64 soon loses."""
    sizes = log(np.sqrt(np.square(measure.framed(sketches)).sum(axis=-1))) + np.log(2.0) * exponents
    back = (sizes.max(axis=-1) > log_norms + np.log(RETURN)).any(axis=0)
    last = np.abs(sketches[-1])
    apart = (last > 0) & (last < FARTHEST * last.max(axis=-1, keepdims=True))
    return np.asarray(back | apart.any(axis=(-2, -1)))


def truncated(rows: Rows, measure: Measure, drop: float, rng: np.random.Generator) -> tuple[Rows, NDArray[np.bool_]]:
    """Rows on their principal axes without the small ones, which join the sketches; and which trajectories lose a sketch."""
    kept = rows.values.shape[-2] - rows.sketches
    lead = rows.exponents[:, :kept].max(axis=-1)
    level = rows.values[:, :kept] * np.exp2(rows.exponents[:, :kept] - lead[:, None])[..., None]
    level, sizes = measure.principal_axes(level)
    leading = (sizes > drop * sizes[:, :1]).any(axis=0)
    keep = max(int(np.flatnonzero(leading)[-1]) + 1 if leading.any() else 1, 1)
    sketches, exponents, lost = joined(rows, level[:, keep:], lead, rng)
    values = np.concatenate([level[:, :keep], sketches], axis=-2)
    exponents = np.concatenate([np.repeat(lead[:, None], keep, axis=-1), exponents], axis=-1)
    return rescaled(values, exponents, sketches.shape[-2]), lost


def joined(rows: Rows, discarded: Array, lead: Array, rng: np.random.Generator) -> tuple[Array, Array, NDArray[np.bool_]]:
    """The sketches of `rows` with random combinations of the discarded rows `2^lead discarded` added; who loses one by that."""
    B, r, n = rows.values.shape
    old, exponents = rows.values[:, r - rows.sketches :], rows.exponents[:, r - rows.sketches :]
    if not discarded.shape[-2]:
        return old, exponents, np.zeros(B, dtype=bool)
    if not rows.sketches:
        old, exponents = np.zeros((B, SKETCHES, n)), np.zeros((B, SKETCHES))
    mixed = rng.standard_normal((SKETCHES, discarded.shape[-2])) @ discarded
    new = rescaled(mixed, np.repeat(lead[:, None], SKETCHES, axis=1), 0)
    had, gets = old.any(axis=-1), new.values.any(axis=-1)
    # On the scale of the larger of both; a sketch of zeros has none.
    common = np.maximum(np.where(had, exponents, -np.inf), np.where(gets, new.exponents, -np.inf))
    common = np.where(had | gets, common, 0.0)
    fades = had & (exponents - common < np.log2(FARTHEST))
    total = old * _share(exponents, common) + new.values * _share(new.exponents, common)
    return total, common, fades.any(axis=-1)


def _share(exponents: Array, common: Array) -> Array:
    return np.exp2(np.minimum(exponents - common, 0.0))[..., None]
