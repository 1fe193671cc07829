"""Pictures of fixed points."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.fixed_points import FixedPoints

MARKERS = {"attracting": "o", "saddle": "X", "repelling": "s", "neutral": "D"}


def plot_fixed_points(found: FixedPoints, *, ax: Axes | None = None) -> Axes:
    """Fixed points on their two principal components (in 1-D on the line, in 2-D as they are)."""
    ax = axes(ax, size=(5.2, 4.6))
    n = found.points.shape[1]
    centre, plane = _plane(found)
    xy = (found.points - centre) @ plane.T
    words = np.array([str(s) for s in found.stability])
    for word, marker in MARKERS.items():
        rows = words == word
        if rows.any():
            ax.scatter(
                xy[rows, 0], xy[rows, 1], s=70 if word == "attracting" else 45, marker=marker, color=COLOURS[word],
                edgecolor="white", linewidth=0.8, label=f"{word} ({rows.sum()})", zorder=3,
            )  # fmt: skip
    names = ("principal component 1 of", "principal component 2 of") if n > 2 else ("component 1 of", "component 2 of")
    ax.set_xlabel(f"{names[0]} {found.coordinates}")
    ax.set_ylabel(f"{names[1]} {found.coordinates}" if n > 1 else "")
    if n == 1:
        ax.set_yticks([])
    if len(found):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=4, frameon=False, handletextpad=0.1)
    return ax


def _plane(found: FixedPoints) -> tuple[Array, Array]:
    """Origin and two orthonormal directions (2, n) of the picture."""
    n = found.points.shape[1]
    if n <= 2:
        return np.zeros(n), np.eye(2, n)
    points = found.attractors.points if len(found.attractors) > 2 else found.points
    centre = points.mean(axis=0) if len(points) else np.zeros(n)
    directions = np.linalg.svd(points - centre, full_matrices=False)[2]
    axes_of_space = np.eye(n)[:3]
    basis = np.linalg.qr(np.concatenate([directions[:2], axes_of_space]).T)[0].T
    return centre, basis[:2]


def plot_multipliers(found: FixedPoints, *, ax: Axes | None = None) -> Axes:
    """All multipliers in the complex plane with the unit circle, coloured by the stability of their fixed point."""
    ax = axes(ax, size=(4.8, 4.6))
    angle = np.linspace(0.0, 2.0 * np.pi, 361)
    ax.plot(np.cos(angle), np.sin(angle), color=COLOURS["faint"], linewidth=1.0)
    words = np.array([str(s) for s in found.stability])
    for word in reversed(MARKERS):  # the attracting ones on top
        values = found.eigenvalues[words == word].ravel()
        if len(values):
            ax.scatter(values.real, values.imag, s=12, color=COLOURS[word], alpha=0.7, linewidth=0, label=word)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel("real part of the multiplier")
    ax.set_ylabel("imaginary part")
    if len(found):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=4, frameon=False, handletextpad=0.1)
    return ax
