"""Activation regions of a ReLU net on which no pivot is left: their fixed points one region at a time.

In a region with pattern D (1 active, 0 inactive) the fixed points are the solutions of `(I - W D) a = c` with the signs of
the region. Three answers, in this order:

1. An approximate inverse bounds the solution, where the matrix is far enough from singular (Rump 2010, Acta Numerica 19).
2. Where it is singular and the equations consistent, both to rounding, a linear programme finds a representative of a
   continuum. That it finds none proves nothing.
3. Rational arithmetic finds the rank, the solutions and their signs without rounding, where W and c are known exactly and
   the net is small. Other regions stay undecided.
"""

from __future__ import annotations

import time
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.intervals import EPS, Box
from dynlatch.validation import Array

Pattern = NDArray[np.int8]  # 1 active, 0 inactive, -1 on the kink or undecided
# Of several fixed points: points, errors, patterns, kinks, dimension, certain (see `Regions`).
Columns = tuple[Array, Array, Pattern, NDArray[np.bool_], NDArray[np.int64], NDArray[np.bool_]]

SINGULAR_REGIONS = 256  # regions that are solved one by one at most
EXACT_UNITS = 16  # rational numbers grow with every elimination


class Found(NamedTuple):
    """The fixed points of one region, and whether there are no others in it."""

    columns: Columns
    decided: bool


class _Solutions(NamedTuple):
    # Of the sizes b >= 0 of all units: b = constant + slopes (free sizes); None where no numbers solve the equations.
    constant: list[Fraction]
    slopes: list[list[Fraction]]
    free: list[int]


def singular_points(W: Box, c: Box, prefixes: list[Pattern], deadline: float = np.inf) -> tuple[Columns, Pattern]:
    """Fixed points in the regions below nodes without a pivot, and the regions (m, n) left undecided."""
    n = len(c[0])
    found, undecided = [nothing(n)], []
    budget = SINGULAR_REGIONS
    for prefix in (row for block in prefixes for row in block):
        free = np.flatnonzero(prefix < 0)
        few = 2 ** min(len(free), 62) <= budget and time.monotonic() <= deadline
        if not few:
            undecided.append(prefix)
        # All active: one of many is looked at even so.
        codes = list(range(2 ** len(free))) if few else [-1] if budget > 0 else []
        budget -= len(codes)
        for code in codes:
            pattern = prefix.copy()
            pattern[free] = (code >> np.arange(len(free))) & 1
            columns, decided = region_points(W, c, pattern)
            found.append(columns)
            if few and not decided:
                undecided.append(pattern)
    return columns_of(found), np.array(undecided, dtype=np.int8).reshape(-1, n)


def region_points(W: Box, c: Box, pattern: Pattern) -> Found:
    """The fixed points of one region: a point, a representative of a continuum, or none."""
    n = len(pattern)
    middle, right = 0.5 * (W[0] + W[1]), 0.5 * (c[0] + c[1])
    regular = _by_inverse(W, c, pattern, middle, right)
    if regular is not None:
        return Found(regular, True)
    continuum = _representative(np.eye(n) - middle * (pattern == 1), right, pattern)
    if continuum is not None:
        return Found(continuum, True)
    if n > EXACT_UNITS or not all(np.array_equal(lo, hi) for lo, hi in (W, c)):
        return Found(nothing(n), False)
    return _by_elimination(W[0], c[0], pattern)


def leaf_points(lo: Array, hi: Array, pattern: Pattern) -> Columns:
    """Points of leaves: constants (B, n) of z where active and w where inactive. A negative one refutes the region."""
    keep = np.all(hi >= 0, axis=-1)
    lo, hi, pattern = lo[keep], hi[keep], pattern[keep]
    kinks = lo <= 0
    exact = (lo == 0) & (hi == 0)
    middle, radius = 0.5 * (lo + hi), 0.5 * (hi - lo) * (1.0 + 4.0 * EPS)
    points = np.where(kinks & exact, 0.0, np.where(pattern == 1, middle, -middle))
    shown = np.where(kinks, -1, pattern).astype(np.int8)
    certain = np.all(~kinks | exact, axis=-1)
    return points, radius.max(axis=-1, initial=0.0), shown, kinks, np.zeros(len(points), dtype=np.int64), certain


def nothing(n: int) -> Columns:
    """No fixed points."""
    return leaf_points(np.zeros((0, n)), np.zeros((0, n)), np.zeros((0, n), dtype=np.int8))


def columns_of(parts: list[Columns]) -> Columns:
    """The columns of all parts below each other."""
    points, errors, patterns, kinks, dimension, certain = (list(column) for column in zip(*parts, strict=True))
    return (
        np.concatenate(points),
        np.concatenate(errors),
        np.concatenate(patterns),
        np.concatenate(kinks),
        np.concatenate(dimension),
        np.concatenate(certain),
    )


def _by_inverse(W: Box, c: Box, pattern: Pattern, middle: Array, right: Array) -> Columns | None:
    """The one solution of the region's equations with a bound on its error; None where the matrix may be singular."""
    n = len(pattern)
    matrix, spread = np.eye(n) - middle * (pattern == 1), 0.5 * (W[1] - W[0])
    try:
        inverse = np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return None
    x = inverse @ right
    gamma = 4.0 * (n + 2) * EPS
    uncertain = spread + gamma * (1.0 + np.abs(middle))
    alpha = float((np.abs(np.eye(n) - inverse @ matrix) + np.abs(inverse) @ uncertain).sum(axis=1).max())
    if not alpha < 0.5:
        return None
    residual = np.abs(right - matrix @ x) + uncertain @ np.abs(x) + 0.5 * (c[1] - c[0]) + gamma * (np.abs(c[0]) + np.abs(c[1]))
    error = float((np.abs(inverse) @ residual).max()) / (1.0 - alpha) * 1.01
    signed = np.where(pattern == 1, x, -x)
    return leaf_points((signed - error)[None], (signed + error)[None], pattern[None])


def _by_elimination(W: Array, c: Array, pattern: Pattern) -> Found:
    """The only point of a region, or that there is none; undecided with more than one, or more than one free size."""
    n = len(pattern)
    solutions = _solved(W, c, pattern)
    if solutions is None:
        return Found(nothing(n), True)
    least, largest = _range(solutions)
    if least > largest:
        return Found(nothing(n), True)
    if len(solutions.free) > 1 or (len(solutions.free) == 1 and least < largest):
        return Found(nothing(n), False)
    sizes = [k + sum((a * least for a in row), Fraction(0)) for k, row in zip(*solutions[:2], strict=True)]
    return Found(_exact_point(sizes, pattern), True)


def _solved(W: Array, c: Array, pattern: Pattern) -> _Solutions | None:
    """All solutions of `(I - W D) S b = c`, S the signs of the region, by Gauss and Jordan in rational numbers."""
    n = len(pattern)
    rows = [
        [
            (Fraction(int(i == j)) - (Fraction(float(W[i, j])) if pattern[j] == 1 else 0)) * (1 if pattern[j] == 1 else -1)
            for j in range(n)
        ]
        + [Fraction(float(c[i]))]
        for i in range(n)
    ]
    pivots: list[int] = []
    for column in range(n):
        row = next((i for i in range(len(pivots), n) if rows[i][column]), None)
        if row is None:
            continue
        at = len(pivots)
        rows[at], rows[row] = rows[row], rows[at]
        rows[at] = [entry / rows[at][column] if entry else entry for entry in rows[at]]
        for i in range(n):
            factor = rows[i][column]
            if i != at and factor:
                rows[i] = [x - factor * y if y else x for x, y in zip(rows[i], rows[at], strict=True)]
        pivots.append(column)
    if any(row[n] for row in rows[len(pivots) :]):
        return None
    free = [j for j in range(n) if j not in pivots]
    own = {column: rows[at] for at, column in enumerate(pivots)}
    constant = [own[j][n] if j in own else Fraction(0) for j in range(n)]
    slopes = [[-own[j][k] if j in own else Fraction(int(j == k)) for k in free] for j in range(n)]
    return _Solutions(constant, slopes, free)


def _range(solutions: _Solutions) -> tuple[Fraction, Fraction | float]:
    """Where the free size may lie if no size is negative, (1, 0) if some size must be; of several only the latter is asked."""
    least: Fraction = Fraction(0)
    largest: Fraction | float = np.inf
    for constant, row in zip(solutions.constant, solutions.slopes, strict=True):
        if constant < 0 and all(a <= 0 for a in row):
            return Fraction(1), Fraction(0)
        if len(row) == 1 and row[0] > 0:
            least = max(least, -constant / row[0])
        if len(row) == 1 and row[0] < 0:
            largest = min(largest, -constant / row[0])
    return least, largest


def _exact_point(sizes: list[Fraction], pattern: Pattern) -> Columns:
    """A point whose sizes (of the active z, the inactive w) are known exactly."""
    if any(size < 0 for size in sizes):
        return nothing(len(pattern))
    middle = np.array([float(size) for size in sizes])
    exact = np.array([Fraction(value) == size for value, size in zip(middle.tolist(), sizes, strict=True)])
    pad = np.where(exact, 0.0, EPS * middle)
    return leaf_points((middle - pad)[None], (middle + pad)[None], pattern[None])


def _representative(matrix: Array, right: Array, pattern: Pattern) -> Columns | None:
    """The solution farthest from the kinks, of equations singular and consistent to rounding; None if none is found."""
    from scipy.optimize import linprog

    n = len(pattern)
    left, widths, _ = np.linalg.svd(matrix)
    null = left[:, widths <= 1e-12 * n * max(widths[0], 1.0)]
    if null.shape[1] == 0 or np.abs(null.T @ right).max() > 1e-8 * (1.0 + float(np.abs(right).max())):
        return None
    sign = np.where(pattern == 1, 1.0, -1.0)
    size = 1.0 + float(np.abs(right).max())
    # Unknowns (b, s, t): a = sign * b, b >= s >= t >= 0, each s up to `size`. Largest is first the least s, then their sum.
    equal = np.concatenate([matrix * sign, np.zeros((n, n + 1))], axis=1)
    one = np.ones((n, 1))
    above = np.block([[-np.eye(n), np.eye(n), 0.0 * one], [np.zeros((n, n)), -np.eye(n), one]])
    bounds = [(0, None)] * n + [(0, size)] * (n + 1)
    gain = -np.r_[np.zeros(n), np.ones(n), 10.0 * n]
    solved = linprog(gain, A_ub=above, b_ub=np.zeros(2 * n), A_eq=equal, b_eq=right, bounds=bounds)
    if solved.status != 0:
        return None
    point = sign * solved.x[:n]
    kinks = solved.x[:n] <= 1e-9 * size
    point[kinks] = 0.0
    held = np.concatenate([matrix, np.eye(n)[kinks]])
    dimension = n - int(np.sum(np.linalg.svd(held, compute_uv=False) > 1e-12 * n * max(1.0, float(np.abs(matrix).max()))))
    shown = np.where(kinks, -1, pattern).astype(np.int8)
    error = float(np.abs(matrix @ point - right).max()) + 1e-9 * size
    if not error <= 1e-8 * size:
        return None
    return point[None], np.array([error]), shown[None], kinks[None], np.array([dimension]), np.array([False])
