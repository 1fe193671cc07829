"""Temporal transition hierarchies on the gap task and on Reber's grammar: how many training sets, how many units?

Ring (1993), NIPS 5, tables 1 and 2. Each gap takes 2 more sets for 2 more letters, and about 2 units for each of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.experiments.contract import Agreement, Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.intervals import Interval, mean
from dynlatch.training.models import TransitionHierarchy
from dynlatch.training.rules import HigherOrderLearning
from dynlatch.training.sweeps import Cell, Sweep
from dynlatch.training.tasks import Gap, Reber

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# gap -> training sets (both strings) and units; the grammar's strings, at the ceiling of 40 units
SETS = {2: 4.0, 4: 6.0, 6: 8.0, 8: 10.0, 10: 12.0, 24: 26.0}
UNITS = {2: 10.0, 4: 15.0, 6: 19.0, 8: 23.0, 10: 27.0, 24: 49.0}
STRINGS, STRINGS_SD, CEILING = 206.3, 16.7, 40
REBER, CAPACITY, CLOSING, FACTOR = 0, 80, 100, 2.0
TRIALS = {Scale.MICRO: 2, Scale.MINI: 10, Scale.FULL: 50}
GAPS = {Scale.MICRO: (2,), Scale.MINI: tuple(SETS), Scale.FULL: tuple(SETS)}
NOTES = (
    "The criterion for a new unit is garbled in the surviving text. Read as a / (|m| + epsilon) > Theta it gives nearly the "
    "published numbers of units; with Theta N on the right no unit would ever be built on Reber's grammar.",
    "The printed learning rate of the gap task, 1.5, cannot be the factor of equation 5: a weight and the units above it share "
    "an error, which each step multiplies by 1 - eta (1 + levels), so that learning diverges from the first unit on. Here eta "
    "is 1 / (gap + 2), the printed rate shared by those that share an error and a third lower; the others are as printed.",
    "Published is one stream of strings; here the memory is empty at the beginning of every string. The strings that show that "
    "all has been learned are counted: three for a gap, a hundred of the grammar, those of a fixed set of a hundred.",
)


def task_of(gap: int) -> Gap | Reber:
    """Gap, or the grammar for 0."""
    return Reber(T=60) if gap == REBER else Gap(T=max(12, gap + 2), gap=gap)


def cell_name(gap: int) -> str:
    """Of a gap, or of the grammar for 0."""
    return "ring/reber" if gap == REBER else f"ring/gap={gap}"


def cells(scale: Scale, trials: int | None) -> list[Cell]:
    """Every gap, and the grammar."""
    return [_cell(gap, trials or TRIALS[scale]) for gap in (*GAPS[scale], REBER)]


def _cell(gap: int, trials: int) -> Cell:
    task = task_of(gap)
    grammar = gap == REBER
    rule = HigherOrderLearning(eta=0.04, sigma=0.08) if grammar else HigherOrderLearning(eta=1.0 / (gap + 2), sigma=0.2)
    model = TransitionHierarchy(CEILING if grammar else CAPACITY, task.input_dim, task.output_dim)
    shown, budget, tests = (100, 5_000, 128) if grammar else (2, 400, 2)
    return Cell(cell_name(gap), rule, task, trials, model, shown, budget, tests)


def read(sweep: Sweep, scale: Scale) -> RingRuns:
    """A row a gap; the last one is the grammar's."""
    gaps = (*GAPS[scale], REBER)
    trials = [sweep.of(cell_name(gap)) for gap in gaps]
    capacities = [CEILING if gap == REBER else CAPACITY for gap in gaps]
    return RingRuns(
        gap=np.array(gaps),
        error=np.array([own.error for own in trials]),
        strings=np.array([own.presentations for own in trials]),
        units=np.array([(own.weights[:, -most:] >= 0.0).sum(1) for own, most in zip(trials, capacities, strict=True)]),
    )


@dataclass(frozen=True, eq=False)
class RingRuns(Result):
    """All runs, a row a task.

    Attributes
    ----------
    gap : ndarray of int, shape (tasks,)
        0 for Reber's grammar.
    error, strings, units : ndarray, shape (tasks, trials)
        Wrong fresh strings, strings shown, and higher units built.
    """

    gap: NDArray[np.int64]
    error: NDArray[np.float64]
    strings: NDArray[np.int64]
    units: NDArray[np.int64]

    @property
    def title(self) -> str:
        return "Temporal transition hierarchies"

    @property
    def notes(self) -> tuple[str, ...]:
        return NOTES

    def solved(self, row: int) -> NDArray[np.bool_]:
        """The runs without a wrong string."""
        return np.asarray(self.error[row] == 0.0)

    def of(self, row: int, values: NDArray[Any]) -> Interval:
        """Mean of one row of `values` over the runs that solved the task."""
        good = values[row][self.solved(row)].astype(np.float64)
        ends = (float(good.min(initial=np.inf)), float(good.max(initial=0.0)))  # most tasks leave little to chance
        return mean(good, within=ends) if len(good) > 1 else Interval(*([float(good.mean()) if len(good) else np.nan] * 3))

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Sets and units of every gap, strings of the grammar."""
        found: list[Verdict] = []
        for row, gap in enumerate(self.gap.tolist()):
            if gap == REBER:
                found.append(self._verdict(row, "Reber grammar", "strings", self.strings, STRINGS))
            else:
                found.append(self._verdict(row, f"gap {gap}", "training sets", self.strings / 2.0, SETS[gap]))
                found.append(self._verdict(row, f"gap {gap}", "units", self.units, UNITS[gap]))
        return tuple(found)

    def _verdict(self, row: int, what: str, quantity: str, values: NDArray[Any], published: float) -> Verdict:
        ours, n = self.of(row, values), self.error.shape[1]
        near = 1.0 / FACTOR <= ours.value / published <= FACTOR
        words = f"mean of the {self.solved(row).sum()} of {n} runs that solved it; published {published:g}"
        words += "." if near else f": not within a factor {FACTOR:g}, with the lower learning rate that does not diverge."
        return Verdict(
            what, quantity, "", *ours, n, published, Agreement.AGREES if near else Agreement.DISAGREES, words
        )  # fmt: skip

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a task."""
        rows = range(len(self.gap))
        return {
            "gap": self.gap,
            "solved": np.array([self.solved(row).mean() for row in rows]),
            "strings": np.array([self.of(row, self.strings).value for row in rows]),
            "units": np.array([self.of(row, self.units).value for row in rows]),
            "trials": np.full(len(self.gap), self.error.shape[1]),
        }

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.ring import pictures

        return pictures(self)

    def summary(self) -> str:
        """Ours and the published numbers, task by task."""
        lines = [f"{self.title}: means of the runs that solved the task; published in brackets"]
        for row, gap in enumerate(self.gap.tolist()):
            share, strings, units = self.solved(row).mean(), self.of(row, self.strings).value, self.of(row, self.units).value
            if gap == REBER:
                lines.append(
                    f"  Reber grammar  solved {share:4.0%}  {strings:.0f} ({STRINGS:g}) strings, {units:.0f} ({CEILING}) units"
                )
            else:
                sets = f"{strings / 2.0:.1f} ({SETS[gap]:g}) training sets, {units:.0f} ({UNITS[gap]:g}) units"
                lines.append(f"  gap {gap:<10} solved {share:4.0%}  {sets}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Training sets and units against the gap."""
        from dynlatch.training.plots.ring import plot_gaps

        return plot_gaps(self, ax)


RING = Experiment("ring", "Temporal transition hierarchies", "Ring (1993), NIPS 5, tables 1 and 2", cells, read)
