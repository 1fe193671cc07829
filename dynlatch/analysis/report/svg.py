"""Figures as inline SVG whose colours are those of the page: one drawing serves light, dark and print.

Matplotlib draws with fixed colours; those that mean something are replaced by CSS variables afterwards, so the page's style
sheet decides. Artists whose `gid` begins with `TIP` get the rest of it as a title, which browsers show on hover.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from dynlatch.analysis.plots.style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TIP = "tip:"
INK, SOFT, PAPER = "#1b1e23", "#5c636b", "#ffffff"
# Colour in the drawing -> variable of the style sheet.
VARIABLES = {
    INK: "--ink",
    "#000000": "--ink",
    "#222222": "--ink",
    "#262626": "--ink",
    SOFT: "--soft",
    PAPER: "--paper",
    **{value.lower(): f"--{name}" for name, value in COLOURS.items()},
}
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dynlatch",
    "path.simplify_threshold": 0.3,
    "font.size": 10.0,
    "axes.titlesize": 10.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
}
HEX = re.compile(r"#[0-9a-fA-F]{6}\b")
PLACES = re.compile(r'(?<=\s)(d|x|y|points|transform)="([^"]*)"')
DIGITS = re.compile(r"(\d\.\d\d)\d+")
IDS = re.compile(r'(\bid="|href="#|url\(#)')
TIPS = re.compile(rf"""<g id=(["']){TIP}(.*?)\1>""")  # Matplotlib quotes with ' what holds a "
FAMILY = re.compile(r"font-family: [^;\"]*;? ?|(?<=px )'DejaVu[^;\"]*")


def svg_of(draw: Callable[[Axes], object], size: tuple[float, float], name: str) -> str:
    """The inline SVG that `draw(ax)` makes; `name` keeps its ids apart from those of other figures on the page.

    No window is opened, and the caller's figures and settings are left alone.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):  # type: ignore[arg-type]
        figure: Figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots())
        for axes in figure.axes:
            plain_powers(axes)
        return themed(figure, name)


def plain_powers(axes: Axes) -> None:
    """Ticks of logarithmic axes as 1, 10, 100: easier to read than powers, and drawn much faster.

    Ticks that were given a text of their own keep it.
    """
    from matplotlib.ticker import LogFormatter, NullFormatter

    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() == "log" and isinstance(axis.get_major_formatter(), LogFormatter):
            axis.set_major_formatter("{x:g}")
            axis.set_minor_formatter(NullFormatter())


def themed(figure: Figure, name: str) -> str:
    """A drawn figure as inline SVG, without prologue, fixed size or fixed colours."""
    return inline(written(figure), name)


def written(figure: Figure) -> str:
    """A drawn figure as the text of an SVG file."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context(STYLE):  # type: ignore[arg-type]
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def inline(text: str, name: str) -> str:
    """The text of an SVG file as a part of a page, in the colours of the page; `name` keeps its ids apart from others."""
    box, body = re.search(r'viewBox="[^"]*"', text), text[text.index("</metadata>") + len("</metadata>") :]
    assert box is not None
    body = re.sub(r"<style[^>]*>.*?</style>", "", body, flags=re.DOTALL)
    body = IDS.sub(rf"\1{name}-", TIPS.sub(r"<g><title>\2</title>", body))
    body = HEX.sub(lambda found: f"var({VARIABLES[found[0].lower()]})" if found[0].lower() in VARIABLES else found[0], body)
    body = PLACES.sub(lambda found: f'{found[1]}="{DIGITS.sub(_first, found[2])}"', body)
    body = FAMILY.sub(lambda found: "var(--sans)" if found[0].startswith("'") else "", body)
    body = re.sub(r"\n *", " ", body)
    return f'<svg {box[0]} xmlns:xlink="http://www.w3.org/1999/xlink" aria-hidden="true">{body}'


def _first(found: re.Match[str]) -> str:
    return found[1]
