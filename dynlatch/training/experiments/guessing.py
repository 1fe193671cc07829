"""Random weight guessing (Hochreiter and Schmidhuber, NIPS 9, 1997): how many random weight vectors until one is right?

Weights uniform on [-100, 100], logistic units that begin at 0, sequences of 500 to 600 steps, 100 training sequences, right is
an error below 0.1 at the end. The paper gives mean numbers of guesses over 10 runs, for two nets: A1, fully connected, and A2,
with 10 hidden units (`models.guessing`). In what order units are updated it does not say; both orders are run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dynlatch.results import Result
from dynlatch.training.contract import Architecture, Task
from dynlatch.training.driver import train
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.guessing_words import NOTES, summary_of, verdicts_of
from dynlatch.training.experiments.intervals import Interval
from dynlatch.training.models import AnyWiring, GuessingNetA1, GuessingNetA2, LatchNet
from dynlatch.training.rules import WeightGuessing
from dynlatch.training.tasks import GaussianTwoSequence, Latch, Parity, Tomita, ZeroOne

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Cell, Sweep

SHORTEST, LONGEST, SEQUENCES, TESTS, R = 500, 600, 100, 100, 100.0
HIDDEN = 10
SYNCHRONOUS, HIDDEN_FIRST = "synchronous", "hidden first"


class Row(NamedTuple):
    """One row of the experiment."""

    task: Callable[[], Task]
    model: Callable[[], Architecture]
    published: float  # mean guesses; NaN where this reading is ours
    runs: int  # behind it
    limit: int  # presentations, about 1.8 a guess, after which a run of ours is given up
    cheap: bool  # at scale mini too


def two_sequence(variance: float = 0.2) -> Task:
    """The 2-sequence problem with one informative element."""
    return ZeroOne(GaussianTwoSequence(LONGEST, informative=1, variance=variance, shortest=SHORTEST))


def parity(half_width: float = 0.0) -> Task:
    """Parity of clean or noisy inputs."""
    return ZeroOne(Parity(LONGEST, half_width=half_width, shortest=SHORTEST))


def tomita(grammar: int) -> Task:
    """A grammar of Tomita."""
    return ZeroOne(Tomita(LONGEST, grammar, shortest=SHORTEST))


def three_parameters() -> Architecture:
    """One tanh unit with its input, itself and a bias."""
    return AnyWiring(("tanh",), ((0, 1, 0, 0), (0, 0, 1, 1), (0, 2, 2, 0)), radius=R)


def without_loops() -> Architecture:
    """A2 whose hidden units do not see themselves; hidden units first."""
    y, u, one = HIDDEN, HIDDEN + 1, HIDDEN + 2
    ends = [(h, source, delay) for h in range(HIDDEN) for source, delay in ((u, 0), (y, 1), (one, 0))]
    ends += [(y, u, 0), *((y, h, 0) for h in range(HIDDEN)), (y, y, 1), (y, one, 0)]
    links = tuple((target, source, p, delay) for p, (target, source, delay) in enumerate(ends))
    return AnyWiring(("logistic",) * (HIDDEN + 1), links, radius=R)


def _a1(n: int, order: str) -> Callable[[], Architecture]:
    return lambda: GuessingNetA1(n, order, R)


def _a2(order: str) -> Callable[[], Architecture]:
    return lambda: GuessingNetA2(HIDDEN, order, R)


NONE = float("nan")
ROWS = {
    "2-sequence, A1 (n = 1)": Row(two_sequence, _a1(1, SYNCHRONOUS), 1247, 10, 40_000, True),
    "2-sequence, A1, hidden first": Row(two_sequence, _a1(1, HIDDEN_FIRST), NONE, 0, 40_000, False),
    "2-sequence, A1, deviation .2": Row(lambda: two_sequence(0.04), _a1(1, SYNCHRONOUS), NONE, 0, 40_000, False),
    "2-sequence, A2": Row(two_sequence, _a2(HIDDEN_FIRST), 718, 10, 20_000, False),
    "2-sequence, A2, synchronous": Row(two_sequence, _a2(SYNCHRONOUS), NONE, 0, 20_000, False),
    "2-sequence, A2, deviation .2": Row(lambda: two_sequence(0.04), _a2(HIDDEN_FIRST), NONE, 0, 20_000, False),
    "parity, A1 (n = 1)": Row(parity, _a1(1, HIDDEN_FIRST), 2906, 10, 80_000, True),
    "parity, A1, synchronous": Row(parity, _a1(1, SYNCHRONOUS), NONE, 0, 40_000, False),
    "parity, A2": Row(parity, _a2(HIDDEN_FIRST), 2797, 10, 60_000, False),
    "parity, A2 without self-loops": Row(parity, without_loops, 250, 10, 10_000, True),
    "noisy parity, A1 (n = 1)": Row(lambda: parity(0.2), _a1(1, HIDDEN_FIRST), 41_400, 10, 800_000, False),
    "latch I": Row(
        lambda: Latch(LONGEST, L=1, variance=0.2, frozen=True), lambda: LatchNet(L=1, train_w=True), 6, 40, 1_000, True
    ),
    "latch II": Row(lambda: GaussianTwoSequence(LONGEST, 1, shortest=SHORTEST), three_parameters, 22, 10, 2_000, True),
    "Tomita 1, A1 (n = 1)": Row(lambda: tomita(1), _a1(1, HIDDEN_FIRST), 182, 10, 10_000, True),
    "Tomita 1, A2": Row(lambda: tomita(1), _a2(HIDDEN_FIRST), 288, 10, 10_000, False),
    "Tomita 2, A1 (n = 3)": Row(lambda: tomita(2), _a1(3, HIDDEN_FIRST), 1511, 10, 40_000, False),
    "Tomita 2, A2": Row(lambda: tomita(2), _a2(HIDDEN_FIRST), 17_953, 10, 200_000, False),
    "Tomita 4, A1 (n = 2)": Row(lambda: tomita(4), _a1(2, HIDDEN_FIRST), 13_833, 10, 200_000, False),
    "Tomita 4, A2": Row(lambda: tomita(4), _a2(HIDDEN_FIRST), 35_610, 10, 400_000, False),
}
RUNS = {Scale.MICRO: 2, Scale.MINI: 10, Scale.FULL: 20}
MICRO = ("latch I", "latch II")


def no_cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """None: guesses are counted by `train`, and sweeps store presentations."""
    return ()


def read(sweep: Sweep, scale: Scale) -> GuessingRuns:
    """Every row of the scale, run after run."""
    chosen = [
        name for name, row in ROWS.items() if scale is Scale.FULL or (name in MICRO if scale is Scale.MICRO else row.cheap)
    ]
    found = [guessed(ROWS[name], RUNS[scale], seed) for seed, name in enumerate(chosen)]
    return GuessingRuns(
        row=np.array(chosen),
        guesses=np.array([own.guesses for own in found]),
        presentations=np.array([own.presentations for own in found]),
        solved=np.array([own.solved for own in found]),
        error=np.array([own.error for own in found]),
        published=np.array([ROWS[name].published for name in chosen]),
        published_runs=np.array([ROWS[name].runs for name in chosen]),
    )


class Guessed(NamedTuple):
    """The runs of one row."""

    guesses: NDArray[np.int64]
    presentations: NDArray[np.int64]
    solved: NDArray[np.bool_]
    error: NDArray[np.float64]


def guessed(row: Row, runs: int, seed: int) -> Guessed:
    """Guess until all training sequences are right, or the limit of guesses."""
    task, model = row.task(), row.model()
    n = 2 if isinstance(task, Latch) else SEQUENCES
    result = train(
        WeightGuessing(half_width=R),
        model,
        task,
        trials=runs,
        sequences=n,
        max_presentations=row.limit,
        test_sequences=TESTS,
        rng=seed,
    )
    assert result.progress is not None
    return Guessed(result.progress.state[0], result.presentations, result.outcome == "learned", result.error)


@dataclass(frozen=True, eq=False)
class GuessingRuns(Result):
    """All runs, a row an experiment.

    Attributes
    ----------
    row : ndarray of str, shape (rows,)
    guesses, presentations : ndarray of int, shape (rows, runs)
        Weight vectors that were tried, the right one included, and sequences that were shown to them.
    solved : ndarray of bool, shape (rows, runs)
        Whether one was right before the limit.
    error : ndarray, shape (rows, runs)
        Fraction of 100 fresh sequences answered wrong by the last weight vector.
    published, published_runs : ndarray, shape (rows,)
        Mean guesses in the paper, NaN for readings of our own, and the runs behind it.
    """

    row: NDArray[np.str_]
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
        return expected(float(self.published[k]) * runs, runs) if runs else Interval(NONE, NONE, NONE)

    def compatible(self, k: int) -> bool:
        """Whether two samples of one law differ so much in at least 5 % of cases: the ratio of their means has the law F."""
        ours, theirs = 2 * int(self.solved[k].sum()), 2 * int(self.published_runs[k])
        if not ours or not theirs:
            return False
        ratio = self.expected(k).value / float(self.published[k])
        return bool(0.025 < stats.f.cdf(ratio, ours, theirs) < 0.975)

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row an experiment."""
        ours = np.array([self.expected(k) for k in range(len(self.row))])
        theirs = np.array([self.published_interval(k) for k in range(len(self.row))])
        return {
            "row": self.row,
            "guesses": ours[:, 0],
            "guesses_low": ours[:, 1],
            "guesses_high": ours[:, 2],
            "published": self.published,
            "published_low": theirs[:, 1],
            "published_high": theirs[:, 2],
            "presentations": self.presentations.mean(1),
            "solved": self.solved.mean(1),
            "error": np.array(
                [row[good].mean() if good.any() else NONE for row, good in zip(self.error, self.solved, strict=True)]
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
