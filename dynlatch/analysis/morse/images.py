"""Box images of cells: proved where the map has interval images, otherwise estimated from a few points of the cell."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.morse.cells import Grid, Image
from dynlatch.errors import NotEnclosable
from dynlatch.intervals import Box
from dynlatch.maps import Enclosable, Map, SmoothMap
from dynlatch.validation import Array


def differentiable(map: SmoothMap, grid: Grid) -> bool:
    """Whether the derivatives that the class promises exist: not with threshold units."""
    try:
        map.jacobian(0.5 * (grid.lo + grid.hi))
    except TypeError:
        return False
    return True


def image_of(map: Map, grid: Grid) -> tuple[Image, bool]:
    """Interval images of boxes, and whether they are proved."""
    if isinstance(map, Enclosable):
        enclose = map.enclose
        try:
            enclose(grid.lo, grid.hi)
        except NotEnclosable:
            pass
        else:
            return lambda lo, hi: enclose(lo, hi), True
    if isinstance(map, SmoothMap) and differentiable(map, grid):
        return lambda lo, hi: _by_slopes(map, lo, hi), False
    return lambda lo, hi: _by_corners(map, lo, hi), False


def _corners(lo: Array, hi: Array) -> Array:
    """All corners and the centre of each box: (2^n + 1, ..., n)."""
    n = lo.shape[-1]
    ends = np.array(np.meshgrid(*[[0.0, 1.0]] * n, indexing="ij")).reshape(n, -1).T
    shares = np.concatenate([ends, np.full((1, n), 0.5)])
    shares = shares.reshape(len(shares), *(1,) * (lo.ndim - 1), n)
    return np.asarray(lo + shares * (hi - lo))


def _by_slopes(map: SmoothMap, lo: Array, hi: Array) -> Box:
    """Mean value form with the steepest of the slopes sampled in the box: an estimate."""
    steepest = np.abs(map.jacobian(_corners(lo, hi))).max(0)
    radius = np.einsum("...ij,...j->...i", steepest, 0.5 * (hi - lo))
    middle = map.step(0.5 * (lo + hi))
    return middle - radius, middle + radius


def _by_corners(map: Map, lo: Array, hi: Array) -> Box:
    """Box around the images of the corners and the centre: an estimate."""
    images = map.step(_corners(lo, hi))
    return images.min(0), images.max(0)
