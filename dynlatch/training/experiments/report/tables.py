"""The tables of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.report.page import Column, Judged, Statement, grid, statements, table
from dynlatch.training.experiments.contract import Agreement, Finding, Verdict
from dynlatch.training.experiments.report.agreement import STRICT_FACTOR, STRICT_POINTS, Score
from dynlatch.training.experiments.report.grid import Grid, amount, ends

if TYPE_CHECKING:
    from markupsafe import Markup

SIGN = {Agreement.AGREES: "✓", Agreement.DISAGREES: "✗", Agreement.UNPUBLISHED: "", Agreement.UNPLACED: ""}
RUNS = "runs"  # the column of a finding that says in a sentence what the runs of a row did
NAMING = 3  # columns at most that name such a row


def judged_grid(made: Grid) -> Markup:
    """Ours over the published values."""
    rows = [(name, [_judged(cell) for cell in row]) for name, row in zip(made.rows, made.cells, strict=True)]
    return grid(made.title, made.columns, rows)


def _judged(verdict: Verdict | None) -> Judged:
    if verdict is None:
        return Judged("", "")
    from markupsafe import Markup, escape

    lines = [ends(verdict)] * bool(ends(verdict))
    if not math.isnan(verdict.published):
        lines.append(f"paper {amount(verdict.published, verdict.unit)}")
    under = Markup("<br>").join(map(escape, lines))
    return Judged(amount(verdict.ours, verdict.unit), under, str(verdict.agreement), SIGN[verdict.agreement], verdict.words)


def verdict_list(verdicts: Sequence[Verdict]) -> Markup:
    """Verdicts one below the other, each in words."""
    return statements(
        Statement(f"{v.what}: {v.quantity}", _facts(v), v.words, str(v.agreement), SIGN[v.agreement]) for v in verdicts
    )


def disagreeing(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Those that disagree."""
    return [verdict for verdict in verdicts if verdict.agreement is Agreement.DISAGREES]


def scores(found: Mapping[str, tuple[str, Score]]) -> Markup:
    """How many values agree, by finding."""
    columns = [
        Column("of", "cell", text=True),
        Column("compared", "published"),
        Column("agree", "agreement"),
        Column(f"within {STRICT_POINTS:.0f} points or × {STRICT_FACTOR:.0f}", "agreement"),
        Column("inside our interval", "interval"),
        Column("nothing to compare with", "published"),
    ]
    return table(columns, [[title, *counts[:4], counts.unpublished + counts.unplaced] for title, counts in found.values()])


def runs(finding: Finding) -> Markup | None:
    """The sentences on the runs of every row, where the finding has them."""
    columns = finding.columns
    if RUNS not in columns:
        return None
    names = [name for name, values in columns.items() if name != RUNS and np.asarray(values).dtype.kind in "USO"][:NAMING]
    names += [name for name in ("T",) if name in columns]
    told = zip(*(columns[name] for name in names), columns[RUNS], strict=True)
    rows = dict.fromkeys((_name(row[:-1], names), str(row[-1])) for row in told if str(row[-1]))
    return statements(Statement(name, "", text) for name, text in rows) if rows else None


def _name(values: Sequence[object], names: Sequence[str]) -> str:
    return ", ".join(f"T = {value}" if name == "T" else str(value) for name, value in zip(names, values, strict=True))


def _facts(verdict: Verdict) -> str:
    """Ours with its interval, and the published value."""
    unit = f" {verdict.unit}" if verdict.unit else ""
    interval = f" ({ends(verdict)})" if ends(verdict) else ""
    ours = f"{amount(verdict.ours, verdict.unit)}{interval}{unit}"
    return ours if math.isnan(verdict.published) else f"{ours}, published {amount(verdict.published, verdict.unit)}{unit}"
