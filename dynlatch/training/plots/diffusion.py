"""Diffusion of credit: the coefficient of random products against time, and good trials against the span."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import axes
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.experiments.diffusion import ALLOWED
from dynlatch.training.experiments.diffusion_training import TOPOLOGIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.diffusion import DiffusionOfCredit

SHAPES = ("o", "s", "^", "D")


def pictures(found: DiffusionOfCredit) -> tuple[Picture, ...]:
    """Those of the report."""
    return (
        Picture(
            "Products of random matrices",
            "Median ln tau_1 of the product of the first t matrices, and the middle 95 % of them (the paper's Fig. 2a).",
            partial(_draw, found, plot_products),
        ),
        Picture(
            "Training",
            "Share of trials as likely as the generating model, with 95 % intervals (Fig. 3b of the paper).",
            partial(_draw, found, plot_training),
        ),
    )


def _draw(found: DiffusionOfCredit, plot: object) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    assert callable(plot)
    plot(found, figure.subplots())
    return figure


def plot_products(found: DiffusionOfCredit, ax: Axes | None) -> Axes:
    """ln tau_1 against t, a line a kind."""
    ax = axes(ax, size=(7.2, 4.2))
    t = np.arange(1, found.log_tau.shape[2] + 1)
    for kind, runs, colour in zip(ALLOWED, found.log_tau, tints(len(ALLOWED), MARKER), strict=True):
        low, middle, high = np.quantile(runs, (0.025, 0.5, 0.975), axis=0)
        ax.fill_between(t, low, high, color=tuple(colour), alpha=0.15, lw=0)
        ax.plot(t, middle, color=tuple(colour), lw=1.8, label=kind)
    ax.set(xlabel="number of matrices t", ylabel=r"$\ln\,\tau_1$", xlim=(1, t[-1]))
    ax.legend(frameon=False, fontsize=8, loc="lower left")
    return ax


def plot_training(found: DiffusionOfCredit, ax: Axes | None) -> Axes:
    """Share of good trials against the span, a line a topology; lines are set apart sideways so that none hides another."""
    ax = axes(ax, size=(7.2, 4.2))
    for k, (topology, colour) in enumerate(zip(TOPOLOGIES, tints(len(TOPOLOGIES), MARKER), strict=True)):
        rates = 100.0 * np.array([found.rate(topology, at) for at in range(len(found.spans))])
        spread = np.abs(rates[:, 1:] - rates[:, :1]).T
        aside = found.spans * 1.06 ** (k - 1.5)
        ax.errorbar(aside, rates[:, 0], spread, color=tuple(colour), marker=SHAPES[k], ms=5, lw=1.6, label=topology)
    ax.set(xscale="log", xlabel="span of the dependency, steps", ylabel="trials with a good solution, %", ylim=(-4, 104))
    ax.legend(frameon=False, fontsize=8)
    return ax
