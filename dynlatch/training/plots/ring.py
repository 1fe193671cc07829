"""Transition hierarchies: training sets and units against the gap, with the published ones."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.experiments.ring import REBER, SETS, UNITS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.ring import RingRuns


def pictures(found: RingRuns) -> tuple[Picture, ...]:
    """That of the report."""
    return (
        Picture(
            "Sets and units against the gap",
            "Means of the runs that solved the task, with 95 % intervals; open marks are published.",
            partial(_draw, found),
        ),
    )


def _draw(found: RingRuns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    plot_gaps(found, figure.subplots())
    return figure


def plot_gaps(found: RingRuns, ax: Axes | None) -> Axes:
    """Both grow in proportion to the gap."""
    ax = axes(ax, size=(6.4, 4.2))
    rows = np.flatnonzero(found.gap != REBER)
    gaps = found.gap[rows]
    kinds = (("units", found.units, UNITS, "o"), ("training sets", found.strings / 2.0, SETS, "s"))
    for (name, values, published, shape), colour in zip(kinds, tints(2, MARKER), strict=True):
        ours = np.array([found.of(int(row), values) for row in rows])
        ax.errorbar(
            gaps, ours[:, 0], np.abs(ours[:, 1:].T - ours[:, 0]), color=tuple(colour), marker=shape, capsize=2, label=name
        )
        ax.plot(
            list(published), list(published.values()), shape, mfc="none", color=COLOURS["neutral"], label=f"{name}, published"
        )
    ax.set(xlabel="gap, in letters", ylabel="number", ylim=(0, None))
    ax.legend(frameon=False, fontsize=8)
    return ax
