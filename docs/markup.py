"""reStructuredText: what the pages that are made of data are written with."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

MARKUP = r"(\*(?=\S)|\||_(?!\w))"  # begins emphasis, a substitution, a reference


def escaped(text: str) -> str:
    """Text in which nothing is markup."""
    return re.sub(r"([\\*`|_])", r"\\\1", text)


def plain(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are written to be read in a terminal: bars, stars and underscores outside of backticks are no markup."""
    blocks = re.split(r"(\n\s*\n)", "\n".join(lines))
    lines[:] = "".join(block if _is_literal(block) else outside_backticks(block) for block in blocks).split("\n")


def sentence(thing: Any) -> str:
    """The first paragraph of a docstring, as markup."""
    return outside_backticks(" ".join((thing.__doc__ or "").strip().split("\n\n")[0].split()))


def _is_literal(block: str) -> bool:
    return block.lstrip().startswith((">>>", ".."))


def outside_backticks(block: str) -> str:
    parts = re.split(r"(`+[^`]*`+)", block)
    return "".join(_no_full_stop(part) if part.startswith("`") else re.sub(MARKUP, r"\\\1", part) for part in parts)


def _no_full_stop(code: str) -> str:
    """A full stop before a space would end the first sentence, which is what the lists of names show."""
    return code.replace("...", "\u2026").replace(" . ", " \u00b7 ")


def fields(words: dict[str, str]) -> list[str]:
    return [f":{name}: {escaped(text)}" for name, text in words.items()]


def title(text: str, mark: str) -> list[str]:
    return [text, mark * len(text), ""]


def list_table(head: Sequence[str], rows: Iterable[Sequence[str]], widths: Sequence[int] = ()) -> list[str]:
    lines = [".. list-table::", "   :header-rows: 1", "   :class: wide"]
    lines += [f"   :widths: {' '.join(map(str, widths))}"] if widths else []
    lines.append("")
    for row in [head, *rows]:
        lines += [f"   {'*' if k == 0 else ' '} - {cell}" for k, cell in enumerate(row)]
    return [*lines, ""]


def as_csv(rows: Iterable[Sequence[str]]) -> str:
    """Rows for the directive `csv-table`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
