"""Slopes along orbits of one unit."""

from __future__ import annotations

import numpy as np

from dynlatch.maps import SmoothMap, trajectory
from dynlatch.validation import Array


def slopes(map: SmoothMap, states: Array) -> Array:
    """M' (K,) at the states (K, 1) of a map of one dimension."""
    return np.asarray(map.jacobian(states)[..., 0, 0])


def orbit_slopes(map: SmoothMap, start: Array, steps: int) -> Array:
    """M' (steps,) at the first states of the orbit from `start` (1,)."""
    return slopes(map, trajectory(map, start, steps=steps)[:-1])
