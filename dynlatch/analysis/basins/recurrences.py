"""Attractors that nobody named: what some open orbits end in.

An orbit that closes is polished into a cycle and judged by its multipliers, so that one which merely lingers at a saddle
founds no attractor. An orbit that does not close but visits the same cells again and again, and whose neighbours come back to
these cells, founds a recurrent attractor, known by its cells (Datseris, G. and Wagemakers, A. (2022), Effortless estimation
of basins of attraction. Chaos 32: 023104).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.basins.descent import descend
from dynlatch.analysis.basins.result import AttractorKind
from dynlatch.analysis.basins.system import Recurrent, System, cell_keys
from dynlatch.analysis.basins.targets import add_target, prime_orbit
from dynlatch.errors import DynlatchError
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

RECORD = 2048  # steps of an orbit that is looked at
SCOUTS, NUMBERS = 48, 2**24  # orbits looked at together, at most, and numbers they may take in memory
LONGEST = 512  # period
CLOSED = 1e-8  # return of an orbit to itself, relative to its size, that makes it a cycle to be polished
CELLS = (256, 128, 64, 32, 16)  # along the largest extent of an orbit, finest first
FRESH = 0.02  # share of the states of half of the orbits in cells that the other half did not visit
STEADY = 0.97  # extent of the last quarter, relative to that of the first: an orbit on an attractor does not shrink
PARTS, DRIFT, GROWTH = 8, 0.1, 2e-3  # of an orbit; shares of its extent by which means, and of itself by which the extent moves
NEIGHBOURS, SHIFT = 64, 1e-3  # states beside a recurrent orbit, and how far, relative to its extent
RETURN, BESIDE = 256, 512  # steps they have to come back, and steps that are then looked at
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
    """A recurrent attractor, if states beside the orbit come back to it, and all of them visit the same cells."""
    quarter = len(orbit) // 4
    extent = np.ptp(orbit, axis=0)
    largest = extent.max()
    if not largest > CLOSED * (1.0 + np.abs(orbit).max()):
        return None
    if np.ptp(orbit[-quarter:], axis=0).max() < STEADY * np.ptp(orbit[:quarter], axis=0).max():
        return None
    if _drifts(orbit, extent >= 1e-3 * largest):
        return None
    extent = np.maximum(extent, 1e-3 * largest)
    cloud = _beside(system, orbit, extent)
    if cloud is None:
        return None
    low = orbit.min(0)
    for count in CELLS:
        width = extent / count
        keys = np.stack([cell_keys(X, low, width) for X in cloud])
        own = cell_keys(orbit.T, low, width)
        if np.mean(~np.isin(keys[:, 1::2], np.append(keys[:, ::2], own))) <= FRESH:
            system.recurrent.append(Recurrent(label, low, width, np.unique(np.append(keys, own))))
            return orbit[-KEPT:].copy(), AttractorKind.RECURRENT
    return None


def _drifts(orbit: Array, along: NDArray[np.bool_]) -> bool:
    """Whether an orbit (T, n) is slowly on its way: part by part, its means or its extent only rise, or only fall.

    On a circle they may do so as well, by little: the parts are not whole turns.
    """
    size = len(orbit) // PARTS
    parts = orbit[: PARTS * size, along].reshape(PARTS, size, -1)
    extent = np.ptp(parts, axis=1).max(-1)
    told = np.column_stack([parts.mean(1) / (DRIFT * np.ptp(parts)), extent / (GROWTH * extent.max())])
    change = np.diff(told, axis=0)
    steady = (change > 0).all(0) | (change < 0).all(0)
    return bool((steady & (np.abs(told[-1] - told[0]) > 1.0)).any())


def _beside(system: System, orbit: Array, extent: Array) -> Array | None:
    """Orbits (T, n, NEIGHBOURS) of states beside the given one, after some steps; None if any ends elsewhere."""
    rng = np.random.default_rng(0)
    starts = orbit[rng.integers(0, len(orbit), NEIGHBOURS)].T
    starts = starts + SHIFT * rng.uniform(-1.0, 1.0, starts.shape) * extent[:, None]
    known = System(system.map, system.advance, system.limits, system.balls)
    X = descend(known, starts, RETURN).states
    if X.shape[1] < NEIGHBOURS:
        return None
    record = np.empty((BESIDE, *X.shape))
    for t in range(BESIDE):
        record[t] = X
        X = system.advance(X)
    settled = (system.holding(X) < 0).all() and (system.lost(X) is None or not np.any(system.lost(X)))
    return record if settled else None
