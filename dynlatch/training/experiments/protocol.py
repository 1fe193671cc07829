"""The protocol with which the rules meet most of the published cells of Tables 1 to 4.

What the papers document: five fully connected tanh units and 25 weights, or 7 weights for parity; 2-sequence with three
informative inputs, noise U(-.2, .2), lengths uniform in [T/2, T]; first weights U(-.5, .5); eta .01 and mu .001 to .3 for the
pseudo-Newton rules; boxes that shrink by .9. What was fitted to the published tables, by their errors on fresh sequences: every
other number here, above all back-propagation's rate on 2-sequence (5e-5 leaves the net untrained, as the published row is), the
radius 2 of the first weights of parity, and the limits for parity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.experiments import paper
from dynlatch.training.experiments.regions import watching
from dynlatch.training.models import Dense, ParityNet, StateTables
from dynlatch.training.models.topology import TWO_CHAINS, TWO_STATES
from dynlatch.training.rules import (
    BackPropagation,
    DiscreteErrorPropagation,
    Discretisation,
    ExpectationMaximization,
    Feedback,
    MultigridRandomSearch,
    PseudoNewton,
    SimulatedAnnealing,
    Slope,
    TimeWeightedPseudoNewton,
    WeightGuessing,
)
from dynlatch.training.sweeps import Cell
from dynlatch.training.tasks import Parity, TwoSequence

LEARNED = "back-propagation, a rate that learns"
GUESSING = "weight guessing"

THREE_VALUED, STEP, PLAIN = Discretisation.THREE_VALUED, Slope.STEP, Feedback.PLAIN
BOX = MultigridRandomSearch(half_width=1.0, shrink=0.9, smallest=1e-3, patience=200)
COOLING = SimulatedAnnealing(temperature=1.0, step=0.1, bound=3.0, adjustments=20, sweeps=20)
FEW = 30  # trials, where a trial takes a second
# A thousandth of EM's trials needs many fresh starts, up to 8e4 presentations: the limit only ends what would never end.
ENOUGH_FOR_EM, TYPICAL_OF_EM = 1_000_000, 10_000


class Method(NamedTuple):
    """One row of a table.

    Attributes
    ----------
    rule, model, sequences, max_presentations
        As in `train`.
    lengths : tuple of int
        T that it is run at: those of the paper, and further ones where it can go there.
    most : int
        Trials at most, where they are expensive and nobody asks for a number.
    tests : int
        Fresh sequences that the error of a trial is measured on.
    typical : int, optional
        Presentations of a long trial, where the limit is far beyond: the monitor looks at fractions of it.
    """

    rule: Rule
    model: Architecture
    sequences: int
    max_presentations: int
    lengths: tuple[int, ...]
    most: int = 1_000_000_000
    tests: int = 300
    typical: int | None = None


class Problem(NamedTuple):
    """A pair of tables: the same runs give errors and presentations."""

    name: str
    task: Callable[[int], Task]
    methods: Mapping[str, Method]
    published: Mapping[str, paper.Row]


FURTHER = (500, 1000)  # T beyond the papers


def _dense(rule: Rule, limit: int, units: str = "tanh", further: tuple[int, ...] = ()) -> Method:
    return Method(rule, Dense(5, units=units, radius=0.5), 50, limit, (*paper.TWO_SEQUENCE, *further))


def _parity(rule: Rule, limit: int, lengths: tuple[int, ...], radius: float = 0.5, units: str = "tanh") -> Method:
    return Method(rule, ParityNet(units=units, radius=radius), 50, limit, lengths)


ON_TWO_SEQUENCE = {
    paper.BACK_PROPAGATION: _dense(BackPropagation(eta=5e-5), 3_000),
    LEARNED: _dense(BackPropagation(eta=0.1), 3_000),
    paper.PSEUDO_NEWTON: _dense(PseudoNewton(eta=0.01, mu=0.01), 3_000),
    paper.TIME_WEIGHTED: _dense(TimeWeightedPseudoNewton(eta=0.0268, mu=0.152), 3_000),
    paper.MULTIGRID: _dense(BOX, 20_000, further=FURTHER),
    paper.DISCRETE: _dense(
        DiscreteErrorPropagation(eta=0.055, margin=0.3, discretisation=THREE_VALUED, slope=STEP, feedback=PLAIN),
        3_000,
        "threshold",
        (500,),
    ),
    paper.ANNEALING: _dense(COOLING, 500_000),
    paper.EM: Method(
        ExpectationMaximization(det_weight=0.0, floor=1e-4, patience=3, hold=3, sharpness=-math.inf),
        StateTables(TWO_CHAINS),
        300,
        ENOUGH_FOR_EM,
        (*paper.TWO_SEQUENCE, *FURTHER),
        typical=TYPICAL_OF_EM,
    ),
    GUESSING: _dense(WeightGuessing(half_width=5.0), 500_000, further=FURTHER),
}

TO_50, TO_100, TO_500 = paper.PARITY[:5], paper.PARITY[:6], paper.PARITY
ON_PARITY = {
    paper.BACK_PROPAGATION: _parity(BackPropagation(eta=0.1), 12_000, TO_100, 2.0),
    paper.PSEUDO_NEWTON: _parity(PseudoNewton(eta=0.05, mu=0.02), 28_000, TO_100, 2.0),
    paper.TIME_WEIGHTED: _parity(TimeWeightedPseudoNewton(eta=0.00042, mu=0.26, momentum=0.9), 60_000, TO_50, 2.0),
    paper.MULTIGRID: _parity(BOX, 12_000, TO_500),
    paper.DISCRETE: _parity(
        DiscreteErrorPropagation(eta=0.3, margin=0.1, discretisation=THREE_VALUED, slope=STEP, feedback=PLAIN),
        100_000,
        TO_500,
        units="threshold",
    ),
    paper.ANNEALING: _parity(COOLING, 3_000_000, TO_50)._replace(most=FEW),
    paper.EM: Method(
        ExpectationMaximization(det_weight=2.0, floor=1e-5, patience=2, hold=1, sharpness=-0.05),
        StateTables(TWO_STATES),
        100,
        ENOUGH_FOR_EM,
        (*TO_500, 1000),
        typical=TYPICAL_OF_EM,
    ),
    GUESSING: _parity(WeightGuessing(half_width=10.0), 1_000_000, TO_500),
}


def _two_sequence(T: int) -> Task:
    """Lengths from 3 on, although at length 3 the third input never reaches the output unit."""
    return TwoSequence(T=T, shortest=3)


def _floor_parity(T: int) -> Task:
    """The shortest length is T/2 rounded down: at T = 3 a third of the sequences is a single symbol."""
    return Parity(T=T, shortest="floor")


TWO_SEQUENCE = Problem("two-sequence", _two_sequence, ON_TWO_SEQUENCE, paper.TABLES_1_2)
PARITY = Problem("parity", _floor_parity, ON_PARITY, paper.TABLES_3_4)


def cell(name: str, method: Method, task: Task, trials: int, *, watched: bool = False) -> Cell:
    """One cell of a table; its name ends in the length."""
    return Cell(
        f"{name}/T={task.T}",
        method.rule,
        task,
        trials,
        model=method.model,
        sequences=method.sequences,
        max_presentations=method.max_presentations,
        test_sequences=method.tests,
        monitor=watching(method.typical or method.max_presentations) if watched else None,
    )
