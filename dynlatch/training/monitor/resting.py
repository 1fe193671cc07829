"""Where orbits of a map come to rest: fixed points and cycles that attract, or directions in which nothing happens.

An attractor is accepted if an orbit has come to it, it is a zero of `x - M^p x`, and the eigenvalues of the Jacobian there lie
inside the unit circle by more than rounding; where there is no Jacobian, if pushed orbits come back. An orbit that comes to
none is neutral if its leading exponent is within `NEUTRAL` of 0 per step: an integrator, whose multiplier is 1.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.maps import Map, SmoothMap
from dynlatch.training.monitor.sighting import NEUTRAL_REST, NOWHERE
from dynlatch.validation import Array

STEPS = (200, 400, 800, 1600)  # after so many steps an orbit is asked whether it rests
PERIODS = (1, 2, 3, 4)
STILL = 1e-9  # how far a state at rest moves in one period, over 1 + its size
APART = 1e-6  # attractors that are nearer are one
INSIDE = 1e-6  # how far eigenvalues of an attractor lie inside the unit circle
NEUTRAL = 1e-3  # size of an exponent, per step
LAST = 200  # steps that the exponent is read over
PUSH = 1e-4


class Rest(NamedTuple):
    """An attractor: cycle (p, n), from its least state in lexicographic order on."""

    cycle: Array


def rests(map: Map, states: Array) -> tuple[list[Rest], NDArray[np.int64]]:
    """Attractors that the orbits of `states` (E, n) come to, and for each orbit which, or NOWHERE, or NEUTRAL_REST."""
    found: list[Rest] = []
    at, x, taken = np.full(len(states), NOWHERE), np.array(states, dtype=np.float64), 0
    moving = np.ones(len(states), dtype=np.bool_)
    for until in STEPS:
        x[moving] = advanced(map, x[moving], until - taken)
        taken = until
        for e in np.flatnonzero(moving).tolist():
            cycle = resting(map, x[e])
            moving[e] = cycle is None
            if cycle is not None and attracts(map, cycle):
                at[e] = place(found, cycle)
        if not moving.any():
            break
    elsewhere = np.flatnonzero(at == NOWHERE)
    at[elsewhere[neutral(map, x[elsewhere])]] = NEUTRAL_REST
    return found, at


def advanced(map: Map, x: Array, steps: int) -> Array:
    """The states after so many steps; those that overflow stay where they were."""
    for _ in range(steps):
        with np.errstate(all="ignore"):
            new = map.step(x)
        x = np.where(np.isfinite(new).all(-1, keepdims=True) & (np.abs(new).max(-1, keepdims=True) < 1e100), new, x)
    return x


def resting(map: Map, x: Array) -> Array | None:
    """The cycle (p, n) of least period that the state x stays on, or None."""
    orbit = [x]
    for _ in range(PERIODS[-1]):
        with np.errstate(all="ignore"):
            orbit.append(map.step(orbit[-1]))
    bound = STILL * (1.0 + np.abs(x).max())
    for p in PERIODS:
        if np.abs(orbit[p] - x).max() <= bound:
            cycle = np.array(orbit[:p])
            first = int(np.lexsort(cycle.round(6).T[::-1])[0])
            return np.roll(cycle, -first, axis=0)
    return None


def attracts(map: Map, cycle: Array) -> bool:
    """Whether orbits from nearby come back."""
    if isinstance(map, SmoothMap):
        J = np.eye(cycle.shape[1])
        for x in cycle:
            J = map.jacobian(x) @ J
        return bool(np.isfinite(J).all() and np.abs(np.linalg.eigvals(J)).max() < 1.0 - INSIDE)
    size = PUSH * (1.0 + np.abs(cycle[0]).max())
    pushed = cycle[0] + size * np.random.default_rng(0).uniform(-1.0, 1.0, (8, cycle.shape[1]))
    back = advanced(map, pushed, 100 * len(cycle))
    return bool(np.abs(back - cycle[0]).max() < 0.1 * size)


def neutral(map: Map, x: Array) -> NDArray[np.bool_]:
    """(E,) whether the leading exponent of the orbit from each of x (E, n) on is 0, to `NEUTRAL`."""
    if not isinstance(map, SmoothMap) or not len(x):
        return np.zeros(len(x), dtype=np.bool_)
    v = np.broadcast_to(np.random.default_rng(0).standard_normal(x.shape[-1]), x.shape)
    total = np.zeros(len(x))
    with np.errstate(all="ignore"):
        for t in range(2 * LAST):  # the first half turns v into the leading direction
            v, x = map.jvp(x, v), map.step(x)
            size = np.linalg.norm(v, axis=-1)
            v = v / size[:, None]
            total += np.log(size) if t >= LAST else 0.0
        # What diverges, or dies out at once, has no finite sum.
        return np.asarray(np.isfinite(x).all(-1) & (np.abs(total) <= LAST * NEUTRAL))


def place(found: list[Rest], cycle: Array) -> int:
    """Which of the attractors this is; a new one is added."""
    for k, rest in enumerate(found):
        if rest.cycle.shape == cycle.shape and np.abs(rest.cycle - cycle).max() <= APART * (1.0 + np.abs(cycle).max()):
            return k
    found.append(Rest(cycle))
    return len(found) - 1
