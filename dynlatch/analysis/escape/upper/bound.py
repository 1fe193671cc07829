"""The least upper bound that the searches find, believed only after an independent replay."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.question import Question, UpperBound, size
from dynlatch.analysis.escape.upper.constant import constants
from dynlatch.analysis.escape.upper.descent import by_costates, descend
from dynlatch.analysis.escape.upper.fate import Judge, judge_of
from dynlatch.analysis.escape.upper.ledger import Ledger, Report
from dynlatch.analysis.escape.upper.lengthen import ROUND, held, lengthened
from dynlatch.analysis.escape.upper.plant import plant_of
from dynlatch.analysis.escape.upper.starts import scaled, sequences, unit_of
from dynlatch.analysis.escape.upper.wander import wander
from dynlatch.analysis.escape.witness import replay
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array

SETTLING = 200  # steps within which constant inputs are compared
LONG = 2000  # steps for which the best one is held
WAIT = 600  # last steps of waiting given to the best sequence
SHORT, LONGEST = 20, 60  # first length of sequences, and its limit for slow systems
NUDGES = (0.0, 1e-9, 1e-7, 1e-6, 1e-5)
TRIES = 12  # finds that are replayed before a search is given up
SLOW_TRIES = 2  # finds after which the state is still on its way when the replay ends: the search takes slowness for escape


class Round(NamedTuple):
    """Of a tournament: iterations of every sequence, its largest fall in one of them, and how many survive."""

    iterations: int
    drop: float
    survivors: int


class Growth(NamedTuple):
    """Steps of waiting that are added, sequences that go on, and their iterations."""

    extra: int
    sequences: int
    iterations: int
    survivors: int


class Effort(NamedTuple):
    """How much is searched."""

    directions: int
    restarts: int
    sequences: int
    rounds: tuple[Round, ...]
    growth: tuple[Growth, ...]
    wandering: int  # iterations where there are no derivatives


EFFORTS = {
    "default": Effort(
        24, 1, 150, (Round(12, 0.7, 40), Round(16, 0.85, 12)), (Growth(30, 20, 12, 8), Growth(60, 16, 12, 4)), 60
    ),
    "high": Effort(
        96,
        6,
        300,
        (Round(15, 0.7, 80), Round(25, 0.85, 24), Round(25, 0.95, 12)),
        (Growth(30, 32, 20, 12), Growth(60, 24, 20, 8), Growth(120, 12, 20, 4)),
        300,
    ),
}


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
    """The smallest escaping input sequence that is found; None if none is.

    Parameters
    ----------
    question : Question
    effort : {"default", "high"}
    rng : int, Generator or None
        Same seed, same bound.
    budget : int, optional
        Iterations of all searches together.
    time_budget : float, optional
        Seconds after which the search stops with what it has.
    progress : callable, optional
        Called with the name of every stage and the smallest size so far.
    known : UpperBound, optional
        A bound from elsewhere; its inputs are one of the starts.
    """
    ledger = Ledger(
        question.norm, np.inf if budget is None else budget, np.inf if time_budget is None else time_budget, progress
    )
    if known is not None:
        ledger.stage(known.method)
        ledger.offer(known.inputs, 1.0)
    # An interruption loses nothing: what was found is in the ledger. States may overflow on their way to infinity.
    with suppress(KeyboardInterrupt), np.errstate(over="ignore", invalid="ignore"):
        _explore(question, EFFORTS[effort], generator(rng), ledger)
    return _validated(question, ledger)


def _validated(question: Question, ledger: Ledger) -> UpperBound | None:
    """The smallest find that escapes in an independent replay, after a hair more push if need be."""
    slow = 0
    for found in ledger.finds[: -TRIES - 1 : -1]:
        for nudge in NUDGES:
            inputs = found.inputs * (1.0 + nudge)
            landing = replay(question.system, question.attractor.points, inputs)
            if not landing.returned:
                return UpperBound(size(inputs, question.norm), inputs, found.method)
            if landing.period is None:
                slow += 1
                break
        if slow == SLOW_TRIES:
            break
    return None


def _explore(question: Question, effort: Effort, rng: np.random.Generator, ledger: Ledger) -> None:
    plant = plant_of(question)
    judge = judge_of(plant, question.attractor.spectral_radius, rng)
    unit = unit_of(judge)
    ledger.stage("constant input")
    d, sizes = constants(judge, effort.directions, min(question.steps or SETTLING, SETTLING), unit, rng, ledger)
    for k in range(min(2, len(sizes))):
        steps = min(question.steps or LONG, LONG)
        ledger.offer(np.broadcast_to(d[k], (steps, plant.width)), held(judge, d[k], sizes[k], steps))
    if question.constant:
        return
    for _ in range(effort.restarts):
        _sequences(judge, question, effort, d[:4], unit, rng, ledger)


def _sequences(
    judge: Judge, question: Question, effort: Effort, d: Array, unit: float, rng: np.random.Generator, ledger: Ledger
) -> None:
    plant = judge.plant
    T = _first_length(question)
    ledger.stage("Pontryagin search")
    U = sequences(T, _count(effort.sequences, plant.points.shape[1]), plant, rng)
    U = np.concatenate([U, np.broadcast_to(d, (T, *d.shape))], axis=1)
    U, hi = scaled(judge, U, unit)
    if not len(hi):
        return
    if plant.pull is None:
        ledger.stage("random search")
        wander(judge, U, hi, effort.wandering, rng, ledger)
        return
    turn = by_costates(plant)
    for k, stage in enumerate(effort.rounds):
        U, hi = descend(judge, U, hi, turn, stage.iterations, stage.drop if k else 0.25, ledger)
        survivors = _count(stage.survivors, plant.points.shape[1])
        U, hi = U[:, :survivors], hi[:survivors]
    for growth in effort.growth:
        extra = growth.extra if question.steps is None else min(growth.extra, question.steps - len(U))
        if extra < 1 or not ledger.on():
            break
        V, new = lengthened(judge, U, hi, extra - extra % ROUND if extra > ROUND else extra, growth.sequences)
        if not len(new):
            break
        U, hi = descend(judge, V, new, turn, growth.iterations, 0.95, ledger)
        survivors = _count(growth.survivors, plant.points.shape[1])
        U, hi = U[:, :survivors], hi[:survivors]
    _wait(judge, U[:, :1], hi[:1], question, ledger)


def _wait(judge: Judge, U: Array, hi: Array, question: Question, ledger: Ledger) -> None:
    extra = WAIT if question.steps is None else min(WAIT, question.steps - len(U))
    if extra >= ROUND:
        V, new = lengthened(judge, U, hi, extra - extra % ROUND, 1, 12)
        if len(new):
            ledger.offer(V[:, 0], new[0])


def _first_length(question: Question) -> int:
    """Steps of the first sequences: several times that in which the attractor forgets."""
    rate = question.attractor.spectral_radius if question.smooth else 0.9
    T = int(np.clip(3.0 / max(-np.log(max(rate, 1e-9)), 1e-9), SHORT, LONGEST))
    return T if question.steps is None else min(T, question.steps)


def _count(sequences: int, n: int) -> int:
    """Fewer for large systems, whose steps cost more."""
    return int(np.ceil(np.clip(sequences * 16 / n, sequences / 5, sequences)))
