"""What a single tanh unit has, over its self-connection w: the background of every picture of its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS
from dynlatch.analysis.scalar import critical_point, fixed_points

if TYPE_CHECKING:
    from matplotlib.axes import Axes

POINTS = 120  # of a boundary


def shade_portraits(ax: Axes, lo: float, hi: float, top: float) -> None:
    """For w in [lo, hi]: the attractors, for w > 1 the basins' boundary between them, and Gamma beyond +-a_c, up to +-top."""
    latching = np.linspace(max(1.0 + 1e-6, lo), hi, POINTS)
    upper = np.array([fixed_points(v)[-1] for v in latching])
    edge = np.array([critical_point(v) for v in latching])
    for sign in (-1.0, 1.0):
        ax.fill_between(
            latching, sign * edge, sign * top, color=COLOURS["gamma"], alpha=0.2, lw=0, label="Γ" if sign > 0 else None
        )
        ax.plot(latching, sign * upper, color=COLOURS["attracting"], lw=2.0, label="attractors" if sign > 0 else None)
    ax.plot([min(lo, 1.0), 1.0], [0.0, 0.0], color=COLOURS["attracting"], lw=2.0)
    ax.plot([max(lo, 1.0), hi], [0.0, 0.0], "--", color=COLOURS["repelling"], lw=1.6, label="boundary of the basins")
    ax.axvline(1.0, color=COLOURS["faint"], lw=1.0)
