"""The state-space portrait: what a picture of a map shows, computed in one call.

Basins on a grid, the reduced attracting set Gamma of every attractor, fixed points, saddle cycles and their manifolds, the
displacement M(a) - a (its zero lines are the nullclines), and a few orbits. In one and two dimensions the frame shows the
state itself; beyond, the basins are those of a plane through the state space, and points and curves are projected onto it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins import AttractorKind, Basins, basins
from dynlatch.analysis.fixed_points import FixedPoints, fixed_points
from dynlatch.analysis.manifolds import Manifold, invariant_manifold
from dynlatch.analysis.outcomes import Stability
from dynlatch.analysis.periodic_orbits import periodic_orbits
from dynlatch.analysis.view import View, lattice, view_of
from dynlatch.errors import DynlatchError
from dynlatch.maps import Map, SmoothMap, coordinates, require_smooth
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.results import Result
from dynlatch.validation import Array, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FINE, COARSE = 400, 160  # points along each axis, in up to two dimensions and beyond
MOST_SADDLES = 64
MOST_GAMMA = 27  # attractors whose Gamma is shaded
LONG = 12.0  # longest manifold, in widths of the frame
ROOM = 3.0  # manifolds are followed in a box that many times as wide as the frame
FAR = 1e6  # an orbit this far out is not followed further
PATH = 60  # steps of the orbits that are drawn


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
        Whether the grid point lies in the reduced attracting set of its attractor (adapted norm); all False where not computed.
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
        """Share of each basin, within the frame, that lies in Gamma, shape (K,); NaN for a basin outside the frame."""
        size = len(self.attractors)
        inside = np.bincount(self.labels[self.gamma & (self.labels >= 0)], minlength=size)[:size]
        held = self.shares * self.labels.size
        return np.divide(inside, held, out=np.full(size, np.nan), where=held > 0)

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


def portrait(
    map: Map,
    *,
    bounds: tuple[Any, Any] | None = None,
    resolution: int | None = None,
    directions: Any = None,
    rng: Rng = 0,
    time_budget: float | None = None,
    progress: bool = False,
) -> Portrait:
    """Everything that a picture of the state space of a map shows.

    Parameters
    ----------
    map : SmoothMap
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,), optional
        In up to two dimensions the frame of the picture; beyond, the box to search. Required where structure does not bound
        the map. By default the frame holds every fixed point and cycle found, with room around them.
    resolution : int, optional
        Grid points along each axis of the picture: 400 by default, 160 for maps of more than two dimensions.
    directions : array_like, shape (2, n), optional
        The two directions of the picture, for n > 2; the principal components of the attractors by default.
    rng : int, Generator or None
    time_budget : float, optional
        Seconds for each of the searches (fixed points, cycles, basins).
    progress : bool
        Whether to draw a progress bar on stderr.

    Returns
    -------
    Portrait

    Raises
    ------
    InvalidInput
        If `bounds` are needed and missing, or not a box, or the directions do not span a plane.
    NotSmooth
        If the map has no derivatives.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> seen = analysis.portrait(dl.LatchNeuron(2.0), resolution=200)
    >>> seen.shares, len(seen.fixed_points)
    (array([0.5, 0.5]), 3)
    """
    smooth = require_smooth(map, "portrait")
    size = count("resolution", (FINE if map.dim <= 2 else COARSE) if resolution is None else resolution, least=2)
    first, second, third = generator(rng).spawn(3)
    with stages(5, shown=progress) as enter:
        enter("fixed points")
        found = fixed_points(smooth, bounds=bounds, rng=first, time_budget=time_budget)
        enter("cycles")
        cycles = _cycles(smooth, bounds, second, time_budget)
        enter("basins")
        view, held = _basins(smooth, found, cycles, bounds, directions, size, third, time_budget)
        enter("gamma")
        labels = _in_rows(held.colours, view)
        gamma, notes = _gammas(smooth, held, labels.ravel(), view.states)
        enter("manifolds")
        saddles = [p.point[None] for p in found if p.stability is Stability.SADDLE]
        saddle_cycles = tuple(orbit for orbit, word in cycles if word is Stability.SADDLE)
        manifolds, more = _manifolds(smooth, [*saddles, *saddle_cycles], view.frame)
    return Portrait(
        frame=view.frame,
        origin=view.origin,
        plane=view.plane,
        names=view.names,
        axes=view.axes,
        labels=labels,
        gamma=gamma.reshape(view.shape),
        displacement=(smooth.step(view.states) - view.states).reshape(*view.shape, -1) if map.dim <= 2 else np.zeros(0),
        attractors=held.attractors,
        kinds=held.kinds,
        fixed_points=found,
        saddle_cycles=saddle_cycles,
        manifolds=manifolds,
        paths=_paths(smooth, view, held),
        coordinates=coordinates(map),
        notes=(*notes, *more),
    )


def plot_portrait(
    map: Map,
    *,
    bounds: tuple[Any, Any] | None = None,
    resolution: int | None = None,
    directions: Any = None,
    ax: Axes | None = None,
    rng: Rng = 0,
    time_budget: float | None = None,
) -> Axes:
    """One figure: basins in colour, Gamma shaded, attractors, saddles with their manifolds, nullclines or a cobweb.

    The arguments are those of `portrait`, which computes what is drawn; `portrait(map).plot(ax)` draws it again.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> ax = analysis.plot_portrait(dl.AdditiveNetwork([[1.9, -0.35], [0.45, 1.7]]), resolution=60)
    >>> ax.get_xlabel()
    'activation a, component 1'
    """
    seen = portrait(
        map, bounds=bounds, resolution=resolution, directions=directions, rng=rng, time_budget=time_budget
    )  # fmt: skip
    return seen.plot(ax)


def _cycles(map: SmoothMap, bounds: Any, rng: Rng, time_budget: float | None) -> list[tuple[Array, Stability]]:
    """Cycles of period two with their stability, in up to two dimensions; longer ones are drawn if they attract."""
    if map.dim > 2:
        return []
    found = periodic_orbits(map, 2, bounds=bounds, rng=rng, time_budget=time_budget)
    return list(zip(found.points, found.stability, strict=True))


def _basins(
    map: SmoothMap,
    found: FixedPoints,
    cycles: list[tuple[Array, Stability]],
    bounds: Any,
    directions: Any,
    size: int,
    rng: np.random.Generator,
    time_budget: float | None,
) -> tuple[View, Basins]:
    """The view, and the basins in it; the frame is widened once if it turns out that an attractor lies outside."""
    known = np.concatenate([found.points, *(orbit for orbit, _ in cycles)])
    view = view_of(map, found, known, bounds, directions, size)
    for last in (False, True):
        if map.dim > 2:
            held = basins(map, samples=view.states, bounds=bounds, rng=rng, time_budget=time_budget)
        else:
            held = basins(map, grid=size, bounds=tuple(view.frame), rng=rng, time_budget=time_budget)
        seen = np.concatenate([known, *held.attractors])
        if last or bounds is not None or view.holds(seen):
            break
        view = view.around(seen)
    return view, held


def _in_rows(values: NDArray[np.int32], view: View) -> NDArray[np.int32]:
    """Labels of a grid or of samples, in rows from bottom to top."""
    return np.ascontiguousarray(values.T) if values.ndim == 2 else values.reshape(view.shape)


def _gammas(map: SmoothMap, held: Basins, labels: NDArray[np.int32], states: Array) -> tuple[NDArray[np.bool_], list[str]]:
    """Which states lie in the reduced attracting set of the attractor they converge to."""
    from dynlatch.analysis.attracting_sets import reduced_attracting_set

    member = np.zeros(len(states), dtype=bool)
    notes = []
    for k, (orbit, kind) in enumerate(zip(held.attractors, held.kinds, strict=True)):
        rows = np.flatnonzero(labels == k)
        if kind is AttractorKind.RECURRENT:
            notes.append(f"attractor {k} is a recurrent set: Gamma is defined for fixed points and cycles only.")
        elif len(rows) and k < MOST_GAMMA:
            member[rows] = reduced_attracting_set(map, orbit, states[rows], criterion="adapted").member
    if len(held.attractors) > MOST_GAMMA:
        notes.append(f"Gamma is shaded for the first {MOST_GAMMA} of {len(held.attractors)} attractors.")
    return member, notes


def _manifolds(map: SmoothMap, saddles: list[Array], frame: Array) -> tuple[tuple[Manifold, ...], list[str]]:
    """The manifolds that are curves: in one dimension none is worth drawing."""
    if map.dim == 1:
        return (), []
    grown, notes = [], []
    if len(saddles) > MOST_SADDLES:
        notes.append(f"manifolds are drawn for the first {MOST_SADDLES} of {len(saddles)} saddles.")
    for orbit in saddles[:MOST_SADDLES]:
        for kind in ("unstable", "stable") if map.dim == 2 else ("unstable",):
            try:
                grown.append(_manifold(map, orbit, kind, frame))
            except DynlatchError as error:
                if map.dim == 2:
                    notes.append(f"no {kind} manifold of the saddle at {np.array2string(orbit[0], precision=4)}: {error}")
    return tuple(grown), notes


def _manifold(map: SmoothMap, orbit: Array, kind: str, frame: Array) -> Manifold:
    width = frame[1] - frame[0]
    fine = 2e-4 * float(np.sqrt(np.sum(np.square(width))))
    if map.dim > 2:
        return invariant_manifold(map, orbit, kind, tolerance=5.0 * fine, max_points=4000)
    middle = frame.mean(0)
    reach = np.maximum(0.5 * ROOM * width, 1.01 * np.abs(orbit - middle).max(0))
    return invariant_manifold(
        map, orbit, kind, bounds=(middle - reach, middle + reach), tolerance=fine, length=LONG * width.max()
    )


def _paths(map: SmoothMap, view: View, held: Basins) -> Array:
    """Orbits worth drawing: in one dimension one into each attractor, else some from all over the frame."""
    starts = lattice(view, 5)
    if map.dim == 1:
        starts = np.concatenate([_farthest(held, k) for k in range(min(len(held.attractors), 6))] or [np.zeros((0, 1))])
    with np.errstate(over="ignore", invalid="ignore"):
        visited = [starts]
        for _ in range(PATH):
            visited.append(np.where(np.abs(visited[-1]) < FAR, map.step(visited[-1]), visited[-1]))
    return np.stack(visited)


def _farthest(held: Basins, k: int) -> Array:
    """The state of a one-dimensional grid in basin k that is next to another basin, or else the farthest: shape (1, 1)."""
    inside = np.flatnonzero(held.labels == k)
    if len(inside) == 0:
        return np.zeros((0, 1))
    edge = np.intersect1d(inside, np.flatnonzero(held.boundary))
    candidates = held.axes[0][edge if len(edge) else inside]
    return (
        candidates[[np.argmin(np.abs(candidates - held.attractors[k][0, 0]))]][:, None]
        if len(edge)
        else candidates[[np.argmax(np.abs(candidates - held.attractors[k][0, 0]))]][:, None]
    )
