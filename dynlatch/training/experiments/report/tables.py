"""The tables of the page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.report.page import Column, Judged, grid, table
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
    columns = [Column("value", "cell"), Column("ours", "interval"), Column("published", "published")]
    rows = [[f"{v.what}: {v.quantity}", _signed(v), _theirs(v), v.words] for v in verdicts]
    return table([*columns, Column("verdict", "agreement", text=True)], rows)


def disagreements(verdicts: Mapping[str, Sequence[Verdict]]) -> Markup | None:
    """Every verdict that disagrees, with what is known of its cause; None if there is none."""
    columns = [Column("value", "cell"), Column("ours", "interval"), Column("published", "published")]
    rows = [
        [f"{v.what}: {v.quantity}", _ours(v), _theirs(v), v.words]
        for own in verdicts.values()
        for v in own
        if v.agreement is Agreement.DISAGREES
    ]
    return table([*columns, Column("cause", "cause", text=True)], rows) if rows else None


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
    rows = list(dict.fromkeys((_name(row[:-1], names), str(row[-1])) for row in told if str(row[-1])))
    return table([Column("runs of", "cell"), Column("what they did", "trial", text=True)], rows) if rows else None


def _name(values: Sequence[object], names: Sequence[str]) -> str:
    return ", ".join(f"T = {value}" if name == "T" else str(value) for name, value in zip(names, values, strict=True))


def _ours(verdict: Verdict) -> str:
    unit = f" {verdict.unit}" if verdict.unit else ""
    interval = f" ({ends(verdict)})" if ends(verdict) else ""
    return f"{amount(verdict.ours, verdict.unit)}{interval}{unit}"


def _signed(verdict: Verdict) -> Markup:
    from markupsafe import Markup

    mark = Markup(' <span class="sign {}" role="img" aria-label="{}">{}</span>')
    sign = SIGN[verdict.agreement]
    return Markup("<span>{}{}</span>").format(
        _ours(verdict), mark.format(verdict.agreement, verdict.agreement, sign) if sign else ""
    )


def _theirs(verdict: Verdict) -> str:
    unit = f" {verdict.unit}" if verdict.unit else ""
    return "" if math.isnan(verdict.published) else f"{amount(verdict.published, verdict.unit)}{unit}"
