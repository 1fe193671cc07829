"""Constant inputs: the directions whose fold lies nearest, and how long to push ("U1").

Along a fixed direction d the state follows the fixed point of `M(a, b d)` until it folds. At a fold with left critical vector
l (`J^T l = l`) a turn of d lowers the size b of the fold at the rate `l . B d`, so that a direction that cannot be bettered is
the one that pushes hardest along `B^T l`: Pontryagin's principle for an input that acts for ever. The iteration
`d <- argmax_{|d| <= 1} <B^T l, d>` uses l of the settled state just below the fold, by power iteration.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.escape.upper.fate import Judge, leaves
from dynlatch.analysis.escape.upper.plant import Plant, worst
from dynlatch.validation import Array

HALVINGS = 12
LEVELS = 4.0 ** np.arange(-6, 7)
SETTLING = 200


def pushed(judge: Judge, directions: Array, sizes: Array, steps: int, patience: int = 150) -> NDArray[np.bool_]:
    """Which constant inputs `size d` (directions (S, m), sizes (S,)) lead away when they act for `steps` steps."""
    plant = judge.plant
    u = directions * sizes[:, None]
    a = np.broadcast_to(plant.points[0], (len(u), plant.points.shape[1]))
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps):
            a = plant.step(a, u)
    return leaves(judge, a, patience)


def sizes_of(judge: Judge, directions: Array, steps: int, unit: float) -> Array:
    """Smallest size (S,) of each constant input that escapes, by bisection after a coarse look; infinite where none does.

    What is returned escapes after `steps` steps; a smaller size that escapes too may be missed.
    """
    S = len(directions)
    levels = unit * LEVELS
    away = pushed(judge, np.repeat(directions, len(levels), 0), np.tile(levels, S), steps).reshape(S, -1)
    first = np.where(away.any(-1), away.argmax(-1), len(levels))
    hi = np.append(levels, np.inf)[first]
    lo = np.where(first > 0, levels[np.maximum(first - 1, 0)], 0.0)
    some = np.flatnonzero(np.isfinite(hi))
    if len(some):
        hi[some] = narrowed(judge, directions[some], lo[some], hi[some], steps)
    return hi


def narrowed(judge: Judge, directions: Array, lo: Array, hi: Array, steps: int, halvings: int = HALVINGS) -> Array:
    """Bisection between sizes that do not escape and sizes that do; returns those that do."""
    lo, hi = lo.copy(), hi.copy()
    for _ in range(halvings):
        middle = np.where(lo > 0.05 * hi, 0.5 * (lo + hi), 0.3 * hi)
        away = pushed(judge, directions, middle, steps)
        hi, lo = np.where(away, middle, hi), np.where(away, lo, middle)
    return hi


def critical(plant: Plant, directions: Array, sizes: Array, steps: int) -> Array:
    """`B^T l` (S, m): l the leading left vector of the state settled under each constant input."""
    assert plant.pull is not None
    u = directions * sizes[:, None]
    a = np.broadcast_to(plant.points[0], (len(u), plant.points.shape[1]))
    for _ in range(steps):
        a = plant.step(a, u)
    p = np.array(plant.step(a, u) - a) + 1e-12
    g = u
    for _ in range(60):
        p, g = plant.pull(a, u, p)
        p = p / (np.sqrt((p * p).sum(-1, keepdims=True)) + 1e-300)
    return g


def best_constants(judge: Judge, directions: Array, unit: float, rounds: int, steps: int | None) -> tuple[Array, Array]:
    """Directions (S, m) improved from the given ones, and the sizes (S,) at which they escape, smallest first."""
    time = SETTLING if steps is None else steps
    sizes = sizes_of(judge, directions, time, unit)
    order = np.argsort(sizes, kind="stable")
    directions, sizes = directions[order], sizes[order]
    keep = int(np.isfinite(sizes).sum())
    for _ in range(rounds if judge.plant.pull is not None else 0):
        few = min(keep, 16)
        if not few:
            break
        g = critical(judge.plant, directions[:few], 0.999 * sizes[:few], time)
        turned = np.concatenate([worst(s * g, judge.plant.norm) for s in (1.0, -1.0)])
        fresh = narrowed(judge, turned, np.zeros(len(turned)), np.tile(1.0 * sizes[:few], 2), time)
        good = pushed(judge, turned, fresh, time)
        directions = np.concatenate([directions, turned[good]])
        sizes = np.concatenate([sizes, fresh[good]])
        order = np.argsort(sizes, kind="stable")
        if sizes[order[0]] > 0.9999 * sizes[0]:
            directions, sizes = directions[order], sizes[order]
            break
        directions, sizes = directions[order], sizes[order]
        keep = len(sizes)
    return directions, sizes


def starting_directions(plant: Plant, count: int, rng: np.random.Generator) -> Array:
    """Axes, the diagonal, and random directions, each with its opposite (S, m)."""
    m = plant.width
    x = rng.normal(size=(count, m))
    x[: count // 2] = np.sign(x[: count // 2])
    x = np.concatenate([np.eye(m)[:16], np.ones((1, m)), x])
    x = x / np.linalg.norm(x, plant.norm, axis=-1, keepdims=True)
    return np.concatenate([x, -x])
