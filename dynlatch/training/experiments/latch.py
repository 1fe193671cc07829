"""The latch benchmark of Bengio, Simard and Frasconi (1994): one tanh unit, and three weights to find.

`x_t = tanh(w x_{t-1} + u_t)`, where u_1 is u- or u+, one trained number for each class, and u_t noise after it; the answer x_T
is to be -0.8 or +0.8. Of its results one number survives: about 1,600 presentations "with several methods" (Schmidhuber,
Hochreiter and Bengio, 2001, who describe it as above), without the methods and the lengths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.experiments import annealing_price as annealing
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.intervals import Interval, mean, mean_error
from dynlatch.training.experiments.latch_cells import ALL_TASKS, MAIN, NETWORK_METHODS, cell_name, cells, method_of, plan
from dynlatch.training.experiments.latch_fates import told
from dynlatch.training.experiments.latch_words import NOTES, verdicts_of
from dynlatch.training.experiments.regions import region_sentence
from dynlatch.training.sweeps import Sweep

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def read(sweep: Sweep, scale: Scale) -> LatchBenchmark:
    """The benchmark from a sweep that holds `cells(scale, ...)`; annealing's price also over what it holds of the tables."""
    places = list(plan(scale))
    trials = [sweep.of(cell_name(*place)) for place in places]
    return LatchBenchmark(
        reading=np.array([place[0] for place in places]),
        method=np.array([place[1] for place in places]),
        T=np.array([place[2] for place in places]),
        error=np.array([own.error for own in trials]),
        presentations=np.array([own.presentations for own in trials]),
        learned=np.array([own.outcome == "learned" for own in trials]),
        weights=np.array([own.weights[:, :3] for own in trials]),
        regions=np.array(
            [region_sentence(own, place[2]) if own.facts else "" for own, place in zip(trials, places, strict=True)]
        ),
        limit=np.array([method_of(place[1]).max_presentations for place in places]),
        price=_prices(sweep, scale),
    )


def _prices(sweep: Sweep, scale: Scale) -> dict[str, NDArray[np.float64]]:
    """Of the latch, of the tables as far as they are in the same sweep, and of all three together if they are."""
    places = [(method, T) for reading, method, T in plan(scale) if reading == MAIN and method in NETWORK_METHODS]
    latch = {(method, f"latch {T}"): sweep.of(cell_name(MAIN, method, T)).presentations for method, T in places}
    tasks: dict[str, annealing.Presentations] = {
        "latch": {place: shown.astype(np.float64) for place, shown in latch.items()},
        "2-sequence": annealing.table_cells(sweep, "two-sequence", NETWORK_METHODS),
        "parity": annealing.table_cells(sweep, "parity", NETWORK_METHODS),
    }
    if all(tasks.values()):
        tasks[ALL_TASKS] = {place: shown for task in tuple(tasks.values()) for place, shown in task.items()}
    return {
        task: np.array([*annealing.price(shown), sum(map(len, shown.values()))], dtype=np.float64)
        for task, shown in tasks.items()
        if shown
    }


@dataclass(frozen=True, eq=False)
class LatchBenchmark(Result):
    """All trials of the benchmark, a row a cell.

    Attributes
    ----------
    reading, method : ndarray of str, shape (cells,)
    T : ndarray of int, shape (cells,)
    error : ndarray, shape (cells, trials)
        Fraction of fresh sequences with |x_T - d| >= 0.4.
    presentations : ndarray of int, shape (cells, trials)
    learned : ndarray of bool, shape (cells, trials)
    weights : ndarray, shape (cells, trials, 3)
        w, u- and u+ at the end.
    regions : ndarray of str, shape (cells,)
        How the trials moved through basins and Gamma; empty where nobody watched.
    limit : ndarray of int, shape (cells,)
        Presentations that a trial may use.
    price : mapping of str to ndarray, shape (4,)
        By task: log10 of annealing's presentations over those of the other network methods, its 95 % interval, and the number
        of trials behind it.
    """

    reading: NDArray[np.str_]
    method: NDArray[np.str_]
    T: NDArray[np.int64]
    error: NDArray[np.float64]
    presentations: NDArray[np.int64]
    learned: NDArray[np.bool_]
    weights: NDArray[np.float64]
    regions: NDArray[np.str_]
    limit: NDArray[np.int64]
    price: Mapping[str, NDArray[np.float64]]

    title = "The latch benchmark"
    notes = NOTES

    @cached_property
    def errors(self) -> list[Interval]:
        """Mean error of every cell."""
        return [mean_error(row) for row in self.error]

    @cached_property
    def shown(self) -> list[Interval]:
        """Mean presentations of every cell."""
        return [mean(row, within=(0.0, float(most))) for row, most in zip(self.presentations, self.limit, strict=True)]

    def row(self, reading: str, method: str, T: int) -> int:
        """The row of a cell."""
        return int(np.flatnonzero((self.reading == reading) & (self.method == method) & (self.T == T))[0])

    @property
    def lengths(self) -> tuple[int, ...]:
        return tuple(sorted({int(T) for T in self.T[self.reading == MAIN]}))

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a cell; `runs` says what became of its trials."""
        table: dict[str, NDArray[Any]] = {name: getattr(self, name) for name in ("reading", "method", "T")}
        for name, intervals in (("error", self.errors), ("presentations", self.shown)):
            for k, end in enumerate(("", "_low", "_high")):
                table[name + end] = np.array([interval[k] for interval in intervals])
        table["learned"] = self.learned.mean(1)
        table["trials"] = np.full(len(self.T), self.error.shape[1])
        table["runs"] = np.array([told(self, row) for row in range(len(self.T))])
        return table

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots import latch

        return latch.pictures(self)

    def summary(self) -> str:
        """Mean error and presentations by method and length, then the other readings, then annealing's price."""
        from dynlatch.training.experiments.latch_words import summary_of

        return summary_of(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Presentations against T, with the published 1,600."""
        from dynlatch.training.plots.latch import plot_presentations

        return plot_presentations(self, ax)


LATCH = Experiment(
    "latch",
    "The latch benchmark",
    "Bengio, Simard and Frasconi (1994), section on experimental results; its one surviving number in Schmidhuber, Hochreiter "
    "and Bengio (2001)",
    cells,
    read,
)
