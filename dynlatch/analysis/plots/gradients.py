"""Pictures of gradient decay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.gradients import GradientDecay, LeadingGradients


def plot_gradient_decay(decay: GradientDecay, *, ax: Axes | None = None) -> Axes:
    """Every trajectory's norm in decades against time, the median thick, proved upper bounds dashed."""
    ax = axes(ax)
    T = len(decay.log_norms)
    time = np.arange(1, T + 1)
    runs = decay.log_norms.reshape(T, -1) / np.log(10.0)
    if runs.shape[1] > 1:
        ax.plot(time, runs, color=COLOURS["attracting"], alpha=0.25, linewidth=0.8)
    ax.plot(
        time,
        np.median(runs, axis=1),
        color=COLOURS["attracting"],
        linewidth=2.0,
        label=r"$\|\partial a_t/\partial a_0\|$",
    )
    low, high = float(np.nanmin(runs[np.isfinite(runs)], initial=-1.0)), float(runs.max())
    for (name, bound), colour in zip(decay.bounds.items(), (COLOURS["saddle"], COLOURS["repelling"]), strict=False):
        median = np.median(bound.reshape(T, -1), axis=1) / np.log(10.0)
        ax.plot(time, median, "--", color=colour, linewidth=1.2, label=f"upper bound: {name}")
    span = max(high - low, 1.0)
    ax.set_ylim(low - 0.05 * span, max(high, 0.0) + 0.35 * span)
    ax.axhline(0.0, color=COLOURS["faint"], linewidth=0.8)
    ax.set_xlabel("time t")
    ax.set_ylabel(f"log10 of the {decay.norm_name}, {decay.coordinates}")
    ax.legend(loc="best", frameon=False)
    return ax


def plot_leading_gradients(found: LeadingGradients, *, ax: Axes | None = None) -> Axes:
    """Components of the first direction at time 0 (bars) and at time T (line), of the first trajectory."""
    ax = axes(ax)
    n = found.right.shape[-1]
    right, left = (directions.reshape(-1, n)[0] for directions in (found.right, found.left))
    size = float(found.log_values.reshape(-1)[0]) / np.log(10.0)
    unit = np.arange(n)
    ax.bar(unit, right, color=COLOURS["attracting"], width=0.8, label="at time 0: what is seen best")
    ax.plot(unit, left, color=COLOURS["repelling"], linewidth=1.2, marker=".", label=f"at time {found.steps}: where")
    ax.axhline(0.0, color=COLOURS["faint"], linewidth=0.8)
    ax.set_title(f"largest singular value 10^{size:.2f}", fontsize="medium")
    ax.set_xlabel(f"component of the state ({found.coordinates})")
    ax.set_ylabel("unit direction")
    ax.legend(loc="best", frameon=False)
    return ax
