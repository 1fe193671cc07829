"""The latch benchmark: presentations and errors against T, the other readings, and where the trained units ended."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.analysis.scalar import u_star
from dynlatch.training.experiments import paper
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.experiments.intervals import Interval
from dynlatch.training.experiments.latch_cells import AT, HALF_WIDTH, MAIN, METHODS, READINGS
from dynlatch.training.experiments.latch_words import FACTOR, PUBLISHED
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.latch import LatchBenchmark

SHAPES = ("o", "s", "v", "^", "D", "P", "d", "X")  # of the methods
SHOWN = (paper.BACK_PROPAGATION, paper.PSEUDO_NEWTON, paper.MULTIGRID, paper.ANNEALING)  # whose units are drawn
LEGEND = {"frameon": False, "fontsize": 8, "loc": "center left", "bbox_to_anchor": (1.0, 0.5)}


def pictures(found: LatchBenchmark) -> tuple[Picture, ...]:
    """Those of the report."""
    curves = Picture(
        "Presentations and errors",
        "The latch benchmark against the longest length T, with 95 % intervals. Grey: a factor 3 round the 1,600 presentations "
        "that survive of the published figure.",
        partial(_draw_curves, found),
    )
    units = Picture(
        "Where the units ended",
        "The trained units at all lengths: self-connection w, and the weaker of the two inputs, counted from the unstable "
        "point to its own side. Beyond the dashed line u*(w) exceeds the noise, and no noise can undo a latched bit.",
        partial(_draw_units, found),
    )
    if len(set(found.reading.tolist())) == 1:
        return curves, units
    others = Picture(
        "Other readings",
        f"Presentations at T = {AT} where one choice that the papers leave open is taken otherwise. "
        + "; ".join(f"{name}: {READINGS[name].words}" for name in READINGS)
        + ".",
        partial(_draw_readings, found),
    )
    return curves, others, units


def _draw_curves(found: LatchBenchmark) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _presentations(found, axes(left))
    _curves(found, axes(right), found.errors, 100.0)
    right.set(ylabel="error on fresh sequences (%)", ylim=(-3.0, 103.0))
    right.axhline(50.0, color=COLOURS["faint"], lw=1.0, zorder=0)
    right.legend(**LEGEND)
    return figure


def plot_presentations(found: LatchBenchmark, ax: Axes | None) -> Axes:
    """Mean presentations against T, both logarithmic, with the published number."""
    ax = axes(ax, size=(7.6, 4.2))
    _presentations(found, ax)
    ax.legend(**LEGEND)
    return ax


def _presentations(found: LatchBenchmark, ax: Axes) -> None:
    ax.axhspan(PUBLISHED / FACTOR, PUBLISHED * FACTOR, color=COLOURS["faint"], alpha=0.3, lw=0)
    ax.axhline(PUBLISHED, color=COLOURS["neutral"], lw=1.2)
    ax.text(
        0.01, PUBLISHED * FACTOR * 1.06, "published: about 1,600 (× or ÷ 3)", transform=ax.get_yaxis_transform(), fontsize=8
    )
    _curves(found, ax, found.shown, 1.0)
    ax.set_yscale("log")
    ax.set_ylabel("sequence presentations")


def _curves(found: LatchBenchmark, ax: Axes, values: Sequence[Interval], unit: float) -> None:
    T = np.array(found.lengths)
    for k, (method, colour) in enumerate(zip(METHODS, _colours(), strict=True)):
        own = unit * np.array([values[found.row(MAIN, method, int(t))] for t in T])
        aside = T * 1.025 ** (k - len(METHODS) / 2)  # so that equal values can be told apart
        spread = np.abs(own[:, 1:] - own[:, :1]).T
        ax.errorbar(aside, own[:, 0], spread, color=colour, marker=SHAPES[k], ms=4.5, lw=1.3, elinewidth=0.9, label=method)
    ax.set_xscale("log")
    ax.set_xticks(T, [str(t) for t in T])
    ax.minorticks_off()
    ax.set_xlabel("longest length T")


def _colours() -> list[tuple[float, ...]]:
    """Of the methods; guessing, the last, is what all others should beat, and grey."""
    from matplotlib.colors import to_rgb

    return [*(tuple(colour) for colour in tints(len(METHODS) - 1, MARKER)), to_rgb(COLOURS["neutral"])]


def _draw_readings(found: LatchBenchmark) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.2, 4.2), layout="constrained")
    ax = axes(figure.subplots())
    readings = [name for name in READINGS if np.any((found.reading == name) & (found.T == AT))]
    ax.axvspan(PUBLISHED / FACTOR, PUBLISHED * FACTOR, color=COLOURS["faint"], alpha=0.3, lw=0)
    ax.axvline(PUBLISHED, color=COLOURS["neutral"], lw=1.2)
    for k, (method, colour) in enumerate(zip(METHODS, _colours(), strict=True)):
        own = np.array([found.shown[found.row(name, method, AT)] for name in readings])
        y = np.arange(len(readings)) + 0.08 * (k - len(METHODS) / 2)
        ax.errorbar(
            own[:, 0], y, xerr=np.abs(own[:, 1:] - own[:, :1]).T, ls="", color=colour, marker=SHAPES[k], ms=5, label=method
        )
    ax.set_yticks(range(len(readings)), readings, fontsize=9)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.set_xlabel(f"sequence presentations, T = {AT}; grey: a factor 3 round the published 1,600")
    ax.legend(**LEGEND)
    return figure


def _draw_units(found: LatchBenchmark) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10.4, 3.2), layout="constrained")
    panels = figure.subplots(1, len(SHOWN), sharex=True, sharey=True)
    for ax, method in zip(panels, SHOWN, strict=True):
        own = (found.reading == MAIN) & (found.method == method)
        _units(axes(ax), found.weights[own].reshape(-1, 3), found.learned[own].ravel())
        ax.set_title(method, fontsize=10)
    panels[0].set_ylabel("weaker input")
    panels[0].legend(frameon=False, fontsize=8, loc="lower right")
    figure.supxlabel("self-connection w", fontsize=10)
    return figure


def _units(ax: Axes, weights: Array, learned: NDArray[np.bool_]) -> None:
    weaker = np.minimum(weights[:, 2], -weights[:, 1])
    ax.axvline(1.0, color=COLOURS["neutral"], lw=1.0)
    ax.axhline(0.0, color=COLOURS["neutral"], lw=1.0)
    ax.axvline(_holding(), color=COLOURS["escape"], lw=1.0, ls="--")
    for chosen, marker, colour, label in (
        (~learned, "x", COLOURS["repelling"], "failed"),
        (learned, "o", COLOURS["attracting"], "learned"),
    ):
        ax.plot(weights[chosen, 0], weaker[chosen], marker, color=colour, ms=4, mfc="none", label=label, alpha=0.8)
    ax.set(xlim=(-3.2, 3.6), ylim=(-3.2, 3.2))


def _holding() -> float:
    """The least w whose u* is the half-width of the noise."""
    from scipy.optimize import brentq

    return float(brentq(lambda w: u_star(w) - HALF_WIDTH, 1.001, 4.0))
