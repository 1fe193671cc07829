"""Diffusion of credit in Markov models (Bengio and Frasconi, NIPS 7, 1995): on what it depends, and what it costs.

Section 4.1: products of random transition matrices of 8 states, drawn anew at each step, under four constraints; Dobrushin's
coefficient tau_1 tells how much of the first state is left (`analysis.credit_diffusion`). Section 4.2: hidden Markov models
trained by EM on sequences with a dependency of a given span (`diffusion_training`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis import credit_diffusion
from dynlatch.networks import StateNetwork
from dynlatch.results import Result
from dynlatch.training.experiments.contract import Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.diffusion_training import RIGHT, TOPOLOGIES, trained
from dynlatch.training.experiments.diffusion_words import NOTES, summary_of, verdicts_of
from dynlatch.training.experiments.intervals import Interval, wilson
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Cell, Sweep

STATES, STEPS, PERIOD = 8, 30, 4
GOOD = 0.1 * np.log(2.0)  # nats a sequence: a tenth of what the branch is worth
SEED = 1995


def _allowed() -> dict[str, NDArray[np.bool_]]:
    """Which transitions i, j (from j to i) the four kinds of the paper have."""
    i, j = np.indices((STATES, STATES))
    return {
        "fully connected": np.ones((STATES, STATES), dtype=bool),
        "left-to-right, triangular": i >= j,
        "left-to-right, one step": (i == j) | (i == j + 1),
        "periodic": (i - j) % PERIOD == 1,
    }


ALLOWED = _allowed()


class Amount(NamedTuple):
    """How much is run."""

    products: int
    spans: tuple[float, ...]
    trials: int


AMOUNTS = {
    Scale.MICRO: Amount(5, (0.1, 2.0), 2),
    Scale.MINI: Amount(50, (0.1, 1.0, 10.0, 100.0), 8),
    Scale.FULL: Amount(200, tuple(float(f"{span:.2g}") for span in np.logspace(-1.0, 3.0, 8)), 20),
}


def no_cells(scale: Scale, trials: int | None) -> Sequence[Cell]:
    """None: everything is computed when the experiment is read."""
    return ()


def read(sweep: Sweep, scale: Scale) -> DiffusionOfCredit:
    """Products and trainings, trial k with the k-th seed."""
    amount = AMOUNTS[scale]
    fits = [
        [[trained(topology, span, [SEED, k]) for k in range(amount.trials)] for span in amount.spans] for topology in TOPOLOGIES
    ]
    return DiffusionOfCredit(
        log_tau=np.array([_products(kind, amount.products) for kind in ALLOWED]),
        spans=np.array(amount.spans),
        gap=np.array([[[fit.gap for fit in row] for row in rows] for rows in fits]),
        epochs=np.array([[[fit.epochs for fit in row] for row in rows] for rows in fits]),
    )


def _products(kind: str, runs: int) -> Array:
    """ln tau_1 of products of up to STEPS matrices, entries uniform on [0, 1] before columns are normalised: (runs, STEPS)."""
    rng, thresholds = np.random.default_rng([SEED, list(ALLOWED).index(kind)]), np.linspace(0.5, STEPS - 1.5, STEPS - 1)
    found = []
    for _ in range(runs):
        tables = rng.random((STEPS, STATES, STATES)) * ALLOWED[kind]
        tables[:, -1, -1] += ALLOWED[kind][:, -1].sum() == 0
        net = StateNetwork(tables / tables.sum(1, keepdims=True), thresholds)
        found.append(credit_diffusion(net, np.arange(STEPS)[:, None]).log_dobrushin)
    return np.array(found)


@dataclass(frozen=True, eq=False)
class DiffusionOfCredit(Result):
    """Products of matrices, and trained models.

    Attributes
    ----------
    log_tau : ndarray, shape (4, products, 30)
        ln tau_1 of the product of the first t matrices; kinds in the order of `ALLOWED`.
    spans : ndarray, shape (spans,)
        Steps in which half of what is kept in the middle state is lost.
    gap : ndarray, shape (4, spans, trials)
        Log-likelihood of the generating model minus that of the trained one, in nats a sequence; topologies in the order of
        `diffusion_training.TOPOLOGIES`.
    epochs : ndarray of int, shape (4, spans, trials)
    """

    log_tau: Array
    spans: Array
    gap: Array
    epochs: NDArray[np.int64]

    title = "Diffusion of credit in Markov models"
    notes = NOTES

    @property
    def median_log_tau(self) -> Array:
        """Over the products, shape (4, 30)."""
        return np.asarray(np.median(self.log_tau, axis=1))

    @cached_property
    def good(self) -> NDArray[np.bool_]:
        """Trials almost as likely as the generating model, or better: shape (4, spans, trials)."""
        return np.asarray(self.gap <= GOOD)

    def rate(self, topology: str, spans: slice | int = slice(None)) -> Interval:
        """Share of good trials of a topology, at some spans or all."""
        own = self.good[list(TOPOLOGIES).index(topology), spans]
        return wilson(float(own.sum()), float(own.size))

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        return verdicts_of(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a topology and span."""
        names = list(TOPOLOGIES)
        rates = [self.rate(name, k) for name in names for k in range(len(self.spans))]
        trials = self.gap.shape[2]
        return {
            "topology": np.repeat(names, len(self.spans)),
            "span": np.tile(self.spans, len(names)),
            "good": np.array([rate.value for rate in rates]),
            "good_low": np.array([rate.low for rate in rates]),
            "good_high": np.array([rate.high for rate in rates]),
            "median_gap": np.median(self.gap, axis=2).ravel(),
            "median_epochs": np.median(self.epochs, axis=2).ravel(),
            "trials": np.full(len(rates), trials),
        }

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots import diffusion

        return diffusion.pictures(self)

    def summary(self) -> str:
        """tau_1 by kind, then the share of good trials by topology and span."""
        return summary_of(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Share of good trials against the span, a line a topology."""
        from dynlatch.training.plots.diffusion import plot_training

        return plot_training(self, ax)


DIFFUSION = Experiment(
    name="diffusion",
    title=f"Diffusion of credit: products of {STATES} states, and training {RIGHT - 1}-state models",
    source="Bengio and Frasconi (1995), NIPS 7, section 4",
    cells=no_cells,
    read=read,
)
