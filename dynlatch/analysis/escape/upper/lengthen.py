"""A sequence that escapes made longer: the part of it that waits, repeated. What T steps cost above none falls like 1/T^2.

At the threshold the worst path lingers for ever, in the ghost of a fold or at an extreme state from which the last manoeuvre
starts; a short sequence pays for hurrying. Repeating the right block (one step, or a period of a few) buys the time.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.upper.fate import Judge, after, leaves
from dynlatch.analysis.escape.upper.population import Found
from dynlatch.validation import Array

HALVINGS = 14
PLACES = 16


def least_scales(judge: Judge, batch: Array, lo: Array, hi: Array, halvings: int = HALVINGS, patience: int = 400) -> Array:
    """Smallest multiples (S,) of the sequences (T, S, m) that escape, by bisection between lo and hi; infinite if hi stays."""
    ok = leaves(judge, after(judge.plant, batch * hi[:, None]), patience)
    lo, hi = lo.copy(), hi.copy()
    some = np.flatnonzero(ok)
    out = np.full(len(hi), np.inf)
    for _ in range(halvings):
        if not len(some):
            return out
        middle = 0.5 * (lo[some] + hi[some])
        away = leaves(judge, after(judge.plant, batch[:, some] * middle[:, None]), patience)
        hi[some[away]] = middle[away]
        lo[some[~away]] = middle[~away]
        # Only those that may still win go on.
        some = some[lo[some] < hi[ok].min()]
    out[ok] = hi[ok]
    return out


def with_waiting(U: Array, extra: int) -> Array:
    """Copies of `U` (T, m) with about `extra` more steps, each repeating another block (T', S, m); same length each."""
    T = len(U)
    extra = max(6, extra - extra % 6)
    places = np.unique(np.linspace(0, T - 1, min(T, PLACES)).astype(int))
    out = []
    for block in (1, 2, 3):
        for t in places:
            if t + block <= T:
                held = np.tile(U[t : t + block], (extra // block, 1))
                out.append(np.concatenate([U[:t], held, U[t:]]))
    return np.stack(out, axis=1)


def lengthened(judge: Judge, found: Found, extra: int, halvings: int = HALVINGS) -> Found:
    """The sequence with its best waiting block repeated for `extra` steps, and scaled down as far as it then escapes."""
    batch = with_waiting(found.inputs, extra)
    scales = least_scales(judge, batch, np.full(batch.shape[1], 0.5), np.ones(batch.shape[1]), halvings)
    s = int(scales.argmin())
    if not scales[s] < 1.0:
        return found
    inputs = batch[:, s] * scales[s]
    return Found(float(np.linalg.norm(inputs, judge.plant.norm, axis=1).max()), inputs)


def held(judge: Judge, direction: Array, size: float, steps: int, halvings: int = 30) -> Found | None:
    """The constant input along `direction` held for `steps` steps, as small as it escapes."""
    batch = np.broadcast_to(direction, (steps, 16, len(direction)))
    lo, hi = 0.9 * size, size
    for _ in range(max(1, halvings // 4)):
        grid = np.linspace(lo, hi, 17)[1:]
        away = leaves(judge, after(judge.plant, batch * grid[:, None]), 1500)
        if not away[-1]:
            return None
        stays = np.flatnonzero(~away)
        first = stays[-1] + 1 if len(stays) else 0
        hi = float(grid[first])
        lo = float(grid[first - 1]) if first else lo
    inputs = np.tile(hi * direction, (steps, 1))
    return Found(float(np.linalg.norm(inputs[0], judge.plant.norm)), inputs)
