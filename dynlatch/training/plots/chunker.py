"""The chunker's loss: share of runs solved against the share of symbols that are drawn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import axes
from dynlatch.training.experiments.contract import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.chunker import ChunkerRuns

SHAPES = ("o", "s", "v", "D")  # of the models


def pictures(found: ChunkerRuns) -> tuple[Picture, ...]:
    """That of the report."""
    return (
        Picture(
            "What is left when less can be compressed",
            "Share of runs that know the symbol of 20 steps ago, with 95 % intervals, against the probability with which each "
            "symbol between is drawn at random; two strings in a presentation.",
            partial(_draw, found),
        ),
    )


def _draw(found: ChunkerRuns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    plot_loss(found, figure.subplots())
    return figure


def plot_loss(found: ChunkerRuns, ax: Axes | None) -> Axes:
    """A line a model; levels of noise are set side by side."""
    ax = axes(ax, size=(7.2, 4.2))
    stream = found.strings == 2
    levels, names = np.unique(found.drawn[stream]), list(dict.fromkeys(found.model.tolist()))
    for k, (name, colour, shape) in enumerate(zip(names, tints(len(names), MARKER), SHAPES, strict=True)):
        shares = np.array([found.share(found.row(name, 2, level)) for level in levels]) * 100.0
        at = np.arange(len(levels)) + 0.06 * (k - 1.5)
        errors = np.abs(shares[:, 1:].T - shares[:, 0])
        ax.errorbar(at, shares[:, 0], errors, color=tuple(colour), marker=shape, ms=5, lw=1.4, capsize=2, label=name)
    ax.set_xticks(range(len(levels)), [f"{100 * level:g} %" for level in levels])
    ax.set(xlabel="symbols between that are drawn at random", ylabel="runs solved, in %", ylim=(-4, 104))
    ax.legend(frameon=False, fontsize=8)
    return ax
