"""How the runs of the minimal problem ended, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.plots.style import COLOURS
from dynlatch.training.experiments.latch_runs import RunEnd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LOOK = {
    RunEnd.CONVERGED: COLOURS["attracting"],
    RunEnd.ONE_BASIN: "#DDDDDD",
    RunEnd.AT_ONCE: "#F3D9A4",
    RunEnd.LATER: COLOURS["saddle"],
    RunEnd.WRONG: COLOURS["repelling"],
    RunEnd.UNSTEADY: COLOURS["gamma"],
    RunEnd.UNSETTLED: COLOURS["neutral"],
}
LEAST = 0.045  # share from which a bar bears its number


def draw_ends(names: Sequence[str], counts: NDArray[np.int64]) -> Figure:
    """One bar a row of `counts` (rows, len(RunEnd)): which share of its runs ended how."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(8.6, 1.1 + 0.5 * len(names)), layout="constrained")
    ax, rows = drawn.subplots(), np.arange(len(names))
    ax.spines[["top", "right", "left"]].set_visible(False)
    left = np.zeros(len(names))
    for k, end in enumerate(RunEnd):
        share = counts[:, k] / counts.sum(1)
        if not share.any():
            continue
        ax.barh(rows, share, left=left, color=LOOK[end], height=0.7, label=str(end))
        for row in np.flatnonzero(share >= LEAST).tolist():
            dark = end in (RunEnd.CONVERGED, RunEnd.WRONG)
            middle = float(left[row] + share[row] / 2)
            ax.text(
                middle,
                row,
                f"{100 * share[row]:.0f}",
                color="#fefefe" if dark else "#23262b",
                ha="center",
                va="center",
                fontsize=9,
            )
        left += share
    ax.set_yticks(rows, [f"{name}\n{total:,} runs" for name, total in zip(names, counts.sum(1), strict=True)], fontsize=9)
    ax.set(xlim=(0.0, 1.0), xlabel="share of the runs (numbers: %)")
    ax.tick_params(axis="y", length=0)
    ax.invert_yaxis()
    drawn.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return drawn
