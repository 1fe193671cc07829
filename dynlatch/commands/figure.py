"""Pictures as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dynlatch.writing import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_figure(draw: Callable[[Axes], Axes], path: Path, size: tuple[float, float]) -> None:
    """Draw on a new figure and write it whole or not at all; no window is opened."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="compressed")
    draw(figure.subplots())
    with whole(path) as partial:
        figure.savefig(partial, dpi=200)
