"""Tables of the papers as curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.experiments.table import PaperTable


def plot_table(table: PaperTable, ax: Axes | None) -> Axes:
    """Error against T: ours as lines with their intervals, the published values as open circles."""
    ax = axes(ax, size=(8.0, 4.6))
    T = np.array(table.lengths)
    for k, (name, colour) in enumerate(zip(table.methods, tints(len(table.methods), MARKER), strict=True)):
        spread = np.abs(np.stack([table.error_low[k], table.error_high[k]]) - table.error[k])
        ax.errorbar(T, table.error[k], spread, color=colour, marker=".", lw=1.5, capsize=2, label=name)
        ax.plot(T, table.paper_error[k], "o", mfc="none", mec=colour, ms=8)
    ax.axhline(50.0, color=COLOURS["faint"], lw=1.0, zorder=0)
    ax.set_xscale("log")
    ax.set_xticks(T, [str(t) for t in T])
    ax.minorticks_off()
    ax.set(xlabel="longest length T", ylabel="error on fresh sequences (%)", title=f"{table.title}; circles: published")
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax
