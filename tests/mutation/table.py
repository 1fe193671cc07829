"""The figures of the documentation: `python -m tests.mutation.table RESULTS... > docs/reliability/mutation.inc`.

A survivor is explained by an entry of `explained.toml` with the same file, line before and line after.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dynlatch.training.experiments.intervals import wilson

EXPLAINED = Path(__file__).parent / "explained.toml"
CAUGHT = ("killed", "timeout")
WHY = ("Why mutants survive, and how many:", "")
LEFT = ("", "Survivors without an explanation:", "")


class Run(NamedTuple):
    """The results of one run: how many mutants each file has, and what became of those that were drawn."""

    target: str
    counts: dict[str, int]
    seed: int
    rows: list[dict[str, Any]]
    dropped: list[str]


def read(path: Path) -> Run:
    first, *rows = [json.loads(line) for line in path.read_text().splitlines()]
    dropped = rows.pop()["dropped"] if rows and "dropped" in rows[-1] else []
    return Run(first["target"], first["counts"], first["seed"], rows, dropped)


def reasons() -> dict[tuple[str, str, str], str]:
    """Why mutants survive, by file, line before and line after."""
    entries = tomllib.loads(EXPLAINED.read_text())["mutant"]
    return {(e["path"], e["before"], e["after"]): e["reason"] for e in entries}


def key(row: dict[str, Any]) -> tuple[str, str, str]:
    return row["path"], row["before"], row["after"]


def line(name: str, total: int, rows: list[dict[str, Any]], why: dict[tuple[str, str, str], str]) -> list[str]:
    """One row: mutants, how many were drawn and killed, the share of those, and the survivors."""
    killed = sum(row["verdict"] in CAUGHT for row in rows)
    left = [row for row in rows if row["verdict"] not in CAUGHT]
    explained = sum(key(row) in why for row in left)
    value, low, high = wilson(killed, len(rows))
    share = f"{value:.1%} ({low:.1%} to {high:.1%})"
    return [name, f"{total:,}", f"{len(rows):,}", f"{killed:,}", share, str(explained), str(len(left) - explained)]


def table(runs: list[Run]) -> Iterator[str]:
    why = reasons()
    yield from (".. list-table::", "   :header-rows: 1", "   :class: wide", "")
    heads = ["Files", "Mutants", "Drawn", "Killed", "Share (95 % interval)", "Survive, explained", "Survive, not explained"]
    lines = [line(f"``{run.target}``, seed {run.seed}", sum(run.counts.values()), run.rows, why) for run in runs]
    for cells in [heads, *lines]:
        yield from (f"   {'* -' if k == 0 else '  -'} {cell}" for k, cell in enumerate(cells))


def explanations(runs: list[Run]) -> Iterator[str]:
    """Every reason with the number of survivors that it stands for."""
    why = reasons()
    found = Counter(why[key(row)] for run in runs for row in run.rows if row["verdict"] not in CAUGHT and key(row) in why)
    for reason, times in sorted(found.items(), key=lambda pair: (-pair[1], pair[0])):
        yield f"* {times}: {reason}"


def unexplained(runs: list[Run]) -> Iterator[str]:
    """The survivors that nothing was done about, as they are."""
    why = reasons()
    for run in runs:
        for row in run.rows:
            if row["verdict"] not in CAUGHT and key(row) not in why:
                place = f"``{Path(row['path']).name}``, line {row['line']}"
                reached = "" if row["verdict"] == "survived" else " (none of the tests named reaches it)"
                yield f"* {place}{reached}: ``{row['before']}`` became ``{row['after']}``"


def main() -> None:
    runs = [read(Path(name)) for name in sys.argv[1:]]
    intro = (Path(__file__).parent / "intro.inc").read_text()
    sys.stdout.write("\n".join([intro, *table(runs), "", *WHY, *explanations(runs), *LEFT, *unexplained(runs), ""]))


if __name__ == "__main__":
    main()
