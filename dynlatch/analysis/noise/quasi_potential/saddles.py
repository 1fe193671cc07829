"""Saddles on the boundary of a basin, with its tangent plane at each."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.periodic_orbits import periodic_orbits
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, require_smooth
from dynlatch.validation import Array

SADDLES = 12  # looked at, the nearest first
PERIODS = (2, 3, 4)  # of cycles that are looked for where no fixed point is on the boundary


class Exit(NamedTuple):
    """A saddle with the normal of the boundary at it, of length 1."""

    saddle: Array
    normal: Array
    period: int


def exits_of(map: Map, question: Question, target: Any, random: np.random.Generator) -> tuple[list[Exit], bool]:
    """Saddles with one unstable direction, the nearest first, and whether there are other fixed points at all."""
    smooth = require_smooth(map, "quasi_potential")
    if target is not None:
        exits = exits_at(smooth, polish(smooth, target, "quasi_potential").points)
        if not exits:
            raise InvalidInput("`target` must be a saddle with one unstable direction, as those on boundaries of basins are.")
        return exits, True
    home = question.attractor.point
    known = fixed_points(map, rng=random)
    points = known.points[np.argsort(np.linalg.norm(known.points - home, axis=-1))]
    exits = [exit for point in points for exit in exits_at(smooth, point[None])]
    for period in PERIODS if not exits and len(points) > 1 else ():  # the boundary is held by a cycle
        for orbit in periodic_orbits(map, period, rng=random).points:
            exits += exits_at(smooth, orbit)
    return exits[:SADDLES], len(points) > 1


def exits_at(map: SmoothMap, orbit: Array) -> list[Exit]:
    """Through every point of a cycle (p, n) with one unstable multiplier; none of any other cycle."""
    exits = []
    for j in range(len(orbit)):
        around = np.eye(orbit.shape[1])
        for J in map.jacobian(np.roll(orbit, -j, axis=0)):
            around = J @ around
        values, vectors = np.linalg.eig(around.T)
        unstable = np.flatnonzero(np.abs(values) > 1.0)
        if len(unstable) == 1:
            normal = vectors[:, unstable[0]].real
            exits.append(Exit(orbit[j], normal / np.linalg.norm(normal), len(orbit)))
    return exits
