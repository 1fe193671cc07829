"""Pictures of local stability: multipliers with pseudospectra, powers of the Jacobian; and the list of guarantees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.guarantees import Guarantees
    from dynlatch.analysis.local_stability import LocalStability

WIDTH = 78  # characters of a sentence in the picture of guarantees


def plot_guarantees(found: Guarantees, *, ax: Axes | None = None) -> Axes:
    """Every statement with its mark: proved ones dark, the others grey."""
    import textwrap

    entries = [(s, textwrap.wrap(s.sentence, WIDTH)) for s in found]
    lines = sum(1.6 + len(text) for _, text in entries)
    ax = axes(ax, size=(7.4, 0.21 * lines + 0.4))
    ax.set(xlim=(0, 1), ylim=(lines, -1.5))
    ax.axis("off")
    ax.text(0.0, -0.9, f"{found.map} ({found.coordinates})", va="top", fontsize=10, fontweight="bold")
    row = 0.6
    for statement, text in entries:
        colour = COLOURS["attracting"] if statement.holds else COLOURS["neutral"]
        mark = {True: "proved", False: "not shown", None: "does not apply"}[statement.holds]
        ax.text(0.0, row, f"{statement.name} - {mark}", va="top", color=colour, fontweight="bold", fontsize=9)
        ax.text(0.02, row + 1.0, "\n".join(text), va="top", color="#222222" if statement.holds else colour, fontsize=8)
        row += 1.6 + len(text)
    return ax


def plot_local_stability(found: LocalStability, *, ax: Axes | None = None) -> Axes:
    """Multipliers in the complex plane; in a figure of its own the norms of the powers stand beside them."""
    if ax is None:
        import matplotlib.pyplot as plt

        _, (ax, beside) = plt.subplots(1, 2, figsize=(9.2, 4.4), layout="constrained")
        plot_powers(found, ax=beside)
    return plot_multipliers(found, ax=ax)


def plot_multipliers(found: LocalStability, *, ax: Axes | None = None) -> Axes:
    """Multipliers, the unit circle, and where the resolvent is large: a hint of the pseudospectrum."""
    ax = axes(ax, size=(4.8, 4.6))
    angle = np.linspace(0.0, 2.0 * np.pi, 361)
    ax.plot(np.cos(angle), np.sin(angle), color=COLOURS["faint"], linewidth=1.2)
    values = found.eigenvalues
    colour = COLOURS[str(found.stability)]
    ax.scatter(values.real, values.imag, s=36, color=colour, edgecolor="white", linewidth=0.7, zorder=3, label="multipliers")
    if found.kreiss_at is not None:
        z = np.array([found.kreiss_at, np.conj(found.kreiss_at)])
        size = (abs(found.kreiss_at) - 1.0) / found.kreiss
        label = f"a change of J by {size:.2g}\nputs a multiplier here"
        ax.scatter(z.real, z.imag, s=60, marker="x", color=COLOURS["repelling"], linewidth=1.5, zorder=2, label=label)
    ax.set_aspect("equal", adjustable="datalim")
    ax.set_xlabel("real part of the multiplier")
    ax.set_ylabel("imaginary part")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, 1.17), ncols=2, frameon=False, handletextpad=0.2, fontsize=9)
    return ax


def plot_powers(found: LocalStability, *, ax: Axes | None = None) -> Axes:
    """|J^k| against k, with the spectral radius as the slope of the long run and the Kreiss constant as a floor of the peak."""
    ax = axes(ax)
    k = found.exponents
    finite = np.isfinite(found.log_powers)
    logs = found.log_powers[finite] / np.log(10.0)
    ax.plot(k[finite], logs, color=COLOURS[str(found.stability)], linewidth=2.0, label=r"$\|J^k\|_2$")
    floor = min(float(logs.min()), -0.5)
    if found.spectral_radius > 0:
        trend = k * np.log10(found.spectral_radius)
        shown = trend >= floor - 1.0
        ax.plot(k[shown], trend[shown], "--", color=COLOURS["neutral"], linewidth=1.2, label=r"$\rho^k$")
    if np.isfinite(found.kreiss) and found.kreiss > 1.0:
        label = f"Kreiss constant >= {found.kreiss:.3g}"
        ax.axhline(np.log10(found.kreiss), color=COLOURS["saddle"], linewidth=1.2, linestyle=":", label=label)
    ax.axhline(0.0, color=COLOURS["faint"], linewidth=0.8)
    ax.set_xlabel("rounds k" if found.period == 1 else f"rounds k of {found.period} steps")
    ax.set_ylabel(f"log10 of the 2-norm, {found.coordinates}")
    ax.legend(loc="best", frameon=False)
    return ax
