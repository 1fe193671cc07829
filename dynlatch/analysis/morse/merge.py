"""From strong components to Morse sets.

A box image overlaps more cells than the true image, so around one saddle many neighbouring components are recurrent, all but
one of them spurious. Components known to be real (they hold a fixed point, or nothing leaves them) are never merged with one
another. Components that touch (share at least a corner, directly or through others) form a clump:

1. within a clump, every component joins the real one nearest to it (all become one set where none is real);
2. or else those components of a clump join that lead to the same real ones and, both or neither, outside;
3. rule 1 holds, except for sets of it that lead to each other in a circle with two real components in it: there rule 2 does;
4. sets that still lead to each other in a circle become one.

By rule 2 no circle holds two real components, so rule 4 joins none. The result is again a Morse decomposition, only coarser:
every merged set holds its recurrent dynamics and the connections inside it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.morse.cells import Grid
from dynlatch.analysis.morse.order import OUTSIDE, Components, Reach, reachable
from dynlatch.errors import InvalidInput

MOST_SETS = 1 << 14

Indices = NDArray[np.int64]


def morse_sets(grid: Grid, graph: Components, known: NDArray[np.bool_]) -> tuple[Indices, Reach]:
    """Set of each component (from 1; 0 is the outside, -1 none) and what the sets lead to; `known` (components,) are real."""
    real = np.flatnonzero(graph.sinks | known)
    _refuse(len(real))
    marks, rows = np.full(len(graph.recurrent), -1), np.full(len(graph.recurrent), -1)
    marks[OUTSIDE], marks[real] = 0, np.arange(1, len(real) + 1)
    recurrent = np.flatnonzero(graph.recurrent)
    rows[recurrent] = np.arange(len(recurrent))
    if not len(recurrent):
        return _ordered(graph, marks, marks, real)
    ends = np.packbits(reachable(graph, marks, rows).table, axis=1)
    alike = np.unique(ends.view(f"V{ends.shape[1]}").ravel(), return_inverse=True)[1]
    clumps = _clumps(grid, graph, recurrent)
    nearest = _nearest(grid, graph, recurrent, clumps, real)
    coarse, fine = (_numbered(recurrent, len(marks), clumps, by) for by in (nearest, alike))
    return _ordered(graph, coarse, fine, real)


def _nearest(grid: Grid, graph: Components, recurrent: Indices, clumps: Indices, real: Indices) -> Indices:
    """For each recurrent component the real one nearest to its first cell, if their clump is the same; otherwise 0."""
    from scipy.ndimage import distance_transform_edt

    if not len(real):
        return np.zeros(len(recurrent), dtype=np.int64)
    is_real = np.isin(graph.labels, real)
    nearest_cell = distance_transform_edt(~is_real.reshape(grid.shape), return_distances=False, return_indices=True)
    first = np.zeros(len(graph.recurrent), dtype=np.int64)
    first[graph.labels[::-1]] = np.arange(grid.cells)[::-1]
    places = np.stack([axis.ravel()[first[recurrent]] for axis in nearest_cell])
    found = np.searchsorted(recurrent, graph.labels[np.ravel_multi_index(tuple(places), grid.shape)])
    found[is_real[first[recurrent]]] = np.flatnonzero(is_real[first[recurrent]])
    return np.asarray(np.where(clumps[found] == clumps, found + 1, 0), dtype=np.int64)


def _numbered(recurrent: Indices, size: int, clumps: Indices, by: Indices) -> Indices:
    """Sets from 1 of the recurrent components, one for each pair of clump and `by`; 0 for the outside, -1 for others."""
    sets = np.full(size, -1)
    sets[OUTSIDE] = 0
    sets[recurrent] = 1 + np.unique(clumps * (int(by.max()) + 1) + by, return_inverse=True)[1]
    return sets


def _clumps(grid: Grid, graph: Components, recurrent: Indices) -> Indices:
    """For each recurrent component a number that it shares with those it touches, directly or through others."""
    from scipy.ndimage import label
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    inside = graph.recurrent[graph.labels]
    n = len(grid.shape)
    touching, count = label(inside.reshape(grid.shape), structure=np.ones((3,) * n))
    component = np.searchsorted(recurrent, graph.labels[inside])
    clump = len(recurrent) + touching.ravel()[inside] - 1
    size = len(recurrent) + int(count)
    both = coo_array((np.ones(len(clump)), (component, clump)), shape=(size, size))
    return np.asarray(connected_components(both, directed=False)[1][: len(recurrent)], dtype=np.int64)


def _ordered(graph: Components, coarse: Indices, fine: Indices, real: Indices) -> tuple[Indices, Reach]:
    """Rules 3 and 4: a partial order of sets."""
    sets, joined, reach = coarse, *_circles(graph, coarse)
    circle = np.where(sets >= 0, joined[sets], -1)
    reals = np.bincount(circle[real], minlength=len(joined))
    undone = (circle >= 0) & (reals[circle] > 1)
    if undone.any():
        sets = _renumbered(np.where(undone, fine + coarse.max() + 1, coarse))
        joined, reach = _circles(graph, sets)
    if len(np.unique(joined)) < len(joined):
        sets = _renumbered(np.where(sets >= 0, np.where(joined == joined[OUTSIDE], 0, joined + 1)[sets], -1))
        reach = _circles(graph, sets)[1]
    return sets, reach


def _circles(graph: Components, sets: Indices) -> tuple[Indices, Reach]:
    """A number for each set, shared by those that lead to each other, and what the sets lead to."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    _refuse(int(sets.max()))
    reach = reachable(graph, sets, sets)
    return connected_components(csr_array(reach.table), directed=True, connection="strong")[1].astype(np.int64), reach


def _renumbered(sets: Indices) -> Indices:
    """The same sets numbered without gaps; -1 and the 0 of the outside stay."""
    return np.asarray(np.unique(np.append(sets, -1), return_inverse=True)[1][:-1] - 1, dtype=np.int64)


def _refuse(count: int) -> None:
    if count > MOST_SETS:
        raise InvalidInput(
            f"the cells form {count:,} separate recurrent sets (at most {MOST_SETS:,} can be ordered): where the map moves "
            "cells by less than their size, take several steps at once with Iterate(map, period), or change `resolution`."
        )
