"""Pictures of step verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from dynlatch.analysis.plots.palette import GAMMA, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.gradients import StepVerdicts

CONTRACTING, NEUTRAL, EXPANDING = "#E4E4E4", "#F0C04A", COLOURS["repelling"]
TOLD_APART = 8  # attractors with a colour and a legend entry of their own
Colour: TypeAlias = str | tuple[float, float, float]
STRIP = 0.085  # height of a line of the strip, in units of the raster's


def plot_verdicts(verdicts: StepVerdicts, *, ax: Axes | None = None) -> Axes:
    """Every step of every sequence in the colour of its word, latched steps in that of their attractor; slopes below."""
    from matplotlib.colors import ListedColormap

    ax = axes(ax, size=(7.0, 4.6))
    T, codes, colours = len(verdicts.growth), _codes(verdicts), _colours(verdicts)
    runs = codes.shape[1]
    ax.imshow(
        np.ma.masked_array(codes, ~verdicts.inside.reshape(codes.shape)).T,
        cmap=ListedColormap(list(colours.values())),
        vmin=-0.5,
        vmax=len(colours) - 0.5,
        extent=(0.5, T + 0.5, runs - 0.5, -0.5),
        aspect="auto",
        interpolation="nearest",
    )
    bottom = _strip(ax, verdicts, runs) if verdicts.slopes else runs - 0.5
    ax.set_ylim(bottom, -0.5)
    ticks = np.unique(np.linspace(0, runs - 1, min(runs, 5)).astype(int))
    ax.set_yticks(ticks, [str(i) for i in ticks])
    ax.set_ylabel("sequence")
    ax.set_xlabel("step; grey: share of the greatest slope left" if verdicts.slopes else "step")
    _legend(ax, codes, colours)
    return ax


def _strip(ax: Axes, verdicts: StepVerdicts, runs: int) -> float:
    """Mean slope left against time, one line for each kind, black 0 and white 1; returns its lower end."""
    T, height = len(verdicts.growth), STRIP * runs
    top = runs - 0.5 + 0.5 * height
    inside = verdicts.inside.reshape(T, -1)
    means = np.array([left.reshape(*inside.shape, -1).mean(-1).mean(1, where=inside) for left in verdicts.slopes.values()])
    bottom = top + height * len(means)
    look = {"cmap": "gray", "vmin": 0.0, "vmax": 1.0, "aspect": "auto", "interpolation": "nearest"}
    ax.imshow(means, extent=(0.5, T + 0.5, bottom, top), **look)  # type: ignore[arg-type]
    for k, name in enumerate(verdicts.slopes):
        place = (-0.01, top + (k + 0.5) * height)
        ax.text(*place, name, transform=ax.get_yaxis_transform(), ha="right", va="center", fontsize=8)
    return bottom


def _codes(verdicts: StepVerdicts) -> Array:
    """Index into `_colours`, shape (T, sequences)."""
    T = len(verdicts.growth)
    words = verdicts.words.reshape(T, -1)
    codes = np.select([words == "contracting", words == "neutral"], [0, 1], 2)
    latched = words == "latched"
    owner = verdicts.gamma[1:].reshape(T, -1)
    many = len(verdicts.attractors) > TOLD_APART
    codes[latched] = 3 if many else 3 + owner[latched]
    return np.asarray(codes)


def _colours(verdicts: StepVerdicts) -> dict[str, Colour]:
    colours: dict[str, Colour] = {"contracting": CONTRACTING, "neutral": NEUTRAL, "expanding": EXPANDING}
    count = len(verdicts.attractors)
    if count > TOLD_APART or count == 1:
        return {**colours, "latched": COLOURS["gamma"]}
    latched = tints(count, GAMMA)
    return {**colours, **{f"latched to {k}": (float(r), float(g), float(b)) for k, (r, g, b) in enumerate(latched)}}


def _legend(ax: Axes, codes: Array, colours: dict[str, Colour]) -> None:
    for code, (name, colour) in enumerate(colours.items()):
        if (codes == code).any():
            ax.plot([], [], "s", color=colour, mec="#BBBBBB", ms=8, label=name)
    ax.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False, fontsize=9, ncols=4, handletextpad=0.2, columnspacing=1.2
    )
