"""What `portrait` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins import AttractorKind
from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.analysis.manifolds import Manifold
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Portrait(Result):
    """What is seen of a map in its state space.

    Attributes
    ----------
    frame : ndarray, shape (2, d)
        Lower and upper ends of the picture; d = 1 for a map of one dimension, else 2.
    origin : ndarray, shape (n,)
    plane : ndarray, shape (d, n)
        The point `origin + s plane[0] + t plane[1]` of the state space is drawn at (s, t).
    names : tuple of str
        What each axis of the picture is.
    axes : tuple of ndarray
        Coordinates of the grid along each axis.
    labels : int ndarray, shape (N_2, N_1) or (N_1,)
        Attractor of each grid point, in rows from bottom to top; -1 unresolved, and the number of attractors for escape.
    gamma : bool ndarray, of the same shape
        Whether the grid point lies in the reduced attracting set of its attractor (adapted norm); of shape (0,) where that
        would be too much work.
    displacement : ndarray, (N_2, N_1, 2) or (N_1, 1)
        M(a) - a on the grid in up to two dimensions; of shape (0,) beyond.
    attractors : tuple of ndarray, shape (p, n) each
    kinds : tuple of AttractorKind
    fixed_points : FixedPoints
    saddle_cycles : tuple of ndarray, shape (2, n) each
    manifolds : tuple of Manifold
    paths : ndarray, shape (T + 1, k, n)
        Orbits to draw.
    coordinates : str
        What the state is.
    notes : tuple of str
        What could not be drawn, and why.
    """

    frame: Array
    origin: Array
    plane: Array
    names: tuple[str, ...]
    axes: tuple[Array, ...]
    labels: NDArray[np.int32]
    gamma: NDArray[np.bool_]
    displacement: Array
    attractors: tuple[Array, ...]
    kinds: tuple[AttractorKind, ...]
    fixed_points: FixedPoints
    saddle_cycles: tuple[Array, ...]
    manifolds: tuple[Manifold, ...]
    paths: Array
    coordinates: str
    notes: tuple[str, ...]

    @property
    def dim(self) -> int:
        """Dimension n of the state."""
        return len(self.origin)

    @property
    def is_slice(self) -> bool:
        """Whether the basins are those of a plane only, and the rest is projected onto it."""
        return self.dim > 2

    @property
    def shares(self) -> Array:
        """Share of the frame in each basin, shape (K,)."""
        held = self.labels[(self.labels >= 0) & (self.labels < len(self.attractors))]
        return np.asarray(np.bincount(held, minlength=len(self.attractors)) / self.labels.size)

    @property
    def gamma_shares(self) -> Array:
        """Share of each basin, within the frame, that lies in Gamma, shape (K,); NaN where unknown."""
        size = len(self.attractors)
        if self.gamma.size == 0:
            return np.full(size, np.nan)
        inside = np.bincount(self.labels[self.gamma & (self.labels >= 0)], minlength=size)[:size]
        held = self.shares * self.labels.size
        return np.asarray(np.divide(inside, held, out=np.full(size, np.nan), where=held > 0))

    def project(self, states: Array) -> Array:
        """Where states (..., n) are drawn: (..., d)."""
        return np.asarray((states - self.origin) @ np.linalg.pinv(self.plane))

    def summary(self) -> str:
        words = [str(kind) if len(orbit) == 1 or kind is AttractorKind.RECURRENT else f"cycle of period {len(orbit)}"
                 for kind, orbit in zip(self.kinds, self.attractors, strict=True)]  # fmt: skip
        where = "a slice of the state space" if self.is_slice else "the frame"
        lines = [
            f"portrait in {self.coordinates}, {self.dim} dimension{'s' * (self.dim > 1)}: {len(self.attractors)} attractor"
            f"{'s' * (len(self.attractors) != 1)}, {len(self.fixed_points)} fixed point{'s' * (len(self.fixed_points) != 1)}"
            f" ({self.fixed_points.completeness}), {len(self.manifolds)} manifolds",
            f"{'':>4} {'attractor':<18} {'basin':>8} {'in gamma':>9}  point    (shares of {where})",
        ]
        for k, (word, orbit) in enumerate(zip(words, self.attractors, strict=True)):
            shown = np.array2string(orbit[0], precision=4, suppress_small=True, threshold=6, edgeitems=2, max_line_width=60)
            inside = f"{self.gamma_shares[k]:>9.1%}" if np.isfinite(self.gamma_shares[k]) else f"{'-':>9}"
            lines.append(f"{k:>4} {word:<18} {self.shares[k]:>8.1%} {inside}  {shown}")
        unresolved = float(np.mean(self.labels < 0))
        if unresolved:
            lines.append(f"  unresolved: {unresolved:.2%} of the grid")
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.portrait import draw_portrait

        return draw_portrait(self, ax=ax)
