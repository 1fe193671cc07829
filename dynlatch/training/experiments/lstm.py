"""LSTM on the tasks of its paper: the 2-sequence problem in Gaussian noise, and the adding problem.

Hochreiter and Schmidhuber (1997), "Long short-term memory", experiments 3a and 4: architecture, first weights, biases, learning
rate and truncated gradient as published. Beside it the same net with the whole gradient, and Elman's net.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.contract import Architecture, Rule, Task
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.intervals import Interval, mean, mean_error, wilson
from dynlatch.training.models import ElmanNet
from dynlatch.training.models.lstm_1997 import LSTM1997
from dynlatch.training.rules import BackPropagation, TruncatedBackPropagation
from dynlatch.training.sweeps import Cell
from dynlatch.training.tasks import Adding, GaussianTwoSequence, ZeroOne
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Sweep

TESTS = 500


class Problem(NamedTuple):
    """A task by its shortest length, the net that it was given, and what was published."""

    task: Any  # shortest length -> Task
    net: Architecture
    eta: float
    sequences: int
    limit: int
    published: Mapping[int, float]  # presentations by shortest length


def _two_sequence(N: int, published: Mapping[int, float]) -> Problem:
    def task(T: int) -> Task:
        return ZeroOne(GaussianTwoSequence(longest(T), informative=N, shortest=T), tolerance=0.2)

    return Problem(task, LSTM1997(answer="logistic"), 1.0, 1000, 200_000, published)


def _adding(T: int) -> Task:
    return Adding(longest(T), shortest=T)


def longest(T: int) -> int:
    """Published lengths are uniform on T, ..., 1.1 T."""
    return T + T // 10


ADDING_NET = LSTM1997(2, 2, input_dim=2, input_bias=(-3.0, -6.0), output_bias=(0.0,), answer="logistic", answer_bias=True)
PROBLEMS = {
    "2-sequence, N = 3": _two_sequence(3, {100: 27_380}),
    "2-sequence, N = 1": _two_sequence(1, {100: 58_370}),
    "adding": Problem(_adding, ADDING_NET, 0.5, 2000, 300_000, {100: 74_000}),
}
TRUNCATED, WHOLE, ELMAN = "LSTM", "LSTM, whole gradient", "Elman's net"


class Place(NamedTuple):
    """One cell."""

    problem: str
    method: str
    T: int


class Grid(NamedTuple):
    """What is run at a scale."""

    trials: int
    places: tuple[Place, ...]


def _grid(trials: int, lengths: Mapping[str, tuple[int, ...]], beside: Sequence[str]) -> Grid:
    first = next(iter(PROBLEMS))
    own = [Place(problem, TRUNCATED, T) for problem, row in lengths.items() for T in row]
    return Grid(trials, (*own, *(Place(first, method, T) for method in beside for T in lengths[first])))


GRIDS = {
    Scale.MICRO: _grid(2, {"2-sequence, N = 3": (20,)}, ()),
    Scale.MINI: _grid(10, {"2-sequence, N = 3": (50, 100), "2-sequence, N = 1": (100,), "adding": (20,)}, (WHOLE, ELMAN)),
    Scale.FULL: _grid(
        20, {"2-sequence, N = 3": (20, 50, 100), "2-sequence, N = 1": (20, 50, 100), "adding": (20, 50, 100)}, (WHOLE, ELMAN)
    ),
}


@dataclass(frozen=True, eq=False)
class LSTMRuns(Result):
    """All trials, a row a cell.

    Attributes
    ----------
    problem, method : ndarray of str, shape (cells,)
    T : ndarray of int, shape (cells,)
        The shortest length; the longest is 1.1 T.
    error : ndarray, shape (cells, trials)
        Fraction of fresh sequences that are answered wrong.
    presentations : ndarray of int, shape (cells, trials)
    learned : ndarray of bool, shape (cells, trials)
        Whether as many presentations in a row were right as there are training sequences.
    """

    problem: NDArray[np.str_]
    method: NDArray[np.str_]
    T: NDArray[np.int64]
    error: Array
    presentations: NDArray[np.int64]
    learned: NDArray[np.bool_]

    title = "LSTM of 1997 on its own tasks"

    @property
    def notes(self) -> tuple[str, ...]:
        from dynlatch.training.experiments.lstm_words import NOTES

        return NOTES

    @cached_property
    def solved(self) -> list[Interval]:
        """Share of the trials of every cell that learned."""
        return [wilson(int(row.sum()), len(row)) for row in self.learned]

    @cached_property
    def shown(self) -> list[Interval]:
        """Mean presentations of every cell, those of trials that did not learn included."""
        limits = [float(PROBLEMS[str(problem)].limit) for problem in self.problem]
        return [mean(row, within=(0.0, limit)) for row, limit in zip(self.presentations, limits, strict=True)]

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        from dynlatch.training.experiments.lstm_words import verdicts_of

        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a cell."""
        table: dict[str, NDArray[Any]] = {"problem": self.problem, "method": self.method, "T": self.T}
        errors = [mean_error(row) for row in self.error]
        for name, intervals in (("solved", self.solved), ("presentations", self.shown), ("error", errors)):
            for k, end in enumerate(("", "_low", "_high")):
                table[name + end] = np.array([interval[k] for interval in intervals])
        return table | {"trials": np.full(len(self.T), self.error.shape[1])}

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.lstm import pictures

        return pictures(self)

    def summary(self) -> str:
        """A sentence a cell."""
        return "\n".join([self.title, *(f"  {verdict.words}" for verdict in self.verdicts)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Presentations of every trial, with the published means."""
        from dynlatch.training.plots.lstm import plot_presentations

        return plot_presentations(self, ax)


def _run(place: Place) -> tuple[Rule, Architecture]:
    own = PROBLEMS[place.problem]
    if place.method == ELMAN:
        return BackPropagation(eta=own.eta), ElmanNet(9, answer="logistic", radius=0.1)
    return (TruncatedBackPropagation(eta=own.eta) if place.method == TRUNCATED else BackPropagation(eta=own.eta)), own.net


def cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """One for every length of every problem and method."""
    return [_cell(place, GRIDS[scale].trials if trials is None else trials) for place in GRIDS[scale].places]


def _cell(place: Place, trials: int) -> Cell:
    own, (rule, model) = PROBLEMS[place.problem], _run(place)
    return Cell(
        name=_name(place),
        rule=rule,
        task=own.task(place.T),
        trials=trials,
        model=model,
        sequences=own.sequences,
        max_presentations=own.limit,
        test_sequences=TESTS,
    )


def _name(place: Place) -> str:
    return f"lstm/{place.problem}/{place.method}/T={place.T}"


def read(sweep: Sweep, scale: Scale) -> LSTMRuns:
    """The runs of a sweep that holds `cells(scale, ...)`."""
    places = GRIDS[scale].places
    found = [sweep.of(_name(place)) for place in places]
    return LSTMRuns(
        problem=np.array([place.problem for place in places]),
        method=np.array([place.method for place in places]),
        T=np.array([place.T for place in places]),
        error=np.array([trials.error for trials in found]),
        presentations=np.array([trials.presentations for trials in found]),
        learned=np.array([trials.outcome == "learned" for trials in found]),
    )


LSTM = Experiment(
    name="lstm",
    title="LSTM of 1997 on the 2-sequence and the adding problem",
    source="Hochreiter and Schmidhuber (1997), Neural Computation 9, 1735, experiments 3a and 4",
    cells=cells,
    read=read,
)
