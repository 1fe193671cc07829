"""The most probable way out of a basin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.noise.quasi_potential import QuasiPotential

MOST_LINES = 6
STYLES = ("-", "--", ":", "-.")


def plot_quasi_potential(found: QuasiPotential, *, ax: Axes | None = None) -> Axes:
    """In two dimensions the path in the plane; otherwise states and the size of the input against time."""
    return _in_plane(found, axes(ax, size=(5.6, 5.0))) if found.path.shape[1] == 2 else _in_time(found, axes(ax))


def _in_plane(found: QuasiPotential, ax: Axes) -> Axes:
    path = found.path
    ax.plot(*path.T, "-", color=COLOURS["escape"], lw=1.2, zorder=2)
    ax.plot(*path.T, "o", color=COLOURS["escape"], ms=4, zorder=3, label=f"most probable path, V = {found.value:.4g}")
    ax.plot(*found.attractor, "o", color=COLOURS["attracting"], ms=9, zorder=4, label="attractor")
    ax.plot(*found.saddle, "s", mfc="white", mec=COLOURS["saddle"], mew=2, ms=8, zorder=4, label="saddle on the boundary")
    ax.plot(*found.destination, "o", mfc="white", mec=COLOURS["attracting"], mew=2, ms=9, zorder=4, label="where it leads")
    ax.set(xlabel=f"{found.coordinates}, unit 1", ylabel=f"{found.coordinates}, unit 2")
    ax.set_aspect("equal", adjustable="box")
    ax.margins(0.12)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False, fontsize=9)
    return ax


def _in_time(found: QuasiPotential, ax: Axes) -> Axes:
    # Long stretches near the attractor, where nothing happens, are left out.
    busy = np.flatnonzero(found.sizes > 1e-3 * found.sizes.max())
    first = max(int(busy[0]) - 2, 0)
    time = np.arange(first, len(found.path))
    for k, unit in enumerate(found.path[first:].T[:MOST_LINES]):
        label = "states" if k == 0 and found.path.shape[1] > 1 else "state" if k == 0 else None
        ax.plot(time, unit, STYLES[k % len(STYLES)], color=COLOURS["attracting"], lw=1.5, label=label)
    ax.bar(time[1:], found.sizes[first:], color=COLOURS["escape"], alpha=0.6, label="size of the input")
    ax.axhline(0.0, color=COLOURS["neutral"], lw=0.8)
    ax.set(xlabel="time t", ylabel=found.coordinates, title=f"most probable path out of the basin, V = {found.value:.5g}")
    ax.legend(loc="best", frameon=False)
    return ax
