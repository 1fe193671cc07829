"""Pictures of an audit's gradients: backward decay, decay at the memory states, signed shares, and the raster of verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.plots.audit_states import READABLE, one_line, thinned
from dynlatch.analysis.plots.palette import tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.gradients import GradientContributions, GradientDecay, StepVerdicts

RUNS, STEPS = 40, 600  # of the lines are drawn, evenly spread
LONG = 60  # runs longer than this have a logarithmic axis of steps
WORDS = {"contracting": COLOURS["faint"], "neutral": "#D8A62B", "expanding": COLOURS["repelling"]}
SEQUENCES, COLUMNS = 40, 400  # of a raster are drawn


def decades(logs: Array) -> Array:
    """Natural logarithms (T, ...) as powers of ten (T, runs), for lines that end where the norm is exactly zero."""
    runs = logs.reshape(len(logs), -1) / np.log(10.0)
    return np.where(np.isfinite(runs), runs, np.nan)


def _median(runs: Array) -> Array:
    """Median over the runs, a norm of zero counted as the smallest."""
    filled = np.where(np.isnan(runs), -np.inf, runs)
    middle = np.median(filled, axis=1)
    return np.where(np.isfinite(middle), middle, np.nan)


def plot_both_ways(decay: GradientDecay, *, ax: Axes | None = None) -> Axes:
    """||da_t/da_0|| forward and ||da_T/da_t|| backward, in decades against time; thin lines are runs."""
    ax = axes(ax)
    T = len(decay.log_norms)
    rows = thinned(T, STEPS)
    ways = (
        (rows + 1, decay.log_norms, "attracting", "forward: from 0 to t"),
        (rows, decay.backward, "repelling", "backward: from t to T"),
    )
    for time, logs, colour, label in ways:
        runs = decades(logs)[rows]
        kept = runs[:, thinned(runs.shape[1], RUNS)]
        if runs.shape[1] > 1:
            line = one_line(np.stack([np.broadcast_to(time[:, None], kept.shape), kept], axis=-1))
            ax.plot(line[:, 0], line[:, 1], color=COLOURS[colour], alpha=0.22, linewidth=0.7)
        ax.plot(time, _median(runs), color=COLOURS[colour], linewidth=2.0, label=label)
    ax.axhline(0.0, color=COLOURS["faint"], linewidth=0.8, zorder=0)
    ax.set(xlabel="time t", ylabel=f"log10 of the norm ({decay.coordinates})")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9)
    return ax


def plot_at_memory(decay: GradientDecay, *, ax: Axes | None = None) -> Axes:
    """The decay at each memory state in the colour that the state has in the portrait."""
    ax = axes(ax)
    runs = decades(decay.log_norms)
    for k, colour in enumerate(tints(runs.shape[1], READABLE)):
        ax.plot(np.arange(1, len(runs) + 1), runs[:, k], color=colour, linewidth=1.5, gid=f"tip:memory state {k}")
    ax.axhline(0.0, color=COLOURS["faint"], linewidth=0.8, zorder=0)
    ax.set(xlabel="time t", ylabel=f"log10 of the norm ({decay.coordinates})")
    return ax


def plot_signed_shares(split: GradientContributions, *, ax: Axes | None = None) -> Axes:
    """Each delay's signed share of the total gradient, medians over the sequences with their middle half."""
    ax = axes(ax)
    runs = split.projections.reshape(len(split.projections), -1)[::-1]
    back = np.arange(1, len(runs) + 1)
    rows = thinned(len(runs), STEPS)
    low, middle, high = np.quantile(runs, (0.25, 0.5, 0.75), axis=1)[:, rows]
    ax.fill_between(back[rows], low, high, color=COLOURS["gamma"], alpha=0.3, linewidth=0)
    ax.plot(back[rows], middle, color=COLOURS["attracting"], linewidth=1.6)
    ax.axhline(0.0, color=COLOURS["faint"], linewidth=0.8, zorder=0)
    if len(runs) > LONG:
        ax.set_xscale("log")
    ax.set(xlabel="steps back from the last", ylabel="signed share of the gradient")
    return ax


def plot_raster(verdicts: StepVerdicts, *, ax: Axes | None = None) -> Axes:
    """A row a sequence, a column a step: latched steps in the colour of their memory state, others in that of their word."""
    from matplotlib.ticker import MaxNLocator

    ax = axes(ax, size=(6.4, 3.6))
    T = len(verdicts.words)
    steps = thinned(T, COLUMNS)
    words = verdicts.words.reshape(T, -1).astype(str)
    chosen = np.ix_(steps, thinned(words.shape[1], SEQUENCES))
    codes, colours = _codes(words[chosen], verdicts.gamma[1:].reshape(T, -1)[chosen], len(verdicts.attractors))
    inside = verdicts.inside.reshape(T, -1)
    codes[~inside[chosen]] = -1  # after the end of a sequence there is nothing to draw
    edges = np.append(steps, T) + 0.5
    for code, colour in enumerate(colours):
        _bars(ax, codes == code, edges, colour)
    ax.set(xlim=(0.5, T + 0.5), ylim=(codes.shape[1] - 0.5, -0.5), xlabel="step", ylabel="sequence")
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.spines[["left", "bottom"]].set_visible(False)
    _legend(ax, {str(word) for word in np.unique(words[inside])}, len(verdicts.attractors))
    return ax


def _codes(words: NDArray[np.str_], owner: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], list[Any]]:
    """A number for each cell, and the colours by number: three words, then the memory states."""
    codes = np.zeros(words.shape, dtype=np.int64)
    for code, word in enumerate(WORDS):
        codes[words == word] = code
    latched = words == "latched"
    codes[latched] = len(WORDS) + owner[latched]
    return codes, [*WORDS.values(), *tints(count, READABLE)]


def _bars(ax: Axes, cells: NDArray[np.bool_], edges: Array, colour: Any) -> None:
    """Stretches of equal cells (steps, sequences) as bars."""
    padded = np.pad(cells.astype(np.int8), ((1, 1), (0, 0)))
    for row in range(cells.shape[1]):
        change = np.flatnonzero(np.diff(padded[:, row]))
        spans = [(edges[a], edges[b] - edges[a]) for a, b in zip(change[::2], change[1::2], strict=True)]
        if spans:
            ax.broken_barh(spans, (row - 0.42, 0.84), color=colour, linewidth=0)


def _legend(ax: Axes, words: set[str], count: int) -> None:
    shown: list[tuple[str, Any]] = [(word, colour) for word, colour in WORDS.items() if word in words]
    if "latched" in words:
        label = "latched (in the colour of its memory state)" if count > 1 else "latched"
        shown.append((label, tints(count, READABLE)[0]))
    for label, colour in shown:
        ax.plot([], [], "s", color=colour, markersize=7, label=label)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False, fontsize=9, handletextpad=0.2)
