"""Multipliers of the memory states before and after, one line a state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.audit.diff import AuditDiff


def plot_audit_diff(diff: AuditDiff, ax: Axes | None = None) -> Axes:
    """Draw how far each kept memory state moved against its multipliers before (open) and after (filled)."""
    ax = axes(ax)
    moved = np.array([pair.distance for pair in diff.kept])
    radii = np.array([pair.radius for pair in diff.kept]).reshape(-1, 2)
    for distance, (old, new) in zip(moved, radii, strict=True):
        ax.plot([distance, distance], [old, new], color=COLOURS["attracting"], linewidth=1.0, zorder=1)
    ax.scatter(moved, radii[:, 0], facecolors="none", edgecolors=COLOURS["attracting"], label="before", zorder=2)
    ax.scatter(moved, radii[:, 1], color=COLOURS["attracting"], label="after", zorder=2)
    ax.axhline(1.0, color="0.5", linewidth=0.8, linestyle=":")
    ax.set_xlabel("distance moved (2-norm)")
    ax.set_ylabel("largest multiplier per step")
    ax.set_title(f"{len(diff.kept)} memory states kept, {len(diff.lost)} lost, {len(diff.gained)} gained", fontsize="medium")
    if len(moved):
        ax.legend(frameon=False)
    return ax
