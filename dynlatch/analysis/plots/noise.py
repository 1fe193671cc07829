"""Pictures of noise: how long a bit survives, and what that costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.noise.result import Retention
    from dynlatch.analysis.noise.tradeoff import TradeOff

RARE = 1e-2  # below it the probability of loss is drawn, on a logarithmic scale


def plot_retention(retention: Retention, *, ax: Axes | None = None) -> Axes:
    """Both probabilities against time; where losses are rare, their probabilities on a logarithmic scale."""
    ax = axes(ax)
    rare = 0.0 < retention.lost[-1] < RARE
    never, back = (retention.lost, retention.away) if rare else (retention.survival, retention.returned)
    lines = (
        (never, retention.survival_errors, "escape", "has left" if rare else "never left the basin"),
        (back, retention.returned_errors, "attracting", "is outside" if rare else "in the basin"),
    )
    time = np.arange(retention.steps + 1)
    shown = time[1:] if rare else time
    for values, errors, colour, label in lines:
        ax.plot(shown, values[shown], color=COLOURS[colour], label=label)
        if errors.any():
            low, high = values - 2.0 * errors, values + 2.0 * errors
            floor = 0.1 * values[values > 0].min(initial=1.0) if rare else 0.0
            ax.fill_between(shown, np.maximum(low, floor)[shown], high[shown], color=COLOURS[colour], alpha=0.2, lw=0)
    if rare:
        ax.set_yscale("log")
    else:
        ax.set_ylim(-0.02, 1.02)
    ax.set_xlabel("time t")
    ax.set_ylabel("probability")
    ax.set_title(f"{_law(retention)}\nescape rate {retention.escape_rate:.3g} a step", fontsize=11)
    ax.legend(loc="best", frameon=False)
    return ax


def plot_trade_off(both: TradeOff, *, ax: Axes | None = None) -> Axes:
    """Against w: probabilities on the left axis; steps and units of activation, logarithmically, on the right one."""
    ax = axes(ax, size=(7.0, 4.4))
    w = both.weights
    lines = ax.plot(w, both.survival, color=COLOURS["attracting"], lw=2.0, label="never left the basin")
    lines += ax.plot(w, both.returned, color=COLOURS["gamma"], lw=2.0, label=f"in the basin at T = {both.steps}")
    ax.set(xlabel="weight w", ylabel=f"probability after T = {both.steps} steps", ylim=(-0.02, 1.02), xlim=(1.0, w.max()))
    right = ax.twinx()
    right.spines["top"].set_visible(False)
    style = {"color": COLOURS["repelling"], "lw": 2.0, "ls": "--"}
    lines += right.plot(w, both.horizons, label="gradient horizon (steps)", **style)  # type: ignore[arg-type]
    lines += right.plot(w, both.thresholds, color=COLOURS["escape"], lw=2.0, ls=":", label="u* (activation)")
    right.set_yscale("log")
    right.set_ylabel("gradient horizon (steps), u* (activation)")
    ax.set_title(_law(both), fontsize=11)
    names = [str(line.get_label()) for line in lines]
    ax.legend(lines, names, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)
    return ax


def _law(record: Retention | TradeOff) -> str:
    from dynlatch.analysis.noise.result import noise_words

    words = noise_words(record.noise)
    return words[0].upper() + words[1:]
