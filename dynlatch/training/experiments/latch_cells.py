"""What the latch benchmark trains: its methods, and the readings of a task that is documented in part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from dynlatch.training.contract import Architecture, Task
from dynlatch.training.experiments import paper
from dynlatch.training.experiments.contract import Scale
from dynlatch.training.experiments.latch_task import VariedLatch, three_weights
from dynlatch.training.experiments.protocol import GUESSING, LEARNED, ON_TWO_SEQUENCE, Method
from dynlatch.training.models import LatchNet
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.presets import PRESETS
from dynlatch.training.rules import DiscreteErrorPropagation
from dynlatch.training.sweeps import Cell
from dynlatch.training.tasks import Latch

NETWORK_METHODS = (
    *(paper.BACK_PROPAGATION, paper.PSEUDO_NEWTON, paper.TIME_WEIGHTED),
    *(paper.MULTIGRID, paper.DISCRETE, paper.ANNEALING),
)
FITTED = "discrete error propagation, set for the latch"
METHODS = (*NETWORK_METHODS, FITTED, GUESSING)
THRESHOLD = (paper.DISCRETE, FITTED)  # methods that train a unit of two values
LENGTHS = {Scale.MICRO: (5, 10), Scale.MINI: (5, 20, 100), Scale.FULL: (5, 10, 20, 50, 100)}
TRIALS = {Scale.MICRO: 2, Scale.MINI: 8, Scale.FULL: 20}
ALL_TASKS = "all tasks"
AT = 20  # T of the other readings: that of the papers' Fig. 2a
HELD = 3  # steps
HALF_WIDTH, RADIUS = 0.2, 0.5  # of the noise and of the first weights, as in the 1994 paper's other tasks
STD = 0.2  # and its square root: what the papers' "0.2" of Gaussian noise may be
MONITOR = RegionMonitor(every=100, portrait_every=200)


class Reading(NamedTuple):
    """What the surviving texts leave open: `task` by T, `net` by the kind of unit."""

    words: str
    task: Callable[[int], Task]
    net: Callable[[str], Architecture]


def _varied(T: int, L: int = 1, **noise: Any) -> VariedLatch:
    law = noise or {"half_width": HALF_WIDTH}
    return VariedLatch(Latch(T=T, L=L, **{"frozen": True, **law}))


def _bistable(units: str) -> LatchNet:
    return LatchNet(w0=1.25, L=1, radius=RADIUS, units=units)


MAIN = "as documented"
READINGS = {
    MAIN: Reading("given once, lengths from T/2 to T, noise on ±0.2 drawn once, first weights on ±0.5", _varied, three_weights),
    "input held": Reading("each class's input is held for 3 steps", partial(_varied, L=HELD), partial(three_weights, L=HELD)),
    "one length": Reading(
        "all sequences have length T", lambda T: Latch(T=T, L=1, half_width=HALF_WIDTH, frozen=True), three_weights
    ),
    "w from 1.25": Reading("w begins at 1.25, where the unit can latch", _varied, _bistable),
    "noise anew": Reading(
        "new noise at every presentation", partial(_varied, half_width=HALF_WIDTH, frozen=False), three_weights
    ),
    "std 0.2": Reading("Gaussian noise of standard deviation 0.2", partial(_varied, std=STD), three_weights),
    "variance 0.2": Reading(
        "Gaussian noise of variance 0.2, as in the 2001 text", partial(_varied, variance=STD), three_weights
    ),
}


def method_of(name: str) -> Method:
    """The settings of Tables 1 and 2, unchanged, with two exceptions that `NOTES` names."""
    if name == FITTED:
        rule = PRESETS[DiscreteErrorPropagation, Latch].rule
        return ON_TWO_SEQUENCE[paper.DISCRETE]._replace(rule=rule)
    return ON_TWO_SEQUENCE[LEARNED if name == paper.BACK_PROPAGATION else name]


def cell_name(reading: str, method: str, T: int) -> str:
    """Of a method under one reading of the task."""
    return f"latch/{reading}/{method}/T={T}"


def plan(scale: Scale) -> Iterator[tuple[str, str, int]]:
    """(reading, method, T) of every cell."""
    for method in METHODS:
        yield from ((MAIN, method, T) for T in LENGTHS[scale])
        yield from ((reading, method, AT) for reading in READINGS if reading != MAIN and scale != Scale.MICRO)


def cells(scale: Scale, trials: int | None) -> list[Cell]:
    """All methods at all lengths in the documented reading, and at T = 20 in each of the others."""
    return [_cell(*place, trials or TRIALS[scale]) for place in plan(scale)]


def _cell(reading: str, method: str, T: int, trials: int) -> Cell:
    run, read = method_of(method), READINGS[reading]
    units = "threshold" if method in THRESHOLD else "tanh"
    return Cell(
        cell_name(reading, method, T),
        run.rule,
        read.task(T),
        trials,
        model=read.net(units),
        sequences=run.sequences,
        max_presentations=run.max_presentations,
        test_sequences=run.tests,
        monitor=MONITOR if reading == MAIN and method != GUESSING else None,
    )
