"""Input-output HMMs on Tomita's grammars: convergence, ours beside the published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.intervals import wilson
from dynlatch.training.experiments.iohmm import PAPER, PAPER_TRIALS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.iohmm import GrammarInference

APART = 0.14


def draw_convergence(found: GrammarInference) -> Figure:
    """The picture of the report."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.8), layout="constrained")
    plot_convergence(found, figure.subplots())
    return figure


def plot_convergence(found: GrammarInference, ax: Axes | None) -> Axes:
    """Share of trials that converged, by grammar, with 95 % intervals."""
    ax = axes(ax)
    at = np.arange(len(found.grammar))
    ours = np.array([found.rate(k) for k in range(len(at))])
    theirs = np.array([wilson(round(PAPER[int(g)].converged * PAPER_TRIALS), PAPER_TRIALS) for g in found.grammar])
    for values, aside, colour, shape, label in (
        (ours, -APART, COLOURS["attracting"], "o", "ours"),
        (theirs, APART, COLOURS["repelling"], "s", "published, 20 trials"),
    ):
        spread = np.abs(values[:, 1:] - values[:, :1]).T
        ax.errorbar(at + aside, values[:, 0], spread, fmt=shape, ms=5, lw=1.2, color=colour, label=label)
    ax.set_xticks(at, [f"Tomita {g}" for g in found.grammar])
    ax.set(ylabel="trials that answer all training strings", ylim=(-0.03, 1.03))
    ax.legend(frameon=False, fontsize=8)
    return ax
