"""Pictures of partly latched states."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.gradients import LatchedProjection, SlowFastSplitting

SMALLEST = 1e-17


def plot_projection(result: LatchedProjection, *, ax: Axes | None = None) -> Axes:
    """Relative errors of the corrected limit and of that of the papers against time, medians over trajectories."""
    ax = axes(ax)
    T = len(result.log_norms)
    time = np.arange(1, T + 1)
    rows = (
        (result.text_errors, COLOURS["repelling"], r"$R^+ (\partial y_t/\partial y_0) R$, as in the papers"),
        (result.corrected_errors, COLOURS["attracting"], r"$R^+ \partial y_t/\partial a_0$, corrected"),
    )
    for errors, colour, name in rows:
        ax.semilogy(time, np.maximum(np.median(errors.reshape(T, -1), axis=1), SMALLEST), color=colour, lw=1.8, label=name)
    ax.set(xlabel="time t", ylabel=r"relative error of the limit of $\partial a_t/\partial a_0$")
    ax.set_title(f"{len(result.latched)} of {result.latched.shape[1]} directions latched ({result.coordinates})", fontsize=11)
    ax.legend(frameon=False, fontsize=9)
    return ax


def plot_splitting(result: SlowFastSplitting, *, ax: Axes | None = None) -> Axes:
    """Moduli of the eigenvalues by falling size: slow ones full, fast ones open, the gap between them."""
    ax = axes(ax)
    moduli, k = np.abs(result.eigenvalues), result.slow
    number = np.arange(1, len(moduli) + 1)
    ax.axhline(1.0, color=COLOURS["faint"], lw=0.8)
    ax.plot(number[:k], moduli[:k], "o", color=COLOURS["attracting"], label=f"{k} slow")
    ax.plot(number[k:], moduli[k:], "o", mfc="white", color=COLOURS["saddle"], label=f"{len(moduli) - k} fast")
    ax.axhspan(moduli[k], moduli[k - 1], color=COLOURS["faint"], alpha=0.25, lw=0, label=f"gap {result.gap:.3g}")
    ax.xaxis.get_major_locator().set_params(integer=True)  # type: ignore[call-arg]
    ax.set(xlabel="number", ylabel="modulus of the eigenvalue", ylim=(0.0, None))
    ax.legend(frameon=False, fontsize=9)
    return ax
