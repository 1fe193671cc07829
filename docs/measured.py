"""The table of the remedies, from the `remedies.csv` of `dynlatch reproduce remedies --scale full --rng 2026 --out FOLDER`."""

from __future__ import annotations

import csv
from pathlib import Path

HERE = Path(__file__).parent
TASKS = "2-sequence", "latch"
HEAD = ("Remedy", *TASKS, "The bit is", "h_95", "ln a step", "Noise")
Row = dict[str, str]


def rows() -> list[Row]:
    """A row a remedy, task and length."""
    with (HERE / "remedies.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def counts() -> tuple[int, int]:
    """Trained nets whose bit attractors hold, and those of them whose gradient shrinks within their own sequences."""
    return sum(int(row["latched"]) for row in rows()), sum(int(row["decaying"]) for row in rows())


def remedies() -> list[tuple[str, ...]]:
    """A line a remedy: how many trials solve each task, by length, and what the nets are at the longest that half solve."""
    names = dict.fromkeys(row["remedy"] for row in rows())
    return [HEAD, *(_line(name, [row for row in rows() if row["remedy"] == name]) for name in names)]


def _line(name: str, mine: list[Row]) -> tuple[str, ...]:
    by_task = [[row for row in mine if row["task"] == task] for task in TASKS]
    longest = [next((row for row in reversed(own) if float(row["solved"]) >= 0.5), None) for own in by_task if own]
    said = [[_fact(row, key, form) for row in longest] for key, form in FACTS.items()]
    return (name, *(" / ".join(_solved(row) for row in own) or "--" for own in by_task), *(", ".join(facts) for facts in said))


def _solved(row: Row) -> str:
    return f"{float(row['solved']) * int(row['trials']):.0f}"


FACTS = {"keeping": "{}", "h95": "{:.0f}", "rate": "{:+.2f}", "stands": "{:.1f}"}


def _fact(row: Row | None, key: str, form: str) -> str:
    if row is None or row[key] in ("", "nan"):
        return "--"
    return form.format(row[key] if key == "keeping" else float(row[key]))
