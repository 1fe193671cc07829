"""Pictures of invariant manifolds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.manifolds import Manifold

LINES = {"unstable": ("#B03A2E", "-"), "stable": ("#222222", "-")}


def plot_manifold(manifold: Manifold, *, ax: Axes | None = None) -> Axes:
    """The branches as thin lines, the saddle marked; the first two components (in one dimension, the line)."""
    new = ax is None
    ax = axes(ax, size=(5.2, 4.6))
    colour, style = LINES[manifold.kind]
    for i, branch in enumerate(manifold.branches):
        y = branch[:, 1] if branch.shape[1] > 1 else 0.0 * branch[:, 0]
        label = f"{manifold.kind} manifold" if i == 0 else None
        ax.plot(branch[:, 0], y, style, color=colour, linewidth=1.1, label=label, zorder=2)
    if new:
        n = manifold.saddle.shape[1]
        across = manifold.saddle[:, 1] if n > 1 else 0.0 * manifold.saddle[:, 0]
        ax.scatter(manifold.saddle[:, 0], across, s=60, marker="X", color=COLOURS["saddle"], edgecolor="white", zorder=3)
        ax.set_xlabel(f"component 1 of {manifold.coordinates}")
        ax.set_ylabel(f"component 2 of {manifold.coordinates}" if n > 1 else "")
    return ax
