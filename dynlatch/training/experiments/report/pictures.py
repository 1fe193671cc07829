"""The pictures of findings: drawn once, written as PNG and SVG, and set into the page in its colours."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dynlatch.analysis.report.data import write_text
from dynlatch.analysis.report.svg import STYLE, inline, plain_powers, written
from dynlatch.errors import UnreadableFile

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from dynlatch.training.experiments.contract import Picture

DPI = 200


class Drawn(NamedTuple):
    """A picture as the page needs it; `width` in inches."""

    title: str
    caption: str
    svg: str
    width: float


def draw(picture: Picture, name: str, folder: Path | None) -> Drawn:
    """Draw a picture, and write it to `name`.png and `name`.svg in a folder."""
    from matplotlib import rc_context

    with rc_context(STYLE):  # type: ignore[arg-type]
        figure = picture.draw()
        for axes in figure.axes:
            plain_powers(axes)
        if folder is not None:
            _write_png(figure, folder / f"{name}.png")
        text = written(figure)
        _close(figure)
    if folder is not None:
        write_text(folder / f"{name}.svg", text)
    return Drawn(picture.title, picture.caption, inline(text, name), float(figure.get_figwidth()))


def _write_png(figure: Figure, path: Path) -> None:
    try:
        figure.savefig(path, dpi=DPI)
    except OSError as error:
        raise UnreadableFile(f"cannot write {str(path)!r}: {error.strerror or error}.") from None
    figure.set_layout_engine("none")  # what was laid out stays as it is


def _close(figure: Figure) -> None:
    """Pyplot keeps what it made until it is told."""
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close(figure)
