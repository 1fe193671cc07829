"""The protocol with which the rules meet most of the published cells of Tables 1 to 4.

What the papers document: five fully connected tanh units and 25 weights, or 7 weights for parity; 2-sequence with three
informative inputs, noise U(-.2, .2), lengths uniform in [T/2, T]; eta .01 and mu .001 to .3 for the pseudo-Newton rules; boxes
that shrink by .9. What was fitted to the published tables: every other number here, above all back-propagation's rate on
2-sequence (5e-5 leaves the net untrained, as the published row is), the radius of the first weights and the limits for parity.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.experiments.paper import PARITY, TWO_SEQUENCE
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

TEST_SEQUENCES = 300
LEARNED = "back-propagation, a rate that learns"
GUESSING = "weight guessing"

THREE_VALUED, STEP, PLAIN = Discretisation.THREE_VALUED, Slope.STEP, Feedback.PLAIN
MULTIGRID = MultigridRandomSearch(half_width=1.0, shrink=0.9, smallest=1e-3, patience=200)
ANNEALING = SimulatedAnnealing(temperature=1.0, step=0.1, bound=3.0, adjustments=20, sweeps=20)


class Method(NamedTuple):
    """One row of a table."""

    rule: Rule
    model: Architecture
    sequences: int
    max_presentations: int


def _dense(rule: Rule, limit: int, units: str = "tanh") -> Method:
    return Method(rule, Dense(5, units=units, radius=0.5), 50, limit)


def _parity(rule: Rule, limit: int, radius: float = 0.5, units: str = "tanh") -> Method:
    return Method(rule, ParityNet(units=units, radius=radius), 50, limit)


ON_TWO_SEQUENCE = {
    "back-propagation": _dense(BackPropagation(eta=5e-5), 3_000),
    LEARNED: _dense(BackPropagation(eta=0.1), 3_000),
    "pseudo-Newton": _dense(PseudoNewton(eta=0.01, mu=0.01), 3_000),
    "time-weighted pseudo-Newton": _dense(TimeWeightedPseudoNewton(eta=0.0268, mu=0.152), 3_000),
    "multigrid": _dense(MULTIGRID, 20_000),
    "discrete error propagation": _dense(
        DiscreteErrorPropagation(eta=0.055, margin=0.3, discretisation=THREE_VALUED, slope=STEP, feedback=PLAIN),
        3_000,
        "threshold",
    ),
    "simulated annealing": _dense(ANNEALING, 500_000),
    "EM": Method(
        ExpectationMaximization(det_weight=0.0, floor=1e-4, patience=3, hold=3, sharpness=-math.inf),
        StateTables(TWO_CHAINS),
        300,
        50_000,
    ),
    GUESSING: _dense(WeightGuessing(half_width=5.0), 500_000),
}

ON_PARITY = {
    "back-propagation": _parity(BackPropagation(eta=0.1), 12_000, 2.0),
    "pseudo-Newton": _parity(PseudoNewton(eta=0.05, mu=0.02), 28_000, 2.0),
    "time-weighted pseudo-Newton": _parity(TimeWeightedPseudoNewton(eta=0.00042, mu=0.26, momentum=0.9), 60_000, 2.0),
    "multigrid": _parity(MULTIGRID, 12_000),
    "discrete error propagation": _parity(
        DiscreteErrorPropagation(eta=0.3, margin=0.1, discretisation=THREE_VALUED, slope=STEP, feedback=PLAIN),
        100_000,
        units="threshold",
    ),
    "simulated annealing": _parity(ANNEALING, 3_000_000),
    "EM": Method(
        ExpectationMaximization(det_weight=2.0, floor=1e-5, patience=2, hold=1, sharpness=-0.05),
        StateTables(TWO_STATES),
        100,
        50_000,
    ),
    GUESSING: _parity(WeightGuessing(half_width=10.0), 1_000_000),
}


def two_sequence_cells(trials: int, lengths: tuple[int, ...] = TWO_SEQUENCE) -> list[Cell]:
    """Tables 1 and 2; lengths from 3 on, although at length 3 the third input never reaches the output unit."""
    return [
        _cell("two-sequence", name, method, TwoSequence(T=T, shortest=3), trials)
        for name, method in ON_TWO_SEQUENCE.items()
        for T in lengths
    ]


def parity_cells(trials: int, lengths: tuple[int, ...] = PARITY) -> list[Cell]:
    """Tables 3 and 4; the shortest length is T/2 rounded down: at T = 3 a third of the sequences is a single symbol."""
    return [
        _cell("parity", name, method, Parity(T=T, shortest="floor"), trials)
        for name, method in ON_PARITY.items()
        for T in lengths
    ]


def _cell(table: str, name: str, method: Method, task: Task, trials: int) -> Cell:
    return Cell(
        f"{table}/{name}/T={task.T}",
        method.rule,
        task,
        trials,
        model=method.model,
        sequences=method.sequences,
        max_presentations=method.max_presentations,
        test_sequences=TEST_SEQUENCES,
    )
