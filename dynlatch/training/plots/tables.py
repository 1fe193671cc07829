"""Tables of the papers as curves."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.table import PaperTable

COLUMNS = 3  # panels a row
DASHES = ("-", "--", "-.", ":")  # neighbouring hues differ in them too


def pictures(table: PaperTable) -> tuple[Picture, ...]:
    """Curves of every method beside the published ones."""
    what = "Error on fresh sequences" if table.unit else "Presentations"
    return (
        Picture(
            f"{table.title}, method by method",
            f"{what} against T: ours (filled, with 95 % intervals) and published (open). Crosses: published values whose "
            "column is lost, where they are usually put.",
            partial(draw_panels, table),
        ),
    )


def plot_table(table: PaperTable, ax: Axes | None) -> Axes:
    """Ours against T as lines, labelled at their ends; the published values as open circles."""
    ax = axes(ax, size=(8.0, 4.6))
    T = np.array(table.lengths)
    ends = []
    for k, (name, colour) in enumerate(zip(table.methods, tints(len(table.methods), MARKER), strict=True)):
        ran = np.flatnonzero(table.trials[k])
        if len(ran):
            _curve(ax, table, k, colour)
            ends.append((float(table.value[k, ran[-1]]), float(T[ran[-1]]), name, colour))
    _frame(ax, table)
    ax.set_title(f"{table.title}; circles: published")
    _labels(ax, ends, table)
    return ax


def draw_panels(table: PaperTable) -> Figure:
    """A small panel a method: no two curves of different methods cross."""
    import matplotlib.pyplot as plt

    rows = -(-len(table.methods) // COLUMNS)
    figure, grid = plt.subplots(
        rows, COLUMNS, figsize=(10.5, 2.6 * rows), layout="constrained", sharex=True, sharey=True, squeeze=False
    )
    for k, (ax, colour) in enumerate(zip(grid.flat, tints(len(table.methods), MARKER), strict=False)):
        axes(ax)
        _curve(ax, table, k, colour)
        _frame(ax, table)
        ax.set_title(table.methods[k], fontsize=10, loc="left")
        ax.tick_params(labelsize=8)
        ax.label_outer()
        if k + COLUMNS >= len(table.methods):  # nothing stands below it
            ax.tick_params(labelbottom=True)
            ax.set_xlabel("longest length T")
    for ax in grid.flat[len(table.methods) :]:
        ax.set_visible(False)
    return figure


def _curve(ax: Axes, table: PaperTable, k: int, colour: object) -> None:
    ran = np.flatnonzero(table.trials[k])
    T = np.array(table.lengths)
    middle = table.value[k, ran]
    spread = np.abs(np.stack([table.low[k, ran], table.high[k, ran]]) - middle)
    ax.errorbar(T[ran], middle, spread, color=colour, marker="o", ms=4, lw=1.5, capsize=2, ls=DASHES[k % len(DASHES)])
    ax.plot(T, table.published[k], "o", mfc="none", mec=colour, mew=1.3, ms=9, clip_on=False)
    ax.plot(T, table.guessed[k], "x", color=colour, ms=8)


def _frame(ax: Axes, table: PaperTable) -> None:
    ax.set_xscale("log")
    ax.set_xticks(table.lengths, [str(T) for T in table.lengths])
    ax.minorticks_off()
    ax.set_xlabel("longest length T")
    if table.unit:
        ax.axhline(50.0, color=COLOURS["faint"], lw=1.0, zorder=0)
        ax.set_ylim(-3.0, 63.0)
        ax.set_ylabel("error on fresh sequences (%)")
    else:
        ax.set_yscale("log")
        ax.set_ylabel("sequence presentations")


def _labels(ax: Axes, ends: list[tuple[float, float, str, object]], table: PaperTable) -> None:
    """Names right of the axes, moved apart where curves end close together, each with a line to its end."""
    if not ends:
        return
    ax.figure.canvas.draw()  # limits are known afterwards
    place, back = ax.transData, ax.transAxes.inverted()
    heights = [float(back.transform(place.transform((T, value)))[1]) for value, T, _, _ in ends]
    order = np.argsort(heights)
    gap = 0.062
    at = np.array(heights)[order]
    for k in range(1, len(at)):
        at[k] = max(at[k], at[k - 1] + gap)
    at -= max(at[-1] - 1.0, 0.0)
    for k in range(len(at) - 2, -1, -1):
        at[k] = min(at[k], at[k + 1] - gap)
    for y, index in zip(at, order, strict=True):
        value, T, name, colour = ends[index]
        line = {"arrowstyle": "-", "color": colour, "lw": 0.6, "alpha": 0.6}
        ax.annotate(
            name,
            (T, value),
            (1.03, y),
            textcoords=ax.transAxes,
            fontsize=8,
            va="center",
            color=colour,
            arrowprops=line,
            annotation_clip=False,
        )
