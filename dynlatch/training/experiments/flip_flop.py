"""The trainable flip-flop of Bengio, Frasconi and Simard (1993), ICNN, section IV: does it learn, and how fast?

Published, in one sentence: lengths 10, 20, ..., 100 and uniform noise of levels 0.2, 0.4, ..., 1.0; more than 99 % of the runs
converge within 100 epochs, in 4.6 epochs on average, whatever the length and the noise. Equations 12 and 13 of the rule are
lost in the surviving text, and "0.5/n", the weight of the steps that only kept the state, can be read in three ways (`Share`).
Each way is run here, and so is every number that the text leaves out.
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
from dynlatch.training.experiments.flip_flop_words import NOTES, summary_of, told, verdicts_of
from dynlatch.training.experiments.intervals import Interval, mean, wilson
from dynlatch.training.models import FlipFlopLatch, Start
from dynlatch.training.rules import FlipFlopRule, Share
from dynlatch.training.sweeps import Cell, Sweep
from dynlatch.training.tasks import Latch

if TYPE_CHECKING:
    from matplotlib.axes import Axes

EPOCH = 2  # presentations: a sequence of each class
CLOSING = 60  # right answers in a row that end a trial (`Latch.streak`): 30 epochs
MOST = 100  # epochs, as published
TESTS = 100


class Reading(NamedTuple):
    """A way to fill in what is lost."""

    words: str
    rule: FlipFlopRule
    model: FlipFlopLatch


MAIN = "weight 1/2 each"
RULE, MODEL = FlipFlopRule(k=0.3, rate=1.0, share=Share.NOTHING), FlipFlopLatch(w=2.0, start=Start.RANDOM)
READINGS = {
    MAIN: Reading("every keeping step has weight 1/2", RULE, MODEL),
    "n: trained steps": Reading(
        "0.5/n, n the keeping steps with trained inputs", FlipFlopRule(k=0.3, share=Share.TRAINED), MODEL
    ),
    "n: all steps": Reading("0.5/n, n all keeping steps, as printed", FlipFlopRule(k=0.3, share=Share.ALL), MODEL),
    "rate 20": Reading("as printed, with twenty times the rate", FlipFlopRule(k=0.3, rate=20.0, share=Share.ALL), MODEL),
    "k = 0.1": Reading("the wanted input 0.1 beyond the threshold", FlipFlopRule(k=0.1), MODEL),
    "k = 1": Reading("the wanted input 1 beyond the threshold", FlipFlopRule(k=1.0), MODEL),
    "w from 1": Reading("w begins at 1: noise below 1 cannot set the state", RULE, FlipFlopLatch(w=1.0)),
    "x_0 = -1": Reading("the state before the first step is -1, not drawn", RULE, FlipFlopLatch(start=Start.LOW)),
}


class Grid(NamedTuple):
    """Lengths and noise levels, of the main reading and of the others."""

    lengths: tuple[int, ...]
    noise: tuple[float, ...]
    beyond: tuple[int, ...]  # longer than the paper's
    others: tuple[int, ...]
    other_noise: tuple[float, ...]
    trials: int


PAPER_LENGTHS, PAPER_NOISE = tuple(range(10, 101, 10)), (0.2, 0.4, 0.6, 0.8, 1.0)
GRIDS = {
    Scale.MICRO: Grid((10, 20), (0.2, 1.0), (), (10,), (1.0,), 2),
    Scale.MINI: Grid((10, 50, 100), PAPER_NOISE, (1000,), (10, 100), (0.2, 1.0), 6),
    Scale.FULL: Grid(PAPER_LENGTHS, PAPER_NOISE, (200, 500, 1000), (10, 20, 50, 100), (0.2, 0.6, 1.0), 20),
}


def cell_name(reading: str, T: int, noise: float) -> str:
    """Of one reading of the rule, at a length and a half-width of the noise."""
    return f"flip-flop/{reading}/T={T}/noise={noise:g}"


def plan(scale: Scale) -> Iterator[tuple[str, int, float]]:
    """(reading, T, noise) of every cell."""
    grid = GRIDS[scale]
    yield from ((MAIN, T, noise) for T in (*grid.lengths, *grid.beyond) for noise in grid.noise)
    others = [reading for reading in READINGS if reading != MAIN]
    yield from ((reading, T, noise) for reading in others for T in grid.others for noise in grid.other_noise)


def cells(scale: Scale, trials: int | None) -> list[Cell]:
    """At full scale 1000 runs of the published grid, longer sequences, and the other readings on a part of the grid."""
    return [_cell(*place, trials or GRIDS[scale].trials) for place in plan(scale)]


def _cell(reading: str, T: int, noise: float, trials: int) -> Cell:
    chosen = READINGS[reading]
    return Cell(
        cell_name(reading, T, noise),
        chosen.rule,
        Latch(T=T, std=0.0, half_width=noise),
        trials,
        model=chosen.model,
        sequences=EPOCH,
        max_presentations=EPOCH * MOST + CLOSING,
        test_sequences=TESTS,
    )


def read(sweep: Sweep, scale: Scale) -> FlipFlopRuns:
    """An epoch is needed if an answer in it was wrong; the 30 epochs without one that end a trial are not counted."""
    places = list(plan(scale))
    trials = [sweep.of(cell_name(*place)) for place in places]
    return FlipFlopRuns(
        reading=np.array([place[0] for place in places]),
        T=np.array([place[1] for place in places]),
        noise=np.array([place[2] for place in places]),
        converged=np.array([own.outcome == "learned" for own in trials]),
        epochs=np.array([np.ceil((own.presentations - CLOSING) / EPOCH) for own in trials]),
        error=np.array([own.error for own in trials]),
        w=np.array([own.weights[:, 0] for own in trials]),
    )


@dataclass(frozen=True, eq=False)
class FlipFlopRuns(Result):
    """All runs of the flip-flop, a row a cell.

    Attributes
    ----------
    reading : ndarray of str, shape (cells,)
    T, noise : ndarray, shape (cells,)
        Length, and half-width of the uniform noise.
    converged : ndarray of bool, shape (cells, trials)
        Whether 30 epochs without a wrong answer began within 100 epochs.
    epochs : ndarray, shape (cells, trials)
        The last epoch with a wrong answer; of trials that did not converge it means nothing.
    error : ndarray, shape (cells, trials)
        Fraction of fresh sequences answered wrong at the end.
    w : ndarray, shape (cells, trials)
        The trained weight of the input.
    """

    reading: NDArray[np.str_]
    T: NDArray[np.int64]
    noise: NDArray[np.float64]
    converged: NDArray[np.bool_]
    epochs: NDArray[np.float64]
    error: NDArray[np.float64]
    w: NDArray[np.float64]

    @property
    def title(self) -> str:
        return "The trainable flip-flop"

    @property
    def notes(self) -> tuple[str, ...]:
        return NOTES

    def rows(self, reading: str, lengths: Sequence[int] | None = None) -> NDArray[np.intp]:
        """The cells of a reading, at some lengths or all."""
        chosen = self.reading == reading
        return np.flatnonzero(chosen if lengths is None else chosen & np.isin(self.T, lengths))

    def rate(self, rows: NDArray[np.intp]) -> Interval:
        """Share of the trials of these cells that converged."""
        return wilson(float(self.converged[rows].sum()), float(self.converged[rows].size))

    def mean_epochs(self, rows: NDArray[np.intp]) -> Interval:
        """Of those that converged."""
        return mean(self.epochs[rows][self.converged[rows]], within=(0.0, float(MOST)))

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a cell."""
        each = [np.array([row]) for row in range(len(self.T))]
        table: dict[str, NDArray[Any]] = {"reading": self.reading, "T": self.T, "noise": self.noise}
        for name, of in (("converged", self.rate), ("epochs", self.mean_epochs)):
            found = [of(row) for row in each]
            for k, end in enumerate(("", "_low", "_high")):
                table[name + end] = np.array([interval[k] for interval in found])
        table["trials"] = np.full(len(self.T), self.converged.shape[1])
        table["test_error"] = self.error.mean(1)
        table["median_w"] = np.median(self.w, axis=1)
        table["runs"] = np.array([told(self, row) for row in range(len(self.T))])
        return table

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots import flip_flop

        return flip_flop.pictures(self)

    def summary(self) -> str:
        """Share converged and mean epochs, by reading and by length."""
        return summary_of(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Mean epochs against T, by reading."""
        from dynlatch.training.plots.flip_flop import plot_epochs

        return plot_epochs(self, ax)


FLIP_FLOP = Experiment(
    "flip-flop", "The trainable flip-flop", "Bengio, Frasconi and Simard (1993), ICNN, section IV", cells, read
)
