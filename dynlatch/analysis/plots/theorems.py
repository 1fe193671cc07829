"""Pictures of statements and of what refutes them."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.theorems.curves import Curves

INK = "#222222"


def plot_curves(picture: Curves, title: str, ax: Axes | None = None) -> Axes:
    """All curves of one picture, its limit dotted."""
    ax = axes(ax, size=(6.4, 4.4))
    for curve in picture.curves:
        ax.plot(
            curve.x, curve.y, curve.marks, color=COLOURS.get(curve.role, INK), label=curve.label or None, lw=1.6, ms=5,
            mew=0.0 if "x" not in curve.marks else 1.4,
        )  # fmt: skip
    if picture.limit is not None:
        ax.axhline(picture.limit, color=COLOURS["escape"], ls=":", lw=1.6, label=picture.limit_label or None)
    if picture.logarithmic:
        ax.set_yscale("log")
        _calm(ax)
    if picture.equal:
        ax.set_aspect("equal", adjustable="datalim")
    ax.set(xlabel=picture.x_label, ylabel=picture.y_label)
    ax.set_title("\n".join(wrap(title, 58)), fontsize=11)
    if any(curve.label for curve in picture.curves) or picture.limit_label:
        # Dots that fill the plane leave no quiet place inside.
        where = {"loc": "upper left", "bbox_to_anchor": (1.0, 1.0)} if picture.equal else {"loc": "best"}
        ax.legend(**where, frameon=False, fontsize=9)
    return ax


def _calm(ax: Axes) -> None:
    """Ticks of whole decades, no more than a few."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = ax.get_ylim()
    if np.log10(high) - np.log10(low) > 3:  # the ratio of subnormal ends would overflow
        ax.yaxis.set_major_locator(LogLocator(numticks=8))
        ax.yaxis.set_minor_locator(NullLocator())
