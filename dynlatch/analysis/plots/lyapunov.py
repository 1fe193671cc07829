"""Pictures of Lyapunov exponents (do their averages settle, and where) and of covariant vectors (how far apart they are)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.gradients import CovariantVectors, LyapunovExponents

NAMED = 5  # lines with a label


def plot_lyapunov_exponents(result: LyapunovExponents, *, ax: Axes | None = None) -> Axes:
    """Running averages of every exponent of the median trajectory; growing ones warm, shrinking ones blue."""
    ax = axes(ax)
    k = result.exponents.shape[-1]
    rows = result.exponents.reshape(-1, k)
    run = int(np.argsort(rows[:, 0])[(len(rows) - 1) // 2])
    trace = result.trace.reshape(len(result.times), -1, k)[:, run]
    errors = None if result.standard_errors is None else result.standard_errors.reshape(-1, k)[run]
    for i in range(k):
        colour = COLOURS["repelling"] if rows[run, i] > 0.0 else COLOURS["attracting"]
        label = rf"$\lambda_{{{i + 1}}}$ = {rows[run, i]:.4g}" if i < NAMED else None
        drawn = np.where(np.isfinite(trace[:, i]), trace[:, i], np.nan)
        ax.plot(
            result.times, drawn, color=colour, linewidth=1.6 if i < NAMED else 0.7, alpha=1.0 / (1.0 + 0.25 * i), label=label
        )
        if errors is not None and np.isfinite(rows[run, i]):
            ax.errorbar(result.times[-1], rows[run, i], yerr=errors[i], color=colour, capsize=2.0, linewidth=1.0)
    ax.axhline(0.0, color=COLOURS["faint"], linewidth=0.8)
    ax.set_xlabel("steps")
    ax.set_ylabel("exponent, per step (running average)")
    ax.legend(loc="best", frameon=False, fontsize="small")
    return ax


def plot_covariant_vectors(result: CovariantVectors, *, ax: Axes | None = None) -> Axes:
    """Smallest angle between the leading j vectors and the others, for the first few j; medians over trajectories."""
    ax = axes(ax)
    k = result.vectors.shape[-1]
    colours = [COLOURS[name] for name in ("repelling", "attracting", "saddle", "escape", "neutral")]
    for j, colour in zip(range(1, k), colours, strict=False):
        angles = np.degrees(result.splitting_angle(j)).reshape(len(result.times), -1)
        ax.plot(result.times, np.median(angles, axis=1), color=colour, linewidth=1.2, label=f"first {j} | other {k - j}")
    ax.set_ylim(0.0, 90.0)
    ax.set_yticks([0, 30, 60, 90])
    ax.set_xlabel("time t")
    ax.set_ylabel(f"smallest angle, degrees ({result.coordinates})")
    if k > 1:
        ax.legend(loc="best", frameon=False, fontsize="small")
    return ax
