"""The papers' Fig. 3: a single unit, its attractors, Gamma and u*."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.activations import resolve
from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.scalar import ScalarLatch

INK = "#222222"


def plot_latch(latch: ScalarLatch, *, ax: Axes | None = None) -> Axes:
    """M(a) against a, the diagonal, the tangents of slope 1 at distance u* from it, Gamma shaded."""
    ax = axes(ax, size=(5.6, 6.0))
    lo, hi = _frame(latch)
    a = np.linspace(lo, hi, 801)
    ax.set(xlim=(lo, hi), ylim=(lo, hi), aspect="equal")
    _shade_gamma(ax, latch, lo, hi)
    ax.plot([lo, hi], [lo, hi], color=COLOURS["neutral"], lw=1.0, label="M(a) = a")
    _draw_tangents(ax, latch, lo, hi)
    ax.plot(a, latch.w * resolve(latch.activation)(a) + latch.bias, color=INK, lw=2.2, label="M(a)")
    _mark_points(ax, latch)
    ax.set_xlabel("activation a (before the nonlinearity)")
    ax.set_ylabel("next activation M(a)")
    ax.set_title(f"{latch.equation}: {latch.outcome}", fontsize=11)
    # Below the axes: inside, the shading and three long lines leave no quiet place.
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=2, frameon=False, fontsize=9, columnspacing=1.4)
    return ax


def _frame(latch: ScalarLatch) -> tuple[float, float]:
    seen = (*latch.fixed_points, *latch.critical_points, 0.0)
    margin = 0.22 * (max(seen) - min(seen)) or 1.0
    return min(seen) - margin, max(seen) + margin


def _shade_gamma(ax: Axes, latch: ScalarLatch, lo: float, hi: float) -> None:
    for piece in (piece for gamma in latch.gammas for piece in gamma):
        left, right = np.clip(piece, lo, hi)
        if right > left:
            ax.axvspan(left, right, color=COLOURS["gamma"], alpha=0.18, lw=0)
        if right - left > 0.08 * (hi - lo):
            height = 0.04 if left > lo else 0.96  # the corners that the curve leaves free
            ax.text((left + right) / 2, height, "Γ", transform=ax.get_xaxis_transform(), ha="center", va="center")


def _draw_tangents(ax: Axes, latch: ScalarLatch, lo: float, hi: float) -> None:
    """The diagonal shifted until it touches the curve; the shift is the threshold of the attractor beyond the touch."""
    if not (latch.critical_points and np.isfinite(latch.thresholds).all()):
        return
    below, above = latch.thresholds
    value = f"u* = {below:.4g}" if below == above else f"u* = {below:.4g} (lower), {above:.4g} (upper)"
    ends = np.array([lo, hi])
    for k, (a, shift) in enumerate(zip(latch.critical_points, (-below, above), strict=True)):
        ax.plot(ends, ends + shift, color=COLOURS["escape"], lw=1.0, label=None if k else "tangents of slope 1")
        upright = {"color": COLOURS["escape"], "lw": 2.6, "solid_capstyle": "butt"}
        ax.plot([a, a], [a, a + shift], label=None if k else value, **upright)  # type: ignore[arg-type]


def _mark_points(ax: Axes, latch: ScalarLatch) -> None:
    one = [a for a, slope in zip(latch.fixed_points, latch.slopes, strict=True) if slope == 1]
    unstable = [a for a in latch.fixed_points if a not in latch.attractors]
    kinds = (
        ("attractor", COLOURS["attracting"], [a for a in latch.attractors if a not in one]),
        ("unstable point", "white", [a for a in unstable if a not in one]),
        ("point of slope 1", COLOURS["neutral"], one),
    )
    for label, colour, where in kinds:
        if where:
            ax.plot(where, where, "o", mfc=colour, mec=INK, ms=8, mew=1.6, zorder=5, label=label)
