"""The transition graph of a finite map: a disc for each basin, the attractor in its middle, a ring for each step away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.plots.palette import MARKER, tints
from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.finite import FiniteAttractors

GAP, NARROWEST = 1.0, 1.6  # between discs, and the least width of one, in rings
LABELLED = 8  # of more attractors, none bears its numbers


def plot_finite(found: FiniteAttractors, *, ax: Axes | None = None) -> Axes:
    """States as dots, each joined to its successor; the colour is the attractor's, whose own states are large."""
    ax = axes(ax, size=(7.2, 4.6))
    where = _places(found)
    colours = tints(len(found), MARKER)[found.labels]
    for k, (x, y) in enumerate(where):
        ahead = where[found.successors[k]]
        ax.plot([x, ahead[0]], [y, ahead[1]], color=COLOURS["faint"], lw=0.9, zorder=1)
    on = found.times == 0
    ax.scatter(where[~on, 0], where[~on, 1], s=16, c=colours[~on], zorder=2)
    ax.scatter(where[on, 0], where[on, 1], s=75, c=colours[on], edgecolors="white", linewidths=1.2, zorder=3)
    low = where[:, 1].min() - 0.5
    for i in range(len(found) if len(found) <= LABELLED else 0):
        own = where[found.labels == i, 0]
        words = f"period {len(found.cycles[i])}\n{found.sizes[i]} states\nmargin {found.margins[i]:.3g}"
        ax.text((own.min() + own.max()) / 2.0, low, words, ha="center", va="top", fontsize=8)
    ax.set_title(f"transitions of {len(found.states)} states under a constant input", fontsize=11)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.margins(0.1, 0.2)
    return ax


def _places(found: FiniteAttractors) -> Array:
    """Positions (K, 2): the discs side by side, states on rings round their attractor."""
    before: dict[int, list[int]] = {}
    for k in np.flatnonzero(found.times > 0):
        before.setdefault(int(found.successors[k]), []).append(int(k))
    weight = _weights(found, before)
    where = np.zeros((len(found.states), 2))
    left = 0.0
    for i, cycle in enumerate(found.cycles):
        inner = 0.0 if len(cycle) == 1 else 0.25 + 0.16 * len(cycle)
        members = found.labels == i
        angle = np.zeros(len(found.states))
        _spread(cycle, 0.5 * np.pi, 2.0 * np.pi, angle, before, weight)
        ring, angle = (inner + found.times[members]), angle[members]
        x, y = ring * np.cos(angle), ring * np.sin(angle)
        slack = max(0.0, NARROWEST - np.ptp(x)) / 2.0
        where[members] = np.column_stack([left + slack + x - x.min(), y])
        left += np.ptp(x) + 2.0 * slack + GAP
    return where


def _weights(found: FiniteAttractors, before: dict[int, list[int]]) -> NDArray[np.int64]:
    """The width of each state: the leaves of the tree behind it, at least 1."""
    weight = np.ones(len(found.states), dtype=np.int64)
    for k in np.argsort(-found.times, kind="stable"):
        weight[k] = max(1, sum(int(weight[j]) for j in before.get(int(k), [])))
    return weight


def _spread(
    nodes: NDArray[np.int64] | list[int],
    start: float,
    width: float,
    angle: Array,
    before: dict[int, list[int]],
    weight: NDArray[np.int64],
) -> None:
    """Give each of `nodes` a part of the angle [start, start + width] by its weight, and its own predecessors that part."""
    total = sum(int(weight[k]) for k in nodes)
    for k in nodes:
        part = width * weight[k] / total
        angle[k] = start + part / 2.0
        _spread(before.get(int(k), []), start, part, angle, before, weight)
        start += part
