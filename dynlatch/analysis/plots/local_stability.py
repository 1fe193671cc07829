"""Pictures of local stability: multipliers with pseudospectra, powers of the Jacobian; and the list of guarantees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.analysis.plots.style import COLOURS, axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.guarantees import Guarantees

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
