"""Thresholds by direction of the input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.escape.directions import EscapeDirections

INK = "#222222"


def plot_directions(result: EscapeDirections, *, ax: Axes | None = None) -> Axes:
    """Of two inputs, how far each direction may be pushed; of others, a bar a direction."""
    ax = axes(ax, size=(5.4, 5.4) if result.directions.shape[1] == 2 else (6.4, 4.0))
    if result.directions.shape[1] == 2:
        _round(ax, result)
    else:
        _bars(ax, result)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=3, frameon=False, fontsize=9)
    return ax


def _round(ax: Axes, result: EscapeDirections) -> None:
    """Ends of the vectors b d and -b d in the plane of the two inputs, in order of their angle."""
    both = np.concatenate([result.directions, -result.directions])
    order = np.argsort(np.arctan2(both[:, 1], both[:, 0]))
    order = np.append(order, order[0])
    for values, colour, label in (
        (result.upper, COLOURS["escape"], "escapes (witness)"),
        (result.lower, COLOURS["attracting"], "no escape: proved"),
    ):
        ends = (both * np.tile(np.where(np.isfinite(values), values, np.nan), 2)[:, None])[order]
        ax.plot(*ends.T, "o-", color=colour, lw=1.2, ms=4, label=label)
        if label.startswith("no"):
            ax.fill(*ends.T, color=COLOURS["gamma"], alpha=0.18, lw=0)
    if np.isfinite(result.upper[result.easiest]):
        tip = result.upper[result.easiest] * result.directions[result.easiest]
        for side in (-1.0, 1.0):
            ax.plot([0, side * tip[0]], [0, side * tip[1]], color=INK, lw=1.0, label="easiest" if side > 0 else None)
    ax.set(xlabel="input 1", ylabel="input 2", aspect="equal")


def _bars(ax: Axes, result: EscapeDirections) -> None:
    place = np.arange(1, len(result) + 1)
    finite = np.isfinite(result.upper)
    top = float(result.upper[finite].max(initial=0.0)) or 1.0
    ax.bar(place, np.minimum(result.lower, 1.15 * top), color=COLOURS["gamma"], alpha=0.6, label="no escape: proved")
    ax.plot(place[finite], result.upper[finite], "_", color=COLOURS["escape"], ms=16, mew=2.5, label="escapes (witness)")
    if not finite.all():
        ax.plot(place[~finite], np.full((~finite).sum(), 1.1 * top), "^", color=COLOURS["neutral"], label="no escape found")
    ax.set(
        xlabel="direction" if result.directions.shape[0] != result.directions.shape[1] else "input", ylabel="size of the input"
    )
    ax.set_xticks(place)
