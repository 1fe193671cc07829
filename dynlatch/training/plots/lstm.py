"""Presentations that LSTM and what stands beside it needed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.lstm import LSTMRuns

CAPTION = (
    "A point a trial: filled where it learned, open where its presentations were used up. Bars: means, with 95 % intervals. "
    "Crosses: published means of 10 trials."
)


def plot_presentations(runs: LSTMRuns, ax: Axes | None) -> Axes:
    """A row a cell."""
    ax = axes(ax, size=(7.6, 1.2 + 0.42 * len(runs.T)))
    rows = np.arange(len(runs.T))[::-1]
    for row, shown, learned, interval in zip(rows, runs.presentations, runs.learned, runs.shown, strict=True):
        height = row + np.linspace(-0.22, 0.22, len(shown))
        colour = COLOURS["attracting"]
        ax.scatter(shown[learned], height[learned], s=14, color=colour, lw=0, alpha=0.8)
        ax.scatter(shown[~learned], height[~learned], s=14, facecolors="none", edgecolors=COLOURS["repelling"], lw=0.9)
        ax.plot([interval.low, interval.high], [row, row], color="#222222", lw=1.2)
        ax.plot([interval.value] * 2, [row - 0.3, row + 0.3], color="#222222", lw=2.0)
    _published(ax, runs, rows)
    ax.set_xscale("log")
    ax.set_yticks(rows, [f"{m}: {p}, T = {T}" for p, m, T in zip(runs.problem, runs.method, runs.T, strict=True)])
    ax.set_xlabel("presentations")
    return ax


def _published(ax: Axes, runs: LSTMRuns, rows: np.ndarray) -> None:
    for row, verdicts in zip(rows, zip(runs.verdicts[::2], runs.verdicts[1::2], strict=True), strict=True):
        ax.plot(verdicts[1].published, row, "x", color=COLOURS["escape"], ms=9, mew=2.2)


def pictures(runs: LSTMRuns) -> tuple[Picture, ...]:
    """One figure."""
    return (Picture("Presentations until every training sequence is right", CAPTION, partial(_drawn, runs)),)


def _drawn(runs: LSTMRuns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 1.2 + 0.45 * len(runs.T)), layout="constrained")
    plot_presentations(runs, figure.subplots())
    return figure
