"""Convergence of the flip-flop: epochs against T by reading, and the published grid of length and noise."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.experiments.flip_flop import MAIN, READINGS
from dynlatch.training.experiments.flip_flop_words import PUBLISHED_EPOCHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.flip_flop import FlipFlopRuns

INK = "#222222"
SHAPES = ("o", "s", "v", "^", "D", "P", "X", "d")  # of the readings
DARK = 0.55  # of the colour range: above, numbers in cells are white


def pictures(found: FlipFlopRuns) -> tuple[Picture, ...]:
    """Those of the report."""
    return (
        Picture(
            "Epochs against T",
            "Mean epochs of the runs that converged, with 95 % intervals, by reading of the lost equations; where fewer than "
            "99 % did, the share stands beside the point.",
            partial(_draw_epochs, found),
        ),
        Picture(
            "Length and noise",
            f"Mean epochs at every length and noise level; the rule with {READINGS[MAIN].words}.",
            partial(_draw_grid, found),
        ),
    )


def _draw_epochs(found: FlipFlopRuns) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.6, 4.2), layout="constrained")
    plot_epochs(found, figure.subplots())
    return figure


def plot_epochs(found: FlipFlopRuns, ax: Axes | None) -> Axes:
    """Mean epochs against T, both logarithmic, a line a reading, and the published mean."""
    ax = axes(ax, size=(8.6, 4.2))
    ax.axhline(PUBLISHED_EPOCHS, color=COLOURS["neutral"], lw=1.2)
    ax.text(0.99, PUBLISHED_EPOCHS * 1.06, "published mean 4.6", transform=ax.get_yaxis_transform(), fontsize=8, ha="right")
    colours: list[str | tuple[float, ...]] = [INK, *(tuple(colour) for colour in tints(len(READINGS) - 1, MARKER))]
    for reading, colour, shape in zip(READINGS, colours, SHAPES, strict=True):
        _line(ax, found, reading, shape, colour)
    ax.set(xscale="log", yscale="log", xlabel="length T", ylabel="epochs until no answer is wrong")
    ticks = np.unique(found.T[np.isin(found.T, (10, 20, 50, 100, 200, 500, 1000))])
    ax.set_xticks(ticks, [str(t) for t in ticks])
    ax.set_yticks((1, 2, 5, 10, 20, 50, 100), ["1", "2", "5", "10", "20", "50", "100"])
    ax.minorticks_off()
    ax.set_ylim(1.0, 150.0)
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def _line(ax: Axes, found: FlipFlopRuns, reading: str, shape: str, colour: str | tuple[float, ...]) -> None:
    rows = found.rows(reading)
    lengths = np.unique(found.T[rows])
    if not len(lengths):
        return
    own = np.array([found.mean_epochs(found.rows(reading, [int(T)])) for T in lengths])
    spread = np.abs(own[:, 1:] - own[:, :1]).T
    width = 2.2 if reading == MAIN else 1.2
    ax.errorbar(
        lengths, own[:, 0], spread, color=colour, marker=shape, ms=5, lw=width, elinewidth=0.9, label=READINGS[reading].words
    )
    for T, middle in zip(lengths, own[:, 0], strict=True):
        rate = found.rate(found.rows(reading, [int(T)])).value
        if rate < 0.99:
            y = 100.0 if np.isnan(middle) else middle
            ax.annotate(f"{100.0 * rate:.0f} %", (T, y), (4, 3), textcoords="offset points", fontsize=7.5, color=colour)


def _draw_grid(found: FlipFlopRuns) -> Figure:
    from matplotlib.figure import Figure

    rows = found.rows(MAIN)
    lengths, noise = np.unique(found.T[rows]), np.unique(found.noise[rows])
    table = np.array([[_mean(found, int(T), level) for T in lengths] for level in noise])
    figure = Figure(figsize=(1.6 + 0.55 * len(lengths), 0.9 + 0.42 * len(noise)), layout="constrained")
    ax = figure.subplots()
    ax.imshow(table, cmap="Blues", vmin=0.0, origin="lower", aspect="auto")
    for i, j in np.ndindex(*table.shape):
        light = table[i, j] > DARK * np.nanmax(table)
        ax.text(j, i, f"{table[i, j]:.1f}", ha="center", va="center", fontsize=8, color="#fefefe" if light else "#23262b")
    ax.set_xticks(range(len(lengths)), [str(T) for T in lengths])
    ax.set_yticks(range(len(noise)), [f"{level:g}" for level in noise])
    ax.set(xlabel="length T", ylabel="noise level")
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    return figure


def _mean(found: FlipFlopRuns, T: int, noise: float) -> float:
    rows = found.rows(MAIN, [T])
    return found.mean_epochs(rows[found.noise[rows] == noise]).value
