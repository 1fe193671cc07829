"""The picture of a portrait: basins and Gamma behind, curves above them, points on top, the legend outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.manifolds import LINES
from dynlatch.analysis.plots.palette import BASIN, GAMMA, MARKER, tints
from dynlatch.analysis.plots.style import COLOURS
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from dynlatch.analysis.portrait import Portrait

INK = "#222222"
UNRESOLVED, ESCAPE = (0.80, 0.80, 0.80), (0.97, 0.97, 0.97)
NULLCLINES = (("#5A5A5A", (0, (5, 2.5))), ("#5A5A5A", (0, (1, 1.8))))
SIZE, DOT = (7.7, 5.3), 90
MOST_MARKED = 12  # longer orbits, and recurrent sets, are drawn as dots


def draw_portrait(portrait: Portrait, *, ax: Axes | None = None) -> Axes:
    """Draw a computed portrait."""
    ax = _axes(ax, portrait)
    if portrait.dim == 1:
        _cobweb(ax, portrait)
    else:
        _background(ax, portrait)
        _nullclines(ax, portrait)
        _paths(ax, portrait)
        _manifolds(ax, portrait)
        _points(ax, portrait)
    handles = _legend(portrait)
    ax.legend(
        handles=handles, loc="upper left", bbox_to_anchor=(1.015, 1.0), frameon=False, fontsize=9, borderaxespad=0.0,
        handlelength=1.8, labelspacing=0.55,
    )  # fmt: skip
    return ax


def _axes(ax: Axes | None, portrait: Portrait) -> Axes:
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=SIZE, layout="compressed")
    lo, hi = portrait.frame
    ax.set_xlim(lo[0], hi[0])
    if portrait.dim > 1:
        ax.set_ylim(lo[1], hi[1])
        width = hi - lo
        if width.max() < 2.5 * width.min():
            ax.set_aspect("equal")
        ax.set_xlabel(portrait.names[0])
        ax.set_ylabel(portrait.names[1])
    for spine in ax.spines.values():
        spine.set(color=INK, linewidth=0.8)
    ax.tick_params(color=INK, width=0.8, length=3.5)
    if portrait.is_slice:
        ax.set_title("basins: a slice through the mean of the attractors; points, curves: projected", fontsize=9, color=INK)
    return ax


def _image(portrait: Portrait) -> Array:
    """RGB of every grid point: unresolved, each basin, Gamma in it, escape."""
    count = len(portrait.attractors)
    soft = np.concatenate([[UNRESOLVED], tints(count, BASIN).reshape(count, 3), [ESCAPE]])
    deep = np.concatenate([[UNRESOLVED], tints(count, GAMMA).reshape(count, 3), [ESCAPE]])
    rows = np.clip(portrait.labels, -1, count) + 1
    return np.where(portrait.gamma[..., None], deep[rows], soft[rows]) if portrait.gamma.size else np.asarray(soft[rows])


def _background(ax: Axes, portrait: Portrait) -> None:
    x, y = portrait.axes
    half = 0.5 * np.array([x[1] - x[0], y[1] - y[0]])
    extent = (x[0] - half[0], x[-1] + half[0], y[0] - half[1], y[-1] + half[1])
    kept = ax.get_xlim(), ax.get_ylim(), ax.get_aspect()
    ax.imshow(_image(portrait), origin="lower", extent=extent, interpolation="nearest", zorder=0)
    ax.set(xlim=kept[0], ylim=kept[1], aspect=kept[2])


def _nullclines(ax: Axes, portrait: Portrait) -> None:
    """Where a component stays what it is: M(a)_i = a_i."""
    if portrait.displacement.ndim != 3:
        return
    for i, (colour, dashes) in enumerate(NULLCLINES):
        values = portrait.displacement[..., i]
        if values.min() < 0.0 < values.max():
            lines = ax.contour(*portrait.axes, values, levels=[0.0], colors=[colour], linewidths=0.9, zorder=2)
            lines.set_linestyle([dashes])


def _paths(ax: Axes, portrait: Portrait) -> None:
    """Some orbits as faint lines, where no manifold tells where states go."""
    if portrait.manifolds and not portrait.is_slice:
        return
    where = portrait.project(portrait.paths)
    ax.plot(where[..., 0], where[..., 1], color=COLOURS["neutral"], linewidth=0.6, alpha=0.45, zorder=2)
    ax.plot(where[0, :, 0], where[0, :, 1], ".", color=COLOURS["neutral"], markersize=3, alpha=0.7, zorder=2)


def _manifolds(ax: Axes, portrait: Portrait) -> None:
    for manifold in portrait.manifolds:
        colour, _ = LINES[manifold.kind]
        for branch in manifold.branches:
            where = portrait.project(branch)
            ax.plot(where[:, 0], where[:, 1], color=colour, linewidth=1.25, zorder=3, solid_joinstyle="round")
            _arrow(ax, where if manifold.kind == "unstable" else where[::-1], colour, portrait.frame)


def _arrow(ax: Axes, where: Array, colour: str, frame: Array) -> None:
    """An arrowhead half way along the part of a curve that is in sight."""
    shown = where[((where >= frame[0]) & (where <= frame[1])).all(-1)]
    along = np.concatenate([[0.0], np.cumsum(np.sqrt(np.sum(np.square(np.diff(shown, axis=0)), axis=-1)))])
    if len(shown) < 3 or along[-1] < 0.07 * float((frame[1] - frame[0]).max()):
        return
    ahead = min(int(np.searchsorted(along, 0.5 * along[-1])), len(shown) - 1)
    behind = max(int(np.searchsorted(along, 0.5 * along[-1] - 0.01 * float((frame[1] - frame[0]).max()))) - 1, 0)
    tip, tail = shown[ahead], shown[behind]
    shape = {"arrowstyle": "-|>,head_length=0.5,head_width=0.22", "shrinkA": 0, "shrinkB": 0}
    ax.annotate(
        "", xy=(tip[0], tip[1]), xytext=(tail[0], tail[1]), zorder=3, arrowprops={**shape, "color": colour, "linewidth": 0.8}
    )


def _points(ax: Axes, portrait: Portrait) -> None:
    found = portrait.fixed_points
    words = np.array([str(s) for s in found.stability])
    where = portrait.project(found.points)
    cycles = [portrait.project(orbit) for orbit in portrait.saddle_cycles]
    for word, marker in (("repelling", "s"), ("saddle", "X"), ("neutral", "D")):
        rows = where[words == word]
        rows = np.concatenate([rows, *cycles]) if word == "saddle" and cycles else rows
        _mark(ax, rows, marker, COLOURS[word], 52 if marker != "X" else 64)
    colours = tints(len(portrait.attractors), MARKER)
    for colour, orbit in zip(colours, portrait.attractors, strict=True):
        spot = portrait.project(orbit)
        if len(spot) <= MOST_MARKED:
            tour = np.concatenate([spot, spot[:1]])
            ax.plot(tour[:, 0], tour[:, 1], color=colour, linewidth=1.2, ls=(0, (1, 1.6)), zorder=4)
            _mark(ax, spot, "o", colour, DOT)
        else:
            ax.scatter(spot[:, 0], spot[:, 1], s=2.0, color=colour, linewidth=0, zorder=5)


def _mark(ax: Axes, where: Array, marker: str, colour: object, size: float) -> None:
    ax.scatter(where[:, 0], where[:, 1], s=size, marker=marker, color=[colour], edgecolor="white", linewidth=1.0, zorder=5)


def _cobweb(ax: Axes, portrait: Portrait) -> None:
    """The graph of M and the diagonal over the basins of the line, and an orbit into each attractor as a staircase."""
    x = portrait.axes[0]
    graph = x + portrait.displacement[:, 0]
    low, high = min(float(graph.min()), x[0]), max(float(graph.max()), x[-1])
    low, high = max(low, 2 * x[0] - x[-1]), min(high, 2 * x[-1] - x[0])
    ax.set(xlim=(x[0], x[-1]), ylim=(low, high), aspect="equal" if (high - low) < 1.6 * (x[-1] - x[0]) else "auto")
    step = 0.5 * (x[1] - x[0])
    kept = ax.get_aspect()
    ax.imshow(
        _image(portrait)[None], extent=(x[0] - step, x[-1] + step, low, high), aspect="auto", interpolation="nearest", zorder=0
    )
    ax.set(xlim=(x[0], x[-1]), ylim=(low, high), aspect=kept)
    ax.plot(x, x, color=COLOURS["neutral"], linewidth=1.0, zorder=2)
    ax.plot(x, graph, color=INK, linewidth=2.0, zorder=3)
    colours = tints(len(portrait.attractors), MARKER)
    for k in range(portrait.paths.shape[1]):
        orbit = portrait.paths[:, k, 0]
        stairs = np.repeat(orbit, 2)
        ax.plot(stairs[:-1], stairs[1:], color=colours[k], linewidth=1.1, zorder=4)
    found = portrait.fixed_points
    for point, word in zip(found.points[:, 0], found.stability, strict=True):
        if str(word) != "attracting":
            _mark(ax, np.array([[point, point]]), "s" if str(word) == "repelling" else "D", COLOURS[str(word)], 52)
    for colour, attractor in zip(colours, portrait.attractors, strict=True):
        _mark(ax, np.concatenate([attractor, np.roll(attractor, -1, axis=0)], axis=1), "o", colour, DOT)
    ax.set_xlabel(f"{portrait.names[0]}, now")
    ax.set_ylabel(f"{portrait.names[0]}, next")


def _named(portrait: Portrait) -> str:
    """The attractors in words: "attractors: 2 points, 1 cycle"."""
    kinds = [str(kind) for kind in portrait.kinds]
    names = (("fixed point", "point"), ("cycle", "cycle"), ("recurrent set", "recurrent set"))
    count = [(kinds.count(kind), name) for kind, name in names if kind in kinds]
    words = ", ".join(f"{k} {name}{'s' * (k > 1)}" for k, name in count)
    return f"attractor{'s' * (len(kinds) > 1)}: {words}" if len(kinds) > 1 or count[0][1] != "point" else "attractor"


def _legend(portrait: Portrait) -> list[Line2D | Patch]:
    """What is there, and nothing else."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def marker(shape: str, colour: object, label: str) -> Line2D:
        return Line2D([], [], ls="", marker=shape, mfc=colour, mec="white", ms=8.5, label=label)

    def line(colour: object, style: object, label: str, width: float = 1.3) -> Line2D:
        return Line2D([], [], color=colour, ls=style, lw=width, label=label)  # type: ignore[arg-type]

    words = {str(s) for s in portrait.fixed_points.stability}
    count = len(portrait.attractors)
    hue = tuple(tints(1, MARKER)[0])
    handles: list[Line2D | Patch] = []
    if count:
        handles.append(marker("o", hue, _named(portrait)))
    if "saddle" in words or portrait.saddle_cycles:
        handles.append(marker("X", COLOURS["saddle"], "saddle"))
    handles += [marker(m, COLOURS[w], f"{w} point") for w, m in (("repelling", "s"), ("neutral", "D")) if w in words]
    drawn = {manifold.kind for manifold in portrait.manifolds}
    handles += [line(LINES[kind][0], "-", f"{kind} manifold") for kind in ("stable", "unstable") if kind in drawn]
    if portrait.displacement.ndim == 3:
        handles += [line(c, d, f"nullcline {i}: $M(a)_{i} = a_{i}$", 1.0) for i, (c, d) in enumerate(NULLCLINES, 1)]
    if portrait.dim == 1:
        handles += [line(INK, "-", "next state M(a)", 2.0), line(COLOURS["neutral"], "-", "M(a) = a", 1.0)]
        handles.append(line(hue, "-", "an orbit into it", 1.1))
    handles.append(Patch(color=tuple(tints(1, BASIN)[0]), label="basin of attraction"))
    if portrait.gamma.any():
        handles.append(
            Patch(color=tuple(tints(1, GAMMA)[0]), label="Γ: there $\\partial a_t/\\partial a_0$ shrinks\nat every step")
        )
    if (portrait.labels < 0).any():
        handles.append(Patch(color=UNRESOLVED, label="unresolved"))
    if (portrait.labels == count).any():
        handles.append(Patch(facecolor=ESCAPE, edgecolor="#BBBBBB", label="escapes"))
    return handles
