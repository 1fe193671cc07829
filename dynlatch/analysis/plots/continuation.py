"""Pictures of continuation: branches over a parameter, fold curves over two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.continuation import Branch, FoldCurve

MARKERS = {
    "fold": ("s", COLOURS["repelling"]),
    "pitchfork": ("D", COLOURS["escape"]),
    "transcritical": ("P", COLOURS["escape"]),
    "branch point": ("X", COLOURS["escape"]),
    "flip": ("^", COLOURS["saddle"]),
    "Neimark-Sacker": ("o", COLOURS["saddle"]),
}
INK = "#222222"


def plot_branches(branches: tuple[Branch, ...], *, ax: Axes | None = None, component: int | None = None) -> Axes:
    """One component of the state (by default the one that varies most) over the parameter.

    Attracting parts are solid, the others dashed; fixed points dark, cycles blue with a line for each of their points.
    """
    ax = axes(ax, size=(6.4, 4.4))
    spread = np.max([np.ptp(branch.points, axis=0) for branch in branches], axis=0) if branches else np.zeros(1)
    shown = int(np.argmax(spread)) if component is None else component
    for branch in branches:
        for phase in range(branch.period):
            _draw(ax, branch, phase, shown)
    _mark(ax, branches, shown)
    ax.plot([], [], color=INK, linewidth=2.0, label="attracting")
    ax.plot([], [], color=INK, linewidth=1.1, linestyle=(0, (4, 3)), label="not attracting")
    if any(branch.period > 1 for branch in branches):
        ax.plot([], [], color=COLOURS["attracting"], linewidth=2.0, label="cycles")
    if branches:
        ax.set_xlabel(branches[0].label)
        index = "" if len(spread) == 1 else f", component {shown}"
        ax.set_ylabel(f"{branches[0].coordinates}{index}")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.2), ncols=3, frameon=False, fontsize=9)
    return ax


def _draw(ax: Axes, branch: Branch, phase: int, component: int) -> None:
    """Runs of equal stability; a run starts at the last point of the one before, so that the line has no gaps."""
    attracting = np.array([str(word) == "attracting" for word in branch.stability])
    # A special point belongs to the side it borders on: neutral rows take the word of the row before them.
    for row in branch.rows:
        attracting[row] = attracting[row - 1] if row else attracting[min(row + 1, len(branch) - 1)]
    colour = INK if branch.period == 1 else COLOURS["attracting"]
    edges = np.flatnonzero(np.diff(attracting)) + 1
    starts, ends = np.append(0, edges), np.append(edges, len(branch))
    for start, end in zip(starts, ends, strict=True):
        run = slice(max(start - 1, 0), end)
        style = {"linewidth": 2.0} if attracting[start] else {"linewidth": 1.1, "linestyle": (0, (4, 3))}
        ax.plot(branch.parameters[run], branch.orbits[run, phase, component], color=colour, **style)


def _mark(ax: Axes, branches: tuple[Branch, ...], component: int) -> None:
    for kind, (marker, colour) in MARKERS.items():
        points = [(p.parameter, p.point[component]) for branch in branches for p in branch.of_kind(kind)]
        if points:
            xy = np.array(points)
            ax.scatter(
                xy[:, 0], xy[:, 1], s=44, marker=marker, color=colour, edgecolor="white", linewidth=0.8, label=kind, zorder=4
            )


def plot_fold_curve(curve: FoldCurve, *, ax: Axes | None = None) -> Axes:
    """The folds in the plane of the two parameters, cusps marked."""
    ax = axes(ax, size=(5.4, 4.4))
    ax.plot(curve.parameters[:, 0], curve.parameters[:, 1], color=COLOURS["repelling"], linewidth=2.0, label="folds")
    if curve.cusps:
        xy = np.array([cusp.parameters for cusp in curve.cusps])
        ax.scatter(xy[:, 0], xy[:, 1], s=60, marker="D", color=COLOURS["escape"], edgecolor="white", label="cusp", zorder=3)
    ax.set_xlabel("first parameter")
    ax.set_ylabel("second parameter")
    ax.legend(loc="best", frameon=False)
    return ax
