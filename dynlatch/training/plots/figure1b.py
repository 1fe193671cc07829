"""Fig. 1b: input sequences of the latching unit after learning, and its states beside them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.analysis.scalar import fixed_points
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.plots.over_w import shade_portraits

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.figure1b import Figure1b

CLASSES = ("class −1", "class +1")
FAR = 2.0  # times the largest input: a threshold beyond is named, not drawn


def pictures(found: Figure1b) -> tuple[Picture, ...]:
    """A picture a reading of the noise, and the trained inputs of all runs."""
    drawn = tuple(
        Picture(
            f"Inputs and states, noise of {name}",
            "Left: the input sequences of both classes, crosses where they were trained, then noise; dashed: the unit's ±u*. "
            f"Right: its states a_t; thick lines: attractors, shaded: Gamma. {_which(found, k)}",
            partial(_draw, found, k),
        )
        for k, name in enumerate(found.reading)
    )
    everyone = Picture(
        "All runs",
        "The state after the trained inputs, before any noise, against the trained w. Shaded: Gamma, whose edge is a_c(w); "
        "curves: attractors. Runs that failed are open.",
        partial(_draw_all, found),
    )
    return (*drawn, everyone)


def _which(found: Figure1b, k: int) -> str:
    share = f"{found.learned[k].sum()} of {found.learned[k].size} runs learned"
    if not found.learned[k].any():
        return f"{share}; drawn is the first run."
    return f"{share}; drawn is the first of them, w = {found.w[k, found.drawn(k)]:.2f}."


def _draw(found: Figure1b, k: int) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.0, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_inputs(found, k, left)
    _states(axes(right), found, k)
    return figure


def plot_inputs(found: Figure1b, k: int, ax: Axes | None) -> Axes:
    """u_t of both classes against t: crosses where trained, points where noise."""
    ax = axes(ax, size=(5.4, 3.9))
    u, free, latch = found.sequences(k), found.inputs.shape[-1], found.latch(k)
    t = np.arange(1, u.shape[1] + 1)
    ax.axvspan(0.5, free + 0.5, color=COLOURS["faint"], alpha=0.25, lw=0)
    ax.text(0.5 * (free + 1), 1.01, "trained", transform=ax.get_xaxis_transform(), ha="center", va="bottom", fontsize=8.5)
    for row, colour, name in zip(u, tints(2, MARKER), CLASSES, strict=True):
        shade = tuple(colour)
        ax.plot(t, row, color=shade, lw=1.2, label=name)
        ax.plot(t[:free], row[:free], "x", color=shade, ms=8, mew=2.2)
        ax.plot(t[free:], row[free:], ".", color=shade, ms=5)
    if latch is not None:
        _threshold(ax, latch.thresholds[1], float(np.abs(u).max()))
    ax.set(xlabel="step t", ylabel="input $u_t$", xlim=(0.4, len(t) + 0.6), xticks=(1, *range(5, len(t) + 1, 5)))
    ax.legend(frameon=False, fontsize=8.5, ncols=3, loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.0)
    return ax


def _threshold(ax: Axes, size: float, seen: float) -> None:
    """u*, as lines where they are near the inputs, otherwise in words."""
    if not np.isfinite(size):
        return
    if size > FAR * seen:
        words = f"±u* = ±{size:.2g} is beyond the frame"
        ax.text(0.99, 1.01, words, transform=ax.transAxes, ha="right", va="bottom", fontsize=8.5, color=COLOURS["escape"])
        return
    for sign in (-1.0, 1.0):
        ax.axhline(sign * size, color=COLOURS["escape"], lw=1.0, ls="--", label="±u*" if sign > 0 else None)


def _states(ax: Axes, found: Figure1b, k: int) -> None:
    a, latch = found.states(k), found.latch(k)
    attractors, edges = ((), ()) if latch is None else (latch.attractors, latch.critical_points)
    top = 1.15 * max(float(np.abs(a).max()), *(abs(end) for end in attractors), 1e-3)
    for edge in edges:
        ax.axhspan(edge, np.sign(edge) * top, color=COLOURS["gamma"], alpha=0.18, lw=0)
        ax.text(a.shape[1] - 1.2, np.sign(edge) * 0.93 * top, "Γ", ha="center", va="center", fontsize=12)
    for end in attractors:
        ax.axhline(end, color=COLOURS["attracting"], lw=2.4, alpha=0.55)
    ax.axhline(0.0, color=COLOURS["repelling"], lw=1.0, ls="--")
    for row, colour, name in zip(a, tints(2, MARKER), CLASSES, strict=True):
        ax.plot(row, color=tuple(colour), lw=1.4, marker=".", ms=5, label=name)
    ax.set(
        xlabel="step t",
        ylabel="activation $a_t$",
        ylim=(-top, top),
        xlim=(-0.3, a.shape[1] - 0.4),
        xticks=range(0, a.shape[1], 5),
    )


def _draw_all(found: Figure1b) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.7), layout="constrained")
    panels = figure.subplots(1, len(found.reading), squeeze=False)[0]
    for k, ax in enumerate(panels):
        _runs(axes(ax), found, k)
        ax.set_title(f"noise of {found.reading[k]}", fontsize=10)
    panels[0].set_ylabel("activation after the trained inputs")
    panels[-1].legend(frameon=False, fontsize=8.5, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _runs(ax: Axes, found: Figure1b, k: int) -> None:
    w, a, learned = found.w[k], found.after[k], found.learned[k]
    top = 1.1 * max(float(np.abs(a).max()), fixed_points(max(1.0, float(w.max())))[-1], 1.0)
    shade_portraits(ax, min(0.8, float(w.min())), max(1.3, float(w.max())) + 0.2, top)
    for c, colour in enumerate(tints(2, MARKER)):
        shade = tuple(colour)
        ax.plot(w[learned], a[learned, c], "o", color=shade, ms=5, label=CLASSES[c], zorder=4)
        ax.plot(w[~learned], a[~learned, c], "o", mfc="white", mec=shade, ms=5, zorder=4)
    ax.set(xlabel="trained w", ylim=(-top, top))
