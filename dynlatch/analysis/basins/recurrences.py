"""Attractors that nobody named: what some open orbits end in.

An orbit that closes is polished into a cycle and judged by its multipliers, so that one which merely lingers at a saddle
founds no attractor. An orbit that does not close but visits the same cells again and again, and whose neighbours come back to
these cells, founds a recurrent attractor, known by its cells (Datseris, G. and Wagemakers, A. (2022), Effortless estimation
of basins of attraction. Chaos 32: 023104).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.basins.descent import STREAK, descend
from dynlatch.analysis.basins.result import AttractorKind
from dynlatch.analysis.basins.system import Recurrent, System, cell_keys
from dynlatch.analysis.basins.targets import add_target, prime_orbit
from dynlatch.errors import DynlatchError
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

RECORD = 4096  # steps of an orbit that is looked at
SCOUTS, NUMBERS = 48, 2**24  # orbits looked at together, at most, and numbers they may take in memory
LONGEST = 512  # period
CLOSED = 1e-8  # return of an orbit to itself, relative to its size, that makes it a cycle to be polished
CELLS = (256, 128, 64, 32, 16)  # along the largest extent of an orbit, finest first
FRESH = 0.02  # share of the last quarter of the states in cells that the first three did not visit
STEADY = 0.9  # extent of the last quarter, relative to that of the first: an orbit on an attractor does not shrink
NEIGHBOURS = 64
KEPT = 1000  # states of a recurrent attractor that the result shows


Met: TypeAlias = tuple[Array, AttractorKind]  # the points of an attractor, and what it is


def scout(system: System, X: Array, known: int) -> list[Met]:
    """The attractors in which the orbits of the columns X end, and that the system does not know; it knows them afterwards.

    `known` is the number of attractors so far: new ones are numbered from there.
    """
    X = _spread_out(X, max(2, min(SCOUTS, NUMBERS // (RECORD * len(X)))))
    record = _record(system, X)
    met: list[Met] = []
    for orbit in np.moveaxis(record, -1, 0):
        if not np.isfinite(orbit).all() or _ends_in_known(system, orbit):
            continue
        new = _found(system, orbit, known + len(met))
        if new is not None:
            met.append(new)
    return met


def _spread_out(X: Array, most: int) -> Array:
    """At most so many of the columns, evenly spaced."""
    return X if X.shape[1] <= most else X[:, np.linspace(0, X.shape[1] - 1, most).astype(int)]


def _record(system: System, X: Array) -> Array:
    """The orbits of the columns, shape (RECORD, n, N); NaN from where they left the bounds."""
    record = np.empty((RECORD, *X.shape))
    for t in range(RECORD):
        record[t] = X
        X = system.advance(X)
        lost = system.lost(X)
        if lost is not None:
            X[:, lost] = np.nan
    return record


def _ends_in_known(system: System, orbit: Array) -> bool:
    """Whether an orbit (T, n) ends in a ball, or in the cells, of an attractor met before."""
    end = orbit[-len(orbit) // 8 :].T
    return bool(system.holding(end)[-1] >= 0 or np.mean(system.recurring(end) >= 0) > 0.5)


def _found(system: System, orbit: Array, label: int) -> Met | None:
    """What the orbit (T, n) ends in, given to the system; None for what does not attract, or shows no end."""
    period = period_of(orbit)
    if period is None:
        return _recurrent(system, orbit, label)
    points = orbit[-period:]
    if isinstance(system.map, SmoothMap):
        try:
            polished = polish(system.map, points, "basins")
        except DynlatchError:
            return None
        points = polished.points
        if not polished.spectral_radius < 1.0:
            return None
    points = prime_orbit(points)
    if not add_target(system, points, label):
        return None
    return (points, AttractorKind.FIXED_POINT if len(points) == 1 else AttractorKind.CYCLE)


def period_of(orbit: Array, tolerance: float = CLOSED) -> int | None:
    """The least number of steps after which the orbit (T, n) returns to its last state; None if it does not."""
    scale = 1.0 + np.abs(orbit[-1]).max()
    back = np.abs(orbit[-2 : -LONGEST - 2 : -1] - orbit[-1]).max(-1)
    close = np.flatnonzero(back <= tolerance * scale)
    return int(close[0]) + 1 if len(close) else None


def _recurrent(system: System, orbit: Array, label: int) -> Met | None:
    """A recurrent attractor, if the orbit revisits its cells and its neighbours come to them as well."""
    quarter = len(orbit) // 4
    extent = np.ptp(orbit, axis=0)
    largest = extent.max()
    if not largest > CLOSED * (1.0 + np.abs(orbit).max()):
        return None
    if np.ptp(orbit[-quarter:], axis=0).max() < STEADY * np.ptp(orbit[:quarter], axis=0).max():
        return None
    for count in CELLS:
        width = np.maximum(extent, 1e-3 * largest) / count
        low = orbit.min(0)
        keys = cell_keys(orbit.T, low, width)
        fresh = np.mean(~np.isin(keys[-quarter:], keys[:-quarter]))
        if fresh > FRESH:
            continue
        candidate = Recurrent(label, low, width, np.unique(keys))
        if not _attracts(system, candidate, orbit):
            return None
        system.recurrent.append(candidate)
        return (orbit[-KEPT:].copy(), AttractorKind.RECURRENT)
    return None


def _attracts(system: System, candidate: Recurrent, orbit: Array) -> bool:
    """Whether states beside the orbit, up to a cell away, come back to its cells and stay."""
    rng = np.random.default_rng(0)
    starts = orbit[rng.integers(0, len(orbit), NEIGHBOURS)].T
    starts = starts + rng.uniform(-1.0, 1.0, starts.shape) * candidate.width[:, None]
    fate = descend(System(system.map, system.advance, system.limits, system.balls), starts, len(orbit) // 2)
    X = fate.states
    if X.shape[1] < NEIGHBOURS:
        return False
    stays = np.ones(X.shape[1])
    for _ in range(STREAK):
        X = system.advance(X)
        stays += candidate.holds(X)
    return bool(np.mean(stays / (STREAK + 1)) >= 1.0 - 3.0 * FRESH)
