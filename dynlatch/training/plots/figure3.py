"""Fig. 3: one unit in the paper's coordinates, and as a map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.figure3 import Figure3

INK = "#222222"
SMALL = {"fontsize": 9.5, "color": INK}


def plot_figure3(found: Figure3, ax: Axes | None) -> Axes:
    """x against a: the curve x = tanh a, the heavy line a = wx, the light lines a = wx +- u*, Gamma shaded."""
    ax = axes(ax, size=(7.2, 4.9))
    latch, reach = found.latch, 1.55 * found.latch.attractors[1]
    a = np.linspace(-reach, reach, 601)
    for side in (-1.0, 1.0):
        ax.axvspan(side * found.a_c, side * reach, color=COLOURS["gamma"], alpha=0.16, lw=0)
        ax.text(side * (reach + found.a_c) / 2, -side * 0.55, "Γ", ha="center", fontsize=15, color=COLOURS["attracting"])
        ax.plot(a, (a - side * found.u_star) / latch.w, color=COLOURS["escape"], lw=1.1)
    ax.plot(a, a / latch.w, color=INK, lw=2.6)
    ax.plot(a, np.tanh(a), color=COLOURS["attracting"], lw=2.0)
    _points(ax, found)
    _shift(ax, found)
    _labels(ax, found, reach)
    ax.set(xlim=(-reach, reach), ylim=(-1.28, 1.28), xlabel="activation a", ylabel="output x")
    ax.set_title(f"one unit, w = {latch.w:g}: the bit is kept while |u| ≤ u* = {found.u_star:.4f}", fontsize=11)
    return ax


def _points(ax: Axes, found: Figure3) -> None:
    ends, x = np.array(found.latch.attractors), np.tanh(found.latch.attractors)
    ax.plot(ends, x, "o", color=COLOURS["attracting"], mec=INK, ms=9, mew=1.4, zorder=5)
    ax.plot([0.0], [0.0], "o", mfc="white", mec=INK, ms=8, mew=1.4, zorder=5)
    touching = np.array(found.latch.critical_points)
    ax.plot(touching, np.tanh(touching), "o", mfc="white", mec=COLOURS["escape"], ms=6, mew=1.5, zorder=5)


def _shift(ax: Axes, found: Figure3) -> None:
    """u* as the horizontal distance between the heavy and a light line."""
    x = -1.0
    ends = found.latch.w * x, found.latch.w * x + found.u_star
    arrow = {"arrowstyle": "<->", "color": INK, "lw": 1.1, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (ends[1], x), (ends[0], x), arrowprops=arrow)
    ax.text(sum(ends) / 2, x - 0.04, "u*", ha="center", va="top", **SMALL)  # type: ignore[arg-type]


def _labels(ax: Axes, found: Figure3, reach: float) -> None:
    w, u, end = found.latch.w, found.u_star, found.latch.attractors[1]
    for a, shift, words, colour, side in (
        (-1.45, -u, "a = wx − u*", COLOURS["escape"], "bottom"),
        (-1.05, 0.0, "a = wx", INK, "bottom"),
        (1.45, u, "a = wx + u*", COLOURS["escape"], "top"),
    ):
        slant = {"rotation": np.degrees(np.arctan(1.0 / w)), "transform_rotates_text": True, "rotation_mode": "anchor"}
        away = 0.03 if side == "bottom" else -0.03
        ax.text(a, (a - shift) / w + away, words, color=colour, fontsize=9.5, ha="center", va=side, **slant)
    note = {"arrowprops": {"arrowstyle": "-", "color": COLOURS["neutral"], "lw": 0.8}, "fontsize": 9.5, "color": INK}
    ax.annotate(f"attractor\na = −{end:.4f}", (-end, -np.tanh(end)), (-end - 0.55, -0.72), ha="center", **note)  # type: ignore[arg-type]
    curve = note | {"color": COLOURS["attracting"]}
    ax.annotate("x = tanh a", (reach - 0.2, np.tanh(reach)), (reach - 0.45, 0.78), ha="center", va="top", **curve)  # type: ignore[arg-type]
    ax.annotate("unstable", (0.0, 0.0), (0.35, -0.22), **note)  # type: ignore[arg-type]
    touch = found.a_c, np.tanh(found.a_c)
    ax.annotate(f"slope 1 at\n$a_c$ = {found.a_c:.4f}", touch, (-0.25, 0.86), ha="center", **note)  # type: ignore[arg-type]


def draw_as_published(found: Figure3) -> Figure:
    """The figure as the paper has it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.9), layout="constrained")
    plot_figure3(found, figure.subplots())
    return figure


def draw_map(found: Figure3) -> Figure:
    """The next activation against the present one."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.6, 6.0), layout="constrained")
    found.latch.plot(figure.subplots())
    return figure
