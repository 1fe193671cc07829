"""Mozer's gap task (1992): a net of fast and slow units beside one of fast units only.

Two strings differ in their first symbol, which comes once more after a gap of known letters; every next symbol is predicted.
Ten context units, 25 replications, at most 10,000 epochs of both strings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.contract import Architecture
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.intervals import Interval, mean, wilson
from dynlatch.training.models.elman import ElmanNet
from dynlatch.training.models.time_constants import TimeConstants
from dynlatch.training.rules import BackPropagation
from dynlatch.training.sweeps import Cell
from dynlatch.training.tasks import Gap
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Sweep

T, SYMBOLS, STRINGS, EPOCHS, ETA = 12, 13, 2, 10_000, 0.1
FAST, SLOW = "standard net", "with time constants"
NETS: dict[str, Architecture] = {
    FAST: ElmanNet(10, input_dim=SYMBOLS, output_dim=SYMBOLS, answer="logistic"),
    SLOW: TimeConstants(input_dim=SYMBOLS, output_dim=SYMBOLS, answer="logistic"),
}


class Grid(NamedTuple):
    """What is run at a scale."""

    trials: int
    gaps: tuple[int, ...]


GRIDS = {Scale.MICRO: Grid(2, (2,)), Scale.MINI: Grid(10, (2, 6, 10)), Scale.FULL: Grid(25, (2, 4, 6, 8, 10))}


@dataclass(frozen=True, eq=False)
class GapRuns(Result):
    """All trials, a row a cell.

    Attributes
    ----------
    method : ndarray of str, shape (cells,)
    gap : ndarray of int, shape (cells,)
        Letters between the two occurrences.
    epochs : ndarray, shape (cells, trials)
        Presentations of both strings until both were right, or 10,000.
    learned : ndarray of bool, shape (cells, trials)
    """

    method: NDArray[np.str_]
    gap: NDArray[np.int64]
    epochs: Array
    learned: NDArray[np.bool_]

    title = "Time constants on the gap task"

    @property
    def notes(self) -> tuple[str, ...]:
        from dynlatch.training.experiments.time_constants_words import NOTES

        return NOTES

    @cached_property
    def failures(self) -> list[Interval]:
        """Share of the trials of every cell that did not learn."""
        return [wilson(int((~row).sum()), len(row)) for row in self.learned]

    @cached_property
    def shown(self) -> list[Interval]:
        """Mean epochs of every cell, 10,000 for a trial that did not learn."""
        return [mean(row, within=(0.0, float(EPOCHS))) for row in self.epochs]

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        from dynlatch.training.experiments.time_constants_words import verdicts_of

        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a cell."""
        table: dict[str, NDArray[Any]] = {"method": self.method, "gap": self.gap}
        for name, intervals in (("failures", self.failures), ("epochs", self.shown)):
            for k, end in enumerate(("", "_low", "_high")):
                table[name + end] = np.array([interval[k] for interval in intervals])
        return table | {"trials": np.full(len(self.gap), self.epochs.shape[1])}

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.time_constants import pictures

        return pictures(self)

    def summary(self) -> str:
        """A sentence a value."""
        return "\n".join([self.title, *(f"  {verdict.words}" for verdict in self.verdicts)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Failures against the gap, ours and the published ones."""
        from dynlatch.training.plots.time_constants import plot_failures

        return plot_failures(self, ax)


def _places(scale: Scale) -> list[tuple[str, int]]:
    return [(method, gap) for method in NETS for gap in GRIDS[scale].gaps]


def cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """One for every gap and net."""
    return [_cell(*place, GRIDS[scale].trials if trials is None else trials) for place in _places(scale)]


def _cell(method: str, gap: int, trials: int) -> Cell:
    return Cell(
        name=_name(method, gap),
        rule=BackPropagation(eta=ETA, batch=STRINGS),
        task=Gap(T, gap=gap),
        trials=trials,
        model=NETS[method],
        sequences=STRINGS,
        max_presentations=EPOCHS * STRINGS,
        test_sequences=STRINGS,
    )


def _name(method: str, gap: int) -> str:
    return f"time-constants/{method}/gap={gap}"


def read(sweep: Sweep, scale: Scale) -> GapRuns:
    """The runs of a sweep that holds `cells(scale, ...)`."""
    places = _places(scale)
    found = [sweep.of(_name(*place)) for place in places]
    return GapRuns(
        method=np.array([method for method, _ in places]),
        gap=np.array([gap for _, gap in places]),
        epochs=np.array([trials.presentations / STRINGS for trials in found]),
        learned=np.array([trials.outcome == "learned" for trials in found]),
    )


TIME_CONSTANTS = Experiment(
    name="time-constants",
    title="Time constants on the gap task: fast and slow units beside fast ones",
    source="Mozer (1992), NIPS 4, tables 1 and 2",
    cells=cells,
    read=read,
)
