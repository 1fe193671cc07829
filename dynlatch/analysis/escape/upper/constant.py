"""Constant inputs: the directions whose fold lies nearest ("U1").

Along a fixed direction d the state follows the fixed point of `M(a, b d)` until it folds. At a fold with left critical vector
l (`J^T l = l`) a turn of d lowers the size b of the fold at the rate `l . B d`, so that a direction that cannot be bettered is
the one that pushes hardest along `B^T l`: Pontryagin's principle for an input that acts for ever. The iteration
`d <- argmax_{|d| <= 1} <B^T l, d>` takes l of the settled state just below the fold, by power iteration. Where the input acts
for a limited time, the sum of the costates over that time takes the place of l.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.upper.descent import best_first, by_their_sum, descend, lowered
from dynlatch.analysis.escape.upper.fate import Judge
from dynlatch.analysis.escape.upper.ledger import Ledger
from dynlatch.analysis.escape.upper.plant import Plant, worst
from dynlatch.analysis.escape.upper.starts import directions, scaled
from dynlatch.validation import Array

POWERS = 60  # iterations for l
TURNS = 8
BEST = 12  # directions that are turned
HALVINGS = 10


def starting_directions(plant: Plant, count: int, rng: np.random.Generator) -> Array:
    """Axes, the diagonal, and random directions (S, m)."""
    m = plant.width
    x = np.concatenate([np.eye(m)[:16], np.ones((1, m)), directions(count, plant, rng)])
    return np.asarray(x / np.linalg.norm(x, plant.norm, axis=-1, keepdims=True))


def constants(
    judge: Judge, count: int, steps: int, unit: float, rng: np.random.Generator, ledger: Ledger
) -> tuple[Array, Array]:
    """Directions (S, m) of constant inputs that escape in `steps` steps, and their sizes (S,), smallest first."""
    d = starting_directions(judge.plant, count, rng)
    U, top = scaled(judge, _for(d, steps), unit)
    hi = np.minimum(lowered(judge, U, top, 0.25, HALVINGS)[0], top)
    U, hi = best_first(U, hi)
    if len(hi) and judge.plant.pull is not None:
        U, hi = _by_left_vectors(judge, U, hi, ledger)
        few, sizes = descend(judge, U[:, :BEST], hi[:BEST], by_their_sum(judge.plant), TURNS, 0.97, ledger)
        U, hi = best_first(np.concatenate([few, U], axis=1), np.concatenate([sizes, hi]))
    if len(hi):
        ledger.offer(U[:, 0], hi[0])
    return np.asarray(U[0]), hi


def _by_left_vectors(judge: Judge, U: Array, hi: Array, ledger: Ledger) -> tuple[Array, Array]:
    """The directions and those that the iteration over left critical vectors leads to."""
    for _ in range(TURNS):
        if not ledger.on():
            break
        g = _critical(judge.plant, U[:, :BEST], 0.999 * hi[:BEST])
        turned = np.concatenate([worst(g, judge.plant.norm), worst(-g, judge.plant.norm)])
        V = _for(turned, len(U))
        new = lowered(judge, V, np.tile(1.5 * hi[:BEST], 2), 0.3, HALVINGS)[0]
        before = hi[0]
        U, hi = best_first(np.concatenate([U, V], axis=1), np.concatenate([hi, new]))
        if hi[0] > 0.9999 * before:
            break
    return U, hi


def _critical(plant: Plant, U: Array, sizes: Array) -> Array:
    """`B^T l` (S, m): l the leading left vector where the state settles under each constant input."""
    assert plant.pull is not None
    u = sizes[:, None] * U[0]
    a = np.broadcast_to(plant.points[0], (len(u), plant.points.shape[1]))
    for _ in range(len(U)):
        a = plant.step(a, u)
    p, g = plant.step(a, u) - a + 1e-12, u
    for _ in range(POWERS):
        p, g = plant.pull(a, u, p)
        p = p / (np.sqrt((p * p).sum(-1, keepdims=True)) + 1e-300)
    return np.asarray(np.where(np.isfinite(g).all(-1, keepdims=True), g, U[0]))


def _for(d: Array, steps: int) -> Array:
    return np.broadcast_to(d, (steps, *d.shape))
