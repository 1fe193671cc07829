"""Random weight guessing: expected guesses, ours beside the published means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.guessing import GuessingRuns

APART = 0.16  # between ours and theirs, in rows


def pictures(found: GuessingRuns) -> tuple[Picture, ...]:
    """That of the report."""
    caption = "Expected guesses with 95 % intervals; a published mean of 10 runs is as uncertain as one of ours from 10 runs."
    return (Picture("Guesses until success", caption, lambda: _draw(found)),)


def _draw(found: GuessingRuns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, 1.4 + 0.3 * len(found.row)), layout="constrained")
    plot_guesses(found, figure.subplots())
    return figure


def plot_guesses(found: GuessingRuns, ax: Axes | None) -> Axes:
    """A line a row, ours above and the published mean below it."""
    ax = axes(ax, size=(7.6, 1.4 + 0.3 * len(found.row)))
    at = np.arange(len(found.row))[::-1]
    ours = np.array([found.expected(k) for k in range(len(at))])
    theirs = np.array([found.published_interval(k) for k in range(len(at))])
    for values, aside, colour, shape, label in (
        (ours, APART, COLOURS["attracting"], "o", "ours"),
        (theirs, -APART, COLOURS["repelling"], "s", "published"),
    ):
        known = np.isfinite(values[:, 0])
        spread = np.abs(values[known, 1:] - values[known, :1]).T
        spread[~np.isfinite(spread)] = 0.0
        ax.errorbar(values[known, 0], at[known] + aside, xerr=spread, fmt=shape, ms=5, lw=1.2, color=colour, label=label)
    for k in np.flatnonzero(~np.isfinite(ours[:, 0])):
        ax.annotate("no success", (ours[k, 1], at[k]), fontsize=8, color=COLOURS["attracting"], va="center")
    ax.set(xscale="log", xlabel="guesses until success", ylim=(-0.7, len(at) - 0.3))
    ax.set_yticks(at, found.row.tolist())
    ax.legend(frameon=False, fontsize=8, loc="lower right")
    return ax
