"""The picture of a minimal fatal shock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.plane import plane_of
from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.escape.shock import FatalShock

INK = "#222222"


def plot_shock(result: FatalShock, *, ax: Axes | None = None) -> Axes:
    """The shock from the attractor, and the path from there; in two dimensions with the ball of harmless shocks."""
    ax = axes(ax, size=(5.8, 4.8))
    _line(ax, result) if len(result.attractor) == 1 else _plane(ax, result)
    bound = f"{result.upper:.5g}" if result.exact else f"{result.lower:.4g} to {result.upper:.4g}"
    ax.set_title(f"minimal fatal shock: {bound} ({_norm(result)})", fontsize=11)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3, frameon=False, fontsize=9)
    return ax


def _norm(result: FatalShock) -> str:
    return "largest entry" if np.isinf(result.norm) else "2-norm"


def _line(ax: Axes, result: FatalShock) -> None:
    ax.axhspan(
        float(result.attractor[0] - result.lower), float(result.attractor[0] + result.lower), color=COLOURS["gamma"], alpha=0.2,
        lw=0, label="harmless shocks",
    )  # fmt: skip
    states = np.concatenate([result.attractor, result.path[:, 0]])
    ax.plot([-1, 0], states[:2], color=COLOURS["escape"], lw=2.0, label="shock")
    ax.plot(np.arange(len(result.path)), result.path[:, 0], ".-", color=INK, lw=1.0, ms=4, label="after it")
    ax.plot(-1, states[0], "o", color=COLOURS["attracting"], ms=8, mec="white", label="attractor")
    ax.set_xlabel("time t after the shock")
    ax.set_ylabel(result.coordinates)


def _plane(ax: Axes, result: FatalShock) -> None:
    path = np.concatenate([result.attractor[None], result.path])
    ends = path if result.destination is None else np.concatenate([path, result.destination[None]])
    plane = plane_of(ends, result.coordinates)
    where, home = plane.of(path), plane.of(result.attractor)
    if len(result.attractor) == 2 and _undistorted(result):
        _ball(ax, result)
    ax.plot(*where[1:].T, ".-", color=INK, lw=1.0, ms=5, label="after it")
    ax.annotate(
        "", tuple(where[1]), tuple(home), arrowprops={"arrowstyle": "-|>", "color": COLOURS["escape"], "lw": 2.0, "shrinkA": 0}
    )
    ax.plot([], [], color=COLOURS["escape"], lw=2.0, label="shock")
    ax.plot(*home, "o", color=COLOURS["attracting"], ms=9, mec="white", label="attractor", zorder=5)
    if result.destination is not None:
        ax.plot(
            *plane.of(result.destination), "D", color=COLOURS["repelling"], ms=8, mec="white", label="destination", zorder=5
        )
    ax.set(xlabel=plane.names[0], ylabel=plane.names[1])
    ax.set_aspect("equal", adjustable="datalim")


def _undistorted(result: FatalShock) -> bool:
    """Whether the shock is the displacement itself."""
    return result.displacement is not None and result.shock is not None and np.array_equal(result.displacement, result.shock)


def _ball(ax: Axes, result: FatalShock) -> None:
    """The shocks up to the lower bound."""
    from matplotlib.patches import Circle, Rectangle

    x, y = result.attractor
    r = result.lower
    style = {"facecolor": COLOURS["gamma"], "alpha": 0.2, "lw": 0, "label": "harmless shocks"}
    if np.isinf(result.norm):
        ax.add_patch(Rectangle((x - r, y - r), 2 * r, 2 * r, **style))  # type: ignore[arg-type]
    else:
        ax.add_patch(Circle((x, y), r, **style))
