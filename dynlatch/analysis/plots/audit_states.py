"""The first picture of an audit: memory states over the trajectories of the data, in their principal components."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.plots.palette import tints
from dynlatch.analysis.plots.plane import Plane
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

READABLE = (0.63, 0.135)  # lightness and chroma that can be told apart on white and on near black
SEQUENCES, STEPS = 48, 400  # of the trajectories are drawn, evenly spread
CLOSE = 0.035  # of the picture's width: markers closer than this share one label


def principal_plane(states: Array, coordinates: str, components: tuple[int, int] = (0, 1)) -> Plane:
    """The plane of two principal components of `states` (..., n); the components themselves where n is at most 2."""
    flat = states.reshape(-1, states.shape[-1])
    n = flat.shape[1]
    if n <= 2:
        return Plane(np.zeros(n), np.eye(2, n), (f"{coordinates}, component 1", f"{coordinates}, component 2" if n > 1 else ""))
    origin = flat.mean(0)
    variance, rows = _principal(flat - origin)
    share = variance / (variance.sum() or 1.0)
    names = tuple(f"{coordinates}, principal component {c + 1} ({share[c]:.0%})" for c in components)
    return Plane(origin, rows[list(components)], (names[0], names[1]))


def principal_share(states: Array, component: int) -> float:
    """Share of the variance of `states` (..., n) that a principal component has."""
    flat = states.reshape(-1, states.shape[-1])
    variance, _ = _principal(flat - flat.mean(0))
    return float(variance[component] / (variance.sum() or 1.0))


def _principal(centred: Array) -> tuple[Array, Array]:
    """Variances and directions, largest first, signs fixed so that the same data give the same picture."""
    values, rows = _by_states(centred) if len(centred) < centred.shape[1] else _by_components(centred)
    largest = rows[np.arange(len(rows)), np.abs(rows).argmax(-1)]
    return values, rows * np.where(largest < 0.0, -1.0, 1.0)[:, None]


def _by_components(centred: Array) -> tuple[Array, Array]:
    values, vectors = np.linalg.eigh(centred.T @ centred)
    return np.maximum(values[::-1], 0.0), vectors.T[::-1]


def _by_states(centred: Array) -> tuple[Array, Array]:
    """Of fewer states than components; a picture needs three directions, whatever the number of states."""
    missing = max(min(3, centred.shape[1]) - len(centred), 0)
    _, values, rows = np.linalg.svd(np.concatenate([centred, np.zeros((missing, centred.shape[1]))]), full_matrices=False)
    return np.square(values), rows


def thinned(count: int, most: int) -> NDArray[np.intp]:
    """At most `most` of `count` rows, evenly spread, the first and the last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.intp))


def plot_states(
    trajectories: Array,
    memory: Sequence[Array],
    plane: Plane,
    *,
    others: Array | None = None,
    region: NDArray[np.int64] | None = None,
    tip: Callable[[int], str] = "memory state {}".format,
    ax: Axes | None = None,
) -> Axes:
    """Draw everything in `plane`.

    Parameters
    ----------
    trajectories : ndarray, shape (T + 1, sequences, n)
    memory : sequence of ndarray, shape (p, n)
        The points of each memory state: one, or a cycle.
    plane : Plane
    others : ndarray, shape (m, n), optional
        Fixed points that do not attract.
    region : ndarray of int, shape (T + 1, sequences), optional
        In the region of which memory state each visited state is, -1 for none; those stretches get its colour.
    tip : callable
        What a memory state says when it is pointed at, where the picture can do that.
    """
    ax = axes(ax, size=(5.4, 4.6))
    colours = tints(len(memory), READABLE)
    if plane.rows.shape[1] == 1:
        return _over_time(ax, trajectories, memory, colours, plane)
    shown = np.ix_(thinned(len(trajectories), STEPS), thinned(trajectories.shape[1], SEQUENCES))
    where = plane.of(trajectories[shown])
    line = one_line(where)
    ax.plot(line[:, 0], line[:, 1], color=COLOURS["neutral"], linewidth=0.6, alpha=0.45, zorder=1)
    if region is not None:
        _stretches(ax, where, region[shown], colours)
    if others is not None and len(others):
        spots = plane.of(others)
        ax.plot(spots[:, 0], spots[:, 1], "x", color=COLOURS["saddle"], markersize=4.5, markeredgewidth=1.2, zorder=3)
    orbits = [plane.of(orbit) for orbit in memory]
    for k, (spot, colour) in enumerate(zip(orbits, colours, strict=True)):
        loop = np.concatenate([spot, spot[:1]])
        style = {"color": colour, "markeredgecolor": "#ffffff", "markeredgewidth": 1.0, "zorder": 5}
        ax.plot(loop[:, 0], loop[:, 1], "o:", markersize=9.0, linewidth=1.2, gid=f"tip:{tip(k)}", **style)
    _labels(ax, [spot[0] for spot in orbits])
    ax.margins(0.07)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set(xlabel=plane.names[0], ylabel=plane.names[1])
    return ax


def one_line(runs: Array) -> Array:
    """Runs (T, runs, 2) one after the other as one line with gaps, (runs (T + 1), 2): drawn faster than many."""
    gaps = np.full((1, *runs.shape[1:]), np.nan)
    return np.concatenate([runs, gaps]).swapaxes(0, 1).reshape(-1, runs.shape[-1])


def _stretches(ax: Axes, where: Array, region: NDArray[np.int64], colours: Array) -> None:
    """The parts of trajectories inside a memory state's region, in its colour, each to the step after it."""
    for k, colour in enumerate(colours):
        inside = region == k
        if inside.any():
            reached = inside | np.concatenate([np.zeros_like(inside[:1]), inside[:-1]])
            line = one_line(np.where(reached[..., None], where, np.nan))
            ax.plot(line[:, 0], line[:, 1], color=colour, linewidth=0.9, alpha=0.7, zorder=2)


def _labels(ax: Axes, spots: Sequence[Array]) -> None:
    """The number of each memory state beside it; states that are drawn in one place share a label."""
    if not spots:
        return
    xy = np.array(spots)
    width = max(float(np.ptp(np.array([ax.get_xlim(), ax.get_ylim()]), axis=1).max()), 1e-300)
    left = list(range(len(xy)))
    while left:
        here = [j for j in left if np.abs(xy[j] - xy[left[0]]).max() < CLOSE * width]
        text = ", ".join(map(str, here[:4])) + (f" … {here[-1]}" if len(here) > 4 else "")
        ax.annotate(text, xy[here[0]], xytext=(7, 5), textcoords="offset points", fontsize=9.5, fontweight="bold", zorder=6)
        left = [j for j in left if j not in here]


def _over_time(ax: Axes, trajectories: Array, memory: Sequence[Array], colours: Array, plane: Plane) -> Axes:
    """One dimension has no plane: the state against time, memory states as lines across."""
    rows = thinned(len(trajectories), STEPS)
    runs = trajectories[np.ix_(rows, thinned(trajectories.shape[1], SEQUENCES))][..., 0]
    ax.plot(rows, runs, color=COLOURS["neutral"], linewidth=0.7, alpha=0.6)
    for k, (orbit, colour) in enumerate(zip(memory, colours, strict=True)):
        for value in orbit[:, 0]:
            ax.axhline(value, color=colour, linewidth=1.6)
        ax.annotate(str(k), (rows[-1], orbit[0, 0]), xytext=(3, 3), textcoords="offset points", fontweight="bold")
    ax.set(xlabel="time t", ylabel=plane.names[0])
    return ax
