"""How the steps of an attractor's path stop shrinking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.escape.gamma import GammaThreshold

SHOWN = 400  # last steps of a long path


def plot_gamma(result: GammaThreshold, *, ax: Axes | None = None) -> Axes:
    """Sizes of the steps along the witness against time, with the size of the input."""
    assert result.witness is not None
    assert result.step_sizes is not None
    ax = axes(ax)
    T = len(result.witness)
    first = max(T - SHOWN, 0)
    ax.axhline(1.0, color=COLOURS["neutral"], lw=1.0, ls=(0, (4, 3)), label="1: gradients no longer shrink")
    ax.plot(
        np.arange(first, T + 1), result.step_sizes[first:], ".-", color=COLOURS["attracting"], lw=1.2, label="size of the step"
    )
    given = np.linalg.norm(result.witness, result.norm, axis=-1)[first:]
    ax.step(np.arange(first, T), given, where="mid", color=COLOURS["escape"], lw=1.2, label="size of the input")
    name = f"{result.lower:.5g}" if result.exact else f"{result.lower:.4g} to {result.upper:.4g}"
    ax.set(xlabel="time t", ylabel="size", ylim=(0.0, None), title=f"u*$_\\Gamma$: {name}")
    ax.title.set_fontsize(11)
    ax.legend(loc="best", frameon=False, fontsize=9)
    return ax
