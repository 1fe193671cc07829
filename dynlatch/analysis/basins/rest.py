"""Orbits that have come to rest: at an attractor that nobody named, or at a point or cycle that attracts nothing around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.basins.result import AttractorKind
from dynlatch.analysis.basins.system import System
from dynlatch.analysis.basins.targets import add_target, prime_orbit, same_orbit
from dynlatch.errors import DynlatchError
from dynlatch.intervals import EPS
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

PERIODS = 4
ROUNDING = 8.0 * EPS  # return to the same state, relative to its size: nothing will ever move it
NEAR = 1e-6  # the same for orbits that were given up: they linger
APART = 1e-3  # distance of places, for those
PLACES = 48  # different resting places that are looked at


def resting(system: System, X: Array, tolerance: float) -> NDArray[np.int64]:
    """The period with which each column returns to itself within `tolerance`; 0 for those that do not."""
    period = np.zeros(X.shape[1], dtype=np.int64)
    scale = 1.0 + np.abs(X).max(0, initial=0.0)
    moved = X
    for p in range(1, PERIODS + 1):
        moved = system.advance(moved)
        back = np.abs(moved - X).max(0, initial=0.0) <= tolerance * scale
        period[back & (period == 0)] = p
    return period


def judge_rest(system: System, X: Array, known: int) -> tuple[NDArray[np.bool_], list[tuple[Array, AttractorKind]]]:
    """Which columns rest, to rounding, where nothing attracts; and the attractors in which others rest.

    Those are given to the system, numbered from `known`. Where the places are many (a continuum) some speak for all.
    """
    period = resting(system, X, ROUNDING)
    here = np.flatnonzero(period)
    met: list[tuple[Array, AttractorKind]] = []
    if not len(here):
        return period > 0, met
    scale = 1.0 + np.abs(X[:, here]).max()
    places, which = np.unique(np.round(X[:, here].T / (1e-7 * scale)), axis=0, return_inverse=True)
    idle = np.zeros(len(places), dtype=bool)
    looked = np.unique(np.linspace(0, len(places) - 1, min(PLACES, len(places))).astype(int))
    for place in looked:
        column = here[np.flatnonzero(which.ravel() == place)[0]]
        orbit = _orbit(system, X[:, column], int(period[column]))
        attracts = _attracts(system, orbit, known + len(met))
        if attracts is None:
            idle[place] = True
        elif not any(same_orbit(attracts, other) for other, _ in met):
            met.append((attracts, AttractorKind.FIXED_POINT if len(attracts) == 1 else AttractorKind.CYCLE))
    if len(looked) < len(places) and idle[looked].all():
        idle[:] = True
    rest = np.zeros(X.shape[1], dtype=bool)
    rest[here] = idle[which.ravel()]
    return rest, met


def lingering(system: System, X: Array) -> NDArray[np.bool_]:
    """Which columns hardly move, at a point or cycle that does not attract: next to one that does, orbits are only slow."""
    period = resting(system, X, NEAR)
    here = np.flatnonzero(period)
    if not len(here) or not isinstance(system.map, SmoothMap):
        return period > 0
    scale = 1.0 + np.abs(X[:, here]).max()
    _, first, which = np.unique(np.round(X[:, here].T / (APART * scale)), axis=0, return_index=True, return_inverse=True)
    looked = np.unique(np.linspace(0, len(first) - 1, min(PLACES, len(first))).astype(int))
    idle = np.zeros(len(first), dtype=bool)
    idle[looked] = [_idle(system.map, _orbit(system, X[:, k], int(period[k]))) for k in here[first[looked]]]
    if idle[looked].all():
        idle[:] = True
    still = np.zeros(X.shape[1], dtype=bool)
    still[here] = idle[which.ravel()]
    return still


def _idle(map: SmoothMap, orbit: Array) -> bool:
    """Whether a slow orbit is at a point or cycle that is known not to attract."""
    try:
        return not polish(map, orbit, "basins").spectral_radius < 1.0
    except DynlatchError:
        return False


def _orbit(system: System, x: Array, period: int) -> Array:
    points = [x]
    for _ in range(period - 1):
        points.append(system.advance(points[-1][:, None])[:, 0])
    return np.stack(points)


def _attracts(system: System, orbit: Array, label: int) -> Array | None:
    """The points of the cycle at which an orbit rests, given to the system, if it attracts; None if it does not."""
    if (system.holding(orbit.T) >= 0).any():
        return orbit
    if isinstance(system.map, SmoothMap):
        try:
            polished = polish(system.map, orbit, "basins")
        except DynlatchError:
            return None
        if not polished.spectral_radius < 1.0:
            return None
        orbit = polished.points
    orbit = prime_orbit(orbit)
    return orbit if add_target(system, orbit, label) else None
