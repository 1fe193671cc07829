"""Pictures of reduced attracting sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.attracting_sets import ReducedAttractingSet

OUTSIDE, BASIN, GAMMA, UNDECIDED = "#F4F4F4", "#D3E4EF", COLOURS["gamma"], COLOURS["neutral"]
LABELS = ("not in the basin", "basin only", "Γ", "undecided")
INK = "#222222"


def plot_attracting_set(result: ReducedAttractingSet, *, ax: Axes | None = None) -> Axes:
    """A 2-D grid as an image, anything else as dots: Γ within the basin, and the attractor."""
    n = result.points.shape[-1]
    ax = axes(ax, size=(5.4, 4.8) if n > 1 else (6.0, 2.2))
    colours = (OUTSIDE, BASIN, GAMMA, UNDECIDED)
    words = np.where(result.undecided, 3, np.where(result.member, 2, result.in_basin.astype(int)))
    if n == 2 and result.points.ndim == 3 and _is_grid(result.points):
        _image(ax, result.points, words, colours)
    else:
        _dots(ax, result, words, colours)
    present = [i for i in range(4) if (words == i).any()]
    for i in present:
        ax.plot([], [], "s", color=colours[i], mec="#BBBBBB", ms=8, label=LABELS[i])
    below = (0.5, -0.12 if n > 1 else -0.35)
    ax.legend(
        loc="upper center", bbox_to_anchor=below, frameon=False, fontsize=9, ncols=5, handletextpad=0.2, columnspacing=1.2
    )
    ax.set_title(f"Γ, {result.criterion}: {result.fraction:.1%} of the basin's points", fontsize=11)
    return ax


def _is_grid(points: Array) -> bool:
    return (
        bool(np.ptp(points[..., 0], axis=1).max() == 0 and np.ptp(points[..., 1], axis=0).max() == 0)
        and min(points.shape[:2]) > 1
    )


def _image(ax: Axes, points: Array, words: Array, colours: tuple[str, ...]) -> None:
    from matplotlib.colors import ListedColormap

    x, y = points[:, 0, 0], points[0, :, 1]
    half = 0.5 * (x[1] - x[0]), 0.5 * (y[1] - y[0])
    extent = (x[0] - half[0], x[-1] + half[0], y[0] - half[1], y[-1] + half[1])
    look = {"origin": "lower", "aspect": "auto", "interpolation": "nearest"}
    ax.imshow(words.T, cmap=ListedColormap(list(colours)), vmin=-0.5, vmax=3.5, extent=extent, **look)  # type: ignore[arg-type]


def _dots(ax: Axes, result: ReducedAttractingSet, words: Array, colours: tuple[str, ...]) -> None:
    n = result.points.shape[-1]
    flat, kinds = result.points.reshape(-1, n), words.ravel()
    if n == 1:
        xy, names = np.concatenate([flat, np.zeros_like(flat)], axis=1), (result.coordinates, "")
        ax.set_yticks([])
        for lo, hi in result.intervals or ():
            ax.axvspan(max(lo, flat.min()), min(hi, flat.max()), color=GAMMA, alpha=0.25, lw=0)
    elif n == 2:
        xy, names = flat, (f"component 1 of {result.coordinates}", f"component 2 of {result.coordinates}")
    else:
        centre = flat.mean(0)
        plane = np.linalg.svd(flat - centre, full_matrices=False)[2][:2]
        xy = (flat - centre) @ plane.T
        names = (f"principal component 1 of {result.coordinates}", f"principal component 2 of {result.coordinates}")
    for i in range(4):
        rows = kinds == i
        ax.scatter(xy[rows, 0], xy[rows, 1], s=8, color=colours[i], edgecolor="#BBBBBB", linewidth=0.2)
    ax.set_xlabel(names[0])
    ax.set_ylabel(names[1])
