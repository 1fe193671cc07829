"""Pictures of basins."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import ListedColormap
    from numpy.typing import NDArray

    from dynlatch.analysis.basins import Basins, EdgeState

SHADES = ("attracting", "saddle", "gamma", "escape", "repelling")
NAMED = 12  # basins listed in a legend


def plot_basins(basins: Basins, *, ax: Axes | None = None) -> Axes:
    """A grid in the colours of its basins (in 3-D its middle slice), samples as bars with their standard errors."""
    if not basins.axes:
        return _bars(basins, axes(ax))
    return (_strip, _image, _image)[len(basins.axes) - 1](basins, axes(ax, size=(5.6, 4.8)))


def palette(count: int) -> Array:
    """Colours (count, 3) of the basins: told apart by colour-blind readers as long as the palette lasts."""
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb

    base = np.array([to_rgb(COLOURS[name]) for name in SHADES])
    if count <= len(base):
        return base[:count]
    return np.asarray(colormaps["viridis"](np.linspace(0.0, 0.95, count))[:, :3])


def _colours(basins: Basins) -> ListedColormap:
    """Unresolved white, the basins in order, escape grey; softened, so that what is drawn on top stays readable."""
    from matplotlib.colors import ListedColormap

    shades = 0.45 + 0.55 * palette(len(basins.attractors))
    return ListedColormap(np.concatenate([[[1.0, 1.0, 1.0]], shades.reshape(-1, 3), [[0.88, 0.88, 0.88]]]))


def _show(ax: Axes, image: NDArray[np.int32], extent: tuple[float, float, float, float], basins: Basins) -> None:
    top = len(basins.attractors) + 0.5
    ax.imshow(
        image, origin="lower", extent=extent, cmap=_colours(basins), vmin=-1.5, vmax=top, interpolation="nearest", aspect="auto"
    )


def _ends(axis: Array) -> tuple[float, float]:
    """The ends of an axis, half a cell beyond its first and last point."""
    half = 0.5 * (axis[1] - axis[0])
    return float(axis[0] - half), float(axis[-1] + half)


def _strip(basins: Basins, ax: Axes) -> Axes:
    _show(ax, basins.colours[None, :], (*_ends(basins.axes[0]), 0.0, 1.0), basins)
    _mark(ax, basins, lambda orbit: (orbit[:, 0], np.full(len(orbit), 0.5)))
    ax.set_xlabel(f"component 1 of {basins.coordinates}")
    ax.set_yticks([])
    return ax


def _image(basins: Basins, ax: Axes) -> Axes:
    colours, title = basins.colours, ""
    if len(basins.axes) == 3:
        middle = len(basins.axes[2]) // 2
        colours, title = colours[..., middle], f"slice at component 3 = {basins.axes[2][middle]:.4g}, attractors projected"
    _show(ax, colours.T, (*_ends(basins.axes[0]), *_ends(basins.axes[1])), basins)
    _mark(ax, basins, lambda orbit: (orbit[:, 0], orbit[:, 1]))
    ax.set_xlabel(f"component 1 of {basins.coordinates}")
    ax.set_ylabel(f"component 2 of {basins.coordinates}")
    ax.set_title(title, fontsize=10)
    return ax


def _mark(ax: Axes, basins: Basins, place) -> None:  # type: ignore[no-untyped-def]
    """The attractors on top, each with its number and fraction in the legend."""
    limits = ax.get_xlim(), ax.get_ylim()
    shades = palette(len(basins.attractors))
    for k, orbit in enumerate(basins.attractors):
        x, y = place(orbit)
        marker, size = ("o", 60.0) if len(orbit) < 50 else (".", 4.0)
        label = f"{k}: {basins.fractions[k]:.4f}" if k < NAMED else None
        ax.scatter(x, y, s=size, marker=marker, color=shades[k], edgecolor="black", linewidth=0.8 if size > 10 else 0.0,
                   label=label, zorder=3)  # fmt: skip
    ax.set(xlim=limits[0], ylim=limits[1])
    if basins.escaped:
        ax.scatter([], [], marker="s", color="#E0E0E0", label=f"escape: {basins.escaped:.4f}")
    if basins.unresolved:
        ax.scatter([], [], marker="s", color="white", edgecolor="black", label=f"unresolved: {basins.unresolved:.4f}")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=4, frameon=False, handletextpad=0.2, fontsize=9)


def _bars(basins: Basins, ax: Axes) -> Axes:
    heights, errors = list(basins.fractions), list(basins.standard_errors)
    names, shades = [str(k) for k in range(len(heights))], list(palette(len(heights)))
    for name, value in (("escape", basins.escaped), ("unresolved", basins.unresolved)):
        if value:
            names.append(name)
            heights.append(value)
            errors.append(float(np.sqrt(value * (1.0 - value) / basins.labels.size)))
            shades.append(np.full(3, 0.6))
    ax.bar(np.arange(len(heights)), heights, yerr=2.0 * np.array(errors), color=shades, capsize=3.0)
    ax.set_xticks(np.arange(len(heights)), names)
    ax.set_xlabel("attractor")
    ax.set_ylabel(f"fraction of {basins.labels.size} samples (bars: 2 standard errors)")
    return ax


def plot_edge(edge: EdgeState, *, ax: Axes | None = None) -> Axes:
    """The segment from a to b, where it crosses the boundary, the orbit on the boundary, and the saddle it ends in.

    In the plane of the first two components; of a map of one dimension against time.
    """
    ax = axes(ax, size=(5.2, 4.6))
    n = edge.ends.shape[1]
    if n == 1:
        ax.plot(np.arange(len(edge.track)), edge.track[:, 0], ".-", color=COLOURS["escape"], label="orbit on the boundary")
        ax.axhline(edge.edge[0, 0], color=COLOURS["saddle"], label=f"edge state ({edge.outcome})")
        ax.set(xlabel="time t", ylabel=f"component 1 of {edge.coordinates}")
    else:
        ax.plot(*edge.ends[:, :2].T, color=COLOURS["faint"], label="segment from a to b")
        ax.plot(*edge.track[:, :2].T, ".-", color=COLOURS["escape"], linewidth=0.8, label="orbit on the boundary")
        ax.plot(*edge.ends[0, :2], "o", *edge.ends[1, :2], "o", color=COLOURS["attracting"])
        ax.plot(*edge.boundary[:2], "D", color=COLOURS["repelling"], label="boundary")
        ax.plot(*edge.edge[:, :2].T, "X", color=COLOURS["saddle"], markersize=10, label=f"edge state ({edge.outcome})")
        ax.set(xlabel=f"component 1 of {edge.coordinates}", ylabel=f"component 2 of {edge.coordinates}")
    ax.legend(loc="best", frameon=False, fontsize=9)
    return ax
