"""Sequences that escape made longer: the part that waits, repeated. What T steps cost more than none at all falls like 1/T^2.

At the threshold the worst path lingers for ever: in the ghost of a fold, or at an extreme state from which the last manoeuvre
starts. A short sequence pays for hurrying. Repeating the right block (one step, or a period of a few) buys it time.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.upper.descent import best_first, lowered
from dynlatch.analysis.escape.upper.fate import Judge, escapes
from dynlatch.validation import Array

BLOCKS = (1, 2, 3)
ROUND = 6  # a multiple of all of them
PLACES = 16
GRID, ROUNDS = 16, 4


def with_waiting(U: Array, extra: int) -> Array:
    """Copies of `U` (T, m) with `extra` more steps, each repeating another block of it: (T + extra, S, m)."""
    T = len(U)
    places = np.unique(np.linspace(0, T - 1, min(T, PLACES)).astype(int))
    out = []
    for block in BLOCKS if extra % ROUND == 0 else (1,):
        for t in places[places + block <= T]:
            out.append(np.concatenate([U[:t], np.tile(U[t : t + block], (extra // block, 1)), U[t:]]))
    return np.stack(out, axis=1)


def lengthened(judge: Judge, U: Array, sizes: Array, extra: int, most: int, halvings: int = 6) -> tuple[Array, Array]:
    """The `most` best of the sequences (T, S, m) with one block repeated for `extra` steps, and their sizes.

    None may be left: a path that has no time to lose cannot always be stretched.
    """
    waiting = [with_waiting(U[:, s], extra) for s in range(U.shape[1])]
    top = np.repeat(1.05 * sizes, [batch.shape[1] for batch in waiting])
    batch = np.concatenate(waiting, axis=1)
    return best_first(batch, lowered(judge, batch, top, 0.85, halvings)[0], most)


def held(judge: Judge, direction: Array, size: float, steps: int) -> float:
    """The smallest size, not above `size`, at which the constant input along `direction` (m,) escapes in `steps` steps."""
    U = np.broadcast_to(direction, (steps, GRID, len(direction)))
    lo, hi = 0.99 * size, size
    for _ in range(ROUNDS):
        grid = np.linspace(lo, hi, GRID + 1)[1:]
        away = escapes(judge, U, grid)
        if not away[-1]:
            return np.inf
        stays = np.flatnonzero(~away)
        first = int(stays[-1]) + 1 if len(stays) else 0
        lo, hi = float(grid[first - 1]) if first else lo, float(grid[first])
    return hi
