"""Errors of neurons with output delays against the length of the strings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import axes
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.experiments.intervals import mean_error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.narx import NARXCurves

CAPTION = (
    "Mean error on fresh strings, with 95 % intervals. Dashed: 10 %, where a length counts as out of reach; 50 % is a coin. "
    "All neurons have the same fixed points and withstand the same constant input: only the way of the gradient differs."
)


def plot_curves(curves: NARXCurves, ax: Axes | None) -> Axes:
    """A curve for each number of delays."""
    from matplotlib import colormaps

    ax = axes(ax, size=(6.0, 3.8))
    shades = colormaps["viridis"](np.linspace(0.0, 0.85, len(curves.delays)))
    for delays, errors, colour in zip(curves.delays, curves.error, shades, strict=True):
        found = [mean_error(runs) for runs in errors]
        share, low, high = (np.array([getattr(i, name) for i in found]) for name in ("value", "low", "high"))
        label = f"{delays} delay" if delays == 1 else f"{delays} delays"
        ax.errorbar(
            curves.lengths,
            share,
            np.stack([share - low, high - share]),
            color=colour,
            marker="o",
            ms=4,
            lw=1.6,
            capsize=2,
            label=label,
        )
    ax.axhline(0.1, color="#888888", lw=0.9, ls="--")
    ax.set(ylim=(-0.02, 0.8), xlabel="length T of the strings", ylabel="mean error")
    ax.legend(frameon=False, fontsize=9)
    return ax


def pictures(curves: NARXCurves) -> tuple[Picture, ...]:
    """One figure."""
    return (Picture("Output delays keep the bit learnable for longer", CAPTION, partial(_drawn, curves)),)


def _drawn(curves: NARXCurves) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 3.9), layout="constrained")
    plot_curves(curves, figure.subplots())
    return figure
