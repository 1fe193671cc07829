"""Ground truth for escape thresholds in two and three dimensions: a certified grid, slow and obvious.

For `a' = W tanh(a) + c + u`, |u| <= b. The box that no state ever leaves is cut into equal cells; a cell is *safe* if all its
states come back without input: it lies within a ball around the attractor in which the map contracts (in an adapted norm), or
its image, bounded by interval arithmetic, meets safe cells only. All cells that the inputs can reach are collected, image by
image; b is proved safe once they close and all of them are safe. The bound converges at the rate of the cell's size. Two
dimensions are three with a first axis that is one cell, too large for any input to leave.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numba
import numpy as np
import scipy.linalg

PAD = 1e-12  # far above the rounding of one image


class Grid(NamedTuple):
    """N cells along every real axis; states (3,), the first axis a dummy in two dimensions."""

    W: np.ndarray  # (3, 3)
    c: np.ndarray
    low: np.ndarray  # (3,): corner of the first cell
    width: np.ndarray  # (3,): of a cell
    shape: tuple[int, int, int]
    below: np.ndarray  # (3, N): tanh at the lower and the upper edge of each cell
    above: np.ndarray


def grid_lower(W, c, attractor, norm, most, cells, halvings=12):
    """Largest b <= `most` of a bisection that the grid proves safe; 0.0 if it proves none."""
    grid = make_grid(W, c, most, cells)
    safe = safe_cells(grid, attractor)
    low, high = 0.0, float(most)
    for _ in range(halvings):
        b = 0.5 * (low + high)
        low, high = (b, high) if stays_safe(grid, safe, attractor, norm, b) else (low, b)
    return low


def make_grid(W, c, most, cells):
    W, c = np.asarray(W, dtype=float), np.asarray(c, dtype=float)
    n = len(W)
    reach = np.abs(W).sum(1) + most + 1e-6
    W3, c3 = np.zeros((3, 3)), np.zeros(3)
    W3[3 - n :, 3 - n :], c3[3 - n :] = W, c
    low, high = np.full(3, -1e9), np.full(3, 1e9)
    low[3 - n :], high[3 - n :] = c - reach, c + reach
    shape = tuple([1] * (3 - n) + [cells] * n)
    width = (high - low) / shape
    edges = low[:, None] + width[:, None] * np.arange(cells + 1)
    tanh = np.tanh(edges)
    tanh[: 3 - n] = 0.0  # the dummy axis carries nothing
    return Grid(W3, c3, low, width, shape, tanh[:, :-1] - 1e-15, tanh[:, 1:] + 1e-15)


def safe_cells(grid, attractor):
    safe = contracting_cells(grid, np.asarray(attractor, dtype=float))
    while _grow_safe(grid.W, grid.c, grid.low, grid.width, safe, grid.below, grid.above):
        pass
    return safe


def contracting_cells(grid, attractor):
    """Cells within the largest ball found, in the norm of a Lyapunov matrix, on whose bounding box every Jacobian contracts."""
    n = len(attractor)
    W = grid.W[3 - n :, 3 - n :]
    J = W / np.cosh(attractor) ** 2
    rho = np.abs(np.linalg.eigvals(J)).max()
    P = scipy.linalg.solve_discrete_lyapunov((J / np.sqrt(max(rho, 1e-3))).T, np.eye(n)) if rho < 1 else np.eye(n)
    root = scipy.linalg.sqrtm(P).real
    inverse = np.linalg.inv(root)
    half = np.linalg.norm(inverse, axis=1)  # half widths of the unit ball's box
    radius = max((r for r in np.geomspace(1e-4, 10.0, 60) if _contracts(W, attractor, r * half, root, inverse)), default=0.0)
    centres = [grid.low[i] + grid.width[i] * (np.arange(grid.shape[i]) + 0.5) for i in range(3 - n, 3)]
    middle = np.stack(np.meshgrid(*centres, indexing="ij"), -1)
    off = np.linalg.norm((middle - attractor) @ root.T, axis=-1)
    corner = max(np.linalg.norm(root @ (0.5 * grid.width[3 - n :] * s)) for s in itertools.product((-1, 1), repeat=n))
    return np.ascontiguousarray((off + corner <= 0.999 * radius).reshape(grid.shape))


def _contracts(W, attractor, half, root, inverse):
    lo, hi = attractor - half, attractor + half
    nearest, farthest = np.clip(0.0, lo, hi), np.maximum(np.abs(lo), np.abs(hi))
    slopes = np.stack([1.0 / np.cosh(farthest) ** 2, 1.0 / np.cosh(nearest) ** 2])
    corners = itertools.product((0, 1), repeat=len(W))  # the norm is convex in the slopes
    return all(np.linalg.norm(root @ (W * slopes[list(k), range(len(W))]) @ inverse, 2) < 0.999 for k in corners)


def stays_safe(grid, safe, attractor, norm, b):
    """Whether the cells reached from the attractor under |u| <= b close among the safe ones."""
    n = len(attractor)
    start = np.zeros(3, dtype=np.int64)
    start[3 - n :] = np.floor((attractor - grid.low[3 - n :]) / grid.width[3 - n :])
    runs = np.zeros((*grid.shape[:2], grid.shape[2] + 1), dtype=np.int32)
    marked = np.zeros(grid.shape, dtype=np.bool_)
    marked[tuple(start)] = True
    fresh = start[None]
    while len(fresh):
        inside = _stamp(grid.W, grid.c, grid.low, grid.width, grid.below, grid.above, float(b), bool(norm == 2), fresh, runs)
        if not inside:
            return False
        fresh, all_safe = _collect(runs, marked, safe)
        if not all_safe:
            return False
    return bool(safe[tuple(start)])


@numba.njit(cache=True)
def _image(W, c, below, above, i, j, k, lo, hi):
    """Bounds on W tanh(a) + c over cell (i, j, k), written to lo and hi."""
    for row in range(3):
        down, up = c[row], c[row]
        for column in range(3):
            index = i if column == 0 else (j if column == 1 else k)
            w = W[row, column]
            down += w * (below[column, index] if w >= 0 else above[column, index])
            up += w * (above[column, index] if w >= 0 else below[column, index])
        lo[row], hi[row] = down - PAD, up + PAD


@numba.njit(cache=True)
def _grow_safe(W, c, low, width, safe, below, above):
    """One sweep: cells whose image meets safe cells only become safe. Returns how many did."""
    lo, hi, first, last = np.empty(3), np.empty(3), np.empty(3, np.int64), np.empty(3, np.int64)
    grown = 0
    for i in range(safe.shape[0]):
        for j in range(safe.shape[1]):
            for k in range(safe.shape[2]):
                if safe[i, j, k]:
                    continue
                _image(W, c, below, above, i, j, k, lo, hi)
                for axis in range(3):
                    first[axis] = max(0, int(np.floor((lo[axis] - low[axis]) / width[axis])))
                    last[axis] = min(safe.shape[axis] - 1, int(np.floor((hi[axis] - low[axis]) / width[axis])))
                if safe[first[0] : last[0] + 1, first[1] : last[1] + 1, first[2] : last[2] + 1].all():
                    safe[i, j, k] = True
                    grown += 1
    return grown


@numba.njit(cache=True)
def _stamp(W, c, low, width, below, above, b, euclidean, fresh, runs):
    """Mark all cells within b of the images of the fresh cells: +1 where a run along the last axis begins, -1 after its end.

    False where a run leaves the grid.
    """
    lo, hi = np.empty(3), np.empty(3)
    N = (runs.shape[0], runs.shape[1], runs.shape[2] - 1)
    for cell in range(len(fresh)):
        _image(W, c, below, above, fresh[cell, 0], fresh[cell, 1], fresh[cell, 2], lo, hi)
        i0 = int(np.floor((lo[0] - b - low[0]) / width[0]))
        i1 = int(np.floor((hi[0] + b - low[0]) / width[0]))
        j0 = int(np.floor((lo[1] - b - low[1]) / width[1]))
        j1 = int(np.floor((hi[1] + b - low[1]) / width[1]))
        if i0 < 0 or j0 < 0 or i1 >= N[0] or j1 >= N[1]:
            return False
        for i in range(i0, i1 + 1):
            corner = low[0] + i * width[0]
            away0 = max(0.0, max(corner - hi[0], lo[0] - corner - width[0]))
            for j in range(j0, j1 + 1):
                corner = low[1] + j * width[1]
                away1 = max(0.0, max(corner - hi[1], lo[1] - corner - width[1]))
                left = b
                if euclidean:
                    square = b * b - away0 * away0 - away1 * away1
                    if square < -PAD:
                        continue
                    left = np.sqrt(max(square, 0.0) + PAD)
                k0 = int(np.floor((lo[2] - left - low[2]) / width[2]))
                k1 = int(np.floor((hi[2] + left - low[2]) / width[2]))
                if k0 < 0 or k1 >= N[2]:
                    return False
                runs[i, j, k0] += 1
                runs[i, j, k1 + 1] -= 1
    return True


@numba.njit(cache=True)
def _collect(runs, marked, safe):
    """Cells that are newly covered by runs, shape (k, 3), and whether all of them are safe."""
    fresh = []
    for i in range(marked.shape[0]):
        for j in range(marked.shape[1]):
            covered = 0
            for k in range(marked.shape[2]):
                covered += runs[i, j, k]
                if covered > 0 and not marked[i, j, k]:
                    if not safe[i, j, k]:
                        return np.empty((0, 3), np.int64), False
                    marked[i, j, k] = True
                    fresh.append((i, j, k))
    cells = np.empty((len(fresh), 3), np.int64)
    for row in range(len(fresh)):
        cells[row, 0], cells[row, 1], cells[row, 2] = fresh[row]
    return cells, True
