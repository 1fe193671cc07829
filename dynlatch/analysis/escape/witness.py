"""Replaying inputs: an upper bound is believed only after this independent simulation."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.errors import NotAttracting
from dynlatch.maps import Map
from dynlatch.validation import Array, states

PATIENCE = 100_000  # steps
ROUNDING = 8e-16  # relative distance at which two states are the same
NUDGE = 1e-7  # relative size of a push that a state at rest elsewhere must withstand
BEYOND = 1e50  # what grows beyond this is lost
BACK = 1e-6  # relative distance at which a state at rest is the attractor
WATCHED, WINDOW = 20_000, 2_000  # steps for which a state that does not rest is watched, and between its two measurements
KEPT = 0.9  # share of its distance that a state must keep over those steps to be taken for lost


class Landing(NamedTuple):
    """Where a state came to rest after inputs and then silence."""

    state: Array
    period: int | None  # of the cycle it is on, 1 for a fixed point; None if it never rests (chaos, a closed curve, slowness)
    returned: bool  # it is at, or slowly on its way to, the attractor it started from
    norm: float  # largest norm of an input on the way
    path: Array  # (T + 1, n): the states while the inputs acted, from the attractor on


def replay(map: Map, attractor: Array, inputs: Array, *, norm: float = np.inf, input_matrix: Array | None = None) -> Landing:
    """Drive `map` from `attractor` by `inputs` (T, m), switch the input off, and follow the state until it rests.

    The attractor is a state (n,) or the points of a cycle (p, n), from the first of which the inputs begin.
    """
    a = np.atleast_2d(attractor)[0]
    path = [a]
    for u in inputs:
        if not a @ a < BEYOND**2:
            break
        a = map.step(a, u) if input_matrix is None else map.step(a) + input_matrix @ u
        path.append(a)
    state, period = rest(map, a)
    size = float(np.linalg.norm(inputs, norm, axis=1).max()) if len(inputs) else 0.0
    if period is None and np.abs(state).max() < BEYOND:
        returned = not _wanders(map, state, attractor)
    else:
        returned = _is_met(map, state, period, attractor) or _on_the_edge(map, state, attractor)
    return Landing(state, period, returned, size, np.stack(path))


def _is_met(map: Map, state: Array, period: int | None, attractor: Array) -> bool:
    """Whether a state at rest is on the attractor; a cycle is met at any of its points."""
    if is_back(state, period, attractor):
        return True
    for _ in range((period or 1) - 1):
        state = map.step(state)
        if is_back(state, period, attractor):
            return True
    return False


def _on_the_edge(map: Map, state: Array, attractor: Array) -> bool:
    """Whether a state at rest elsewhere comes back after a small nudge: a saddle hit to the last digit is no place to stay."""
    if not np.abs(state).max() < BEYOND:
        return False
    size = NUDGE * max(float(np.abs(state).max()), float(np.abs(attractor).max()))
    d = size * np.cos(np.arange(1.0, len(state) + 1.0))
    return any(_is_met(map, *rest(map, state + sign * d), attractor) for sign in (1.0, -1.0))


def _wanders(map: Map, state: Array, attractor: Array) -> bool:
    """Whether a state that does not rest keeps its distance while a nudge at the attractor dies out.

    On a chaotic attractor or a closed curve it does; one that is slow to come back does not.
    """
    first = np.atleast_2d(attractor)[0]
    push = NUDGE * float(np.abs(attractor).max() or 1.0)
    early, late = _distances(map, first + push, attractor)
    if not late <= 0.5 * early:
        return False
    early, late = _distances(map, state, attractor)
    return bool(late >= KEPT * early)


def _distances(map: Map, a: Array, attractor: Array) -> tuple[float, float]:
    """Largest distance from the attractor's points within the first and within the last `WINDOW` of `WATCHED` steps."""
    largest = [0.0, 0.0]
    orbit = np.atleast_2d(attractor)
    for t in range(WATCHED):
        a = map.step(a)
        if t < WINDOW or t >= WATCHED - WINDOW:
            distance = float(np.abs(a - orbit).max(-1).min())
            largest[t >= WINDOW] = max(largest[t >= WINDOW], distance)
    return largest[0], largest[1]


def is_back(state: Array, period: int | None, attractor: Array) -> bool:
    """Whether a state that was followed to `rest` is on the attractor, (n,) or (p, n), component by component.

    One that grew beyond `BEYOND` has left.
    """
    if not np.abs(state).max() < BEYOND:
        return False
    size = float(np.abs(attractor).max())
    floor = 1e-12 * size if size > 0 else 1e-9
    near = np.abs(state - np.atleast_2d(attractor)) <= BACK * np.abs(attractor) + floor
    return period is None or bool(near.all(-1).any())  # of a nudged state that does not rest: no evidence of an escape


def rest(map: Map, a: Array) -> tuple[Array, int | None]:
    """Iterate without input until the state recurs to rounding; returns it and its period (None: patience ran out).

    Brent's method: the state is compared with one remembered at the last power of two, so that a slow drift is not taken
    for rest.
    """
    remembered, age, horizon = a, 0, 16
    for _ in range(PATIENCE):
        if not a @ a < BEYOND**2:
            return a, None
        a = map.step(a)
        age += 1
        # One component first: it rules nearly every step out at a tenth of the cost of comparing states.
        if abs(a[0] - remembered[0]) <= 1e-15 * (1.0 + abs(a[0])) and same_state(a, remembered):
            period = _period(map, a, age)
            if period is not None:
                return a, period
        if age == horizon:
            remembered, age, horizon = a, 0, 2 * horizon
    return a, None


def _period(map: Map, a: Array, most: int) -> int | None:
    """Smallest number of steps, at most `most`, after which the state recurs; None while it only lingers at a saddle."""
    b = a
    for period in range(1, most + 1):
        b = map.step(b)
        if same_state(a, b):
            return period
    return None


def at_rest(map: Map, given: Any) -> Attractor:
    """The attractor of a map without derivatives: where the given state, a point of it, comes to rest; multipliers are NaN.

    Raises
    ------
    NotAttracting
        If the state goes elsewhere, or does not come to rest.
    """
    start = states(map, getattr(given, "point", given), "attractor").reshape(-1, map.dim)[0]
    a, period = rest(map, start)
    if period is None or np.abs(a - start).max() > 1e-3 * (1.0 + np.abs(start).max()):
        raise NotAttracting("`attractor` is no attractor: without input the map leads the state away from it.")
    orbit = [a]
    for _ in range(period - 1):
        orbit.append(map.step(orbit[-1]))
    return Attractor(np.stack(orbit), np.full(map.dim, np.nan, dtype=np.complex128))


def same_state(a: Array, b: Array) -> bool:
    """Whether two states agree to rounding, component by component."""
    return bool(np.all(np.abs(a - b) <= ROUNDING * np.abs(a) + 1e-17 * np.abs(a).max() + 1e-300))
