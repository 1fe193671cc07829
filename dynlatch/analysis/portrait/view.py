"""Which part of the state space a picture shows: the state itself, or a plane through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates
from dynlatch.validation import Array, box_of, shaped_array

MARGIN = 0.3  # free space on every side, in units of what is shown
SQUARE = 2.5  # frames whose sides differ by less than this factor are made square


@dataclass(frozen=True, eq=False)
class View:
    """The point `origin + s plane[0] + t plane[1]` of the state space is drawn at (s, t), inside `frame`."""

    origin: Array
    plane: Array
    frame: Array
    names: tuple[str, ...]
    size: int

    @property
    def axes(self) -> tuple[Array, ...]:
        """Coordinates of the grid along each axis."""
        return tuple(np.linspace(lo, hi, self.size) for lo, hi in self.frame.T)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the grid, rows from bottom to top."""
        return (self.size,) * len(self.plane)

    @property
    def states(self) -> Array:
        """The states of the grid, row after row: shape (N, n)."""
        where = np.stack(np.meshgrid(*self.axes), axis=-1).reshape(-1, len(self.plane))
        return np.asarray(self.origin + where @ self.plane)

    def project(self, states: Array) -> Array:
        """Where states (..., n) are drawn."""
        return np.asarray((states - self.origin) @ np.linalg.pinv(self.plane))

    def holds(self, states: Array) -> bool:
        """Whether all of them are drawn inside the frame."""
        where = self.project(states)
        return bool(np.all((where >= self.frame[0]) & (where <= self.frame[1])))

    def around(self, states: Array) -> View:
        """The same view with a frame around these states."""
        return replace(self, frame=frame_of(self.project(states)))


def view_of(map: Map, found: FixedPoints, known: Array, bounds: Any, directions: Any, size: int) -> View:
    """The view of a map: `bounds` as they are, or a frame around the `known` states (k, n)."""
    n, what = map.dim, coordinates(map)
    if n <= 2:
        if directions is not None:
            raise InvalidInput(f"`directions` are for maps of more than two dimensions; this one has {n}.")
        frame = np.array(box_of(bounds, n)) if bounds is not None else frame_of(known)
        names = (what,) if n == 1 else tuple(f"{what}, component {i}" for i in (1, 2))
        return View(np.zeros(n), np.eye(n), frame, names, size)
    anchors = found.attractors.points if len(found.attractors) > 1 else known
    origin = anchors.mean(0) if len(anchors) else np.zeros(n)
    plane = principal_plane(anchors - origin) if directions is None else _given(directions, n)
    word = "principal component" if directions is None else "given direction"
    names = tuple(f"{word} {i} of {what}" for i in (1, 2))
    view = View(origin, plane, np.zeros((2, 2)), names, size)
    return view.around(known if len(known) else origin[None])


def frame_of(where: Array) -> Array:
    """A frame (2, d) around points (k, d) of a picture: square where the sides are of comparable length."""
    lo, hi = (where.min(0), where.max(0)) if len(where) else (np.zeros(where.shape[1]), np.zeros(where.shape[1]))
    half = (0.5 + MARGIN) * (hi - lo)
    size = max(float(half.max()), 0.0)
    # A single point has no size of its own: it is shown in a frame of the size of its coordinates.
    half = np.where(half > 0, half, size / SQUARE) if size > 0 else np.full_like(half, 1.0 + np.abs(lo).max())
    if half.max() < SQUARE * half.min() * (1.0 + 1e-9):
        half = np.full_like(half, half.max())
    middle = 0.5 * (lo + hi)
    return np.asarray(np.stack([middle - half, middle + half]))


def principal_plane(anchors: Array) -> Array:
    """Two orthonormal directions (2, n) in which centred states differ most; axes of the state where they do not differ."""
    n = anchors.shape[1]
    directions = np.linalg.svd(anchors, full_matrices=False)[2][:2]
    rank = int(np.linalg.matrix_rank(anchors)) if len(anchors) else 0
    basis = np.linalg.qr(np.concatenate([directions[:rank], np.eye(n)[:4]]).T)[0].T
    return np.asarray(basis[:2])


def _given(directions: Any, n: int) -> Array:
    plane = shaped_array("directions", directions, (2, n))
    if np.linalg.matrix_rank(plane) < 2:
        raise InvalidInput("`directions` must span a plane; the two given are parallel or zero.")
    return plane


def lattice(view: View, count: int) -> Array:
    """`count` states along each axis, evenly spread inside the frame: shape (count^d, n)."""
    inner = [np.linspace(lo, hi, 2 * count + 1)[1::2] for lo, hi in view.frame.T]
    where: NDArray[np.float64] = np.stack(np.meshgrid(*inner), axis=-1).reshape(-1, len(view.plane))
    return np.asarray(view.origin + where @ view.plane)
