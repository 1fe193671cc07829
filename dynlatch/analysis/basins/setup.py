"""A map made ready for its basins: bounds of the states, limits of escape, and attractors met by sending states ahead."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.analysis.basins.domain import Domain
from dynlatch.analysis.basins.survey import Survey
from dynlatch.analysis.basins.system import System, column_step
from dynlatch.analysis.basins.targets import found, listed
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box
from dynlatch.maps import Map, SmoothMap
from dynlatch.randomness import generator
from dynlatch.validation import Array, box_of

FAR = 1e6  # times the size of the bounds: an orbit out there has escaped
PROBES = 64


def structural_box(map: Map) -> Box | None:
    """A box that every orbit enters, from the map's structure; None where there is none."""
    if not isinstance(map, SmoothMap):
        return None
    equation, u0 = equation_of(map)
    own = equation.box(None if u0 is None else (u0, u0))
    return own if equation.dim == map.dim else None


def default_bounds(map: Map, orbits: list[Array]) -> Box:
    """A box that structure gives, or one around the attractors, twice as wide on every side."""
    own = structural_box(map)
    if own is not None:
        return own
    if not orbits:
        raise InvalidInput(
            f"the structure of {type(map).__name__} does not bound its states, and no attractor is known: "
            "give `bounds=(lo, hi)`."
        )
    points = np.concatenate(orbits)
    lo, hi = points.min(0), points.max(0)
    reach = np.maximum(hi - lo, 0.5 * np.maximum(1.0, np.abs(points).max(0)))
    return lo - reach, hi + reach


def prepared(map: Map, where: Domain, bounds: Box, orbits: list[Array]) -> System:
    """The map as a system of columns, without targets; a map that has no value anywhere says so."""
    system = System(map, column_step(map), None if structural_box(map) is not None else _limits(bounds, orbits))
    probes = where.columns(np.unique(np.linspace(0, where.size - 1, PROBES).astype(np.intp)))
    if np.isnan(system.advance(probes)).any(0).all():
        map.step(np.ascontiguousarray(probes[:, 0]))
        raise InvalidInput(f"{type(map).__name__} gives NaN at all of {probes.shape[1]} states of `bounds`: none has a fate.")
    return system


def _limits(bounds: Box, orbits: list[Array]) -> Box:
    points = np.concatenate([np.stack(bounds), *orbits])
    lo, hi = points.min(0), points.max(0)
    reach = FAR * (1.0 + float(np.max(hi - lo)))
    return lo - reach, hi + reach


def scouted_system(map: Map, attractors: Any, bounds: Any, states: Array, steps: int) -> System:
    """The map with its attractors, those included in which the given states (k, n) end."""
    reach = 1.0 + np.abs(states).max()
    box = box_of(bounds if bounds is not None else (states.min(0) - reach, states.max(0) + reach), map.dim)
    orbits = found(map, box, generator(0), None) if attractors is None else listed(map, attractors)
    where = Domain((), states)
    system = prepared(map, where, box, orbits)
    Survey(system, where, steps, np.inf, only_listed=False).run(orbits, lambda name: None)
    return system
