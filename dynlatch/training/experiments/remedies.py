"""Every remedy that was proposed against the decay of gradients, on the same two tasks, under the same limit.

Schmidhuber, Hochreiter and Bengio (2001) list the remedies and leave open how far each of them moves the gradient's horizon,
and whether it still latches. Here each is trained on the 2-sequence problem and on the latch, and every trained network is
asked (`examination`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.contract import Task
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.examination import Examination, Keeping
from dynlatch.training.experiments.intervals import Interval, wilson
from dynlatch.training.experiments.remedies_methods import REMEDIES
from dynlatch.training.sweeps import Cell, Sweep
from dynlatch.training.tasks import GaussianTwoSequence, Latch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SOLVED = 0.05  # error on fresh sequences
TASKS = TWO_SEQUENCE, LATCH = "2-sequence", "latch"
SEQUENCES = {TWO_SEQUENCE: 200, LATCH: 2}
LENGTHS = {Scale.MICRO: (10,), Scale.MINI: (20, 50), Scale.FULL: (20, 50, 100, 500)}
LIMITS = {Scale.MICRO: 500, Scale.MINI: 3_000, Scale.FULL: 100_000}
TRIALS = {Scale.MICRO: 2, Scale.MINI: 3, Scale.FULL: 10}


def task_of(name: str, T: int) -> Task:
    """The 2-sequence problem in Gaussian noise, which LSTM was tested on, and the latch, both at their defaults."""
    return GaussianTwoSequence(T=T) if name == TWO_SEQUENCE else Latch(T=T)


def cell_name(remedy: str, task: str, T: int) -> str:
    """Of a remedy on a task at a length."""
    return f"remedies/{remedy}/{task}/T={T}"


def plan(scale: Scale) -> Iterator[tuple[int, str, int]]:
    """(row of REMEDIES, task, T) of every cell: of a remedy on the tasks whose inputs it can read."""
    return (
        (k, task, T)
        for k, remedy in enumerate(REMEDIES)
        for task in TASKS
        for T in LENGTHS[scale]
        if remedy.model(task_of(task, T)) is not None
    )


def cells(scale: Scale, trials: int | None) -> list[Cell]:
    """Every remedy, task and length."""
    asked = Examination(steps=1000, bracketed=1 if scale == Scale.FULL else 0)
    return [
        Cell(
            cell_name(REMEDIES[k].name, task, T),
            REMEDIES[k].rule_for(TASKS.index(task)),
            task_of(task, T),
            trials or TRIALS[scale],
            model=REMEDIES[k].model(task_of(task, T)),
            sequences=SEQUENCES[task],
            max_presentations=LIMITS[scale],
            examination=asked,
        )
        for k, task, T in plan(scale)
    ]


def read(sweep: Sweep, scale: Scale) -> Remedies:
    """The comparison from a sweep that holds `cells(scale, ...)`."""
    places = list(plan(scale))
    trials = [sweep.of(cell_name(REMEDIES[k].name, task, T)) for k, task, T in places]
    return Remedies(
        remedy=np.array([REMEDIES[k].name for k, _, _ in places]),
        task=np.array([task for _, task, _ in places]),
        T=np.array([T for _, _, T in places]),
        error=np.array([own.error for own in trials]),
        presentations=np.array([own.presentations for own in trials]),
        facts={name: np.array([own.facts[name] for own in trials]) for name in Examination.facts},
        limit=LIMITS[scale],
    )


@dataclass(frozen=True, eq=False)
class Remedies(Result):
    """All trials of the comparison, a row a cell.

    Attributes
    ----------
    remedy, task : ndarray of str, shape (cells,)
    T : ndarray of int, shape (cells,)
    error : ndarray, shape (cells, trials)
        Share of fresh sequences answered wrong.
    presentations : ndarray of int, shape (cells, trials)
    facts : mapping of str to ndarray, shape (cells, trials)
        What `Examination` found out.
    limit : int
        Presentations that a trial may use.
    """

    remedy: NDArray[np.str_]
    task: NDArray[np.str_]
    T: NDArray[np.int64]
    error: NDArray[np.float64]
    presentations: NDArray[np.int64]
    facts: Mapping[str, NDArray[np.float64]]
    limit: int

    title = "The remedies, side by side"

    @property
    def notes(self) -> tuple[str, ...]:
        from dynlatch.training.experiments.remedies_words import notes_of

        return notes_of(self)

    @cached_property
    def solved(self) -> NDArray[np.bool_]:
        """Which trials answer at most 5 % of fresh sequences wrong, shape (cells, trials)."""
        return np.asarray(self.error <= SOLVED)

    @cached_property
    def latched(self) -> NDArray[np.bool_]:
        """Which trials solve the task with a bit that attractors hold, shape (cells, trials)."""
        return np.asarray(self.solved & (self.facts["keeping"] == Keeping.LATCHED))

    @cached_property
    def decaying(self) -> NDArray[np.bool_]:
        """Those of them whose gradient shrinks within their own sequences, shape (cells, trials)."""
        return np.asarray(self.latched & (self.facts["rate"] < 0.0))

    @cached_property
    def shares(self) -> list[Interval]:
        """Share of trials that solve the task, of every cell."""
        return [wilson(float(row.sum()), row.size) for row in self.solved]

    def row(self, remedy: str, task: str, T: int) -> int | None:
        """The row of a cell; None where the remedy cannot read the task."""
        rows = np.flatnonzero((self.remedy == remedy) & (self.task == task) & (self.T == T))
        return int(rows[0]) if rows.size else None

    def share(self, remedy: str, task: str, T: int) -> float:
        """The share of trials that solve the task; NaN where there is no such cell."""
        row = self.row(remedy, task, T)
        return float("nan") if row is None else self.shares[row].value

    def middle(self, name: str, row: int) -> float:
        """Median of a fact over the trials of a row that solved the task; NaN where there is none."""
        own = self.facts[name][row, self.solved[row]]
        own = own[~np.isnan(own)]
        return float(np.median(own)) if own.size else float("nan")

    def keeping(self, row: int) -> Keeping | None:
        """What holds the bit in most of the trials of a row that solved the task."""
        own = self.facts["keeping"][row, self.solved[row]].astype(np.int64)
        return Keeping(int(np.bincount(own).argmax())) if own.size else None

    def keeping_word(self, row: int) -> str:
        """The same in a word; empty where no trial solved the task."""
        kind = self.keeping(row)
        return "" if kind is None else kind.name.lower()

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        from dynlatch.training.experiments.remedies_words import verdicts_of

        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a cell; medians are over the trials that solved the task."""
        rows = range(len(self.T))
        table: dict[str, NDArray[Any]] = {name: getattr(self, name) for name in ("remedy", "task", "T")}
        for k, end in enumerate(("", "_low", "_high")):
            table[f"solved{end}"] = np.array([share[k] for share in self.shares])
        table["error"] = self.error.mean(1)
        table["presentations"] = np.median(self.presentations, axis=1)
        table |= {name: np.array([self.middle(name, row) for row in rows]) for name in self.facts if name != "keeping"}
        table["keeping"] = np.array([self.keeping_word(row) for row in rows])
        table |= {"latched": self.latched.sum(1), "decaying": self.decaying.sum(1)}
        table["trials"] = np.full(len(self.T), self.error.shape[1])
        return table

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots import remedies

        return remedies.pictures(self)

    def summary(self) -> str:
        """Share solved, presentations, horizon and what holds the bit, by remedy and length."""
        from dynlatch.training.experiments.remedies_words import summary_of

        return summary_of(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """The plane of gradient horizon and noise retention."""
        from dynlatch.training.plots.remedies import plot_plane

        return plot_plane(self, ax)


REMEDIES_COMPARED = Experiment(
    "remedies",
    "The remedies, side by side",
    "the remedies of Schmidhuber, Hochreiter and Bengio (2001), sections 4 and 5; the comparison is not published",
    cells,
    read,
)
