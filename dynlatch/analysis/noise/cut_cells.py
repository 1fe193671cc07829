"""Quadrature weights for one side of the boundary of a basin, on a regular lattice.

A smooth function is on each cell the polynomial of the nodes around it; its integral over the part of the cell inside the basin
is exact for the polynomial, so that the jump of the indicator costs no accuracy. Cells that the boundary cuts are halved a few
times; what is still cut then is integrated along lines across the boundary, whose crossings bisection finds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.noise.lattice import Lattice, cell_polynomials, powers
from dynlatch.validation import Array

Inside = Callable[[Array], NDArray[np.bool_]]  # of states (k, n)
BISECTIONS = 12
LINES = 3  # along each axis across the boundary


class Sides(NamedTuple):
    """Weights (shape of the lattice), in units of the volume of a cell, of the states in the basin, and of the others."""

    inside: Array
    outside: Array


class _Parts(NamedTuple):
    """Boxes of one size within cells: the flat number of the cell, the lower corner (k, n) in it, and the side (cell: 1)."""

    cell: NDArray[np.intp]
    corner: Array
    side: float

    def take(self, which: NDArray[np.bool_]) -> _Parts:
        return _Parts(self.cell[which], self.corner[which], self.side)


def sides(lattice: Lattice, inside: Inside, halvings: int) -> Sides:
    """The weights of both sides; `halvings` of a cut cell come before the lines."""
    every = np.arange(int(np.prod(lattice.shape)))
    labels = inside(lattice.nodes(every)).reshape(lattice.shape)
    corners = [
        labels[tuple(slice(k, size - 1 + k) for k, size in zip(shift, lattice.shape, strict=True))]
        for shift in _shifts(lattice.dim)
    ]
    share = np.mean(corners, axis=0)
    whole = (share == 1.0).astype(np.float64)
    cut = np.flatnonzero((share > 0.0) & (share < 1.0) & _inner(lattice))
    values = _over_cut_cells(lattice, inside, cut, halvings)
    ins, total = _spread(lattice, whole), _spread(lattice, (share > 0).astype(np.float64) - whole)
    part = _scatter(lattice, cut, values)
    outside = _spread(lattice, (share == 0.0).astype(np.float64))
    return Sides(ins + part, outside + (total - part))


def _shifts(n: int) -> list[tuple[int, ...]]:
    return list(itertools.product((0, 1), repeat=n))


def _inner(lattice: Lattice) -> NDArray[np.bool_]:
    """Which cells have all their neighbours on the lattice."""
    back = lattice.order // 2 - 1
    inner = np.zeros([size - 1 for size in lattice.shape], dtype=bool)
    inner[tuple(slice(back, size - lattice.order // 2) for size in lattice.shape)] = True
    return inner


def _spread(lattice: Lattice, cells: Array) -> Array:
    """Node weights of whole cells, each counted `cells` times; those at the rim, with too few neighbours, are left out."""
    cells = np.where(_inner(lattice), cells, 0.0)
    whole = (cell_polynomials(lattice.order) / np.arange(1, lattice.order + 1)).sum(-1)
    back = lattice.order // 2 - 1
    for axis in range(lattice.dim):
        moved = np.moveaxis(cells, axis, 0)
        wide = np.zeros((len(moved) + 1, *moved.shape[1:]))
        inner = moved[back : len(moved) - back]
        for j, weight in enumerate(whole):
            wide[j : j + len(inner)] += weight * inner
        cells = np.moveaxis(wide, 0, axis)
    return cells


def _scatter(lattice: Lattice, cells: NDArray[np.intp], values: Array) -> Array:
    """Node weights from those (k, order, ...) of the neighbours of each cell."""
    first = np.stack(np.unravel_index(cells, [size - 1 for size in lattice.shape]), axis=-1) - (lattice.order // 2 - 1)
    around = np.stack(np.meshgrid(*[np.arange(lattice.order)] * lattice.dim, indexing="ij"), axis=-1).reshape(-1, lattice.dim)
    places = np.ravel_multi_index(tuple((first[:, None] + around).reshape(-1, lattice.dim).T), lattice.shape)
    total = np.bincount(places, values.reshape(-1), minlength=int(np.prod(lattice.shape)))
    return np.asarray(total.reshape(lattice.shape))


def _over_cut_cells(lattice: Lattice, inside: Inside, cells: NDArray[np.intp], halvings: int) -> Array:
    """Integrals (k, order, ...) of the tensor polynomials over the part of each cut cell that is inside."""
    n = lattice.dim
    values = np.zeros((len(cells), *[lattice.order] * n))
    order = np.arange(len(cells))
    if not len(cells):
        return values
    base = lattice.low + lattice.spacing * np.stack(np.unravel_index(cells, [size - 1 for size in lattice.shape]), axis=-1)

    def held(cell: NDArray[np.intp], at: Array) -> NDArray[np.bool_]:
        """Which points `at` (k, ..., n) in the cells are inside."""
        states = base[cell].reshape(-1, *[1] * (at.ndim - 2), n) + lattice.spacing * at
        return inside(states.reshape(-1, n)).reshape(at.shape[:-1])

    shifts = np.array(_shifts(n), dtype=np.float64)
    parts = _Parts(order, np.zeros((len(cells), n)), 1.0)
    for level in range(halvings + 1):
        if level:
            parts = _Parts(
                np.repeat(parts.cell, 2**n),
                (parts.corner[:, None] + 0.5 * parts.side * shifts).reshape(-1, n),
                0.5 * parts.side,
            )
        labels = held(parts.cell, parts.corner[:, None] + parts.side * shifts)
        share = labels.mean(-1)
        _add_boxes(values, lattice.order, parts.take(share == 1.0))
        mixed = (share > 0.0) & (share < 1.0)
        parts, labels = parts.take(mixed), labels[mixed]
    _add_lines(values, lattice.order, parts, labels, held)
    return values


def _primitive(order: int) -> Array:
    """Coefficients of the antiderivatives of the cell's polynomials, from t^1 on."""
    return np.asarray(cell_polynomials(order) / np.arange(1, order + 1))


def _integrals(order: int, lo: Array, hi: Array) -> Array:
    """Integrals of the cell's polynomials from lo to hi, shape (..., order)."""
    return np.asarray((hi[..., None] * powers(hi, order) - lo[..., None] * powers(lo, order)) @ _primitive(order).T)


def _product(factors: list[Array]) -> Array:
    """Outer products (k, order, ...) of the rows of the factors (k, order)."""
    total = factors[0]
    for factor in factors[1:]:
        total = total[..., None] * factor.reshape(len(factor), *[1] * (total.ndim - 1), factor.shape[1])
    return total


def _add_boxes(values: Array, order: int, parts: _Parts) -> None:
    """Add the integrals over whole boxes."""
    n = parts.corner.shape[1]
    factors = [_integrals(order, parts.corner[:, i], parts.corner[:, i] + parts.side) for i in range(n)]
    np.add.at(values, parts.cell, _product(factors))


def _add_lines(
    values: Array, order: int, parts: _Parts, labels: NDArray[np.bool_], held: Callable[..., NDArray[np.bool_]]
) -> None:
    """Add the integrals over the inner parts of cut boxes, along the axis on which most labels change."""
    if not len(parts.cell):
        return
    n = parts.corner.shape[1]
    cube = labels.reshape(-1, *[2] * n)
    changes = [(np.take(cube, 0, i + 1) != np.take(cube, 1, i + 1)).reshape(len(cube), -1).sum(-1) for i in range(n)]
    along = np.argmax(changes, axis=0)
    nodes, weights = np.polynomial.legendre.leggauss(LINES)
    places = np.array(list(itertools.product(0.5 * (nodes + 1.0), repeat=n - 1)))
    shares = np.prod(list(itertools.product(0.5 * weights, repeat=n - 1)), axis=-1)
    across = np.array([[i for i in range(n) if i != axis] for axis in range(n)])[along]
    start = np.repeat(parts.corner[:, None], len(places), axis=1)
    for k in range(n - 1):
        start[np.arange(len(start)), :, across[:, k]] += parts.side * places[:, k]
    lines = _Parts(np.repeat(parts.cell, len(places)), start.reshape(-1, n), parts.side)
    axes = np.repeat(along, len(places))
    lo, hi = _stretch(lines, axes, held)
    rows = np.arange(len(axes))
    factors = np.moveaxis(powers(lines.corner, order) @ cell_polynomials(order).T, 1, 0)
    factors[axes, rows] = _integrals(order, lo, hi)
    factors[0] *= parts.side ** (n - 1) * np.tile(shares, len(parts.cell))[:, None]
    np.add.at(values, lines.cell, _product(list(factors)))


def _stretch(lines: _Parts, axes: NDArray[np.intp], held: Callable[..., NDArray[np.bool_]]) -> tuple[Array, Array]:
    """The part of each line, from its corner along its axis, that is inside: at most one crossing is looked for."""
    rows = np.arange(len(axes))

    def at(which: NDArray[np.intp], t: Array) -> NDArray[np.bool_]:
        points = lines.corner[which]
        points[np.arange(len(which)), axes[which]] = t
        return held(lines.cell[which], points)

    lo = lines.corner[rows, axes]
    hi = lo + lines.side
    begins, ends = np.split(at(np.tile(rows, 2), np.concatenate([lo, hi])), 2)
    crossed = np.flatnonzero(begins != ends)
    left, right = lo[crossed], hi[crossed]
    for _ in range(BISECTIONS):
        middle = 0.5 * (left + right)
        same = at(crossed, middle) == begins[crossed]
        left, right = np.where(same, middle, left), np.where(same, right, middle)
    start, stop = lo.copy(), np.where(begins, hi, lo)
    crossing = 0.5 * (left + right)
    start[crossed] = np.where(begins[crossed], lo[crossed], crossing)
    stop[crossed] = np.where(begins[crossed], crossing, hi[crossed])
    return start, stop
