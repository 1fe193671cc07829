"""Random input sequences to begin with, and the sizes at which they escape."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.upper.fate import Judge, escapes
from dynlatch.analysis.escape.upper.plant import Plant, worst
from dynlatch.validation import Array

LEVELS = 4.0 ** np.arange(-4, 6)  # sizes tried first, in units of the state
INDEPENDENT, PERIODIC, LATE = 0.5, 0.65, 0.8  # up to these shares; the rest is constant


def unit_of(judge: Judge) -> float:
    """The size of inputs with which a search begins: about that of the state."""
    return float(np.abs(judge.points).max()) or 1.0


def directions(count: int, plant: Plant, rng: np.random.Generator) -> Array:
    """Random inputs (count, m) of size 1."""
    x = rng.normal(size=(count, plant.width))
    if plant.norm == np.inf:
        corner = rng.random(count) < 0.7
        x[corner] = np.sign(x[corner])
        return np.asarray(x / np.abs(x).max(-1, keepdims=True))
    return worst(x, 2.0)


def sequences(T: int, S: int, plant: Plant, rng: np.random.Generator) -> Array:
    """Random sequences (T, S, m) of size 1: independent inputs, periodic ones, late pulses, constants."""
    m = plant.width
    U = directions(T * S, plant, rng).reshape(T, S, m)
    kind = rng.random(S)
    for s in np.flatnonzero(kind > INDEPENDENT):
        if kind[s] <= PERIODIC:
            U[:, s] = U[np.arange(T) % int(rng.integers(2, 7)), s]
        elif kind[s] <= LATE:
            U[: int(rng.integers(0, T)), s] = 0.0
        else:
            U[:, s] = U[0, s]
    return U


def scaled(judge: Judge, U: Array, unit: float) -> tuple[Array, Array]:
    """The sequences (T, S, m) that escape at some size, turned round where only their opposite does, and sizes that do."""
    S = U.shape[1]
    hi = np.full(S, np.inf)
    for level in unit * LEVELS[::-1]:
        up = escapes(judge, U, np.full(S, level))
        down = escapes(judge, U, np.full(S, -level))
        fresh = np.isinf(hi)
        U = np.where((fresh & down & ~up)[:, None], -U, U)
        hi[(fresh & (up | down)) | (~fresh & up)] = level
    ok = np.isfinite(hi)
    return U[:, ok], hi[ok]
