"""Pages of the report: figures inline, no script, no network access, every name escaped."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dynlatch.analysis.report.data import write_text
from dynlatch.analysis.report.glossary import WORDS, explained, term

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from dynlatch.analysis.audit import Audit


LINK = re.compile(r'href="#w-([a-z0-9-]+)"')


class Card(NamedTuple):
    """A number at the head of a page; `key` is its entry in the glossary."""

    value: str
    label: str
    key: str


class Column(NamedTuple):
    """A column of a table; `key` is its entry in the glossary."""

    label: str
    key: str
    text: bool = False


class Judged(NamedTuple):
    """A cell of a grid: a value, what stands under it, a mark (a class of the style sheet), its sign and its meaning."""

    value: str
    under: str
    mark: str = ""
    sign: str = ""
    words: str = ""


class Statement(NamedTuple):
    """What is said about something: a name, numbers, a sentence, and the mark and sign of a verdict."""

    head: str
    facts: str
    text: str
    mark: str = ""
    sign: str = ""


class Section(NamedTuple):
    """A chapter of a page."""

    key: str
    title: str
    parts: Sequence[Markup]


class Page(NamedTuple):
    """What a page says, before it has a look."""

    title: str
    under: str
    cards: Sequence[Card]
    sections: Sequence[Section]
    footer: str


def write_html(report: Audit, path: str | os.PathLike[str]) -> Path:
    """Write the page of `report` to `path`."""
    return write_text(path, render(report))


def render(report: Audit) -> str:
    """The page of an audit as a string."""
    from dynlatch.analysis.report.audit_page import audit_page

    return html(audit_page(report))


def html(page: Page) -> str:
    """A page as one self-contained HTML document."""
    from markupsafe import Markup

    style = Markup(_environment().loader.get_source(_environment(), "style.css")[0])  # type: ignore[union-attr]
    used = {card.key for card in page.cards}
    used |= {key for section in page.sections for part in section.parts for key in LINK.findall(part)}
    words = [(key, entry) for key, entry in WORDS.items() if key in used]
    return _environment().get_template("base.html.j2").render(page._asdict(), style=style, words=words)


def figure(title: str, caption: str, svg: str) -> Markup:
    """A figure with its caption."""
    from markupsafe import Markup

    return _macro("figure", title, explained(caption), Markup(svg))


def pair(figures: Iterable[Markup]) -> Markup:
    """Figures side by side where there is room."""
    return _macro("pair", list(figures))


def strip(frames: Iterable[tuple[str, str]], caption: str) -> Markup:
    """Small pictures (name, SVG) in rows, under one caption."""
    from markupsafe import Markup

    return _macro("strip", [(name, Markup(svg)) for name, svg in frames], explained(caption))


def table(columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> Markup:
    """A table whose head explains its columns."""
    return _macro("table", columns, list(rows))


def grid(title: str, heads: Sequence[str], rows: Iterable[tuple[str, Sequence[Judged]]]) -> Markup:
    """A table of named rows and columns with a value, its mark and a second line in every cell."""
    return _macro("grid", title, heads, list(rows))


def statements(given: Iterable[Statement]) -> Markup:
    """Statements one below the other."""
    return _macro("statements", list(given))


def heading(text: str) -> Markup:
    """A heading inside a chapter."""
    return _macro("heading", text)


def listing(text: str) -> Markup:
    """Lines to be typed or kept as they are."""
    return _macro("listing", text)


def findings(found: Iterable[Any]) -> Markup:
    """Findings: the sentence first, then what it rests on and what can be done."""
    return _macro("findings", list(found))


def paragraph(text: str) -> Markup:
    """Plain text, its words linked to the glossary."""
    return _macro("paragraph", text)


def bullets(lines: Iterable[str]) -> Markup:
    """Plain lines."""
    return _macro("bullets", list(lines))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("dynlatch.analysis.report", ""), autoescape=True, trim_blocks=True, undefined=StrictUndefined
    )
    made.globals.update(term=term, explained=explained, zip=zip)
    return made


def _macro(name: str, *arguments: Any) -> Markup:
    from markupsafe import Markup

    return Markup(getattr(_environment().get_template("parts.html.j2").module, name)(*arguments))
