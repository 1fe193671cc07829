"""A comparison of two audits as text for a terminal of 80 columns."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from dynlatch.analysis.audit.words import WIDTH, printable

if TYPE_CHECKING:
    from dynlatch.analysis.audit.diff import AuditDiff


def summary(diff: AuditDiff) -> str:
    """What moved."""
    before, after = (printable(name) for name in diff.names)
    lines = [*wrap(f"{before} -> {after}", WIDTH), f"bits: {diff.bits[0]:.3g} -> {diff.bits[1]:.3g}", *_states(diff)]
    if diff.horizons:
        lines += ["", f"{'horizon':>10} {'before':>12} {'after':>12}"]
        lines += [f"{name:>10} {old:>12.5g} {new:>12.5g}" for name, (old, new) in diff.horizons.items()]
    for word, sentences in (("Gone", diff.findings_lost), ("New", diff.findings_gained)):
        if sentences:
            lines += ["", f"{word}:"]
            for sentence in sentences:
                lines += wrap(sentence, WIDTH, initial_indent="- ", subsequent_indent="  ")
    return "\n".join(lines)


def _states(diff: AuditDiff) -> list[str]:
    if not diff.comparable:
        return wrap("The states of the two live in different spaces: no memory states are paired.", WIDTH)
    lines = [f"memory states: {len(diff.kept)} kept, {len(diff.lost)} lost, {len(diff.gained)} gained"]
    for word, numbers in (("lost", diff.lost), ("gained", diff.gained)):
        if numbers:
            lines += wrap(f"{word}: {', '.join(map(str, numbers))}", WIDTH, initial_indent="  ", subsequent_indent="    ")
    if diff.kept:
        lines += ["", f"{'state':>9} {'moved':>10} {'|mult|':>19}  u*"]
    for pair in diff.kept:
        brackets = "" if pair.threshold is None else " -> ".join(_bracket(bracket) for bracket in pair.threshold)
        cells = f"{pair.before} -> {pair.after}", f"{pair.radius[0]:.5f} -> {pair.radius[1]:.5f}"
        lines.append(f"{cells[0]:>9} {pair.distance:>10.3g} {cells[1]:>19}  {brackets}")
    return lines


def _bracket(bracket: tuple[float, float]) -> str:
    lower, upper = bracket
    return f"{lower:.5g}" if lower == upper else f"{lower:.3g}..{upper:.3g}"
