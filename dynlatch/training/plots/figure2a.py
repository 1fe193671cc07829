"""Fig. 2a: density of convergence over (w_0, s), light where it is high."""

from __future__ import annotations

from functools import partial
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.analysis.scalar import u_star
from dynlatch.training.experiments.contract import Picture
from dynlatch.training.experiments.figure2a_words import regions
from dynlatch.training.experiments.latch_runs import READINGS
from dynlatch.training.plots.latch_runs import draw_ends
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.figure2a import DensityPlane, Figure2a

CAPTION = (
    "Share of runs that converged, light where it is high, as in the paper. Exact lines: w = 1 (dashed), below which there is "
    "one basin; u*(w), the largest input that never takes the bit; and the noise that perfect inputs bear in half of the runs "
    "if w stays at w0, so that above it w has to grow."
)

LABEL: dict[str, Any] = {
    "fontsize": 9,
    "color": COLOURS["saddle"],
    "bbox": {"fc": "white", "ec": "none", "alpha": 0.85, "pad": 1.5},
}


def plot_plane(figure: Figure2a, plane: DensityPlane, ax: Axes | None) -> Axes:
    """One plane with the exact lines."""
    ax = axes(ax, size=(5.6, 4.6))
    w_edges, s_edges = _edges(plane.w0), _edges(plane.s)
    look = {"cmap": "gray", "vmin": 0.0, "vmax": 1.0, "edgecolors": "face", "linewidth": 0.2}
    mesh = ax.pcolormesh(w_edges, s_edges, plane.density, **look)  # type: ignore[arg-type]
    ax.set(xlim=(w_edges[0], w_edges[-1]), ylim=(s_edges[0], s_edges[-1]))
    ax.axvline(1.0, color=COLOURS["saddle"], lw=1.6, ls="--")
    ax.annotate("w = 1", (1.0, 1.0), (4, -4), xycoords=("data", "axes fraction"), textcoords="offset points", va="top", **LABEL)
    safe = np.linspace(1.0 + 1e-9, w_edges[-1], 200)
    lines = (  # with the side that the name stands on
        (safe, np.array([u_star(w) for w in safe]), COLOURS["gamma"], "u*(w)", "left"),
        (figure.curve_w, figure.curve_std, COLOURS["repelling"], "perfect inputs", "right"),
    )
    for w, std, colour, name, side in lines:
        s = std**2 if plane.reading == "variance" else std
        ax.plot(w, s, color=colour, lw=2.0)
        _name(ax, w, s, colour, name, side)
    ax.set(xlabel="initial weight w0", ylabel=f"s, the noise's {READINGS[plane.reading]}")
    ax.set_title(plane.name, fontsize=10)
    bar = ax.figure.colorbar(mesh, ax=ax, pad=0.02)
    bar.set_label("share that converged")
    return ax


def _edges(centres: Array) -> Array:
    """Borders half-way between the centres."""
    middle = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - middle[0]], middle, [2 * centres[-1] - middle[-1]]])


def _name(ax: Axes, w: Array, s: Array, colour: str, name: str, side: str) -> None:
    """The name of a line beside a point of it within the frame; `side` of the name is the one towards the line."""
    (_, right), (_, top) = ax.get_xlim(), ax.get_ylim()
    inside = np.flatnonzero((w <= right) & (s <= top))
    look = {**LABEL, "color": colour}
    k = inside[int(0.6 * (len(inside) - 1))]
    ax.annotate(name, (w[k], s[k]), (6 if side == "left" else -6, 0), textcoords="offset points", va="center", ha=side, **look)


def pictures(figure: Figure2a) -> tuple[Picture, ...]:
    """The two readings of s; then, where they were run, the lower learning rate and L = 4; then what became of the runs."""
    pairs = [figure.planes[k : k + 2] for k in range(0, len(figure.planes), 2)]
    titles = ("Convergence over (w0, s), both readings of s", "The same with a quarter of the learning rate, and with L = 4")
    planes = [Picture(title, CAPTION, partial(draw_planes, figure, pair)) for title, pair in zip(titles, pairs, strict=False)]
    ended = Picture(
        "How the runs ended, region by region",
        f"Runs with {figure.planes[0].name}, in the regions that the exact lines divide the plane into.",
        partial(_draw_regions, figure),
    )
    return (*planes, ended)


def _draw_regions(figure: Figure2a) -> Figure:
    found = regions(figure, figure.planes[0])
    return draw_ends([fill(title, 46) for title, _ in found], np.array([counts for _, counts in found]))


def draw_planes(figure: Figure2a, planes: tuple[DensityPlane, ...]) -> Figure:
    """Planes side by side."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(5.4 * len(planes), 4.3), layout="constrained")
    for ax, plane in zip(drawn.subplots(1, len(planes), squeeze=False)[0], planes, strict=True):
        plot_plane(figure, plane, ax)
    return drawn
