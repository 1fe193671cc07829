"""Fig. 2b of Bengio, Frasconi and Simard (1993), ICNN: how often back-propagation learns to latch, against the length T.

As Fig. 2a with s = 0.2 and w = 1.25 fixed: only the inputs u_1, ..., u_L of both classes are learned. Beside it, exactly: how
often perfect inputs would converge, and larger weights, for which the task stays feasible at every T.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.figure2a import BUDGET, ETA
from dynlatch.training.experiments.intervals import Interval, wilson
from dynlatch.training.experiments.latch_runs import READINGS, RunEnd, ends
from dynlatch.training.experiments.perfect import chance
from dynlatch.training.models import LatchNet
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.rules import BackPropagation
from dynlatch.training.sweeps import Cell
from dynlatch.training.tasks import Latch
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Sweep

S, W0 = 0.2, 1.25
MONITOR = RegionMonitor(every=1_000, portrait_every=1_000)


class Setting(NamedTuple):
    """One curve: w, what s is, and whether the noise of a run is drawn once."""

    w: float
    reading: str
    frozen: bool


class Grid(NamedTuple):
    """What is run at a scale."""

    trials: int
    lengths: tuple[int, ...]
    pairs: tuple[tuple[float, str], ...]


PUBLISHED = ((W0, "std"), (W0, "variance"))
GRIDS = {
    Scale.MICRO: Grid(2, (5, 10), PUBLISHED[:1]),
    Scale.MINI: Grid(10, (5, 15, 40), (*PUBLISHED, (1.5, "std"))),
    Scale.FULL: Grid(64, (5, 10, 15, 20, 30, 40, 50, 60, 80, 100), (*PUBLISHED, (1.5, "std"), (2.0, "std"))),
}


@dataclass(frozen=True, eq=False)
class FrequencyCurve:
    """Convergence against T.

    Attributes
    ----------
    w : float
    reading : {"std", "variance"}
        What s = 0.2 is.
    frozen : bool
        Whether the noise of a run is drawn once; otherwise it is fresh at every presentation.
    lengths : ndarray of int, shape (k,)
        T.
    ends : ndarray of int, shape (k, 7)
        How many runs ended in each way, in the order of `RunEnd`.
    untaught : ndarray of int, shape (k,)
        Runs that converged without one wrong answer: the inputs that they began with were right by chance.
    ceiling : ndarray, shape (k,)
        Probability that a run with perfect inputs converges: exact, and no learner of the inputs exceeds it.
    """

    w: float
    reading: str
    frozen: bool
    lengths: NDArray[np.int64]
    ends: NDArray[np.int64]
    untaught: NDArray[np.int64]
    ceiling: Array

    @property
    def converged(self) -> list[Interval]:
        """The share of runs at each T."""
        return [wilson(int(row[0]), int(row.sum())) for row in self.ends]

    @property
    def trials(self) -> int:
        """Of all lengths together."""
        return int(self.ends.sum())

    def explained(self, among: slice = slice(None)) -> Interval | None:
        """Share of the fall below 1 that perfect inputs would suffer too; None where nothing falls.

        Over several lengths, of the mean over them. The ceiling is exact: the interval is that of the convergence.
        """
        part = self.ends[among]
        found, infeasible = wilson(int(part[:, 0].sum()), int(part.sum())), 1.0 - float(self.ceiling[among].mean())
        if found.value == 1.0:
            return None
        return Interval(*(infeasible / (1.0 - end) if end < 1.0 else math.inf for end in found))

    @property
    def name(self) -> str:
        """For people."""
        return f"w = {self.w:g} and s the {READINGS[self.reading]} of {'frozen' if self.frozen else 'fresh'} noise"


@dataclass(frozen=True, eq=False)
class Figure2b(Result):
    """Convergence of back-propagation on the minimal problem against T, w fixed, with what perfect inputs could do.

    Attributes
    ----------
    curves : tuple of FrequencyCurve
        The published setting first: w = 1.25 under both readings of s, with fresh and with frozen noise; then larger w.
    """

    curves: tuple[FrequencyCurve, ...]

    @property
    def title(self) -> str:
        return f"Fig. 2b: convergence of back-propagation against T, s = {S:g}"

    @property
    def notes(self) -> tuple[str, ...]:
        from dynlatch.training.experiments.figure2b_words import NOTES

        return NOTES

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        from dynlatch.training.experiments.figure2b_words import verdicts

        return verdicts(self)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.figure2b import pictures

        return pictures(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a length of a curve."""
        rows = [(curve, i) for curve in self.curves for i in range(len(curve.lengths))]
        found = [curve.converged[i] for curve, i in rows]
        flat = {
            "w": np.array([curve.w for curve, _ in rows]),
            "reading": np.array([READINGS[curve.reading] for curve, _ in rows]),
            "noise": np.array(["frozen" if curve.frozen else "fresh" for curve, _ in rows]),
            "T": np.array([curve.lengths[i] for curve, i in rows]),
            **{name: np.array([getattr(share, name) for share in found]) for name in Interval._fields},
            "untaught": np.array([curve.untaught[i] for curve, i in rows]),
            "perfect inputs": np.array([curve.ceiling[i] for curve, i in rows]),
        }
        counts = np.array([curve.ends[i] for curve, i in rows])
        return {**flat, **{str(end): counts[:, k] for k, end in enumerate(RunEnd)}}

    def summary(self) -> str:
        from dynlatch.training.experiments.figure2b_words import spoken

        lines = [self.title]
        for curve in self.curves:
            shares = [share.value for share in curve.converged]
            lines += [
                f"  {curve.name}",
                "    T              " + "".join(f"{T:6d}" for T in curve.lengths),
                "    converged %    " + "".join(f"{100 * share:6.0f}" for share in shares),
                "    perfect inputs " + "".join(f"{100 * share:6.0f}" for share in curve.ceiling),
            ]
        return "\n".join([*lines, *(f"  {verdict.words}" for verdict in spoken(self))])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The published setting with fresh noise, s as standard deviation."""
        from dynlatch.training.plots.figure2b import plot_curve

        return plot_curve(self.curves[0], ax)


def cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """One for every length of every curve."""
    grid = GRIDS[scale]
    count = grid.trials if trials is None else trials
    return [_cell(setting, T, count) for setting in _settings(grid) for T in grid.lengths]


def _settings(grid: Grid) -> Iterator[Setting]:
    return (Setting(w, reading, frozen) for w, reading in grid.pairs for frozen in (False, True))


def _task(setting: Setting, T: int) -> Latch:
    return Latch(T, std=S if setting.reading == "std" else math.sqrt(S), frozen=setting.frozen)


def _cell(setting: Setting, T: int, trials: int) -> Cell:
    return Cell(
        name=_name(setting, T),
        rule=BackPropagation(eta=ETA, batch=2),
        task=_task(setting, T),
        trials=trials,
        model=LatchNet(w0=setting.w, train_w=False),
        sequences=2,
        max_presentations=BUDGET,
        test_sequences=100,
        monitor=MONITOR,
    )


def _name(setting: Setting, T: int) -> str:
    return f"figure2b/w={setting.w:g}, {setting.reading}, {'frozen' if setting.frozen else 'fresh'}/T={T}"


def read(sweep: Sweep, scale: Scale) -> Figure2b:
    """The figure from a sweep that holds `cells(scale, ...)`."""
    grid = GRIDS[scale]
    return Figure2b(tuple(_curve(sweep, setting, grid.lengths) for setting in _settings(grid)))


def _curve(sweep: Sweep, setting: Setting, lengths: Sequence[int]) -> FrequencyCurve:
    found = [sweep.of(_name(setting, T)) for T in lengths]
    least = _task(setting, lengths[0]).streak(2)
    return FrequencyCurve(
        w=setting.w,
        reading=setting.reading,
        frozen=setting.frozen,
        lengths=np.array(lengths),
        ends=np.array([ends(trials, setting.w, np.full(len(trials.trial), setting.w)) for trials in found]),
        untaught=np.array([np.sum(trials.presentations == least) for trials in found]),
        ceiling=np.array([chance(_task(setting, T), setting.w, BUDGET) for T in lengths]),
    )


FIGURE2B = Experiment(
    name="figure2b",
    title="Fig. 2b: frequency of convergence of back-propagation against the length T, w fixed",
    source="Bengio, Frasconi and Simard (1993), ICNN, Fig. 2b",
    cells=cells,
    read=read,
)
