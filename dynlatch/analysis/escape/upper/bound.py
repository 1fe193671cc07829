"""The least upper bound that the searches find, believed only after an independent replay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.question import Question, UpperBound, size
from dynlatch.analysis.escape.upper.constant import best_constants, starting_directions
from dynlatch.analysis.escape.upper.fate import Judge, elsewhere, judge_of
from dynlatch.analysis.escape.upper.lengthen import held, lengthened
from dynlatch.analysis.escape.upper.plant import plant_of
from dynlatch.analysis.escape.upper.population import Found, search
from dynlatch.analysis.escape.witness import replay
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array

LENGTHS = (12, 20, 30, 50)
LONG = 2000


class Effort(NamedTuple):
    """How much is searched: constant directions, sequences of a population, restarts, iterations of each."""

    directions: int
    sequences: int
    restarts: int
    iterations: int


EFFORTS = {"default": Effort(24, 64, 8, 60), "high": Effort(64, 128, 24, 200)}
Report = Callable[[str, float], None]


def upper_bound(
    question: Question,
    *,
    effort: str = "default",
    rng: Rng = None,
    budget: int | None = None,
    time_budget: float | None = None,
    progress: Report | None = None,
    known: UpperBound | None = None,
) -> UpperBound | None:
    """The smallest escaping input sequence that is found; None if nothing escapes.

    Parameters
    ----------
    question : Question
    effort : {"default", "high"}
    rng : int, Generator or None
    budget : int, optional
        Iterations of the populations, all restarts together.
    time_budget : float, optional
        Seconds; what was found by then is returned.
    progress : callable, optional
        Called with the name of each stage and the best value so far.
    known : UpperBound, optional
        A sequence known to escape: the search starts below it.
    """
    deadline = np.inf if time_budget is None else time.monotonic() + time_budget
    best = known if known is not None and _holds(question, known.inputs) else None
    try:
        for method, found in _candidates(question, EFFORTS[effort], generator(rng), budget):
            if found is not None and (best is None or found.value < best.value):
                best = _validated(question, found, method) or best
            if progress is not None:
                progress(method, np.inf if best is None else best.value)
            if time.monotonic() > deadline:
                break
    except KeyboardInterrupt:
        pass
    return best


def _validated(question: Question, found: Found, method: str) -> UpperBound | None:
    """The bound, if its sequence escapes in an independent replay: after a hair more push if need be."""
    for nudge in (1.0, 1.0 + 1e-9, 1.0 + 1e-6):
        inputs = found.inputs * nudge
        if _holds(question, inputs):
            return UpperBound(size(inputs, question.norm), inputs, method)
    return None


def _holds(question: Question, inputs: Array) -> bool:
    return not replay(question.system, question.attractor.points[0], inputs, norm=question.norm).returned


def _candidates(
    question: Question, effort: Effort, rng: np.random.Generator, budget: int | None
) -> Iterator[tuple[str, Found | None]]:
    judge = judge_of(plant_of(question))
    directions, sizes = best_constants(
        judge, starting_directions(judge.plant, effort.directions, rng), _unit(judge), 8, question.steps
    )
    start = np.inf
    if np.isfinite(sizes[0]):
        constant = held(judge, directions[0], sizes[0], question.steps or LONG)
        start = sizes[0]
        yield "constant input", constant
    if question.constant or judge.plant.pull is None:
        return
    yield from _populations(judge, question.steps, effort, rng, start, budget)


def _populations(
    judge: Judge, steps: int | None, effort: Effort, rng: np.random.Generator, start: float, budget: int | None
) -> Iterator[tuple[str, Found | None]]:
    targets = elsewhere(judge, rng)
    lengths = [T for T in LENGTHS if steps is None or T < steps] + ([steps] if steps is not None else [])
    best: Found | None = None
    left = np.inf if budget is None else budget
    for k in range(effort.restarts):
        iterations = int(min(effort.iterations, left))
        if iterations <= 0:
            break
        left -= iterations
        b = start if best is None else min(start, 1.2 * best.value)
        found = search(judge, lengths[k % len(lengths)], b, iterations, rng, S=effort.sequences, targets=targets)
        if found is not None and (best is None or found.value < best.value):
            best = found
        yield "population search", found
    if best is not None and steps is None:
        for extra in (60, 600):
            best = lengthened(judge, best, extra)
            yield "population search, lengthened", best


def _unit(judge: Judge) -> float:
    """The size of inputs with which the search begins: about that of the state."""
    return float(np.abs(judge.points).max()) or 1.0
