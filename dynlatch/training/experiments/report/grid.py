"""Verdicts as tables: rows and columns where their names have two parts, ours with its interval over the published value."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dynlatch.analysis.report.text import number
from dynlatch.training.experiments.contract import Verdict

LEAST = 3  # cells of a table
TENTHS, LARGE = 9.95, 9999.5  # below, percentages have a tenth; above, numbers have an exponent


class Grid(NamedTuple):
    """Verdicts on one quantity; None where there is no such cell."""

    quantity: str
    unit: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Verdict | None, ...], ...]

    @property
    def title(self) -> str:
        head = self.quantity[:1].upper() + self.quantity[1:]
        return f"{head}, {self.unit}" if self.unit and self.unit != self.quantity else head


def split(verdicts: Sequence[Verdict]) -> tuple[list[Grid], list[Verdict]]:
    """The verdicts that make tables, a table a quantity, and the others, in their order."""
    grids, others = [], []
    for key in dict.fromkeys((v.quantity, v.unit) for v in verdicts):
        own = [v for v in verdicts if (v.quantity, v.unit) == key]
        made = _grid(*key, own)
        if made is None:
            others += own
        else:
            grids.append(made)
    return grids, others


def _grid(quantity: str, unit: str, verdicts: Sequence[Verdict]) -> Grid | None:
    found = {_parts(verdict.what): verdict for verdict in verdicts}
    rows, columns = _unique(row for row, _ in found), _unique(column for _, column in found)
    whole = len(found) == len(verdicts) and 2 * len(found) >= len(rows) * len(columns)
    if not whole or len(found) < LEAST or "" in rows or len(rows) == 1:
        return None
    cells = tuple(tuple(found.get((row, column)) for column in columns) for row in rows)
    return Grid(quantity, unit, rows, columns, cells)


def _parts(what: str) -> tuple[str, str]:
    row, _, column = what.rpartition(", ")
    return row, column


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def amount(value: float, unit: str = "") -> str:
    """A value as people read it: percentages to a tenth below ten, large numbers as the papers print them, 2.9e4."""
    if math.isnan(value):
        return "–"
    if unit == "%":
        return f"{value:.1f}".removesuffix(".0") if abs(value) < TENTHS else f"{value:.0f}"
    return number(value) if abs(value) < LARGE or math.isinf(value) else f"{value:.1e}".replace("e+0", "e").replace("e+", "e")


def ends(verdict: Verdict) -> str:
    """The interval of ours; nothing where it was computed."""
    if math.isnan(verdict.low) or math.isnan(verdict.high):
        return ""
    return f"{amount(verdict.low, verdict.unit)} – {amount(verdict.high, verdict.unit)}"
