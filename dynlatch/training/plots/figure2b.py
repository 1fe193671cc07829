"""Fig. 2b: convergence against T under its exact ceiling."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.plots.latch_runs import draw_ends
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.figure2b import Figure2b, FrequencyCurve

CAPTION = (
    "Points: share of the runs that converged, with 95 % intervals. Line without points: what perfect inputs would reach, "
    "exact; above it, grey: runs that no learner can win. Coloured between the two: what learning by gradients loses. "
    "Dotted: runs that converged without one wrong answer, by luck."
)


def plot_curve(curve: FrequencyCurve, ax: Axes | None) -> Axes:
    """One curve under its ceiling."""
    ax = axes(ax, size=(5.4, 3.8))
    T, found = curve.lengths, curve.converged
    share, low, high = (np.array([getattr(i, name) for i in found]) for name in ("value", "low", "high"))
    ax.fill_between(T, curve.ceiling, 1.0, color="#DDDDDD", lw=0)
    ax.fill_between(T, np.minimum(curve.ceiling, share), curve.ceiling, color=COLOURS["escape"], alpha=0.35, lw=0)
    ax.plot(T, curve.ceiling, color="#222222", lw=1.4)
    points = {"color": COLOURS["attracting"], "marker": "o", "ms": 5, "lw": 1.6, "capsize": 2.5, "clip_on": False, "zorder": 4}
    ax.errorbar(T, share, np.stack([share - low, high - share]), **points)  # type: ignore[arg-type]
    luck = curve.untaught / curve.ends.sum(1)
    ax.plot(T, luck, ":", color=COLOURS["attracting"], lw=1.2)
    _label_areas(ax, curve, share)
    ax.set(xlim=(0.0, 1.03 * T[-1]), ylim=(0.0, 1.0), xlabel="length T", ylabel="share of the runs")
    ax.set_title(curve.name, fontsize=10)
    return ax


def _label_areas(ax: Axes, curve: FrequencyCurve, share: Array) -> None:
    """Names in the areas, where these are high enough for them."""
    lost = curve.ceiling - share
    for name, height, middle in (
        ("infeasible", 1.0 - curve.ceiling, (1.0 + curve.ceiling) / 2),
        ("not learned", lost, (curve.ceiling + share) / 2),
    ):
        inner = slice(1, -1) if len(height) > 2 else slice(None)
        k = int(np.argmax(height[inner])) + (inner.start or 0)
        if height[k] > 0.15:
            ax.text(curve.lengths[k], middle[k], name, ha="center", va="center", fontsize=9.5)


def pictures(figure: Figure2b) -> tuple[Picture, ...]:
    """The published setting, larger weights where they were run, and how the runs ended."""
    from dynlatch.training.experiments.figure2b import W0

    groups = (
        ("The published setting, in the four readings that the paper leaves open", [c for c in figure.curves if c.w == W0]),
        ("Larger weights: feasible at every T, and learned less", [c for c in figure.curves if c.w != W0]),
    )
    panels = [Picture(title, CAPTION, partial(draw_curves, curves)) for title, curves in groups if curves]
    ended = Picture(
        "How the runs ended, all T together",
        "By what the monitor saw at the end of each run: the basins that the classes lay in.",
        partial(draw_ends, [curve.name for curve in figure.curves], np.array([curve.ends.sum(0) for curve in figure.curves])),
    )
    return (*panels, ended)


def draw_curves(curves: Sequence[FrequencyCurve]) -> Figure:
    """Two panels a row: fresh noise on the left, frozen on the right."""
    from matplotlib.figure import Figure

    rows = (len(curves) + 1) // 2
    drawn = Figure(figsize=(9.6, 3.3 * rows), layout="constrained")
    panels = drawn.subplots(rows, 2, sharey=True, squeeze=False).ravel()
    for ax, curve in zip(panels, curves, strict=False):
        plot_curve(curve, ax)
    return drawn
