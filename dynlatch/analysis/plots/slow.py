"""Pictures of slow points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.slow import SlowPoints


def plot_slow_points(slow: SlowPoints, *, ax: Axes | None = None) -> Axes:
    """Slow points on their two principal components (in 1-D on the line, in 2-D as they are), coloured by speed.

    Crosses are slow through a nearly closed gate alone.
    """
    ax = axes(ax, size=(5.6, 4.4))
    n = slow.points.shape[1]
    centre, plane = np.zeros(n), np.eye(2, n)
    if n > 2 and len(slow):
        centre = slow.points.mean(axis=0)
        rows = np.linalg.svd(slow.points - centre, full_matrices=False)[2]
        plane = np.linalg.qr(np.concatenate([rows[:2], np.eye(n)[:2]]).T)[0].T[:2]
    xy, colour = (slow.points - centre) @ plane.T, np.log10(slow.speeds)
    limits = {"vmin": colour.min() - 0.5, "vmax": np.log10(slow.tolerance)} if len(slow) else {}
    for rows, marker, label in ((~slow.gate_closed, "o", "ghost"), (slow.gate_closed, "X", "closed gate")):
        if rows.any():
            x, y = xy[rows].T
            dots = ax.scatter(x, y, s=60, c=colour[rows], marker=marker, cmap="viridis", label=label, **limits)
            if label == "ghost" or slow.gate_closed.all():
                ax.figure.colorbar(dots, ax=ax, label="log10 of the speed |M(a) - a|")
    words = "principal component" if n > 2 else "component"
    ax.set_xlabel(f"{words} 1 of {slow.coordinates}")
    ax.set_ylabel(f"{words} 2 of {slow.coordinates}" if n > 1 else "")
    if n == 1:
        ax.set_yticks([])
    if slow.gate_closed.any():
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=2, frameon=False)
    return ax
