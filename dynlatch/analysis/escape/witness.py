"""Replaying inputs: an upper bound is believed only after this independent simulation."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.maps import Map
from dynlatch.validation import Array

PATIENCE = 200_000


class Landing(NamedTuple):
    """Where a state came to rest after inputs and then silence."""

    state: Array
    settled: bool  # False: still moving when patience ran out
    returned: bool  # it is the attractor it started from
    norm: float  # largest norm of an input on the way


def replay(map: Map, attractor: Array, inputs: Array, *, norm: float = np.inf, input_matrix: Array | None = None) -> Landing:
    """Drive `map` from `attractor` by `inputs` (T, m), switch the input off, and follow the state until it rests.

    Slow convergence is not an escape: a state still moving after `PATIENCE` steps is reported as not settled.
    """
    a = attractor
    for u in inputs:
        a = map.step(a, u) if input_matrix is None else map.step(a) + input_matrix @ u
    state, settled = rest(map, a)
    size = float(np.linalg.norm(inputs, norm, axis=1).max()) if len(inputs) else 0.0
    close = float(np.abs(state - attractor).max()) <= 1e-6 * (1.0 + float(np.abs(attractor).max()))
    return Landing(state, settled, bool(settled and close), size)


def rest(map: Map, a: Array) -> tuple[Array, bool]:
    """Iterate without input until the state moves by less than rounding for a while, or patience runs out."""
    still = 0
    for _ in range(PATIENCE):
        moved = map.step(a)
        still = still + 1 if np.abs(moved - a).max() <= 4e-16 * (1.0 + np.abs(a).max()) else 0
        a = moved
        if still >= 8:
            return a, True
    return a, False
