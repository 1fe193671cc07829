"""What was measured, kept in `results.json`, and RESULTS.md, which is made of it.

A run of some benchmarks replaces their sections and leaves the others as they were, each under its own date and load.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.common import HERE
from benchmarks.contract import Bar, Row, met
from benchmarks.environments import NAMES, pins
from benchmarks.tables import rows_table

RECORD, PAGE = HERE / "results.json", HERE / "RESULTS.md"
Section = dict[str, Any]

HEAD = """# Measured

## Measured by one command

Made by `python -m benchmarks`; do not edit. Times are CPU seconds of one thread, least (and median) of the rounds. A peer and
dynlatch take turns; "times ours" is the median ratio of these pairs, with their range, and decides whether a bar in "times" is
met. A bar in seconds is for the least, any other for the median. How it is done, and where the bars come from: README.md.
"""


def read(path: Path) -> dict[str, Section]:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write(path: Path, sections: dict[str, Section]) -> None:
    path.write_text(json.dumps(sections, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def section(title: str, rows: Iterable[Row], **facts: Any) -> Section:
    return {"title": title, **facts, "rows": [row._asdict() for row in rows]}


def rows_of(kept: Section) -> list[Row]:
    """The rows of a section, as they were before they were written."""
    fields = [{**row, "ours": tuple(row["ours"]), "theirs": tuple(row["theirs"])} for row in kept["rows"]]
    return [Row(**{**row, "bar": row["bar"] and Bar(*row["bar"])}) for row in fields]


def missing(row: Row) -> bool:
    return row.note.startswith("not measured")


def summary(sections: dict[str, Section]) -> str:
    """How many bars were met, and by name those that were not, and what was not measured."""
    named = [(kept["title"], row) for kept in sections.values() for row in rows_of(kept)]
    judged = [(title, row, met(row)) for title, row in named]
    missed = [f"{row.work}{' against ' + row.against if row.against else ''}" for _, row, done in judged if done is False]
    absent = [f"{row.against} ({row.work}): {row.note.removeprefix('not measured: ')}" for _, row in named if missing(row)]
    failed = [f"{kept['title']}: {kept['failure']}" for kept in sections.values() if kept.get("failure")]
    count = sum(done is True for *_, done in judged)
    parts = [f"Bars met: {count}; missed: {len(missed)}; not measured: {len(absent)}; benchmarks that failed: {len(failed)}."]
    for what, names in (("Missed", missed), ("Not measured", absent), ("Failed", failed)):
        if names:
            parts.append(f"{what}:\n\n" + "\n".join(f"* {name}" for name in names))
    return "\n\n".join(parts)


def machines(sections: dict[str, Section]) -> str:
    """The machines of all sections: one, unless sections were measured elsewhere."""
    facts: dict[str, list[str]] = {}
    for kept in sections.values():
        for name, value in kept["machine"].items():
            facts.setdefault(name, [])
            if value not in facts[name]:
                facts[name].append(value)
    lines = [f"* {name}: {'; '.join(values)}" for name, values in facts.items()]
    pinned = {name: ", ".join(f"{what} {which}" for what, which in pins(name).items()) for name in NAMES}
    return "\n".join([*lines, *(f"* environment of the peer {name}, as pinned: {what}" for name, what in pinned.items())])


def text(name: str, kept: Section) -> str:
    """A section: its title, when and how it was measured, its rows."""
    when = f"{kept['date']}, load {kept['load'][0]} to {kept['load'][1]}, at most {kept['rounds']} rounds"
    parts = [f"## {kept['title']}", f"`python -m benchmarks {name}`; {when}."]
    if kept.get("failure"):
        parts.append(f"**Failed: {kept['failure']}**")
    if kept["rows"]:
        parts.append(rows_table(rows_of(kept)))
    if kept.get("figure"):
        parts.append(f"![{kept['title']}]({kept['figure']})")
    return "\n\n".join(parts)


def page(sections: dict[str, Section], titles: dict[str, str]) -> str:
    """The whole page; `titles` are those of all benchmarks, so that what was never run is named."""
    parts = [HEAD.rstrip(), summary(sections)]
    if never := [f"* {title}: `python -m benchmarks {name}`" for name, title in titles.items() if name not in sections]:
        parts.append("Not run yet:\n\n" + "\n".join(never))
    parts += ["## Machine", machines(sections)]
    return "\n\n".join([*parts, *(text(name, kept) for name, kept in sections.items())]) + "\n"
