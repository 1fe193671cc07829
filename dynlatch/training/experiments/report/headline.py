"""The tables in Markdown, for a README: ours, and in brackets the published value."""

from __future__ import annotations

import math
from collections.abc import Mapping

from dynlatch.training.experiments.contract import Agreement, Finding, Verdict
from dynlatch.training.experiments.report.agreement import distinct, score
from dynlatch.training.experiments.report.grid import Grid, amount, split


def headline(findings: Mapping[str, Finding], command: str) -> str:
    """All tables of the findings, the command that made them, and how many values agree."""
    verdicts = distinct(findings)
    total = score(v for own in verdicts.values() for v in own)
    blocks = [f"```sh\n{command}\n```", f"{total.agree} of {total.compared} published values and statements agree with ours."]
    for name, own in verdicts.items():
        blocks += [_table(findings[name].title, grid) for grid in split(own)[0]]
    return "\n\n".join(blocks) + "\n"


def _table(title: str, grid: Grid) -> str:
    lines = [
        f"{title}. {grid.title}; in brackets the published value, bold where the two disagree:\n",
        "| | " + " | ".join(grid.columns) + " |",
        "|---|" + "---|" * len(grid.columns),
    ]
    lines += [f"| {name} | " + " | ".join(map(_cell, row)) + " |" for name, row in zip(grid.rows, grid.cells, strict=True)]
    return "\n".join(lines)


def _cell(verdict: Verdict | None) -> str:
    if verdict is None:
        return ""
    theirs = "" if math.isnan(verdict.published) else f" [{amount(verdict.published, verdict.unit)}]"
    text = amount(verdict.ours, verdict.unit) + theirs
    return f"**{text}**" if verdict.agreement is Agreement.DISAGREES else text
