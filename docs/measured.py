"""Tables of what was measured, from the CSV files that `dynlatch reproduce NAME --scale full --out FOLDER` writes.

`remedies.csv` and `guessing.csv` are these files as they came, the first with `--rng 2026`.
"""

from __future__ import annotations

import csv
import math
from pathlib import Path

HERE = Path(__file__).parent
TASKS = "2-sequence", "latch"
FACTS = {"keeping": "{}", "h95": "{:.0f}", "rate": "{:+.2f}", "stands": "{:.1f}"}
Row = dict[str, str]
Table = list[tuple[str, ...]]


def remedies() -> Table:
    """A line a remedy: how many trials solve each task, by length, and what the nets are at the longest that half solve."""
    rows = _rows("remedies")
    names = dict.fromkeys(row["remedy"] for row in rows)
    head = ("Remedy", *TASKS, "The bit is", "h_95", "ln a step", "Noise")
    return [head, *(_remedy(name, [row for row in rows if row["remedy"] == name]) for name in names)]


def latched_and_decaying() -> tuple[int, int]:
    """Trained nets whose bit attractors hold, and those of them whose gradient shrinks within their own sequences."""
    rows = _rows("remedies")
    return sum(int(row["latched"]) for row in rows), sum(int(row["decaying"]) for row in rows)


def guessing() -> Table:
    """A line a reading of each published mean."""
    rows, lines = _rows("guessing"), [("Experiment, published (95 %)", "Reading", "Ours (95 %)", "Agrees")]
    for cell in dict.fromkeys(row["cell"] for row in rows):
        own = [row for row in rows if row["cell"] == cell]
        names = f"{cell}: {_interval(own[0], 'published')}", *[""] * len(own)
        lines += [(name, *_reading(row)) for name, row in zip(names, own, strict=False)]
    return lines


def _rows(name: str) -> list[Row]:
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _remedy(name: str, mine: list[Row]) -> tuple[str, ...]:
    by_task = [[row for row in mine if row["task"] == task] for task in TASKS]
    longest = [next((row for row in reversed(own) if float(row["solved"]) >= 0.5), None) for own in by_task if own]
    said = [[_fact(row, key, form) for row in longest] for key, form in FACTS.items()]
    return (name, *("/".join(_solved(row) for row in own) or "--" for own in by_task), *(", ".join(facts) for facts in said))


def _solved(row: Row) -> str:
    return f"{float(row['solved']) * int(row['trials']):.0f}"


def _fact(row: Row | None, key: str, form: str) -> str:
    if row is None or row[key] in ("", "nan"):
        return "--"
    return form.format(row[key] if key == "keeping" else float(row[key]))


def _reading(row: Row) -> tuple[str, ...]:
    return row["row"].partition(": ")[2], _interval(row, "guesses"), "yes" if row["agrees"] == "True" else ""


def _interval(row: Row, key: str) -> str:
    value, low, high = (float(row[key + end]) for end in ("", "_low", "_high"))
    return f"more than {low:,.0f}" if math.isinf(value) else f"{value:,.0f} ({low:,.0f} to {high:,.0f})"
