"""Picture of the diffusion of credit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.credit_diffusion import CreditDiffusion


def plot_credit_diffusion(found: CreditDiffusion, ax: Axes | None = None) -> Axes:
    """Medians over the runs in decades against time; each run thin; the proved bound dashed."""
    ax = axes(ax)
    T = len(found.log_dobrushin)
    time = np.arange(1, T + 1)
    shown = (
        ("Dobrushin's $\\tau_1$", found.log_dobrushin, "attracting"),
        ("Birkhoff's $\\tau_B$", found.log_birkhoff, "repelling"),
    )
    for label, logs, colour in shown:
        runs = np.where(np.isfinite(logs), logs, np.nan).reshape(T, -1) / np.log(10.0)
        if runs.shape[1] > 1:
            ax.plot(time, runs, color=COLOURS[colour], alpha=0.2, linewidth=0.7)
        ax.plot(time, np.median(runs, axis=1), color=COLOURS[colour], linewidth=2.0, label=label)
    bound = np.where(np.isfinite(found.log_bound), found.log_bound, np.nan).reshape(T, -1) / np.log(10.0)
    ax.plot(
        time, np.median(bound, axis=1), "--", color=COLOURS["neutral"], linewidth=1.2, label="product of the steps' $\\tau_1$"
    )
    ax.set_xlabel("time t")
    ax.set_ylabel("log10 of the coefficient of $A_t \\ldots A_1$")
    ax.legend(loc="best", frameon=False)
    return ax
