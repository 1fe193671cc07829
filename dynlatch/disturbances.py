"""Where a disturbance enters a map: added to its state, or through a matrix in front of its own input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box, add, affine_image, as_box
from dynlatch.maps import Map, SmoothMap, coordinates, enclosable, require_smooth, smooth_enclosable
from dynlatch.validation import Array, finite_array


@dataclass(frozen=True, eq=False)
class Disturbed:
    """A map whose input is added to its state, `a' = M(a) + B u`; the map's own input is zero.

    Parameters
    ----------
    map : Map
    matrix : array_like, shape (n, m)
        B.
    """

    map: Map
    matrix: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", _matrix(self.matrix, rows=self.map.dim))

    @property
    def _smooth(self) -> SmoothMap:
        return require_smooth(self.map, "jacobian")

    @property
    def dim(self) -> int:
        return self.map.dim

    @property
    def input_dim(self) -> int:
        return int(self.matrix.shape[1])

    @property
    def coordinates(self) -> str:
        return coordinates(self.map)

    def step(self, a: Array, u: Array | None = None) -> Array:
        moved = self.map.step(a)
        return moved if u is None else moved + np.asarray(u) @ self.matrix.T

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        return _spread(self._smooth.jacobian(a), u, 2)

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        batch = np.broadcast_shapes(np.shape(a)[:-1], () if u is None else np.shape(u)[:-1])
        return np.broadcast_to(self.matrix, (*batch, *self.matrix.shape)).copy()

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return _spread(self._smooth.jvp(a, v), u, 1)

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return _spread(self._smooth.vjp(a, v), u, 1)

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        image = enclosable(self.map).enclose(lo, hi)
        return image if u is None else add(image, affine_image(self.matrix, *as_box(u)))

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        below, above = smooth_enclosable(self.map).enclose_jacobian(lo, hi)
        corner = None if u is None else as_box(u)[0]
        return _spread(below, corner, 2), _spread(above, corner, 2)


@dataclass(frozen=True, eq=False)
class Steered:
    """A map that is driven through a matrix in front of its input, `a' = M(a, D u)`.

    Parameters
    ----------
    map : Map
    matrix : array_like, shape (m, k)
        D.
    """

    map: Map
    matrix: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "matrix", _matrix(self.matrix, rows=self.map.input_dim))

    @property
    def _smooth(self) -> SmoothMap:
        return require_smooth(self.map, "jacobian")

    @property
    def dim(self) -> int:
        return self.map.dim

    @property
    def input_dim(self) -> int:
        return int(self.matrix.shape[1])

    @property
    def coordinates(self) -> str:
        return coordinates(self.map)

    def _inner(self, u: Array | None) -> Array | None:
        return None if u is None else np.asarray(u) @ self.matrix.T

    def step(self, a: Array, u: Array | None = None) -> Array:
        return self.map.step(a, self._inner(u))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._smooth.jacobian(a, self._inner(u))

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._smooth.input_jacobian(a, self._inner(u)) @ self.matrix

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return self._smooth.jvp(a, v, self._inner(u))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return self._smooth.vjp(a, v, self._inner(u))

    def _inner_box(self, u: Array | Box | None) -> Box | None:
        return None if u is None else affine_image(self.matrix, *as_box(u))

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        return enclosable(self.map).enclose(lo, hi, self._inner_box(u))

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        return smooth_enclosable(self.map).enclose_jacobian(lo, hi, self._inner_box(u))


def _matrix(value: Array, rows: int) -> Array:
    matrix = finite_array("matrix", value, ndim=2)
    if matrix.shape[0] != rows or matrix.shape[1] == 0:
        raise InvalidInput(f"`matrix` must have shape ({rows}, m) with m >= 1; got {matrix.shape}.")
    return matrix


def _spread(values: Array, u: Array | None, axes: int) -> Array:
    """`values` broadcast against the batch axes of an input that they do not depend on."""
    if u is None:
        return values
    batch = np.broadcast_shapes(values.shape[:-axes], np.shape(u)[:-1])
    return np.broadcast_to(values, (*batch, *values.shape[-axes:])).copy()
