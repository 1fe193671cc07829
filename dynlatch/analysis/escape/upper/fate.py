"""Which of many states come back once the input is off: fast and fallible; `witness.replay` decides in the end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.escape.upper.plant import Plant
from dynlatch.validation import Array

CHUNK = 8
HOME = 0.02  # relative distance at which a state is taken to have come back
REST = 1e-7  # relative motion in one step at which a state elsewhere is taken to rest there
FAR = 1e100


class Judge(NamedTuple):
    """Home and its size, component by component."""

    plant: Plant
    points: Array
    reach: Array  # (n,)


def judge_of(plant: Plant) -> Judge:
    """The judge of a plant's attractor."""
    points = plant.points
    size = np.abs(points).max(0)
    return Judge(plant, points, HOME * (size + 0.1 * size.max() + (1e-3 if not size.any() else 0.0)))


def is_home(judge: Judge, a: Array) -> NDArray[np.bool_]:
    """Which states (S, n) are close to the attractor."""
    if len(judge.points) == 1:
        return np.asarray((np.abs(a - judge.points[0]) <= judge.reach).all(-1))
    return np.asarray((np.abs(a[:, None] - judge.points) <= judge.reach).all(-1).any(-1))


def leaves(judge: Judge, a: Array, patience: int = 150) -> NDArray[np.bool_]:
    """Which states (S, n) are not back after `patience` steps without input."""
    gone = np.zeros(len(a), dtype=bool)
    active = np.arange(len(a))
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(0, patience, CHUNK):
            for _ in range(CHUNK):
                last, a = a, judge.plant.step(a, None)
            beyond = ~(np.abs(a).max(-1) < FAR)
            home = ~beyond & is_home(judge, a)
            still = (np.abs(a - last) <= REST * (1e-3 + np.abs(a))).all(-1)
            gone[active[(beyond | still) & ~home]] = True
            on = ~(beyond | still | home)
            active, a = active[on], a[on]
            if not len(active):
                return gone
    gone[active] = True
    return gone


def after(plant: Plant, inputs: Array) -> Array:
    """States (S, n) that input sequences (T, S, m) lead to from the attractor."""
    a = np.broadcast_to(plant.points[0], (inputs.shape[1], plant.points.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        for u in inputs:
            a = plant.step(a, u)
    return a


def least_scale(judge: Judge, inputs: Array, scales: Array, patience: int = 1500) -> float | None:
    """Smallest of the ascending `scales` above which all lead the sequence (T, m) away; None if the largest does not."""
    batch = inputs[:, None, :] * scales[:, None]
    away = leaves(judge, after(judge.plant, batch), patience)
    if not away[-1]:
        return None
    kept = np.flatnonzero(~away)
    return float(scales[kept[-1] + 1 if len(kept) else 0])


def elsewhere(judge: Judge, rng: np.random.Generator, most: int = 12) -> Array:
    """States (k, n) that are not home where the system comes to after strong inputs: other attractors, or points of them."""
    plant = judge.plant
    states = []
    for size in 4.0 ** np.arange(-2, 5):
        u = rng.normal(size=(32, plant.width)) * size * (1.0 + np.abs(plant.points).max())
        with np.errstate(over="ignore", invalid="ignore"):
            a = np.broadcast_to(plant.points[0], (32, plant.points.shape[1]))
            for _ in range(10):
                a = plant.step(a, u)
            for _ in range(200):
                a = plant.step(a, None)
        states.append(a[(np.abs(a).max(-1) < FAR) & ~is_home(judge, a)])
    found: list[Array] = []
    for a in np.concatenate(states):
        if all(np.abs(a - b).max() > 0.05 * judge.reach.max() / HOME for b in found):
            found.append(a)
        if len(found) == most:
            break
    return np.array(found).reshape(len(found), plant.points.shape[1])
