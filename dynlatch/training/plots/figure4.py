"""Fig. 4: the flip-flop's map, and its unfolding in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import BASIN, MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.figure4 import CONSTANT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.figure4 import Figure4

INK = "#222222"
STATES = (-1.0, 1.0)


def draw_map(found: Figure4) -> Figure:
    """The map over the plane, as a loop, and as transitions."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.5), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 0.9))
    plot_map(found, left)
    _loop(axes(middle), found)
    _transitions(right, found)
    return figure


def plot_map(found: Figure4, ax: Axes | None) -> Axes:
    """The next state over state and input: blue where it is -1, orange where it is +1."""
    from matplotlib.colors import ListedColormap

    ax = axes(ax, size=(4.2, 3.8))
    half = 0.5 * (found.u[1] - found.u[0])
    extent = (found.u[0] - half, found.u[-1] + half, found.x[0] - half, found.x[-1] + half)
    ax.imshow(
        found.next_state, extent=extent, origin="lower", cmap=ListedColormap(tints(2, BASIN)), vmin=-1, vmax=1, aspect="auto"
    )
    for x, colour in zip(STATES, tints(2, MARKER), strict=True):
        ax.axhline(x, color=tuple(colour), lw=1.2, ls=":")
        ax.text(1.5 * x, 0.25 * x, f"f = {x:+.0f}", ha="center", va="center", fontsize=12, color=tuple(colour))
    ax.plot([-1.0, -1.0, 1.0, 1.0], [found.x[-1], 0.0, 0.0, found.x[0]], color=INK, lw=1.6)
    ax.set(xlabel="input u", ylabel="state x", xticks=(-2, -1, 0, 1, 2), yticks=(-2, -1, 0, 1, 2))
    return ax


def _loop(ax: Axes, found: Figure4) -> None:
    """The next state against the input, from each state."""
    for x, colour, aside in zip(STATES, tints(2, MARKER), (-0.03, 0.03), strict=True):
        after = found.next_state[int(np.flatnonzero(found.x == x)[0])]
        ax.plot(found.u, after + aside, color=tuple(colour), lw=2.2, label=f"from x = {x:+.0f}", drawstyle="steps-mid")
    ax.axvspan(-1.0, 1.0, color=COLOURS["gamma"], alpha=0.16, lw=0)
    ax.text(0.0, 0.0, "|u| < 1:\nthe state is kept", ha="center", va="center", fontsize=8.5, color=INK)
    ax.set(xlabel="input u", ylabel="next state f(x, u)", ylim=(-1.6, 1.6), xticks=(-2, -1, 0, 1, 2), yticks=(-1, 1))
    ax.legend(frameon=False, fontsize=8, loc="upper left")


def _transitions(ax: Axes, found: Figure4) -> None:
    """A row a constant input: the two states, and where each goes."""
    colours = dict(zip(STATES, tints(2, MARKER), strict=True))
    for row, (u, ahead) in enumerate(zip(CONSTANT, found.successors, strict=True)):
        for x, to in zip(STATES, ahead, strict=True):
            ax.plot([x], [row], "o", ms=17, color=tuple(colours[x]), zorder=3)
            ax.text(x, row, f"{x:+.0f}", ha="center", va="center", color="#fefefe", fontsize=8.5, zorder=4)
            _arrow(ax, x, float(to), row)
        ax.text(-2.0, row, f"u = {u:g}", ha="right", va="center", fontsize=9.5)
        ax.text(
            2.0, row, f"{found.attractors[row]} attractor{'s' if found.attractors[row] > 1 else ''}", va="center", fontsize=9.5
        )
    ax.set(xlim=(-3.4, 4.2), ylim=(-0.7, 2.75))
    ax.axis("off")


def _arrow(ax: Axes, x: float, to: float, row: int) -> None:
    if to == x:
        ends, bend = ((x + 0.22, row + 0.16), (x - 0.22, row + 0.16)), "arc3,rad=1.6"
    else:
        ends, bend = ((x + np.sign(to - x) * 0.35, row), (to - np.sign(to - x) * 0.35, row)), "arc3"
    style = {"arrowstyle": "-|>", "color": INK, "lw": 1.2, "connectionstyle": bend, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", ends[1], ends[0], arrowprops=style)


def draw_unfolded(found: Figure4) -> Figure:
    """Copies of the unit side by side, with the inputs of an example below and its states between them."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.0), layout="constrained")
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(1.0, 0.9))
    for t in range(len(found.inputs)):
        _copy(top, found, t)
    _state(top, found, len(found.inputs))
    top.set(ylim=(-1.2, 0.75))
    top.axis("off")
    _bars(axes(bottom), found)
    return figure


def _copy(ax: Axes, found: Figure4, t: int) -> None:
    """The state before step t + 1, and the unit that reads it."""
    _state(ax, found, t)
    box = {"boxstyle": "square,pad=0.45", "fc": "white", "ec": INK, "lw": 1.2}
    ax.text(t + 0.5, 0.0, "f", ha="center", va="center", fontsize=12, style="italic", bbox=box, zorder=4)
    flow = {"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", (t + 0.38, 0.0), (t + 0.14, 0.0), arrowprops=flow)
    ax.annotate("", (t + 0.87, 0.0), (t + 0.62, 0.0), arrowprops=flow)
    ax.annotate("", (t + 0.5, -0.36), (t + 0.5, -1.15), arrowprops=flow)


def _state(ax: Axes, found: Figure4, t: int) -> None:
    x = found.states[t]
    colour = tuple(tints(2, MARKER)[int(x > 0.0)])
    ax.plot([t], [0.0], "o", ms=19, color=colour, zorder=3)
    ax.text(t, 0.0, f"{x:+.0f}", ha="center", va="center", color="#fefefe", fontsize=8.5, zorder=4)
    ax.text(t, 0.5, f"$x_{{{t}}}$", ha="center", va="center", fontsize=10)


def _bars(ax: Axes, found: Figure4) -> None:
    """The inputs, those that set the state in its colour."""
    colours = tints(2, MARKER)
    ax.axhspan(-1.0, 1.0, color=COLOURS["gamma"], alpha=0.16, lw=0)
    for t, u in enumerate(found.inputs):
        colour = tuple(colours[int(u > 0.0)]) if abs(u) >= 1.0 else COLOURS["neutral"]
        ax.bar(t + 0.5, u, width=0.16, color=colour)
        ax.text(t + 0.62, u / 2.0, f"{u:g}", ha="left", va="center", fontsize=8)
    ax.axhline(0.0, color=INK, lw=0.8)
    ax.set(ylabel="input $u_t$", ylim=(-1.7, 1.7), yticks=(-1, 0, 1), xlim=(-0.4, len(found.inputs) + 0.4))
    ax.set_xticks(np.arange(len(found.inputs)) + 0.5, [f"t = {t}" for t in range(len(found.inputs))])
    ax.tick_params(axis="x", length=0)
    ax.spines["bottom"].set_visible(False)
