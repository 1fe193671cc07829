"""The look that all figures share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's palette: told apart by colour-blind readers and in grey print.
COLOURS = {
    "attracting": "#0072B2",
    "saddle": "#E69F00",
    "repelling": "#D55E00",
    "neutral": "#999999",
    "gamma": "#56B4E9",
    "escape": "#CC79A7",
    "faint": "#BBBBBB",
}


def axes(ax: Axes | None, *, size: tuple[float, float] = (6.0, 4.0)) -> Axes:
    """`ax` itself, or the axes of a new figure; open on top and right, with a quiet legend."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, ax = plt.subplots(figsize=size, layout="constrained")
    ax.spines[["top", "right"]].set_visible(False)
    return ax
