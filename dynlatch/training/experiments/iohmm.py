"""Input-output HMMs on Tomita's grammars (Bengio and Frasconi, NIPS 7, 1994, table 1): EM from 20 random starts on his strings.

A trial has converged if it answers every training string right; its accuracy is the share of all strings of up to 12 symbols
that it answers as the grammar does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from dynlatch.results import Result
from dynlatch.training.automata import TOMITA
from dynlatch.training.experiments.contract import Agreement, Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.intervals import Interval, mean, wilson
from dynlatch.training.experiments.iohmm_strings import STRINGS
from dynlatch.training.models.input_output_hmm import EmittingCell, InputOutputHMM, asked_at_end, expect, log_likelihoods
from dynlatch.training.models.topology import fully_connected
from dynlatch.training.rules.baum_welch import maximised
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Cell, Sweep

TRIALS = {Scale.MICRO: 2, Scale.MINI: 20, Scale.FULL: 200}
EPOCHS, GAIN = 1000, 1e-6  # where EM ends: nats a string
LONGEST, SEED = 12, 1994


class Published(NamedTuple):
    """A row of the paper's table; the paper has 20 trials."""

    states: int
    converged: float
    accuracy: float


PAPER_TRIALS = 20
PAPER = {
    1: Published(2, 0.60, 1.000),
    2: Published(8, 0.80, 0.965),
    3: Published(7, 0.15, 0.867),
    4: Published(4, 0.10, 1.000),
    5: Published(4, 0.10, 1.000),
    6: Published(3, 0.35, 1.000),
    7: Published(3, 0.45, 0.856),
}
NOTES = (
    "Tomita's strings are restored from their reuse in the literature (Pollack 1991 and others), and checked against the "
    "grammars; the empty string, which an output at the last step cannot answer, is left out.",
    "The paper does not say where EM ends, nor how probabilities begin: here uniform on the simplex, and EM runs to a gain "
    f"below {GAIN:g} nats a string, or {EPOCHS} epochs; then most transitions are certain, as in the paper.",
    "The sizes are those that the paper chose by cross-validation.",
)


class Strings(NamedTuple):
    """Strings as symbols (n, T), their lengths, and classes -1 and +1."""

    symbols: NDArray[np.int64]
    lengths: NDArray[np.int64]
    targets: Array


def labelled(words: Sequence[str], grammar: int) -> Strings:
    """Words over 0 and 1 with their classes; the symbol after the end is 0."""
    symbols = np.zeros((len(words), max(map(len, words))), dtype=np.int64)
    for j, word in enumerate(words):
        symbols[j, : len(word)] = [int(c) for c in word]
    accepted = [TOMITA[grammar].accepts(map(int, word)) for word in words]
    return Strings(symbols, np.array([len(word) for word in words], dtype=np.int64), np.where(accepted, 1.0, -1.0))


def training_strings(grammar: int) -> Strings:
    """Tomita's."""
    return labelled(" ".join(STRINGS[grammar]).split(), grammar)


@cache
def all_strings(grammar: int) -> Strings:
    """Every string of 1 to 12 symbols."""
    return labelled(["".join(word) for T in range(1, LONGEST + 1) for word in product("01", repeat=T)], grammar)


def trained(grammar: int, seed: list[int]) -> tuple[bool, float]:
    """Whether a trial converges, and its accuracy on all strings; NaN if it does not."""
    model = InputOutputHMM(fully_connected(PAPER[grammar].states, (0.5,), (0, 1)))
    cell, theta, data = model.cell(), model.initial([np.random.default_rng(seed)])[:, 0], training_strings(grammar)
    asked, before = asked_at_end(data.targets, data.lengths, data.symbols.shape[1]), -math.inf
    for _ in range(EPOCHS):
        counts, scores = np.zeros(cell.trained), np.empty(len(data.lengths))
        expect(cell, theta, data.symbols, asked, data.lengths, counts, scores)
        if scores.mean() - before < GAIN:
            break
        before, theta = float(scores.mean()), maximised(cell, theta, counts)
    right = accuracy(cell, theta, data) == 1.0
    return right, accuracy(cell, theta, all_strings(grammar)) if right else math.nan


def accuracy(cell: EmittingCell, theta: Array, data: Strings) -> float:
    """Share of strings whose class has more than half the probability."""
    scores = np.empty(len(data.lengths))
    asked = asked_at_end(data.targets, data.lengths, data.symbols.shape[1])
    log_likelihoods(cell, theta, data.symbols, asked, data.lengths, scores)
    return float(np.mean(scores > math.log(0.5)))


def no_cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """None: everything is computed when the experiment is read."""
    return ()


def read(sweep: Sweep, scale: Scale) -> GrammarInference:
    """Every grammar, trial k from the k-th seed."""
    runs = np.array([[trained(grammar, [SEED, grammar, k]) for k in range(TRIALS[scale])] for grammar in PAPER])
    return GrammarInference(np.array(list(PAPER)), runs[..., 0] > 0.5, runs[..., 1])


@dataclass(frozen=True, eq=False)
class GrammarInference(Result):
    """All trials, a row a grammar.

    Attributes
    ----------
    grammar : ndarray of int, shape (7,)
    converged : ndarray of bool, shape (7, trials)
        Whether every training string is answered right.
    accuracy : ndarray, shape (7, trials)
        Share of all strings of 1 to 12 symbols that are answered right; NaN where a trial did not converge.
    """

    grammar: NDArray[np.int64]
    converged: NDArray[np.bool_]
    accuracy: Array

    title = "Input-output HMMs on Tomita's grammars"
    notes = NOTES

    def rate(self, k: int) -> Interval:
        """Share of trials of row k that converged."""
        return wilson(float(self.converged[k].sum()), float(self.converged.shape[1]))

    def mean_accuracy(self, k: int) -> Interval:
        """Of those that converged."""
        return mean(self.accuracy[k][self.converged[k]], within=(0.0, 1.0))

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(verdict for k in range(len(self.grammar)) for verdict in self._verdicts(k))

    def _verdicts(self, k: int) -> Iterator[Verdict]:
        own, n = PAPER[int(self.grammar[k])], self.converged.shape[1]
        what, hits = f"Tomita {self.grammar[k]}, {own.states} states", int(self.converged[k].sum())
        theirs = round(own.converged * PAPER_TRIALS)
        chance = float(stats.fisher_exact([[hits, n - hits], [theirs, PAPER_TRIALS - theirs]]).pvalue)
        words = f"{hits} of {n} trials; {theirs} of {PAPER_TRIALS} in the paper (Fisher's exact test: p = {chance:.2g})."
        yield _verdict(what, "trials that converged", self.rate(k), n, own.converged, chance > 0.05, words)
        if not hits:
            return
        found, good = self.mean_accuracy(k), self.accuracy[k][self.converged[k]]
        worst = f"the worst {100 * good.min():.1f} %"
        words = f"{int(np.sum(good == 1.0))} of the {hits} that converged answer all strings right; {worst}."
        # The paper's mean is over the few trials of 20 that converged: it must be in the middle 95 % of such means of ours.
        draws = np.random.default_rng(SEED).choice(good, (2000, theirs)).mean(1)
        low, high = np.quantile(draws, (0.025, 0.975))
        yield _verdict(what, "mean accuracy", found, hits, own.accuracy, low - 5e-4 <= own.accuracy <= high + 5e-4, words)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a grammar."""
        rates = np.array([self.rate(k) for k in range(len(self.grammar))])
        means = np.array([self.mean_accuracy(k) for k in range(len(self.grammar))])
        return {
            "grammar": self.grammar,
            "converged": rates[:, 0],
            "converged_low": rates[:, 1],
            "converged_high": rates[:, 2],
            "accuracy": means[:, 0],
            "published_converged": np.array([row.converged for row in PAPER.values()]),
            "published_accuracy": np.array([row.accuracy for row in PAPER.values()]),
        }

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.iohmm import draw_convergence

        return (
            Picture("Convergence", "Share of trials that answer all training strings right.", lambda: draw_convergence(self)),
        )

    def summary(self) -> str:
        """Ours and theirs by grammar."""
        return "\n".join(
            [self.title, *(f"  {v.what}, {v.quantity}: {v.ours:.3f}, published {v.published:g}" for v in self.verdicts)]
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Share of trials that converged, ours and theirs."""
        from dynlatch.training.plots.iohmm import plot_convergence

        return plot_convergence(self, ax)


def _verdict(what: str, quantity: str, ours: Interval, n: int, published: float, agrees: bool, words: str) -> Verdict:
    agreement = Agreement.AGREES if agrees else Agreement.DISAGREES
    return Verdict(what, quantity, "", *ours, n, published, agreement, words if agrees else f"{words} Not explained.")


IOHMM = Experiment(
    name="iohmm",
    title="Input-output HMMs: convergence and accuracy on Tomita's seven grammars",
    source="Bengio and Frasconi (1994), NIPS 7, table 1",
    cells=no_cells,
    read=read,
)
