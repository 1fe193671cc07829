"""Pictures of bounds on gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.gradients import GradientBounds

LOOKS = (
    (COLOURS["saddle"], "--"),
    (COLOURS["repelling"], "--"),
    (COLOURS["escape"], "--"),
    ("#009E73", "--"),
    (COLOURS["neutral"], "--"),
    (COLOURS["gamma"], "-."),
    ("#444444", ":"),
)
TALLEST = 6.0  # the axis ends where bounds are this many times further from 1 than the truth is


def plot_bounds(result: GradientBounds, *, ax: Axes | None = None) -> Axes:
    """Medians over trajectories, in decades against time; bounds far above the truth leave the picture."""
    ax = axes(ax, size=(7.6, 4.0))
    T = len(result.log_norms)
    time = np.arange(1, T + 1)
    truth = _median(result.log_norms)
    ax.plot(time, truth, color=COLOURS["attracting"], lw=2.2, label=r"truth: $\|\partial a_t/\partial a_0\|$", zorder=3)
    order = sorted(result.bounds, key=lambda name: float(np.median(result.bounds[name][-1])))
    for name, (colour, style) in zip(order, LOOKS, strict=False):
        slack = float(np.median(result.slack_decades(name)[-1]))
        label = f"{name} (+{slack:.3g})" if np.isfinite(slack) else name
        ax.plot(time, _median(result.bounds[name]), style, color=colour, lw=1.3, label=label)
    finite = truth[np.isfinite(truth)]
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    reach = max(high - low, 1.0)
    tops = [high, *(float(_median(bound).max()) for bound in result.bounds.values())]  # bounds of a zero gradient are -inf
    ax.set_ylim(low - 0.05 * reach, min(max(tops), high + TALLEST * 0.25 * reach) + 0.05 * reach)
    ax.axhline(0.0, color=COLOURS["faint"], lw=0.8, zorder=0)
    name = "adapted norm" if isinstance(result.norm, np.ndarray) else f"{result.norm}-norm"
    ax.set(xlabel="time t", ylabel=f"log10 of the {name}, {result.coordinates}")
    ax.legend(
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=8,
        title="slack at the end, decades",
        title_fontsize=8,
    )
    return ax


def _median(logs: Array) -> Array:
    return np.asarray(np.median(logs.reshape(len(logs), -1), axis=1) / np.log(10.0))
