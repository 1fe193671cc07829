"""Failures on the gap task, ours beside Mozer's."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.experiments.time_constants_words import published

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.time_constants import GapRuns

CAPTION = "Share of the trials that did not learn within 10,000 epochs, with 95 % intervals. Dashed, crosses: published."


def plot_failures(runs: GapRuns, ax: Axes | None) -> Axes:
    """A curve a net."""
    ax = axes(ax, size=(5.6, 3.6))
    colours = COLOURS["repelling"], COLOURS["attracting"]
    for method, colour in zip(dict.fromkeys(runs.method.tolist()), colours, strict=True):
        rows = np.flatnonzero(runs.method == method)
        gaps = runs.gap[rows]
        share, low, high = (
            np.array([100.0 * getattr(runs.failures[k], name) for k in rows]) for name in ("value", "low", "high")
        )
        ax.errorbar(
            gaps,
            share,
            np.stack([share - low, high - share]),
            color=colour,
            marker="o",
            ms=5,
            lw=1.6,
            capsize=2.5,
            label=method,
        )
        theirs = [published(method)[int(gap)][0] for gap in gaps]
        ax.plot(gaps, theirs, "x--", color=colour, lw=1.1, ms=7, mew=1.8, clip_on=False)
    ax.set(ylim=(-3.0, 103.0), xlabel="gap (letters)", ylabel="failures (%)", xticks=sorted(set(runs.gap.tolist())))
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    return ax


def pictures(runs: GapRuns) -> tuple[Picture, ...]:
    """One figure."""
    return (Picture("Slow units bridge the gap", CAPTION, partial(_drawn, runs)),)


def _drawn(runs: GapRuns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 3.8), layout="constrained")
    plot_failures(runs, figure.subplots())
    return figure
