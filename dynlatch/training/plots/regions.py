"""A run of training as a path: over (w, a) for a single unit, otherwise of final states among the attractors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.plane import plane_of
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.analysis.scalar import fixed_points
from dynlatch.training.monitor.events import RegionEventKind, input_words
from dynlatch.training.monitor.sighting import WORDS
from dynlatch.training.plots.over_w import shade_portraits
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.monitor.record import RegionTrace

INK = "#222222"


def plot_regions(trace: RegionTrace, trial: int, ax: Axes | None) -> Axes:
    """The path of one trial, and, in a figure of its own, the time courses below it."""
    rows = trace.rows(trial)
    if ax is not None:
        return _path(trace, trial, axes(ax))
    import matplotlib.pyplot as plt

    looks, states = trace.rows(trial, "looks"), rows["final"].shape[-1] > 0
    strips = [name for name in ("horizon", "log_norm") if np.any(np.isfinite(looks[name]))]
    keeps = states and rows["tau_1"].shape[1] > 0
    heights = [3.4, *[0.8] * (len(strips) + keeps + states)]
    _, panels = plt.subplots(len(heights), 1, figsize=(6.8, 6.6), layout="constrained", height_ratios=heights, squeeze=False)
    panels = panels[:, 0]
    _path(trace, trial, axes(panels[0]))
    for panel, name in zip(panels[1:], strips, strict=False):
        _course(axes(panel), trace, trial, name)
    if keeps:
        _kept(axes(panels[-2]), trace, rows)
    if states:
        _counts(axes(panels[-1]), trace, rows)
    for panel in panels[1:]:
        panel.sharex(panels[-1])
        if panel is not panels[-1]:
            panel.tick_params(labelbottom=False)
    panels[-1].set_xlabel("presentations")
    first: Axes = panels[0]
    return first


def _path(trace: RegionTrace, trial: int, ax: Axes) -> Axes:
    rows = trace.rows(trial)
    if rows["final"].shape[-1] == 0:
        _coefficients(ax, rows)
    elif rows["final"].shape[-1] == 1 and trace.coordinates.startswith("activation") and trace.names[0] == "w":
        _over_w(ax, rows)
    elif rows["final"].shape[-1] == 1:
        _over_time(ax, trace, trial, rows)
    else:
        _in_plane(ax, trace, trial, rows)
    about = "where the sequences end as it learns" if rows["final"].shape[-1] else "what its matrices keep as it learns"
    ax.set_title(f"trial {trial}: {about}", fontsize=11)
    return ax


def _follow(ax: Axes, x: Array, y: Array, c: int, right: Array) -> None:
    """The path of class c with its beginning open, its end filled, and a cross where an answer was wrong; right (R, C)."""
    colour = tints(2, MARKER)[c]
    ax.plot(x, y, color=colour, lw=1.4, label=WORDS[right.shape[1]][c], zorder=4)
    wrong = right[:, c] < 1.0
    ax.plot(x[wrong], y[wrong], "x", color=colour, ms=4, mew=0.9, zorder=4)
    ax.plot(x[:1], y[:1], "o", mfc="white", mec=colour, ms=7, mew=1.6, zorder=5)
    ax.plot(x[-1:], y[-1:], "o", color=colour, ms=7, zorder=5)


def _over_w(ax: Axes, rows: dict[str, Any]) -> None:
    """(w, a): for w > 1 the attractors, the basins' boundary between them, and Gamma beyond +-a_c."""
    w = rows["weights"][:, 0]
    lo, hi = min(w.min(), 0.8), max(w.max(), 1.3)
    margin = 0.08 * (hi - lo)
    lo, hi = lo - margin, hi + margin
    upper = fixed_points(hi)[-1]
    top = 1.1 * max(upper, np.abs(rows["final"]).max(), 1.0)
    shade_portraits(ax, lo, hi, top)
    for c in range(rows["final"].shape[1]):
        _follow(ax, w, rows["final"][:, c, 0], c, rows["right"])
    ax.set(xlim=(lo, hi), ylim=(-top, top), xlabel="self-connection w", ylabel="activation a at the end")
    _legend(ax)


def _over_time(ax: Axes, trace: RegionTrace, trial: int, rows: dict[str, Any]) -> None:
    """One state component against presentations, with the fixed points of every portrait."""
    points = trace.rows(trial, "points")
    for stable, size in ((True, 4.0), (False, 2.0)):
        chosen = points["stable"] == stable
        name = "attractors, under every quiet input" if stable else "unstable points"
        colour = COLOURS["attracting"] if stable else COLOURS["repelling"]
        at, where = points["presentation"][chosen], points["state"][chosen, 0]
        ax.plot(at, where, ls="", color=colour, alpha=0.6, label=name, marker=".", ms=size)
    for c in range(rows["final"].shape[1]):
        _follow(ax, rows["presentation"], rows["final"][:, c, 0], c, rows["right"])
    ax.set(xlabel="presentations", ylabel=f"{trace.coordinates} at the end")
    _legend(ax)


def _in_plane(ax: Axes, trace: RegionTrace, trial: int, rows: dict[str, Any]) -> None:
    """Final states and attractors in the plane in which they vary most; attractors grow darker with time."""
    points = trace.rows(trial, "points")
    stable = points["stable"].astype(bool)
    states = np.concatenate([rows["final"].reshape(-1, rows["final"].shape[-1]), points["state"][stable]])
    plane = plane_of(states, trace.coordinates)
    when = points["presentation"][stable] / max(rows["presentation"][-1], 1)
    x, y = plane.of(points["state"][stable]).T
    label = "attractors, later ones darker" if stable.any() else None
    ax.scatter(x, y, c=when, cmap="Greys", vmin=-0.8, vmax=1.0, s=30, marker="s", lw=0, label=label)
    for c in range(rows["final"].shape[1]):
        path = plane.of(rows["final"][:, c])
        _follow(ax, path[:, 0], path[:, 1], c, rows["right"])
    ax.set(xlabel=plane.names[0], ylabel=plane.names[1])
    _legend(ax)


def _coefficients(ax: Axes, rows: dict[str, Any]) -> None:
    """What the transition matrices of a state network keep."""
    names = (("tau_1", "τ₁", "-"), ("abs_det", "|det|", "--"), ("second_eigenvalue", "second eigenvalue", ":"))
    for k in range(rows["tau_1"].shape[1]):
        for name, words, style in names:
            colour = tints(max(rows["tau_1"].shape[1], 2), MARKER)[k]
            ax.plot(rows["presentation"], rows[name][:, k], style, color=colour, label=f"{words}, symbol {k}")
    ax.set(ylim=(-0.03, 1.03), xlabel="presentations", ylabel="1 keeps, 0 forgets")
    _legend(ax)


def _kept(ax: Axes, trace: RegionTrace, rows: dict[str, Any]) -> None:
    """What the matrices under the quiet inputs keep."""
    for q, u in enumerate(trace.quiet_inputs):
        ax.plot(rows["presentation"], rows["tau_1"][:, q], color=tints(max(len(trace.quiet_inputs), 2), MARKER)[q],
                lw=0.8, label=f"input {input_words(u)}")  # fmt: skip
    ax.set_ylim(-0.03, 1.03)
    ax.set_ylabel("τ₁", fontsize=8)
    _legend(ax)


def _legend(ax: Axes) -> None:
    ax.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)


def _course(ax: Axes, trace: RegionTrace, trial: int, name: str) -> None:
    rows = trace.rows(trial, "looks")
    ax.plot(rows["presentation"], rows[name], color=INK, lw=0.8)
    ax.set_ylabel("horizon,\nsteps" if name == "horizon" else "ln|∂a_T/∂a_0|", fontsize=8)
    if name == "log_norm":
        ax.axhline(0.0, color=COLOURS["faint"], lw=0.8)


def _counts(ax: Axes, trace: RegionTrace, rows: dict[str, Any]) -> None:
    """Attractors under each quiet input, and when the bit was latched."""
    for q in range(rows["attractors"].shape[1]):
        name = f"input {input_words(trace.quiet_inputs[q])}" if rows["attractors"].shape[1] > 1 else None
        ax.step(
            rows["presentation"],
            rows["attractors"][:, q],
            where="post",
            label=name,
            color=tints(7, MARKER)[q % 7],
            lw=2.4 - q % 3,
        )
    told = {RegionEventKind.LATCHED: COLOURS["attracting"], RegionEventKind.LATCHED_WRONG: COLOURS["repelling"]}
    for event in trace.events_of(int(rows["trial"][0])):
        if event.kind in told:
            ax.axvline(event.presentation, color=told[event.kind], lw=1.0, alpha=0.7)
    ax.set_ylabel("attractors", fontsize=8)
    ax.locator_params(axis="y", integer=True, nbins=3)
    if rows["attractors"].shape[1] > 1:
        ax.legend(frameon=False, fontsize=7, ncols=2)
