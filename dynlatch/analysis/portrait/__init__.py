"""The state-space portrait: what a picture of a map shows, computed in one call.

Basins on a grid, the reduced attracting set Gamma of every attractor, fixed points, saddle cycles and their manifolds, the
displacement M(a) - a (its zero lines are the nullclines), and a few orbits. In one and two dimensions the frame shows the
state itself; beyond, the basins are those of a plane through the state space, and points and curves are projected onto it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.outcomes import Stability
from dynlatch.analysis.portrait.layers import basins_in_view, cycles_of, gammas_of, in_rows, manifolds_of, paths_of
from dynlatch.analysis.portrait.record import Portrait as Portrait
from dynlatch.maps import Map, coordinates, require_smooth
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.validation import count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FINE, COARSE = 400, 160  # points along each axis, in up to two dimensions and beyond


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
        cycles = cycles_of(smooth, bounds, second, time_budget)
        enter("basins")
        view, held = basins_in_view(smooth, found, cycles, bounds, directions, size, third, time_budget)
        enter("gamma")
        labels = in_rows(held.colours, view)
        gamma, notes = gammas_of(smooth, held, labels, view.states)
        enter("manifolds")
        saddles = [p.point[None] for p in found if p.stability is Stability.SADDLE]
        saddle_cycles = tuple(orbit for orbit, word in cycles if word is Stability.SADDLE)
        manifolds, more = manifolds_of(smooth, [*saddles, *saddle_cycles], view.frame)
    return Portrait(
        frame=view.frame,
        origin=view.origin,
        plane=view.plane,
        names=view.names,
        axes=view.axes,
        labels=labels,
        gamma=gamma,
        displacement=(smooth.step(view.states) - view.states).reshape(*view.shape, -1) if map.dim <= 2 else np.zeros(0),
        attractors=held.attractors,
        kinds=held.kinds,
        fixed_points=found,
        saddle_cycles=saddle_cycles,
        manifolds=manifolds,
        paths=paths_of(smooth, view, held),
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
