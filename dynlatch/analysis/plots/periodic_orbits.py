"""Pictures of periodic orbits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.periodic_orbits import PeriodicOrbits

MANY = 40  # points above which arrows would hide them
WORDS = ("repelling", "saddle", "neutral", "attracting")  # the attracting ones on top


def plot_periodic_orbits(found: PeriodicOrbits, *, ax: Axes | None = None) -> Axes:
    """Each orbit as a closed path, coloured by its stability: a cobweb in 1-D, the plane in 2-D, principal components above."""
    ax = axes(ax, size=(5.2, 4.8))
    n = found.points.shape[-1]
    flat = found.points.reshape(-1, n)
    if n == 1:
        _cobwebs(found, ax)
        ax.set_xlabel(found.coordinates)
        ax.set_ylabel(f"{found.coordinates}, one step later")
    else:
        centre, plane = _plane(flat)
        for row, word in _in_order(found):
            path = (found.points[row] - centre) @ plane.T
            _loop(path, ax, COLOURS[word], arrows=len(flat) <= MANY)
        kind = "principal component" if n > 2 else "component"
        ax.set_xlabel(f"{kind} 1 of {found.coordinates}")
        ax.set_ylabel(f"{kind} 2 of {found.coordinates}")
    _legend(found, ax)
    return ax


def _in_order(found: PeriodicOrbits) -> list[tuple[int, str]]:
    words = [str(s) for s in found.stability]
    return sorted(enumerate(words), key=lambda pair: WORDS.index(pair[1]))


def _loop(path: Array, ax: Axes, colour: str, *, arrows: bool) -> None:
    """Points of an orbit with thin arrows, or faint lines where there are many, from each to the next."""
    following = np.roll(path, -1, axis=0)
    if len(path) > 1 and not arrows:
        closed = np.concatenate([path, path[:1]])
        ax.plot(closed[:, 0], closed[:, 1], color=colour, alpha=0.2, linewidth=0.7, zorder=2)
    elif len(path) > 1:
        for start, end in zip(path, following, strict=True):
            arrow = {"arrowstyle": "-|>", "color": colour, "alpha": 0.45, "linewidth": 0.8, "shrinkA": 3, "shrinkB": 3}
            ax.annotate("", xy=tuple(end), xytext=tuple(start), arrowprops=arrow, zorder=2)
    ax.scatter(path[:, 0], path[:, 1], s=26, color=colour, edgecolor="white", linewidth=0.6, zorder=3)


def _cobwebs(found: PeriodicOrbits, ax: Axes) -> None:
    """Steps (x_j, x_j) -> (x_j, x_{j+1}) -> (x_{j+1}, x_{j+1}), with the diagonal."""
    ends = [found.points.min(initial=0.0), found.points.max(initial=1.0)]
    ax.plot(ends, ends, color=COLOURS["faint"], linewidth=1.0, zorder=1)
    for row, word in _in_order(found):
        x = np.append(found.points[row, :, 0], found.points[row, 0, 0])
        ax.plot(np.repeat(x, 2)[:-1], np.repeat(x, 2)[1:], color=COLOURS[word], linewidth=0.9, alpha=0.6, zorder=2)
        ax.scatter(x[:-1], x[1:], s=26, color=COLOURS[word], edgecolor="white", linewidth=0.6, zorder=3)


def _legend(found: PeriodicOrbits, ax: Axes) -> None:
    words = [str(s) for s in found.stability]
    for word in reversed(WORDS):
        if word in words:
            ax.scatter([], [], s=30, color=COLOURS[word], label=f"{word} ({words.count(word)})")
    if words:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=4, frameon=False, handletextpad=0.1)


def _plane(points: Array) -> tuple[Array, Array]:
    """Origin and two orthonormal directions (2, n) of the picture."""
    n = points.shape[1]
    if n == 2 or len(points) == 0:
        return np.zeros(n), np.eye(2, n)
    centre = points.mean(axis=0)
    directions = np.linalg.svd(points - centre, full_matrices=False)[2]
    basis = np.linalg.qr(np.concatenate([directions[:2], np.eye(n)[:3]]).T)[0].T
    return centre, basis[:2]
