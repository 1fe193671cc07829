"""The thresholds of several attractors side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.escape import EscapeThreshold


def plot_brackets(answers: Sequence[EscapeThreshold], names: Sequence[int], *, ax: Axes | None = None) -> Axes:
    """One row an attractor: the inputs that are proved safe, and the smallest known to escape."""
    ax = axes(ax)
    finite = [value for answer in answers for value in (answer.lower, answer.upper) if np.isfinite(value)]
    edge = 1.08 * max(finite, default=1.0) or 1.0
    for row, answer in enumerate(answers):
        said = "no input this small escapes (proved)" if row == 0 else None
        ax.barh(row, min(answer.lower, edge), height=0.62, color=COLOURS["gamma"], alpha=0.45, label=said)
        if np.isfinite(answer.upper):
            ax.plot([answer.upper] * 2, [row - 0.31, row + 0.31], color=COLOURS["escape"], lw=2.5)
        text = "exact" if answer.exact else str(answer.outcome) if np.isinf(answer.upper) else f"{answer.ratio:.3f}"
        ax.annotate(text, (min(answer.upper, edge), row), xytext=(5, 0), textcoords="offset points", va="center", fontsize=8)
    ax.plot([], [], color=COLOURS["escape"], lw=2.5, label="an input of this size escapes; the number is their ratio")
    ax.set_yticks(range(len(answers)), [f"state {k}" for k in names])
    ax.set_ylim(len(answers) - 0.5, -0.5)
    ax.set_xlim(0.0, 1.12 * edge)
    ax.set_xlabel(f"size of the input ({'largest entry' if np.isinf(answers[0].norm) else '2-norm'} at each time)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=8)
    return ax
