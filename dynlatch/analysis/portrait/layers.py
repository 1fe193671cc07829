"""What a portrait is made of, layer by layer: cycles, basins, Gamma, manifolds, orbits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attracting_sets import reduced_attracting_set
from dynlatch.analysis.basins import AttractorKind, Basins, basins
from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.analysis.manifolds import Manifold, invariant_manifold
from dynlatch.analysis.outcomes import Stability
from dynlatch.analysis.periodic_orbits import periodic_orbits
from dynlatch.analysis.portrait.view import View, lattice, view_of
from dynlatch.errors import DynlatchError
from dynlatch.maps import SmoothMap
from dynlatch.randomness import Rng
from dynlatch.validation import Array

MOST_SADDLES = 64
MOST_GAMMA = 27  # attractors whose Gamma is shaded
GAMMA_WORK = 5e7  # grid points times n^3, beyond two dimensions
GAMMA_LEAST = 32  # points along each axis below which no shape could be made out
LONG = 8.0  # longest manifold, in widths of the frame
ROOM = 2.0  # manifolds are followed in a box that many times as wide as the frame
FAR = 1e6  # an orbit this far out is not followed further
STEPS = 400  # after which an orbit is given up, beyond two dimensions
PATH = 60  # steps of the orbits that are drawn


def cycles_of(map: SmoothMap, bounds: Any, rng: Rng, time_budget: float | None) -> list[tuple[Array, Stability]]:
    """Cycles of period two with their stability, in up to two dimensions; longer ones are drawn if they attract."""
    if map.dim > 2:
        return []
    found = periodic_orbits(map, 2, bounds=bounds, rng=rng, time_budget=time_budget)
    return list(zip(found.points, found.stability, strict=True))


def basins_in_view(
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
            held = basins(map, samples=view.states, bounds=bounds, steps=STEPS, rng=rng, time_budget=time_budget)
        else:
            held = basins(map, grid=size, bounds=tuple(view.frame), rng=rng, time_budget=time_budget)
        seen = np.concatenate([known, *held.attractors])
        if last or bounds is not None or view.holds(seen):
            break
        view = view.around(seen)
    return view, held


def in_rows(values: NDArray[np.int32], view: View) -> NDArray[np.int32]:
    """Labels of a grid or of samples, in rows from bottom to top."""
    return np.ascontiguousarray(values.T) if values.ndim == 2 else values.reshape(view.shape)


def gammas_of(map: SmoothMap, held: Basins, labels: NDArray[np.int32], states: Array) -> tuple[NDArray[np.bool_], list[str]]:
    """Which states lie in the reduced attracting set of the attractor they converge to, of the shape of `labels`.

    In more than two dimensions it is decided at some of the grid points, as many as the work allows.
    """
    stride = 1 if map.dim <= 2 else int(np.ceil(len(labels) * np.sqrt(map.dim**3 / GAMMA_WORK)))
    some = labels[(slice(None, None, stride),) * labels.ndim]
    if stride > 1 and min(some.shape) < GAMMA_LEAST:
        return np.zeros(0, dtype=bool), [f"Gamma is not shaded: too much work in {map.dim} dimensions."]
    places = np.arange(labels.size).reshape(labels.shape)[(slice(None, None, stride),) * labels.ndim]
    member = np.zeros(labels.size, dtype=bool)
    notes = []
    for k, (orbit, kind) in enumerate(zip(held.attractors, held.kinds, strict=True)):
        rows = places[some == k]
        if kind is AttractorKind.RECURRENT:
            notes.append(f"Gamma of attractor {k} is not shaded: it is defined for fixed points and cycles only.")
        elif len(rows) and k < MOST_GAMMA:
            try:
                member[rows] = reduced_attracting_set(map, orbit, states[rows], criterion="adapted").member
            except DynlatchError as error:
                notes.append(f"Gamma of attractor {k} is not shaded: {error}")
    if len(held.attractors) > MOST_GAMMA:
        notes.append(f"Gamma is shaded for the first {MOST_GAMMA} of {len(held.attractors)} attractors.")
    if stride > 1:
        notes.append(f"Gamma is decided at every {stride}th grid point of each axis, and drawn between these by interpolation.")
    return _between(member.reshape(labels.shape), stride), notes


def _between(member: NDArray[np.bool_], stride: int) -> NDArray[np.bool_]:
    """Membership of all grid points from that of every `stride`-th: what interpolation puts above one half."""
    if stride == 1:
        return member
    from scipy.interpolate import RegularGridInterpolator

    some = tuple(np.arange(0, size, stride) for size in member.shape)
    known = RegularGridInterpolator(some, member[np.ix_(*some)].astype(float), bounds_error=False, fill_value=None)
    every = np.stack(np.meshgrid(*(np.arange(size) for size in member.shape), indexing="ij"), axis=-1)
    return np.asarray(known(every) > 0.5)


def manifolds_of(map: SmoothMap, saddles: list[Array], frame: Array) -> tuple[tuple[Manifold, ...], list[str]]:
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


def paths_of(map: SmoothMap, view: View, held: Basins) -> Array:
    """Orbits worth drawing: in one dimension one into each attractor, else some from all over the frame."""
    starts = lattice(view, 5)
    if map.dim == 1:
        starts = np.concatenate([_start(held, k) for k in range(min(len(held.attractors), 6))] or [np.zeros((0, 1))])
    with np.errstate(over="ignore", invalid="ignore"):
        visited = [starts]
        for _ in range(PATH):
            visited.append(np.where(np.abs(visited[-1]) < FAR, map.step(visited[-1]), visited[-1]))
    return np.stack(visited)


def _start(held: Basins, k: int) -> Array:
    """A state of a one-dimensional grid in basin k: next to another basin if there is one, or else far out: shape (1, 1)."""
    inside = np.flatnonzero(held.labels == k)
    if len(inside) == 0:
        return np.zeros((0, 1))
    edge = np.intersect1d(inside, np.flatnonzero(held.boundary))
    candidates = held.axes[0][edge if len(edge) else inside]
    distance = np.abs(candidates - held.attractors[k][0, 0])
    best = int(np.argmin(distance) if len(edge) else np.argmax(distance))
    return np.asarray(candidates[best : best + 1, None])
