"""Rows as people read them: seconds with their prefix, least and median, the ratio of the pairs, bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.common import table
from benchmarks.contract import Row, met, ratios

HEADER = ("what", "against", "dynlatch", "the other", "times ours", "bar", "", "note")
PREFIXES = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (0.0, "ns"))
SCALE = {"s": 1.0, "ms": 1e3, "µs": 1e6, "ns": 1e9}


def shown(value: float, unit: str) -> str:
    """Three digits; seconds in the unit that fits them."""
    if unit != "s":
        return f"{value:.4g}"
    name = next(name for least, name in PREFIXES if abs(value) >= least)
    return f"{digits(value * SCALE[name])} {name}"


def digits(value: float) -> str:
    """Three digits, and all those before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def measured(values: Sequence[float], unit: str) -> str:
    """Least and median of seconds, the median of anything else."""
    if not values:
        return ""
    if unit != "s":
        return f"{np.median(values):.4g} {unit}"
    least, median = min(values), float(np.median(values))
    return shown(least, unit) if len(values) == 1 else f"{shown(least, unit)} ({shown(median, unit)})"


def ratio(row: Row) -> str:
    """The median ratio of the pairs, and its range."""
    if not row.theirs:
        return ""
    pairs = ratios(row)
    several = f" ({digits(pairs.min())} to {digits(pairs.max())})" if len(pairs) > 1 else ""
    return digits(float(np.median(pairs))) + several


def bar(row: Row) -> str:
    if row.bar is None:
        return ""
    return f"{row.bar.value:g} times" if row.bar.kind == "times" else f"{row.bar.kind} {shown(row.bar.value, row.unit)}"


def verdict(row: Row) -> str:
    """Nothing where there is no bar; a missing peer is said."""
    if row.note.startswith("not measured"):
        return "NOT MEASURED"
    return {True: "met", False: "MISSED", None: ""}[met(row)]


def cells(row: Row) -> tuple[str, ...]:
    """One row under `HEADER`."""
    values = measured(row.ours, row.unit), measured(row.theirs, row.unit)
    return row.work, row.against, *values, ratio(row), bar(row), verdict(row), row.note


def rows_table(rows: Sequence[Row]) -> str:
    """One line a row, without the columns that are empty in all."""
    lines = [cells(row) for row in rows]
    kept = [j for j in range(len(HEADER)) if any(line[j] for line in lines)]
    return table([HEADER[j] for j in kept], [[line[j].replace("|", "\\|") for j in kept] for line in lines])
