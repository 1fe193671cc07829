"""The trials of a training run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.outcomes import TrainingOutcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.result import TrainingResult

LOOK = {
    TrainingOutcome.LEARNED: ("o", COLOURS["attracting"]),
    TrainingOutcome.BUDGET: ("X", COLOURS["repelling"]),
    TrainingOutcome.STUCK: ("s", COLOURS["saddle"]),
    TrainingOutcome.INTERRUPTED: ("P", COLOURS["neutral"]),
}


def plot_trials(result: TrainingResult, ax: Axes | None) -> Axes:
    """Error left against presentations used, one point a trial."""
    ax = axes(ax, size=(6.4, 4.0))
    for outcome, (marker, colour) in LOOK.items():
        chosen = result.outcome == outcome
        if np.any(chosen):
            label = f"{outcome} ({int(chosen.sum())})"
            ax.plot(
                result.presentations[chosen], 100.0 * result.error[chosen], marker, color=colour, alpha=0.7, label=label, ls=""
            )
    ax.axhline(50.0, color=COLOURS["faint"], lw=1.0, zorder=0)
    ax.annotate("a coin", (0.01, 50.0), xycoords=("axes fraction", "data"), va="top", color=COLOURS["neutral"])
    ax.axvline(result.max_presentations, color=COLOURS["faint"], lw=1.0, ls="--", zorder=0)
    ax.set_xscale("log")
    ax.set_ylim(-2.0, max(60.0, 105.0 * float(result.error.max())))
    ax.set_xlabel("presentations used")
    ax.set_ylabel("error on fresh sequences (%)")
    ax.set_title(f"{type(result.rule).__name__} on {type(result.task).__name__}(T={result.task.T})")
    ax.legend(frameon=False, loc="center left")
    return ax
