"""Starts of the search, several families a round.

Orbits find what attracts; segments between known points, and points that take each component from one of two, the saddles
between them; small starts the centre; mixed ones saddles where some units saturate and others do not; images of far points
and uniform ones the rest.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.fixed_points.search.newton import Function
from dynlatch.intervals import Box
from dynlatch.validation import Array

LONGEST_ORBIT = 40
SMALL, MODERATE = 0.15, 0.9


def first_starts(box: Box) -> Array:
    """Zero and the centre of the box, in both tempers of the solver, shape (4, d)."""
    zero = np.zeros_like(box[0])
    return np.asarray(np.clip(np.stack([zero, zero, _centre(box), _centre(box)]), *box))


def starts(step: Function, box: Box, known: Array, size: int, rng: np.random.Generator) -> Array:
    """About `size` starts in the box, in equal shares of all families, shape (k, d)."""
    share = max(size // (7 if len(known) >= 2 else 5), 2)
    families = [
        _uniform(box, share, rng),
        _images(step, box, share, rng),
        _orbits(step, box, share, rng),
        _small(box, share, rng),
        _mixed(box, share, rng),
    ]
    if len(known) >= 2:
        ends = known[rng.integers(0, len(known), (4, share))]
        families.append(ends[0] + rng.uniform(-0.1, 1.1, (share, 1)) * (ends[1] - ends[0]))
        families.append(np.where(rng.random((share, len(box[0]))) < 0.5, ends[2], ends[3]))
    return np.asarray(np.clip(np.concatenate(families), *box))


def moderate(box: Box, size: int, rng: np.random.Generator) -> Array:
    """Starts where few units are saturated, shape (size, d)."""
    spread = np.minimum(MODERATE, (box[1] - box[0]) / np.sqrt(12.0))
    return np.asarray(np.clip(spread * rng.standard_normal((size, len(box[0]))), *box))


def _centre(box: Box) -> Array:
    return np.asarray(0.5 * (box[0] + box[1]))


def _uniform(box: Box, k: int, rng: np.random.Generator) -> Array:
    return rng.uniform(*box, (k, len(box[0])))


def _images(step: Function, box: Box, k: int, rng: np.random.Generator) -> Array:
    far = _centre(box) + 1.5 * (box[1] - box[0]) * rng.standard_normal((k, len(box[0])))
    return step(np.clip(far, *box))


def _orbits(step: Function, box: Box, k: int, rng: np.random.Generator) -> Array:
    x, lengths = _uniform(box, k, rng), rng.integers(1, LONGEST_ORBIT, k)
    for t in range(int(lengths.max())):
        x = np.where((t < lengths)[:, None], np.clip(step(x), *box), x)
    return x


def _small(box: Box, k: int, rng: np.random.Generator) -> Array:
    return _centre(box) + SMALL * rng.standard_normal((k, len(box[0]))) * np.minimum(0.5 * (box[1] - box[0]), 1.0)


def _mixed(box: Box, k: int, rng: np.random.Generator) -> Array:
    near = np.clip(rng.standard_normal((k, len(box[0]))), *box)
    return np.where(rng.random(near.shape) < 0.5, near, _uniform(box, k, rng))
