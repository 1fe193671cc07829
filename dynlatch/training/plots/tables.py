"""Tables of the papers as curves and as a table of colours."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, oklch, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Agreement, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.table import PaperTable

COLUMNS = 3  # panels a row
DASHES = ("-", "--", "-.", ":")  # neighbouring hues differ in them too
GREEN, RED, GREY = (tuple(oklch(0.90, chroma, hue)) for chroma, hue in ((0.06, 165.0), (0.07, 35.0), (0.0, 0.0)))
ON_SHADE = "#1c1c1c"  # no colour of a page's theme: the shades are pale in every theme
SHADE = {
    Agreement.AGREES: GREEN,
    Agreement.DISAGREES: RED,
    Agreement.UNPUBLISHED: GREY,
    Agreement.UNPLACED: GREY,
}


def pictures(table: PaperTable) -> tuple[Picture, ...]:
    """Curves of every method beside the published ones, and the table in the colours of its verdicts."""
    what = "Error on fresh sequences" if table.unit else "Presentations"
    return (
        Picture(
            f"{table.title}, method by method",
            f"{what} against T: ours (filled, with 95 % intervals) and published (open). Crosses: published values whose "
            "column is lost, where they are usually put.",
            partial(draw_panels, table),
        ),
        Picture(
            f"{table.title}, verdicts",
            "Ours over the published value; green where they agree, red where they do not, grey where there is none to compare "
            "(in brackets: its column is a guess).",
            partial(draw_grid, table),
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


def draw_grid(table: PaperTable) -> Figure:
    """Methods by lengths, each cell in the colour of its verdict."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    M, L = table.value.shape
    figure, ax = plt.subplots(figsize=(3.2 + 1.05 * L, 0.8 + 0.5 * M), layout="constrained")
    found = {v.what: v for v in table.verdicts}
    for i, method in enumerate(table.methods):
        for j, T in enumerate(table.lengths):
            verdict = found.get(f"{method}, T = {T}")
            if verdict is not None:
                ax.add_patch(Rectangle((j + 0.02, i + 0.04), 0.96, 0.92, color=SHADE[verdict.agreement], lw=0.0))
                ax.text(j + 0.5, i + 0.5, _text(table, i, j), ha="center", va="center", fontsize=8, color=ON_SHADE)
    ax.set(xlim=(0, L), ylim=(M, 0))
    ax.set_xticks(np.arange(L) + 0.5, [f"T = {T}" for T in table.lengths])
    ax.set_yticks(np.arange(M) + 0.5, table.methods)
    ax.tick_params(length=0)
    ax.xaxis.tick_top()
    ax.spines[:].set_visible(False)
    return figure


def _text(table: PaperTable, i: int, j: int) -> str:
    from dynlatch.training.experiments.table_verdicts import amount, as_printed

    ours, theirs, guess = amount(table, table.value[i, j]), table.published[i, j], table.guessed[i, j]
    if np.isfinite(theirs):
        return f"{ours}\npaper {as_printed(table, theirs)}"
    return f"{ours}\n(paper {as_printed(table, guess)}?)" if np.isfinite(guess) else ours


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
