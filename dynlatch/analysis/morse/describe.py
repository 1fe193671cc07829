"""The record of a Morse graph: sets in their final order, and what the fixed points say of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.analysis.morse.cells import Grid, Transitions
from dynlatch.analysis.morse.order import Components, Reach, period
from dynlatch.analysis.morse.result import UNKNOWN, MorseGraph, MorseKind
from dynlatch.analysis.outcomes import Stability
from dynlatch.maps import Map, coordinates
from dynlatch.validation import Array


def places_of(grid: Grid, graph: Components, found: FixedPoints | None) -> NDArray[np.int64]:
    """Component of each fixed point: the first recurrent one within its error bound; -1 if there is none."""
    places = np.full(0 if found is None else len(found), -1)
    if found is None:
        return places
    cell = (grid.hi - grid.lo) / np.array(grid.shape)
    errors = np.minimum(np.where(np.isnan(found.errors), np.inf, found.errors)[:, None], cell)
    first, last = grid.ranges(found.points - errors, found.points + errors)
    size = np.array(grid.shape)
    for k, (a, b) in enumerate(zip(np.clip(first, 0, size - 1), np.clip(last, 0, size - 1), strict=True)):
        near = np.ravel_multi_index(np.meshgrid(*(np.arange(i, j + 1) for i, j in zip(a, b, strict=True))), grid.shape)
        touched = graph.labels[near.ravel()]
        touched = touched[graph.recurrent[touched]]
        places[k] = touched[0] if len(touched) else -1
    return places


def describe(
    map: Map,
    grid: Grid,
    cells: Transitions,
    graph: Components,
    sets: NDArray[np.int64],
    reach: Reach,
    found: FixedPoints | None,
    places: NDArray[np.int64],
    *,
    proved: bool,
) -> MorseGraph:
    """The record: sets renumbered by the centre of their boxes, 0 .. k - 1, the outside last."""
    k = len(reach.table) - 1
    flat = (sets[graph.labels] - 1).clip(-1)
    boxes = _boxes(grid, flat, k)
    order = np.lexsort(boxes.mean(1).T[::-1]) if k else np.zeros(0, dtype=np.int64)
    new = np.full(k + 2, -1)  # of old number + 1, so that "none" stays -1
    new[order + 1] = np.arange(k)
    one = np.where(reach.number == 1, reach.one, 0)[graph.labels] - 1
    members = np.where(places >= 0, new[(sets[places] if len(places) else places).clip(0)], -1)
    table = reach.table[np.append(order + 1, 0)][:, np.append(order + 1, 0)]
    index, unstable = _indices(found, members, k)
    flat = new[flat + 1]
    return MorseGraph(
        lo=grid.lo,
        hi=grid.hi,
        cells=flat.astype(np.int32).reshape(grid.shape),
        destinations=new[one.clip(-1) + 1].astype(np.int32).reshape(grid.shape),
        kinds=_kinds(table, found, members),
        sizes=np.bincount(flat[flat >= 0], minlength=k),
        boxes=boxes[order],
        index=index,
        unstable_dimension=unstable,
        period=_periods(cells, graph, flat, k),
        edges=_reduction(table),
        fixed_points=found,
        members=members,
        proved=proved,
        coordinates=coordinates(map),
    )


def _boxes(grid: Grid, sets: NDArray[np.int64], k: int) -> Array:
    """Smallest box (k, 2, n) that holds the cells of each set."""
    numbers = np.flatnonzero(sets >= 0)
    lo, hi = grid.boxes(numbers)
    boxes = np.stack([np.full((k, lo.shape[-1]), np.inf), np.full((k, lo.shape[-1]), -np.inf)], axis=1)
    np.minimum.at(boxes[:, 0], sets[numbers], lo)
    np.maximum.at(boxes[:, 1], sets[numbers], hi)
    return boxes


def _indices(found: FixedPoints | None, members: NDArray[np.int64], k: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sum of the indices of the fixed points inside each set, and the unstable dimension where there is one of them."""
    index, unstable = np.zeros(k, dtype=np.int64), np.full(k, UNKNOWN)
    if found is None:
        return index, unstable
    placed = members >= 0
    np.add.at(index, members[placed], found.index[placed])
    alone = np.bincount(members[placed], minlength=k)[members] == 1 if k else np.zeros(0, dtype=bool)
    definite = placed & alone & (found.stability != Stability.NEUTRAL)
    unstable[members[definite]] = found.unstable_dimensions[definite]
    return index, unstable


def _kinds(table: NDArray[np.bool_], found: FixedPoints | None, members: NDArray[np.int64]) -> NDArray[np.object_]:
    kinds = np.empty(len(table) - 1, dtype=object)
    for i in range(len(kinds)):
        inside = [] if found is None else [found.stability[j] for j in np.flatnonzero(members == i)]
        if table[i].sum() == 1:
            kinds[i] = MorseKind.ATTRACTOR
        elif inside and all(word is Stability.REPELLING for word in inside):
            kinds[i] = MorseKind.REPELLER
        else:
            leading_on = any(word in (Stability.SADDLE, Stability.REPELLING) for word in inside)
            kinds[i] = MorseKind.SADDLE if leading_on else MorseKind.UNDECIDED
    return kinds


def _reduction(table: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Pairs (i, j) where i leads to j and to nothing that leads to j."""
    strict = table & ~np.eye(len(table), dtype=bool)
    through = strict.astype(np.float32) @ strict.astype(np.float32) > 0
    return np.argwhere(strict & ~through)


def _periods(cells: Transitions, graph: Components, sets: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Greatest common divisor of the cycle lengths of the components in each set."""
    periods = np.zeros(k, dtype=np.int64)
    periods[sets[cells.stays & (sets >= 0)]] = 1
    for i in np.flatnonzero(periods == 0):
        inside = np.flatnonzero(sets == i)
        for component in np.unique(graph.labels[inside][graph.recurrent[graph.labels[inside]]]):
            periods[i] = np.gcd(periods[i], period(cells, inside[graph.labels[inside] == component]))
    return periods
