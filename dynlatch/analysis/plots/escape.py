"""Pictures of escape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.escape import EscapeThreshold


def plot_escape(escape: EscapeThreshold, *, ax: Axes | None = None) -> Axes:
    """The escaping input, one line a channel, with the threshold as a band."""
    ax = axes(ax)
    assert escape.witness is not None
    time = np.arange(1, len(escape.witness) + 1)
    ax.axhspan(-escape.lower, escape.lower, color=COLOURS["gamma"], alpha=0.2, label=f"|u| <= u* = {escape.lower:.6g}")
    for k, channel in enumerate(escape.witness.T[:8]):
        ax.plot(time, channel, color=COLOURS["escape"], alpha=1.0 - 0.1 * k, label="escaping input" if k == 0 else None)
    ax.set_xlabel("time t")
    ax.set_ylabel("input u")
    ax.legend(loc="best", frameon=False)
    return ax
