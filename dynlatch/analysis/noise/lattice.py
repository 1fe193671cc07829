"""Functions of the state on a regular lattice: smoothed by the noise along each axis, and read off between its nodes.

In units of the noise (`a = root y`) its channels are independent and of size 1, so that the n-dimensional convolution is one
along each axis after the other. On smooth, decaying functions the plain sum over the nodes is as accurate as any quadrature
(the trapezoidal rule: Trefethen and Weideman 2014, SIAM Review 56); between nodes, polynomials of a few neighbours interpolate.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.validation import Array


class Lattice(NamedTuple):
    """Nodes `low + spacing k`, `0 <= k < shape`, in units of the noise; `order` neighbours an axis interpolate."""

    low: Array
    spacing: float
    shape: tuple[int, ...]
    order: int

    @property
    def dim(self) -> int:
        return len(self.shape)

    def nodes(self, places: NDArray[np.intp]) -> Array:
        """Coordinates (k, n) of the nodes with flat numbers `places`."""
        return self.low + self.spacing * np.stack(np.unravel_index(places, self.shape), axis=-1)

    def part(self, first: NDArray[np.intp], last: NDArray[np.intp]) -> Lattice:
        """The nodes from `first` to `last`, both included."""
        return self._replace(low=self.low + self.spacing * first, shape=tuple(int(size) for size in last - first + 1))


class Readings(NamedTuple):
    """Where functions are read off: the first neighbour (k, n) of each state, and the weights (k, n, order) along each axis."""

    first: NDArray[np.int64]
    weights: Array


def cell_polynomials(order: int) -> Array:
    """Coefficients (order, order) of the Lagrange polynomials in t on [0, 1] between the two middle nodes: `[j, m]` of t^m."""
    nodes = np.arange(order) - (order // 2 - 1.0)
    return np.asarray(np.linalg.inv(np.vander(nodes, increasing=True)).T)


def powers(t: Array, order: int) -> Array:
    """`t^m`, shape (..., order)."""
    return np.asarray(t[..., None] ** np.arange(order))


def readings(lattice: Lattice, states: Array) -> Readings:
    """How to read functions off at states (k, n) within the lattice."""
    back = lattice.order // 2 - 1
    place = (states - lattice.low) / lattice.spacing
    highest = np.array(lattice.shape) - lattice.order + back
    cell = np.clip(np.floor(place).astype(np.int64), back, highest)
    weights = powers(place - cell, lattice.order) @ cell_polynomials(lattice.order).T
    return Readings(cell - back, np.ascontiguousarray(weights))


def read(values: Array, where: Readings) -> Array:
    """The function with these values at the nodes, read off, shape (k,)."""
    from dynlatch.analysis.noise.kernels import read_2d, read_3d

    out = np.empty(len(where.first))
    (read_2d if values.ndim == 2 else read_3d)(values, where.first, where.weights, out)
    return out


def normal_profile(spacing: float, reach: float) -> Array:
    """The standard normal density at the nodes within `reach`, times the spacing."""
    k = int(np.ceil(reach / spacing))
    return np.asarray(np.exp(-0.5 * np.square(spacing * np.arange(-k, k + 1))) * spacing / np.sqrt(2.0 * np.pi))


def smoothed(values: Array, profile: Array) -> Array:
    """The convolution of `values` with the profile along every axis; zero beyond the lattice."""
    from scipy.ndimage import correlate1d

    for axis in range(values.ndim):
        values = correlate1d(values, profile, axis=axis, mode="constant")
    return values
