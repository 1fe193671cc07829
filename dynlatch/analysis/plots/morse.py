"""Pictures of Morse graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.morse import MorseGraph

# Okabe and Ito's palette again, for as many attractors as it has colours.
BASINS = ("#0072B2", "#009E73", "#56B4E9", "#CC79A7", "#F0E442", "#999999")
KINDS = {"saddle": COLOURS["saddle"], "repeller": COLOURS["repelling"], "undecided": "#666666"}
MARKERS = {"attractor": "o", "saddle": "X", "repeller": "s", "undecided": "D"}
PIXELS = 2048  # an axis with more cells than this is thinned for the picture of the basins; Morse sets never are


def plot_morse(result: MorseGraph, *, ax: Axes | None = None) -> Axes:
    """Cells in phase space (1-D and 2-D): certified basins pale, Morse sets strong; beside it the order of the sets.

    On a given `ax` only the cells are drawn, and of a three-dimensional graph only the order.
    """
    flat = len(result.resolution) <= 2
    if ax is not None:
        ax = axes(ax)
        return _cells(result, ax) if flat else _order(result, ax)
    if not flat:
        return _order(result, axes(None, size=(5.0, 4.4)))
    import matplotlib.pyplot as plt

    _, (left, right) = plt.subplots(1, 2, figsize=(9.6, 4.6), layout="constrained", width_ratios=(1.25, 1.0))
    _order(result, axes(right))
    return _cells(result, axes(left))


def _colours(result: MorseGraph) -> list[str]:
    attractors = list(result.attractors)
    return [
        BASINS[attractors.index(i) % len(BASINS)] if kind == "attractor" else KINDS[str(kind)]
        for i, kind in enumerate(result.kinds)
    ]


def _cells(result: MorseGraph, ax: Axes) -> Axes:
    from matplotlib.colors import to_rgba

    palette = np.array([*(to_rgba(colour) for colour in _colours(result)), (1.0, 1.0, 1.0, 0.0)]).reshape(-1, 4)
    pale = palette.copy()
    pale[:, 3] *= 0.28
    steps = tuple(-(-k // PIXELS) for k in result.resolution)
    basins = result.destinations[tuple(slice(None, None, step) for step in steps)]
    one = result.cells.ndim == 1
    extent = (result.lo[0], result.hi[0], *((0.0, 1.0) if one else (result.lo[1], result.hi[1])))
    image: dict[str, Any] = {"origin": "lower", "extent": extent, "aspect": "auto", "interpolation": "nearest"}
    ax.imshow(pale[basins][None] if one else pale[basins].swapaxes(0, 1), **image)
    strong = palette[result.cells]
    if max(result.resolution) <= PIXELS:
        ax.imshow(strong[None] if one else strong.swapaxes(0, 1), **image)
    middle = _centres(result)
    for i, colour in enumerate(_colours(result)):
        _mark(ax, (middle[i, 0], 0.5 if one else middle[i, 1]), str(result.kinds[i]), colour, i)
    ax.set_xlabel(f"component 1 of {result.coordinates}")
    ax.set_ylabel("" if one else f"component 2 of {result.coordinates}")
    ax.set(xlim=extent[:2], ylim=extent[2:])
    if one:
        ax.set_yticks([])
    ax.set_title("Morse sets; pale: cells with one destination", fontsize=10)
    return ax


def _centres(result: MorseGraph) -> Array:
    """For each set the centre (n,) of one of its cells, as central as there is: a cycle's box has nothing in its middle."""
    width = (result.hi - result.lo) / np.array(result.resolution)
    centres = result.boxes.mean(1)
    where = np.argwhere(result.cells >= 0)
    sets, at = result.cells[tuple(where.T)], result.lo + (where + 0.5) * width
    distance = np.abs(at - centres[sets]).max(-1)
    order = np.lexsort((distance, sets))
    first = order[np.searchsorted(sets[order], np.arange(len(result)))] if len(result) else order
    return np.asarray(at[first])


def _mark(ax: Axes, at: tuple[float, float], kind: str, colour: str, number: int) -> None:
    ax.plot(*at, MARKERS[kind], color=colour, mec="white", mew=0.9, ms=9, zorder=4)
    ax.annotate(str(number), at, textcoords="offset points", xytext=(6, 6), fontsize=9, zorder=5)


def _order(result: MorseGraph, ax: Axes) -> Axes:
    """Hasse diagram: what leads on above what it leads to."""
    places = _places(result)
    k = len(result)
    for a, b in result.edges:
        (x0, y0), (x1, y1) = places[a], places[b]
        ax.annotate("", (x1, y1), (x0, y0), arrowprops={"arrowstyle": "->", "color": "#888888", "shrinkA": 9, "shrinkB": 9})
    words: dict[str, str] = {}
    for i, colour in enumerate(_colours(result)):
        kind = str(result.kinds[i])
        label = None if kind in words else kind
        words[kind] = kind
        ax.plot(*places[i], MARKERS[kind], color=colour, mec="white", ms=13, zorder=3, label=label)
        ax.annotate(str(i), places[i], textcoords="offset points", xytext=(9, 5), fontsize=9)
    if result.leaves:
        ax.annotate("outside", places[k], ha="center", va="center", fontsize=9, color="#555555")
    if k:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=4, frameon=False, fontsize=9, handletextpad=0.1)
    ax.margins(0.15)
    ax.axis("off")
    ax.set_title("what leads to what", fontsize=10)
    return ax


def _places(result: MorseGraph) -> Array:
    """Place of each set (and last, of the outside): height by the longest way down, across by the place in phase space."""
    k = len(result)
    height = np.zeros(k + 1)
    for _ in range(k + 1):
        for a, b in result.edges:
            height[a] = max(height[a], height[b] + 1.0)
    places = np.stack([np.zeros(k + 1), height], axis=1)
    across = np.append(result.boxes.mean(1)[:, 0] if k else np.zeros(0), result.hi[0])
    shown = np.arange(k + 1) if result.leaves else np.arange(k)
    for level in np.unique(height):
        row = shown[height[shown] == level]
        order = row[np.argsort(across[row], kind="stable")]
        places[order, 0] = np.arange(len(order)) - 0.5 * (len(order) - 1)
    return places
