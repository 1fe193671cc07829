"""The verb `morse_graph`: images of cells, strong components, Morse sets, and what the fixed points say of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.analysis.fixed_points import fixed_points as find_fixed_points
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.morse.cells import Grid, refuse, transitions
from dynlatch.analysis.morse.describe import describe, places_of
from dynlatch.analysis.morse.images import differentiable, image_of
from dynlatch.analysis.morse.merge import morse_sets
from dynlatch.analysis.morse.order import components
from dynlatch.analysis.morse.result import MorseGraph
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap
from dynlatch.progress import stages
from dynlatch.randomness import Rng
from dynlatch.validation import box_of, count

MOST_DIMENSIONS = 3
FOREIGN = 1e-6  # movement of a given fixed point, relative to its size, that shows another map


def morse_graph(
    map: Map,
    bounds: tuple[Any, Any],
    resolution: Any,
    *,
    fixed_points: FixedPoints | None = None,
    rng: Rng = None,
    progress: bool = False,
) -> MorseGraph:
    """The recurrent sets of a map in a box and their order, from interval images of the cells of a grid.

    Every cell is joined to all cells that its image can touch. Every orbit that stays in the bounds is then a path in this
    graph, so everything recurrent (fixed points, cycles, chaos) lies in its strong components, and a set of cells that nothing
    leaves contains an attractor [1]_. Neighbouring components that the width of the cells alone separates are merged, never
    two that hold different fixed points or different attractors (the rule is in `morse/merge.py`).

    Parameters
    ----------
    map : Map
        Of 1 to 3 dimensions. Maps with interval images (`enclose`) give proved graphs; of others images are estimated from
        the Jacobian at the corners and centre of each cell, or without derivatives from the corners, and `proved` is False.
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,)
        What happens outside is not looked at: cells that can leave lead to the node "outside".
    resolution : int or n ints
        Cells along each axis. 2^20 cells in two dimensions take seconds.
    fixed_points : FixedPoints, optional
        Searched for (with `rng`) if not given. They name the sets, and decide only what is merged.
    rng : int, Generator or None
    progress : bool

    Returns
    -------
    MorseGraph

    Raises
    ------
    InvalidInput
        If the map has more than 3 dimensions, the bounds are no box, the graph would not fit into memory, or the map moves
        most cells by less than their size.

    References
    ----------
    .. [1] Arai, Z., Kalies, W., Kokubu, H., Mischaikow, K., Oka, H. and Pilarczyk, P. (2009), A database schema for the
       analysis of global dynamics of multiparameter systems. SIAM J. Appl. Dyn. Syst. 8(3).

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> graph = analysis.morse_graph(dl.LatchNeuron(2.0), (-3, 3), 100)
    >>> [str(kind) for kind in graph.kinds], graph.edges.tolist()
    (['attractor', 'repeller', 'attractor'], [[1, 0], [1, 2]])
    """
    grid = _grid(map, bounds, resolution)
    with stages(4, shown=progress) as stage:
        stage("fixed points")
        found = _fixed_points(map, grid, rng) if fixed_points is None else _checked(map, fixed_points)
        found = None if found is None else found.select(np.all((found.points >= grid.lo) & (found.points <= grid.hi), axis=-1))
        stage("images of cells")
        image, proved = image_of(map, grid)
        cells = transitions(grid, image)
        stage("strong components")
        graph = components(cells)
        stage("order")
        places = places_of(grid, graph, found)
        known = np.zeros(len(graph.recurrent), dtype=bool)
        known[places[places >= 0]] = True
        sets, reach = morse_sets(grid, graph, known)
        return describe(map, grid, cells, graph, sets, reach, found, places, proved=proved)


def _grid(map: Map, bounds: tuple[Any, Any], resolution: Any) -> Grid:
    n = map.dim
    if n > MOST_DIMENSIONS:
        raise InvalidInput(
            f"`morse_graph` covers the space with cells, which is feasible to {MOST_DIMENSIONS} dimensions; the map has {n}. "
            "In higher dimensions use fixed_points, periodic_orbits and basins."
        )
    lo, hi = box_of(bounds, n)
    per_axis = list(resolution) if np.ndim(resolution) == 1 else [resolution] * n
    if len(per_axis) != n:
        raise InvalidInput(f"`resolution` must be one integer or {n} of them; got {resolution!r}.")
    grid = Grid(lo, hi, tuple(count("resolution", k, least=1) for k in per_axis))
    refuse(grid, 0)
    if any(np.any(np.diff(grid.edges(axis)) <= 0) for axis in range(n)):
        raise InvalidInput(f"`resolution` {grid.shape} makes cells narrower than float64 can tell apart: choose a lower one.")
    return grid


def _fixed_points(map: Map, grid: Grid, rng: Rng) -> FixedPoints | None:
    """All fixed points where structure bounds the map; otherwise those in the bounds; None for a map without derivatives."""
    if not isinstance(map, SmoothMap) or not differentiable(map, grid):
        return None
    equation, u0 = equation_of(map)
    bounded = equation.box(None if u0 is None else (u0, u0)) is not None
    return find_fixed_points(map, bounds=None if bounded else (grid.lo, grid.hi), rng=rng)


def _checked(map: Map, found: object) -> FixedPoints:
    """The given fixed points, if they are this map's."""
    if not isinstance(found, FixedPoints):
        raise InvalidInput(f"`fixed_points` must be the result of `fixed_points(map)`; got {type(found).__name__}.")
    if found.points.shape[1] != map.dim:
        raise InvalidInput(f"`fixed_points` has {found.points.shape[1]} dimensions; the map has {map.dim}.")
    miss = np.abs(map.step(found.points) - found.points).max(initial=0.0)
    if not miss <= FOREIGN * (1.0 + np.abs(found.points).max(initial=0.0)):
        raise InvalidInput(f"`fixed_points` are those of another map: a step of this one moves one of them by {miss:.3g}.")
    return found
