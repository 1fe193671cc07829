"""The latching experiment of Lin, Horne, Tino and Giles (1996): how long can a neuron with D output delays learn to keep a bit?

`x(t) = tanh(sum_d (1.25 / D) x(t-d) + u_t)`: the fixed points are those of D = 1 and only the inputs of each class are learned,
so that whatever differs between the curves is the way of the gradient. They found that NARX nets keep information two to three
times as long as nets with one delay.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.intervals import Interval, mean_error
from dynlatch.training.models import NARXNeuron
from dynlatch.training.rules import BackPropagation
from dynlatch.training.sweeps import Cell
from dynlatch.training.tasks import Latch
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Sweep

W, HALF_WIDTH = 1.25, 0.155
STRINGS, EPOCHS, ETA = 60, 100, 0.1  # 30 strings of each class
LOST = 0.1  # error of a length that is out of reach
RESAMPLES = 1000


class Grid(NamedTuple):
    """What is run at a scale."""

    trials: int
    delays: tuple[int, ...]
    lengths: tuple[int, ...]


GRIDS = {
    Scale.MICRO: Grid(2, (1, 6), (10, 70, 200)),
    Scale.MINI: Grid(10, (1, 2, 3, 6), (10, 30, 50, 70, 90, 110, 140, 170, 200)),
    Scale.FULL: Grid(50, (1, 2, 3, 6), tuple(range(10, 201, 10))),
}


@dataclass(frozen=True, eq=False)
class NARXCurves(Result):
    """Errors on fresh strings against their length, for every number of delays.

    Attributes
    ----------
    delays : ndarray of int, shape (k,)
        D; the first one is 1.
    lengths : ndarray of int, shape (m,)
        T.
    error : ndarray, shape (k, m, trials)
        Fraction of fresh strings that a run answers wrong.
    presentations : ndarray of int, shape (k, m, trials)
    """

    delays: NDArray[np.int64]
    lengths: NDArray[np.int64]
    error: Array
    presentations: NDArray[np.int64]

    title = "Latching with output delays"

    @property
    def notes(self) -> tuple[str, ...]:
        from dynlatch.training.experiments.narx_words import NOTES

        return NOTES

    @cached_property
    def horizons(self) -> list[Interval]:
        """For every D, the length at which the mean error reaches 10 %, between the lengths that were run."""
        values = [float(horizon(self.lengths, errors.mean(-1))) for errors in self.error]
        return [Interval(value, *_ends(drawn)) for value, drawn in zip(values, self._drawn, strict=True)]

    @cached_property
    def ratios(self) -> list[Interval]:
        """Every horizon over that of D = 1."""
        values = [h.value / self.horizons[0].value for h in self.horizons]
        return [Interval(value, *_ends(drawn / self._drawn[0])) for value, drawn in zip(values, self._drawn, strict=True)]

    @cached_property
    def _drawn(self) -> list[Array]:
        """Horizons of resampled trials, (RESAMPLES,) for every D."""
        return [resampled(self.lengths, errors, seed) for seed, errors in enumerate(self.error)]

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        from dynlatch.training.experiments.narx_words import verdicts_of

        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a length of a curve."""
        found = [mean_error(runs) for errors in self.error for runs in errors]
        return {
            "delays": np.repeat(self.delays, len(self.lengths)),
            "T": np.tile(self.lengths, len(self.delays)),
            **{name: np.array([getattr(interval, name) for interval in found]) for name in Interval._fields},
            "presentations": self.presentations.mean(-1).ravel(),
            "trials": np.full(len(found), self.error.shape[-1]),
        }

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.narx import pictures

        return pictures(self)

    def summary(self) -> str:
        """Mean errors by delays and length, then the horizons."""
        lines = [self.title, "  D \\ T" + "".join(f"{T:6d}" for T in self.lengths) + "   (error %)"]
        for delays, errors in zip(self.delays, self.error, strict=True):
            lines.append(f"  {delays:5d}" + "".join(f"{100 * runs.mean():6.1f}" for runs in errors))
        return "\n".join([*lines, *(f"  {verdict.words}" for verdict in self.verdicts)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Mean error against T, a curve for each number of delays."""
        from dynlatch.training.plots.narx import plot_curves

        return plot_curves(self, ax)


def horizon(lengths: NDArray[np.int64], error: Array) -> Array:
    """Where `error` (..., m) first exceeds 10 %, between the lengths; their first or last one where it always or never does."""
    beyond = error > LOST
    k = np.where(beyond.any(-1), beyond.argmax(-1), len(lengths) - 1)
    before = np.maximum(k - 1, 0)
    low, high = (np.take_along_axis(error, i[..., None], -1)[..., 0] for i in (before, k))
    share = np.where(beyond.any(-1), (LOST - low) / np.where(high > low, high - low, 1.0), 1.0).clip(0.0, 1.0)
    return np.asarray(lengths[before] + share * (lengths[k] - lengths[before]))


def resampled(lengths: NDArray[np.int64], errors: Array, seed: int) -> Array:
    """Horizons (RESAMPLES,) of trials (m, n) drawn again with replacement at every length."""
    m, n = errors.shape
    chosen = np.random.default_rng(seed).integers(n, size=(RESAMPLES, m, n))
    return horizon(lengths, np.take_along_axis(np.broadcast_to(errors, (RESAMPLES, m, n)), chosen, -1).mean(-1))


def _ends(drawn: Array) -> tuple[float, float]:
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """One for every length of every curve."""
    grid = GRIDS[scale]
    return [_cell(delays, T, grid.trials if trials is None else trials) for delays, T in _places(grid)]


def _places(grid: Grid) -> Iterator[tuple[int, int]]:
    return ((delays, T) for delays in grid.delays for T in grid.lengths)


def _cell(delays: int, T: int, trials: int) -> Cell:
    return Cell(
        name=_name(delays, T),
        rule=BackPropagation(eta=ETA),
        task=Latch(T, half_width=HALF_WIDTH, frozen=True),
        trials=trials,
        model=NARXNeuron(w=W, delays=delays),
        sequences=STRINGS,
        max_presentations=EPOCHS * STRINGS,
        test_sequences=200,
    )


def _name(delays: int, T: int) -> str:
    return f"narx/D={delays}/T={T}"


def read(sweep: Sweep, scale: Scale) -> NARXCurves:
    """The curves from a sweep that holds `cells(scale, ...)`."""
    grid = GRIDS[scale]
    found = [[sweep.of(_name(delays, T)) for T in grid.lengths] for delays in grid.delays]
    return NARXCurves(
        delays=np.array(grid.delays),
        lengths=np.array(grid.lengths),
        error=np.array([[trials.error for trials in row] for row in found]),
        presentations=np.array([[trials.presentations for trials in row] for row in found]),
    )


NARX = Experiment(
    name="narx",
    title="Latching with output delays: how much longer NARX nets keep a bit",
    source="Lin, Horne, Tino and Giles (1996), IEEE Trans. Neural Networks 7, 1329, the latching problem",
    cells=cells,
    read=read,
)
