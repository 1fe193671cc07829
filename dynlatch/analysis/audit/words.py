"""An audit as text for a terminal of 80 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from dynlatch.analysis.audit.result import Audit, Memory

WIDTH = 80


def summary(report: Audit) -> str:
    """Findings with their advice, the memory states, and what was left out."""
    lines = [
        *wrap(f"{printable(report.name)}: {report.architecture}, {report.parameter_count} parameters", WIDTH),
        *_header(report),
        "",
    ]
    for i, finding in enumerate(report.findings, 1):
        lines += wrap(finding.sentence, WIDTH, initial_indent=f"{i}. ", subsequent_indent="   ")
        if finding.advice:
            lines += wrap(finding.advice, WIDTH, initial_indent="   -> ", subsequent_indent="      ")
    rows = report.memories
    if rows:
        lines += ["", *_table(rows)]
    if report.left_out:
        lines += ["", "Left out:"]
        for sentence in report.left_out:
            lines += wrap(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")
    return "\n".join(lines)


def _header(report: Audit) -> list[str]:
    """What was audited, in two lines."""
    count = len(report.memories)
    states = f"{count} memory state{'s' * (count != 1)}, {report.bits:.3g} bit{'s' * (report.bits != 1)}"
    alone = "what happened before is forgotten" if len(report.memory_states) == 1 and count == 1 else ""
    none = "latches no bit in a fixed point" if not len(report.memory_states) else ""
    return [
        *wrap(f"inputs: {report.inputs_from}", WIDTH),
        "memory: " + ", ".join(part for part in (states, none, alone) if part),
    ]


def _table(rows: tuple[Memory, ...]) -> list[str]:
    """One line a memory state; what none of them has takes no room."""
    bounded = any(row.threshold is not None for row in rows)
    head = f"{'u*':>16} " if bounded else ""
    lines = [f"{'state':>5} {'period':>6} {'|mult|':>8} {'half-life':>9} {'peak':>6} {'runs':>4} {head} readout"]
    for i, row in enumerate(rows):
        numbers = f"{i:>5} {row.period:>6} {row.radius:>8.5f} {row.half_life:>9.4g} {row.peak:>6.3g} {row.share:>4.0%}"
        lines.append(f"{numbers} {_bracket(row):>16}  {_said(row)}" if bounded else f"{numbers}  {_said(row)}")
    return lines


def _bracket(row: Memory) -> str:
    found = row.threshold
    if found is None:
        return "-"
    return f"{found.lower:.5g}" if found.lower == found.upper else f"{found.lower:.4g}..{found.upper:.4g}"


def _said(row: Memory) -> str:
    return "" if row.readout is None else np.array2string(row.readout, precision=2, threshold=3, edgeitems=1)


def printable(text: str) -> str:
    """Without control characters, which a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
