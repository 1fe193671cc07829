"""Stable and unstable manifolds of saddles, where they are curves.

The unstable manifold W^u of a saddle x* holds the states whose backward orbits lead to x*, the stable manifold W^s those whose
forward orbits do. In two dimensions the stable manifolds are the edges of the basins; the unstable ones lead to where the
states on an edge fall when they are let go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.manifolds.growth import BranchEnd as BranchEnd
from dynlatch.analysis.manifolds.growth import Limits, forward, grow
from dynlatch.analysis.manifolds.preimages import backward
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box
from dynlatch.maps import Iterate, Map, SmoothMap, coordinates, require_smooth
from dynlatch.results import Result
from dynlatch.validation import Array, box_of, count, positive_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ("unstable", "stable")
ROOM = 10.0  # default bounds around the saddle, in units of 1 + its largest component
FINE, LONG, STEP = 1e-4, 10.0, 0.02  # default tolerance and length, and longest segment, in diagonals of the bounds
ON_CIRCLE = 1e-9  # a multiplier this close to modulus 1 has no manifold of its own that can be followed
FLAT = 1e-8  # a multiplier below this cannot be inverted with any digits left


@dataclass(frozen=True, eq=False)
class Manifold(Result):
    """A one-dimensional invariant manifold of a saddle, as polylines.

    Attributes
    ----------
    saddle : ndarray, shape (p, n)
        The saddle: a fixed point (p = 1), or a cycle in order.
    kind : str
        "unstable" or "stable".
    multiplier : float
        The eigenvalue of (M^p)' along the manifold; negative where the two branches change places at every turn.
    branches : tuple of ndarray, shape (k, n) each
        Two for every point of the saddle, each from that point outward.
    ends : tuple of BranchEnd
        Why each branch ends where it does.
    tolerance : float
        No vertex is further than this from the chord between its neighbours.
    coordinates : str
        What the state is.
    """

    saddle: Array
    kind: str
    multiplier: float
    branches: tuple[Array, ...]
    ends: tuple[BranchEnd, ...]
    tolerance: float
    coordinates: str

    @property
    def lengths(self) -> Array:
        """Arc length of each branch."""
        return np.array([np.sqrt(np.sum(np.square(np.diff(b, axis=0)), axis=-1)).sum() for b in self.branches])

    def summary(self) -> str:
        what = "fixed point" if len(self.saddle) == 1 else f"cycle of period {len(self.saddle)}"
        shown = np.array2string(self.saddle[0], precision=5, suppress_small=True, threshold=6)
        lines = [f"{self.kind} manifold of the {what} {shown}, multiplier {self.multiplier:.6g}; {self.coordinates}"]
        lines += [
            f"{i:>4}  length {length:<10.5g} {len(branch):>6} vertices  {end}: {end.sentence}"
            for i, (branch, length, end) in enumerate(zip(self.branches, self.lengths, self.ends, strict=True))
        ]
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.manifolds import plot_manifold

        return plot_manifold(self, ax=ax)


def invariant_manifold(
    map: Map,
    saddle: Any,
    kind: str = "unstable",
    *,
    bounds: tuple[Any, Any] | None = None,
    tolerance: float | None = None,
    length: float | None = None,
    max_points: int = 20_000,
) -> Manifold:
    """Stable or unstable manifold of a saddle, grown outward from it until it comes to rest or leaves the bounds.

    Every vertex is an exact iterate (for the stable manifold a preimage, in closed form or by Newton's method) of a point of
    the line along the eigenvector, next to the saddle; vertices are added until the polyline bends by less than `tolerance`.
    In the case of a negative multiplier M^2 is used, which leaves each branch where it is.

    Parameters
    ----------
    map : SmoothMap
    saddle : array_like, shape (n,) or (p, n), or a member of a result
        A fixed point or cycle; it is polished by Newton's method.
    kind : {"unstable", "stable"}
        The unstable manifold needs exactly one multiplier outside the unit circle, in any dimension. The stable one is
        offered in two dimensions, with one multiplier inside and one outside. Where the map is not invertible the branch of
        preimages that starts at the saddle is followed, up to the first fold.
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,), optional
        A branch ends where it leaves them. By default the cube around the saddle of half-width ten times 1 + max |x_i|.
    tolerance : float, optional
        Largest distance of a vertex from the chord between its neighbours; 1e-4 of the diagonal of the bounds by default.
    length : float, optional
        Largest arc length of a branch; ten diagonals of the bounds by default.
    max_points : int
        Largest number of vertices of a branch.

    Returns
    -------
    Manifold

    Raises
    ------
    InvalidInput
        If the point has no such manifold, or the bounds do not hold it.
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Hobson, D. (1993), An efficient method for computing invariant manifolds of planar maps. J. Comput. Phys. 104.
    .. [2] Krauskopf, B. and Osinga, H. (1998), Growing 1D and quasi-2D unstable manifolds of maps. J. Comput. Phys. 146.

    Examples
    --------
    Two units that do not interact: the manifold of the origin is the axis of the one that latches.

    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> grown = analysis.invariant_manifold(dl.AdditiveNetwork([[2.0, 0.0], [0.0, 0.5]]), [0.0, 0.0])
    >>> grown.lengths.round(3), [str(end) for end in grown.ends]
    (array([1.915, 1.915]), ['settled', 'settled'])
    """
    if kind not in KINDS:
        raise InvalidInput(f"`kind` must be one of {', '.join(KINDS)}; got {kind!r}.")
    smooth = require_smooth(map, "invariant_manifold")
    orbit = polish(map, saddle, "invariant_manifold").points
    lo, hi = _bounds(orbit, bounds)
    diagonal = float(np.sqrt(np.sum(np.square(hi - lo))))
    limits = Limits(
        lo,
        hi,
        FINE * diagonal if tolerance is None else positive_number("tolerance", tolerance),
        STEP * diagonal,
        LONG * diagonal if length is None else positive_number("length", length),
        count("max_points", max_points, least=20),
    )
    directions = [_direction(smooth, orbit, j, kind) for j in range(len(orbit))]
    grown = [_branch(smooth, d, sign, kind, limits) for d in directions for sign in (1.0, -1.0)]
    branches, ends = zip(*grown, strict=True)
    return Manifold(orbit, kind, directions[0].multiplier, branches, ends, limits.tolerance, coordinates(map))


class Direction(NamedTuple):
    """The line along which a manifold leaves a point of the saddle."""

    point: Array
    vector: Array  # of length 1
    multiplier: float
    turn: int  # F = M^turn keeps each branch where it is


def _bounds(orbit: Array, bounds: tuple[Any, Any] | None) -> Box:
    n = orbit.shape[-1]
    if bounds is None:
        reach = ROOM * (1.0 + float(np.abs(orbit).max()))
        return orbit.min(0) - reach, orbit.max(0) + reach
    lo, hi = box_of(bounds, n)
    if not (np.all(lo < orbit) and np.all(orbit < hi)):
        raise InvalidInput(f"`bounds` must hold the saddle {orbit[0]}; got {bounds!r}.")
    return lo, hi


def _direction(map: SmoothMap, orbit: Array, j: int, kind: str) -> Direction:
    """Eigenvector and multiplier of the one direction that leaves (or enters) point j, or why there is none."""
    period = len(orbit)
    values, vectors = np.linalg.eig(Iterate(map, period).jacobian(orbit[j]))
    size = np.abs(values)
    chosen = np.flatnonzero(size > 1.0 if kind == "unstable" else size < 1.0)
    if np.any(np.abs(size - 1.0) <= ON_CIRCLE):
        raise InvalidInput(
            f"a multiplier of the given point lies on the unit circle ({values}): it has no manifold of its own."
        )
    if kind == "stable" and map.dim != 2:
        raise InvalidInput(f"stable manifolds are offered in two dimensions; this map has {map.dim}.")
    if len(chosen) != 1 or (kind == "stable" and len(chosen) != map.dim - 1):
        raise InvalidInput(
            f"the given point has {len(chosen)} multipliers {'outside' if kind == 'unstable' else 'inside'} the unit circle; "
            f"its {kind} manifold is a curve only where there is exactly one."
        )
    multiplier = float(values[chosen[0]].real)
    if abs(multiplier) < FLAT:
        raise InvalidInput(f"the multiplier {multiplier:.3g} is zero to rounding: the map has no inverse at the given point.")
    vector = vectors[:, chosen[0]].real
    vector = vector * np.sign(vector[np.argmax(np.abs(vector))]) / np.sqrt(np.sum(np.square(vector)))
    return Direction(orbit[j], vector, multiplier, period if multiplier > 0 else 2 * period)


def _branch(map: SmoothMap, d: Direction, sign: float, kind: str, limits: Limits) -> tuple[Array, BranchEnd]:
    F = map if d.turn == 1 else Iterate(map, d.turn)
    rate = d.multiplier if d.multiplier > 0 else d.multiplier**2
    vector = sign * d.vector
    delta = _reach(F, d.point, vector, rate, limits)
    stretch = max(rate, 1.0 / rate)
    carry = forward(F, limits) if kind == "unstable" else backward(map, d.turn, limits)
    grown, end = grow(lambda tau: d.point + delta * stretch ** (tau[:, None] - 1.0) * vector, np.log(stretch), carry, limits)
    return np.concatenate([d.point[None], grown]), end


def _reach(F: SmoothMap, point: Array, vector: Array, rate: float, limits: Limits) -> float:
    """How far from the saddle the line along the eigenvector is the manifold, to a thousandth of the tolerance."""
    allowed = 1e-3 * limits.tolerance * min(1.0, abs(rate - 1.0))
    delta = 1e-2 * limits.chord
    for _ in range(60):
        strayed = F.step(point + delta * vector) - point - rate * delta * vector
        if float(np.abs(strayed).max()) <= allowed:
            break
        delta *= 0.5
    return delta
