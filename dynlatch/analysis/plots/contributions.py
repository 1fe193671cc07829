"""Picture of how far back a gradient reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.gradients import GradientContributions

LONG = 60  # runs longer than this are drawn on a logarithmic axis of steps
KIND_COLOURS = ("attracting", "escape", "saddle", "neutral")


def plot_gradient_contributions(split: GradientContributions, *, ax: Axes | None = None) -> Axes:
    """Norms by steps back (left axis, decades) and the share that the last k steps carry (right axis), medians."""
    ax = axes(ax, size=(6.4, 4.2))
    T = len(split.log_norms)
    back = np.arange(1, T + 1)
    ax.plot(back, _decades(split.log_norms), color=COLOURS["faint"], linewidth=4.0, label="all parameters")
    for (kind, logs), colour in zip(split.by_kind.items(), KIND_COLOURS, strict=False):
        ax.plot(back, _decades(logs), color=COLOURS[colour], linewidth=1.0, label=kind)
    ax.set_xlabel("steps back from the last, k")
    ax.set_ylabel("log10 of the norm of the contribution")
    shares = ax.twinx()
    shares.spines["top"].set_visible(False)
    carried = np.median(split.shares().reshape(T + 1, -1), axis=1)
    shares.fill_between(back, carried[1:], color=COLOURS["gamma"], alpha=0.25, linewidth=0.0, step="mid")
    shares.set_ylim(0.0, 1.05)
    shares.set_ylabel("share carried by the last k steps")
    for q, style in ((0.5, ":"), (0.95, "--")):
        reach = float(np.median(split.reach(q)))
        if reach:
            ax.axvline(reach, color=COLOURS["repelling"], linestyle=style, linewidth=1.3, label=f"h_{q * 100:.0f} = {reach:g}")
    if T > LONG:
        ax.set_xscale("log")
    ax.set_xlim(1 if T > LONG else 0.5, max(T, 2))
    # The norms belong above the filled share.
    ax.set_zorder(shares.get_zorder() + 1)
    ax.patch.set_visible(False)
    ax.legend(loc="best", frameon=False, fontsize="small")
    return ax


def _decades(logs: np.ndarray) -> np.ndarray:
    """Median over the sequences, from the last step backwards, in decades; gaps where a term is zero."""
    median = np.median(logs.reshape(len(logs), -1), axis=1)[::-1] / np.log(10.0)
    return np.where(np.isfinite(median), median, np.nan)
