"""For maps without derivatives: sequences changed at random, kept where the size at which they escape falls."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.upper.descent import best_first, lowered
from dynlatch.analysis.escape.upper.fate import Judge
from dynlatch.analysis.escape.upper.ledger import Ledger
from dynlatch.analysis.escape.upper.plant import Plant, fitted
from dynlatch.analysis.escape.upper.starts import directions
from dynlatch.validation import Array

PARENTS = 12
CHILDREN = 96


def wander(judge: Judge, U: Array, hi: Array, iterations: int, rng: np.random.Generator, ledger: Ledger) -> tuple[Array, Array]:
    """An evolution of sequences U (T, S, m) that escape at sizes hi (S,); smallest first."""
    U, hi = best_first(U, hi, PARENTS)
    for _ in range(iterations):
        if not ledger.on():
            break
        parents = rng.integers(0, len(hi), CHILDREN)
        children = changed(U[:, parents], judge.plant, rng)
        sizes = lowered(judge, children, np.broadcast_to(hi[-1], CHILDREN) * 1.0, 0.5)[0]
        U, hi = best_first(np.concatenate([U, children], axis=1), np.concatenate([hi, sizes]), PARENTS)
        ledger.offer(U[:, 0], hi[0])
    return U, hi


def changed(U: Array, plant: Plant, rng: np.random.Generator) -> Array:
    """Each sequence changed over a random stretch of time: new inputs, a held input, silence, or noise of a random size."""
    T, S, m = U.shape
    out = U.copy()
    for s in range(S):
        begin, end = np.sort(rng.integers(0, T + 1, 2))
        kind = int(rng.integers(0, 5))
        if kind == 0:
            out[begin:end, s] = directions(end - begin, plant, rng)
        elif kind == 1:
            out[begin:end, s] = directions(1, plant, rng)
        elif kind == 2:
            out[begin:end, s] = 0.0
        elif kind == 3:
            out[:, s] = np.roll(out[:, s], int(rng.integers(1, T + 1)), axis=0)
        else:
            noise = 10.0 ** rng.uniform(-2, 0) * rng.normal(size=(1 if rng.random() < 0.5 else T, m))
            out[:, s] = fitted(out[:, s] + noise, plant.norm)
    return out
