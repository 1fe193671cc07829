"""How far inputs below the threshold carry the state, and where that jumps before it escapes.

The set that inputs of size b can reach need not grow continuously with b: an extreme path may fold while its end still lies in
the basin (a set-valued fold). From there on the set is large and curved, and no convex certificate can follow.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.escape.upper.descent import paths, turned
from dynlatch.analysis.escape.upper.fate import Judge, judge_of, leaves
from dynlatch.analysis.escape.upper.plant import Plant, plant_of, worst
from dynlatch.analysis.escape.upper.starts import sequences
from dynlatch.errors import NotSmooth
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array

LENGTH = 60
STARTS = 4  # sequences for each face
ITERATIONS = 40
SIZES = 9
HALVINGS = 5
JUMP = 1.3  # growth of the widest relative extent over the last, narrow interval of b that is no continuous growth


class Extents(NamedTuple):
    """The inner hull of the states that inputs of size at most b reach: no state beyond it is known to be reachable."""

    lo: Array  # (n,), in the coordinates of the searches: activations where the system has them
    hi: Array
    inputs: Array  # (T, 2 n, m) of size at most 1, those of the lower faces first


def reachable_extents(question: Question, b: float, *, rng: Rng = None, known: Extents | None = None) -> Extents:
    """The least and largest value of every component of the state under inputs of size b, as far as a search finds them.

    Parameters
    ----------
    question : Question
        Of a smooth system.
    b : float
        Size of the inputs.
    rng : int, Generator or None
    known : Extents, optional
        Of a neighbouring size: its inputs are starts.

    Raises
    ------
    NotSmooth
        If the system has no derivatives.
    """
    plant = plant_of(question)
    if plant.pull is None:
        raise NotSmooth("`reachable_extents` needs derivatives: wrap the function in FunctionMap.")
    n = plant.points.shape[1]
    xi = np.concatenate([-np.eye(n), np.eye(n)])
    T = LENGTH if question.steps is None else min(LENGTH, question.steps)
    U = sequences(T, 2 * n * STARTS, plant, generator(rng))
    aims = np.repeat(xi, STARTS, axis=0)
    if known is not None:
        U, aims = np.concatenate([U, known.inputs], axis=1), np.concatenate([aims, xi])
    U, reach = _stretched(plant, U, b, aims)
    return _hull(plant, U, reach, aims, xi)


def _stretched(plant: Plant, U: Array, b: float, xi: Array) -> tuple[Array, Array]:
    """Sequences (T, S, m) turned by Pontryagin's principle so that `xi . a_T` grows, and that value (S,)."""
    size = np.full(U.shape[1], b)
    U = U.copy()
    states = np.array(paths(plant, U, size, 0))
    reach, rate = (xi * states[-1]).sum(-1), np.ones(len(xi))
    for _ in range(ITERATIONS):
        V = turned(U, _pushes(plant, U, b, states, xi), rate, plant.norm)
        new = np.array(paths(plant, V, size, 0))
        aim = (xi * new[-1]).sum(-1)
        better = aim > reach
        U[:, better], states[:, better], reach[better] = V[:, better], new[:, better], aim[better]
        rate = np.where(better, np.minimum(1.0, 1.5 * rate), 0.5 * rate)
        if rate.max() < 1e-3:
            break
    return U, reach


def _pushes(plant: Plant, U: Array, b: float, states: Array, xi: Array) -> Array:
    assert plant.pull is not None
    out, p = np.empty_like(U), xi
    for t in range(len(U) - 1, -1, -1):
        p, g = plant.pull(states[t], b * U[t], p)
        out[t] = worst(g, plant.norm)
        p = p / (np.sqrt((p * p).sum(-1, keepdims=True)) + 1e-300)
    return out


def _hull(plant: Plant, U: Array, reach: Array, aims: Array, xi: Array) -> Extents:
    best = [int(np.where((aims == face).all(-1), reach, -np.inf).argmax()) for face in xi]
    n = len(xi) // 2
    far = reach[best]
    lo, hi = np.minimum(-far[:n], plant.points.min(0)), np.maximum(far[n:], plant.points.max(0))
    return Extents(lo, hi, U[:, best])


def jump(question: Question, lower: float, upper: float, *, rng: Rng = None) -> float | None:
    """The size between `lower` and `upper` at which the reachable set jumps before it escapes; None if it grows steadily.

    Parameters
    ----------
    question : Question
        Of a smooth system.
    lower, upper : float
        A bracket of the threshold, or any interval of sizes.
    rng : int, Generator or None

    Returns
    -------
    float or None
        Good to about the interval over 200; an observation of a search, not a proof.
    """
    if question.constant or not question.smooth or not 0.0 < upper < np.inf or not lower < upper:
        return None
    generator_ = generator(rng)
    judge = judge_of(plant_of(question), question.attractor.spectral_radius, generator_)
    sizes = np.linspace(lower, upper * 0.995, SIZES)[::-1]
    found: list[Extents] = []
    for b in sizes:  # from above: what is reached far out is tried again at smaller sizes
        found.append(reachable_extents(question, b, rng=generator_, known=found[-1] if found else None))
    kept = [(b, e) for b, e in zip(sizes[::-1], found[::-1], strict=True) if not _leaves(judge, e, b)]
    if len(kept) < 2:
        return None
    growth = [_growth(here[1], there[1], there[0] / max(here[0], 1e-300)) for here, there in pairwise(kept)]
    k = int(np.argmax(growth))
    return _located(question, kept[k], kept[k + 1], generator_)


def _located(
    question: Question, below: tuple[float, Extents], above: tuple[float, Extents], rng: np.random.Generator
) -> float | None:
    """The place of the steepest growth between two sizes, by bisection; None if it is smooth at close quarters."""
    for _ in range(HALVINGS):
        b = 0.5 * (below[0] + above[0])
        middle = (b, reachable_extents(question, b, rng=rng, known=above[1]))
        if _growth(below[1], middle[1], 1.0) >= _growth(middle[1], above[1], 1.0):
            above = middle
        else:
            below = middle
    return 0.5 * (below[0] + above[0]) if _growth(below[1], above[1], above[0] / below[0]) > JUMP else None


def _growth(here: Extents, there: Extents, sizes: float) -> float:
    """How much more the extents grew than the inputs did, in the component that grew most."""
    before, after = here.hi - here.lo, there.hi - there.lo
    return float((after / np.maximum(before, 1e-12)).max() / sizes)


def _leaves(judge: Judge, extents: Extents, b: float) -> bool:
    """Whether one of the extreme states does not come back."""
    end = paths(judge.plant, extents.inputs, np.full(extents.inputs.shape[1], b), 0)[-1]
    return bool(leaves(judge, end).any())
