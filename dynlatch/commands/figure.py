"""Pictures as files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from dynlatch.errors import UnreadableFile

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def write_figure(draw: Callable[[Axes], Axes], path: Path, size: tuple[float, float]) -> None:
    """Draw on a new figure and write it whole or not at all; no window is opened."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="compressed")
    draw(figure.subplots())
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        figure.savefig(partial, dpi=200)
        partial.replace(path)
    except OSError as error:
        raise UnreadableFile(f"cannot write {str(path)!r}: {error.strerror or error}.") from None
    finally:
        partial.unlink(missing_ok=True)
