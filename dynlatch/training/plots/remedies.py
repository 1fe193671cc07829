"""The remedies: the share solved by length, and the plane of gradient horizon and noise retention."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.experiments.examination import Keeping
from dynlatch.training.experiments.remedies_methods import REMEDIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.remedies import Remedies

SHAPES = {Keeping.LATCHED: "o", Keeping.NEUTRAL: "D", Keeping.FORGETS: "x", Keeping.UNSTABLE: "^", Keeping.KEPT: "s"}
LEAST = 1.0  # steps; where horizons are drawn that do not reach back a single one
BELOW = 0.5  # where bits are drawn that the task's own noise undoes


def pictures(found: Remedies) -> tuple[Picture, ...]:
    """Those of the report."""
    return (
        Picture(
            "The trade-off, with every remedy in it",
            "Each point is a remedy on a task at the longest T that half of its trials solve. Along: how far back its "
            "gradient reaches, as a share of T; up: the most noise, in multiples of the task's, that leaves 9 of 10 answers "
            "right over 1,000 more steps (at the bottom: less than the task's). Circles: attractors hold the bit; diamonds: "
            "a neutral direction; crosses: nothing for long; triangles: unstable; squares: maps without a derivative.",
            partial(_draw_planes, found),
        ),
        Picture(
            "Solved, by length",
            "Share of the trials that answer at most 5 % of fresh sequences wrong, of every remedy.",
            partial(_draw_shares, found),
        ),
    )


def _draw_planes(found: Remedies) -> Figure:
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(found.task.tolist()))
    figure = Figure(figsize=(12.5, 5.8), layout="constrained")
    for ax, task in zip(np.atleast_1d(figure.subplots(1, len(tasks), sharey=True)), tasks, strict=True):
        _plane(found, task, axes(ax))
        ax.set_title(task, loc="left")
    return figure


def plot_plane(found: Remedies, ax: Axes | None) -> Axes:
    """The plane of the first task."""
    ax = axes(ax, size=(7.5, 5.6))
    _plane(found, str(found.task[0]), ax)
    return ax


def _plane(found: Remedies, task: str, ax: Axes) -> None:
    """Points are numbered; the list beside the plane says which remedy, and at which T."""
    colours, spots = tints(len(REMEDIES), MARKER), dict[tuple[int, int], int]()
    for k, remedy in enumerate(REMEDIES):
        row = _longest(found, remedy.name, task)
        kind = None if row is None else found.keeping(row)
        if row is None or kind is None:
            continue
        x, y = np.maximum(found.middle("h95", row), LEAST) / found.T[row], max(found.middle("stands", row), BELOW)
        if np.isnan(x):
            continue
        spot = round(20.0 * np.log10(x)), round(20.0 * np.log10(y))
        spots[spot] = beside = spots.get(spot, -1) + 1  # points at one place stand side by side
        ax.plot(x, y, SHAPES[kind], ms=7, color=colours[k], label=f"{k + 1}  {remedy.name} ({found.T[row]})")
        ax.annotate(str(k + 1), (x, y), xytext=(5 + 12 * beside, 4), textcoords="offset points", fontsize=7, color=colours[k])
    ax.axhline(1.0, color=COLOURS["faint"], lw=1.0, zorder=0)
    ax.set(xlabel="gradient horizon $h_{95} / T$", ylabel="noise that the bit stands, in multiples of the task's")
    ax.set(xscale="log", yscale="log", xlim=(0.0015, 1.5), xticks=(0.01, 0.1, 1.0), yticks=(BELOW, 1.0, 2.0, 4.0, 8.0, 16.0))
    ax.set_yticklabels(["less", "1", "2", "4", "8", "16"])
    ax.minorticks_off()
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _longest(found: Remedies, remedy: str, task: str) -> int | None:
    """The row of the longest T at which at least half of the trials solve the task."""
    rows = np.flatnonzero((found.remedy == remedy) & (found.task == task) & (found.solved.mean(1) >= 0.5))
    return int(rows[np.argmax(found.T[rows])]) if rows.size else None


def _draw_shares(found: Remedies) -> Figure:
    from matplotlib.figure import Figure

    tasks, lengths = list(dict.fromkeys(found.task.tolist())), sorted({int(T) for T in found.T})
    figure = Figure(figsize=(4.2 + 1.0 * len(tasks) * len(lengths), 0.32 * len(REMEDIES) + 1.2), layout="constrained")
    for ax, task in zip(np.atleast_1d(figure.subplots(1, len(tasks), sharey=True)), tasks, strict=True):
        shares = np.array([[found.share(remedy.name, task, T) for T in lengths] for remedy in REMEDIES])
        ax.imshow(shares, vmin=0.0, vmax=1.0, cmap="Blues", aspect="auto")
        for (i, j), share in np.ndenumerate(shares):
            ax.text(
                j,
                i,
                "-" if np.isnan(share) else f"{share:.0%}",
                ha="center",
                va="center",
                fontsize=8,
                color="white" if share > 0.6 else "black",
            )
        ax.set(title=task, xticks=range(len(lengths)), xticklabels=[f"T = {T}" for T in lengths])
        ax.set(yticks=range(len(REMEDIES)), yticklabels=[remedy.name for remedy in REMEDIES])
        ax.tick_params(length=0)
    return figure
