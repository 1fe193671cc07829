"""Random weight guessing (Hochreiter and Schmidhuber, NIPS 9, 1997): how many random weight vectors until one is right?

Weights uniform on [-100, 100], logistic units that begin at 0, sequences of 500 to 600 steps, 100 training sequences, right is
an error below 0.1 at the end. The paper gives mean numbers of guesses over 10 runs, for two nets: A1, fully connected, and A2,
with 10 hidden units (`models.guessing`). Where it leaves something open, such as the order in which units are updated, the
readings are run one by one (`guessing_rows`), and each is compared with the published mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dynlatch.results import Result
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.guessing_rows import PUBLISHED, ROWS, guessed
from dynlatch.training.experiments.guessing_words import NOTES, summary_of, verdicts_of
from dynlatch.training.experiments.intervals import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Cell, Sweep

RUNS = {Scale.MICRO: 2, Scale.MINI: 10, Scale.FULL: 20}
MICRO = ("latch I", "latch II")


def no_cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """None: guesses are counted by `train`, and sweeps store presentations."""
    return ()


def read(sweep: Sweep, scale: Scale) -> GuessingRuns:
    """Every row of the scale, run after run."""
    chosen = [
        (seed, row)
        for seed, row in enumerate(ROWS)
        if scale is Scale.FULL or (row.cell in MICRO if scale is Scale.MICRO else row.cheap)
    ]
    found = [guessed(row, RUNS[scale], seed) for seed, row in chosen]
    return GuessingRuns(
        row=np.array([row.name for _, row in chosen]),
        cell=np.array([row.cell for _, row in chosen]),
        guesses=np.array([own.guesses for own in found]),
        presentations=np.array([own.presentations for own in found]),
        solved=np.array([own.solved for own in found]),
        error=np.array([own.error for own in found]),
        published=np.array([PUBLISHED[row.cell][0] for _, row in chosen]),
        published_runs=np.array([PUBLISHED[row.cell][1] for _, row in chosen]),
    )


@dataclass(frozen=True, eq=False)
class GuessingRuns(Result):
    """All runs, a row a reading of an experiment.

    Attributes
    ----------
    row : ndarray of str, shape (rows,)
        "experiment: reading"; the first reading of an experiment is the one that its verdict is about.
    cell : ndarray of str, shape (rows,)
        The published experiment.
    guesses, presentations : ndarray of int, shape (rows, runs)
        Weight vectors that were tried, the right one included, and sequences that were shown to them.
    solved : ndarray of bool, shape (rows, runs)
        Whether one was right before the limit.
    error : ndarray, shape (rows, runs)
        Fraction of 100 fresh sequences answered wrong by the last weight vector.
    published, published_runs : ndarray, shape (rows,)
        Mean guesses in the paper, and the runs behind it.
    """

    row: NDArray[np.str_]
    cell: NDArray[np.str_]
    guesses: NDArray[np.int64]
    presentations: NDArray[np.int64]
    solved: NDArray[np.bool_]
    error: NDArray[np.float64]
    published: NDArray[np.float64]
    published_runs: NDArray[np.int64]

    title = "Random weight guessing"
    notes = NOTES

    def expected(self, k: int) -> Interval:
        """Expected guesses of row k: all guesses by the number of successes, with the interval of a geometric law."""
        return expected(float(self.guesses[k].sum()), int(self.solved[k].sum()))

    def published_interval(self, k: int) -> Interval:
        """The same from the published mean and its number of runs."""
        runs = int(self.published_runs[k])
        return expected(float(self.published[k]) * runs, runs)

    def compatible(self, k: int) -> bool:
        """Whether the guesses of row k and the published ones could be two samples of one law; not without a success.

        The ratio of their means has the law F; the two differ so much in at least 5 % of cases.
        """
        ours, theirs = 2 * int(self.solved[k].sum()), 2 * int(self.published_runs[k])
        if not ours:
            return False
        ratio = self.expected(k).value / float(self.published[k])
        return bool(0.025 < stats.f.cdf(ratio, ours, theirs) < 0.975)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a reading."""
        ours = np.array([self.expected(k) for k in range(len(self.row))])
        theirs = np.array([self.published_interval(k) for k in range(len(self.row))])
        return {
            "row": self.row,
            "cell": self.cell,
            "agrees": np.array([self.compatible(k) for k in range(len(self.row))]),
            "guesses": ours[:, 0],
            "guesses_low": ours[:, 1],
            "guesses_high": ours[:, 2],
            "published": self.published,
            "published_low": theirs[:, 1],
            "published_high": theirs[:, 2],
            "presentations": self.presentations.mean(1),
            "solved": self.solved.mean(1),
            "error": np.array(
                [row[good].mean() if good.any() else math.nan for row, good in zip(self.error, self.solved, strict=True)]
            ),
            "trials": np.full(len(self.row), self.guesses.shape[1]),
        }

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots import guessing

        return guessing.pictures(self)

    def summary(self) -> str:
        """Expected guesses by row, ours and theirs."""
        return summary_of(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Ours and theirs with their intervals, a line a row."""
        from dynlatch.training.plots.guessing import plot_guesses

        return plot_guesses(self, ax)


def expected(guesses: float, successes: int) -> Interval:
    """Expected guesses until success from a number of guesses in all; runs without success only add guesses.

    The number is geometric, for rare successes exponential: twice the sum over the mean is chi-square with two degrees of
    freedom a success. Without a success the upper end is infinite.

    Examples
    --------
    >>> [round(end) for end in expected(7180.0, 10)]
    [718, 420, 1497]
    """
    low = 2.0 * guesses / stats.chi2.ppf(0.975, 2 * successes + (0 if successes else 2))
    if not successes:
        return Interval(float("inf"), low, float("inf"))
    return Interval(guesses / successes, low, 2.0 * guesses / stats.chi2.ppf(0.025, 2 * successes))


GUESSING = Experiment(
    name="guessing",
    title="Random weight guessing: guesses until 100 sequences of 500 to 600 steps are right",
    source="Hochreiter and Schmidhuber (1997), NIPS 9, section 1; Schmidhuber, Hochreiter and Bengio (2001) for the latch "
    "problem and noisy parity",
    cells=no_cells,
    read=read,
)
