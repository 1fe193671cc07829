"""The cells of a sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps.result import Sweep


def plot_sweep(result: Sweep, ax: Axes | None) -> Axes:
    """One row a cell: its trials as points, their mean as a bar."""
    names = result.names
    ax = axes(ax, size=(6.4, 0.6 + 0.32 * max(len(names), 1)))
    for row, name in enumerate(names):
        own = 100.0 * result.of(name).error
        spread = 0.3 * (np.arange(len(own)) / max(len(own) - 1, 1) - 0.5)  # apart, so that equal trials can be counted
        ax.plot(own, row + spread, ".", color=COLOURS["attracting"], alpha=0.35, ms=4)
        ax.plot([own.mean()] * 2, [row - 0.3, row + 0.3], color=COLOURS["repelling"], lw=2)
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.set_xlabel("error on fresh sequences (%); bar: mean")
    return ax
