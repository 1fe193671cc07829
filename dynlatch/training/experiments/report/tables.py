"""The tables of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from dynlatch.analysis.report.page import Column, Judged, Statement, grid, statements, table
from dynlatch.training.experiments.contract import Agreement, Finding, Verdict
from dynlatch.training.experiments.report.agreement import STRICT_FACTOR, STRICT_POINTS, Score
from dynlatch.training.experiments.report.grid import Grid, amount, ends

if TYPE_CHECKING:
    from markupsafe import Markup
    from numpy.typing import NDArray

SIGN = {Agreement.AGREES: "✓", Agreement.DISAGREES: "✗", Agreement.UNPUBLISHED: "", Agreement.UNPLACED: ""}
RUNS = "runs"  # the column of a finding that says in a sentence what the runs of a row did
NAMING = 3  # first columns of a finding, before any measured one: they name its rows where they differ


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


def scores(found: Sequence[tuple[str, Score]]) -> Markup:
    """How many values agree, by finding."""
    columns = [
        Column("of", "cell", text=True),
        Column("compared", "published"),
        Column("agree", "agreement"),
        Column(f"within {STRICT_POINTS:.0f} points or × {STRICT_FACTOR:.0f}", "agreement"),
        Column("inside our interval", "interval"),
        Column("nothing to compare with", "published"),
    ]
    rows = [
        [title, c.compared, c.agree, f"{c.strict} of {c.numbers}", f"{c.inside} of {c.numbers}", c.alone] for title, c in found
    ]
    return table(columns, rows)


def runs(finding: Finding) -> Markup | None:
    """The sentences on the runs of every row, named by the row's first columns, where the finding has them."""
    columns = finding.columns
    if RUNS not in columns:
        return None
    measured = {verdict.quantity for verdict in finding.verdicts}
    first = islice(takewhile(lambda item: item[0] not in measured, columns.items()), NAMING)
    names = [_named(name, values) for name, values in first if len(set(values.tolist())) > 1]
    sentences = [str(sentence) for sentence in columns[RUNS]]
    told = [", ".join(parts) for parts in zip(*names, strict=True)] if names else [finding.title] * len(sentences)
    rows = dict.fromkeys((name, text) for name, text in zip(told, sentences, strict=True) if text)
    return statements(Statement(name, "", text) for name, text in rows) if rows else None


def _named(name: str, values: NDArray[Any]) -> list[str]:
    """What a column says of each row: words as they are, numbers with their name."""
    return [f"{name} = {value:g}" if isinstance(value, (int, float)) else str(value) for value in values.tolist()]


def _facts(verdict: Verdict) -> str:
    """Ours with its interval, and the published value."""
    unit = f" {verdict.unit}" if verdict.unit else ""
    interval = f" ({ends(verdict)})" if ends(verdict) else ""
    ours = f"{amount(verdict.ours, verdict.unit)}{interval}{unit}"
    return ours if math.isnan(verdict.published) else f"{ours}, published {amount(verdict.published, verdict.unit)}{unit}"
