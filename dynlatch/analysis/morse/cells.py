"""The outer approximation: which cells of a regular grid the image of each cell can touch.

Cell i of an axis is [e_i, e_{i+1}], e = linspace(lo, hi, k + 1). The box that contains the image of a cell is widened by
PAD units of rounding before it is compared with the grid. So every point of the image lies in a listed cell or outside the
bounds, and a union of cells that lists none but its own holds its image in its interior.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.intervals import EPS, Box
from dynlatch.validation import Array

Image = Callable[[Array, Array], Box]

CHUNK = 1 << 15
PAD = 16.0 * EPS
BYTES_A_CELL = 128  # index ranges of the images, labels, order, and the reachable sets
BYTES_AN_EDGE = 40  # CSR, its copy in SciPy, and the edges between components
MOST_BYTES = 4 << 30


class Grid(NamedTuple):
    """A box cut into equal cells, numbered in C order."""

    lo: Array
    hi: Array
    shape: tuple[int, ...]

    @property
    def cells(self) -> int:
        return math.prod(self.shape)  # of Python: NumPy's product may run over

    def edges(self, axis: int) -> Array:
        return np.linspace(self.lo[axis], self.hi[axis], self.shape[axis] + 1)

    def boxes(self, cells: NDArray[np.int64]) -> Box:
        """Lower and upper corners (..., n) of the cells of these numbers."""
        ends = [(e[i], e[i + 1]) for e, i in zip(self._edges(), np.unravel_index(cells, self.shape), strict=True)]
        return np.stack([low for low, _ in ends], axis=-1), np.stack([high for _, high in ends], axis=-1)

    def _edges(self) -> list[Array]:
        return [self.edges(axis) for axis in range(len(self.shape))]

    def ranges(self, lo: Array, hi: Array) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """First and last cell number along each axis (..., n) that the boxes touch; -1 and k stand for outside."""
        size = np.array(self.shape, dtype=np.float64)
        pad = PAD * np.maximum(np.abs(self.lo), np.abs(self.hi))
        per_unit = size / (self.hi - self.lo)
        first = np.floor(np.clip((lo - pad - self.lo) * per_unit, -1.0, size))
        last = np.floor(np.clip((hi + pad - self.lo) * per_unit, -1.0, size))
        return first.astype(np.int32), last.astype(np.int32)


class Transitions(NamedTuple):
    """Where each cell can go: rows of a CSR matrix over cells, and whether it can leave the bounds or stay in itself."""

    pointers: NDArray[np.int64]
    targets: NDArray[np.int32]
    leaves: NDArray[np.bool_]
    stays: NDArray[np.bool_]


def transitions(grid: Grid, image: Image) -> Transitions:
    """The outer approximation of a map with interval images `image(lo, hi)`."""
    refuse(grid, 0)
    first, last, leaves, stays = _all_ranges(grid, image)
    counts = np.prod(np.maximum(last - first + 1, 0), axis=-1, dtype=np.int64)
    pointers = np.concatenate([[0], np.cumsum(counts)])
    refuse(grid, int(pointers[-1]))
    targets = np.empty(pointers[-1], dtype=np.int32)
    for start in range(0, grid.cells, CHUNK):
        part = slice(start, start + CHUNK)
        stop = min(start + CHUNK, grid.cells)
        targets[pointers[start] : pointers[stop]] = _listed(grid, first[part], last[part], counts[part])
    return Transitions(pointers, targets, leaves, stays)


def refuse(grid: Grid, edges: int) -> None:
    """One sentence where the graph would not fit into memory; nothing of that size has been allocated yet."""
    size = grid.cells * BYTES_A_CELL + edges * BYTES_AN_EDGE
    if size <= MOST_BYTES and grid.cells < 2**31:
        return
    graph = f"{grid.cells:,} cells" + (f" and {edges:,} transitions" if edges else "")
    raise InvalidInput(
        f"`resolution` {grid.shape} makes {graph}, about {size >> 30:,} GiB (at most {MOST_BYTES >> 30}): "
        "choose a lower resolution or smaller bounds."
    )


def _all_ranges(grid: Grid, image: Image) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.bool_], NDArray[np.bool_]]:
    """Index ranges of the image of every cell, cut at the bounds (empty where it is wholly outside)."""
    n, size = len(grid.shape), np.array(grid.shape, dtype=np.int32)
    first, last = np.empty((grid.cells, n), dtype=np.int32), np.empty((grid.cells, n), dtype=np.int32)
    leaves, stays = np.empty(grid.cells, dtype=bool), np.empty(grid.cells, dtype=bool)
    for start in range(0, grid.cells, CHUNK):
        cells = np.arange(start, min(start + CHUNK, grid.cells))
        a, b = grid.ranges(*image(*grid.boxes(cells)))
        own = np.stack(np.unravel_index(cells, grid.shape), axis=-1)
        leaves[cells] = ((a < 0) | (b >= size)).any(-1)
        stays[cells] = ((a <= own) & (own <= b)).all(-1)
        missed = ((b < 0) | (a >= size)).any(-1)
        first[cells], last[cells] = np.maximum(a, 0), np.minimum(b, size - 1)
        last[cells[missed]] = first[cells[missed]] - 1
    return first, last, leaves, stays


def _listed(grid: Grid, first: NDArray[np.int32], last: NDArray[np.int32], counts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Cell numbers within the given ranges, row after row."""
    rows = np.repeat(np.arange(len(counts)), counts)
    rest = (np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)).astype(np.int32)
    flat, stride = np.zeros(len(rows), dtype=np.int32), 1
    for axis in reversed(range(len(grid.shape))):
        width = (last[:, axis] - first[:, axis] + 1)[rows]
        rest, within = np.divmod(rest, width)
        flat += (first[:, axis][rows] + within) * np.int32(stride)
        stride *= grid.shape[axis]
    return flat
