"""Which of many states come back once the input is off: fast and fallible; `witness.replay` decides in the end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.escape.upper.plant import Plant
from dynlatch.validation import Array

CHUNK = 8
HOMES = 0.1 * 0.4 ** np.arange(14)  # relative sizes of a neighbourhood from which every state is taken to come back
PROBES = 64
REST = 1e-7  # relative motion in one step at which a state elsewhere is taken to rest there
FAR = 1e50  # beyond this a state has left
LEAST, MOST = 150, 3000  # steps after which a state that is not back has left


class Judge(NamedTuple):
    """A neighbourhood of the attractor, component by component, and the steps a state is given to reach it."""

    plant: Plant
    reach: Array  # (n,)
    patience: int

    @property
    def points(self) -> Array:
        """Of the attractor (p, n)."""
        return self.plant.points


def judge_of(plant: Plant, spectral_radius: float, rng: np.random.Generator) -> Judge:
    """The judge of an attractor: the largest neighbourhood of `HOMES` whose surface comes back, where it was probed."""
    size = np.abs(plant.points).max(0)
    size = size + 0.1 * size.max() + (0.0 if size.any() else 1.0)
    rate = spectral_radius ** (1.0 / len(plant.points)) if np.isfinite(spectral_radius) else 0.9
    patience = int(np.clip(40.0 / max(-np.log(max(rate, 1e-9)), 1e-9), LEAST, MOST))
    x = rng.uniform(-1.0, 1.0, (PROBES, plant.points.shape[1]))
    x[: PROBES // 2] = np.sign(x[: PROBES // 2])
    x /= np.abs(x).max(-1, keepdims=True)
    start = plant.points[np.arange(PROBES) % len(plant.points)]
    for home in HOMES:
        judge = Judge(plant, home * size, patience)
        if not leaves(judge._replace(reach=0.1 * judge.reach), start + x * judge.reach).any():
            return judge
    return Judge(plant, HOMES[-1] * size, patience)


def is_home(judge: Judge, a: Array) -> NDArray[np.bool_]:
    """Which states (S, n) are in the neighbourhood of the attractor."""
    if len(judge.points) == 1:
        return np.asarray((np.abs(a - judge.points[0]) <= judge.reach).all(-1))
    return np.asarray((np.abs(a[:, None] - judge.points) <= judge.reach).all(-1).any(-1))


def leaves(judge: Judge, a: Array) -> NDArray[np.bool_]:
    """Which states (S, n) are not back when they have come to rest or patience has run out."""
    gone = np.zeros(len(a), dtype=bool)
    active = np.arange(len(a))
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(0, judge.patience, CHUNK):
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


def ends(plant: Plant, U: Array, b: Array) -> Array:
    """States (S, n) that the sequences `b U`, with U (T, S, m) and b (S,), lead to from the attractor."""
    a = np.broadcast_to(plant.points[0], (U.shape[1], plant.points.shape[1]))
    sizes = b[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        for u in U:
            a = plant.step(a, sizes * u)
    return a


def escapes(judge: Judge, U: Array, b: Array) -> NDArray[np.bool_]:
    """Which of the sequences `b U` lead away for good."""
    return leaves(judge, ends(judge.plant, U, b))
