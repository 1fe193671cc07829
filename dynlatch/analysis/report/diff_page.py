"""What the page of a difference between two audits says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.analysis.report.page import Card, Column, Page, Section, bullets, figure, paragraph, table
from dynlatch.analysis.report.svg import svg_of
from dynlatch.analysis.report.text import bracket, number

if TYPE_CHECKING:
    from markupsafe import Markup

    from dynlatch.analysis.audit.diff import AuditDiff, MemoryChange

# Words of the table of horizons -> their entry in the glossary.
ENTRIES = {
    "change": "decay",
    "factor": "rate",
    "h_50": "h50",
    "h_95": "h50",
    "exponent": "exponent",
    "latched": "latched",
    "half-life": "half-life",
}


def diff_page(diff: AuditDiff) -> Page:
    """The page of `diff`."""
    before, after = diff.names
    counts = [len(diff.kept) + len(diff.lost), len(diff.kept) + len(diff.gained)]
    cards = [
        Card(f"{counts[0]} → {counts[1]}", "memory states", "memory-state"),
        Card(f"{number(diff.bits[0])} → {number(diff.bits[1])}", "bits held without end", "bits"),
    ]
    cards += [
        Card(f"{number(diff.horizons[key][0])} → {number(diff.horizons[key][1])}", label, ENTRIES[key])
        for key, label in (("h_95", "steps carry 95 % of the gradient"), ("factor", "gradient's factor per step"))
        if key in diff.horizons
    ]
    return Page(
        title=f"What moved from {before} to {after}",
        under="Two audits of one network" if diff.comparable else "Two audits of networks with different states",
        cards=cards,
        sections=[_horizons(diff), _findings(diff), _states(diff)],
        footer="Made by dynlatch.",
    )


def _horizons(diff: AuditDiff) -> Section:
    from dynlatch.analysis.audit.diff import HORIZONS

    columns = [Column("horizon", "audit"), Column(diff.names[0], "audit"), Column(diff.names[1], "audit")]
    rows = [[HORIZONS[key], number(before), number(after)] for key, (before, after) in diff.horizons.items()]
    return Section("horizons", "How the horizons moved", [table(columns, rows)])


def _findings(diff: AuditDiff) -> Section:
    parts: list[Markup] = []
    for title, sentences in (("New", diff.findings_gained), ("No longer", diff.findings_lost)):
        if sentences:
            parts += [paragraph(f"{title}:"), bullets(sentences)]
    return Section("findings", "Findings that changed", parts or [paragraph("The findings are of the same kinds in both.")])


def _states(diff: AuditDiff) -> Section:
    drawn = figure(
        "Memory states that stayed",
        "How far each memory state moved (across, 2-norm), and its largest multiplier before (open) and after (filled).",
        svg_of(lambda ax: diff.plot(ax), (4.9, 4.2), "diff"),
    )
    columns = [
        Column("before", "memory-state"),
        Column("after", "memory-state"),
        Column("moved by", "coordinates"),
        Column("largest multiplier", "multiplier"),
        Column("u*", "u-star"),
    ]
    rows = [_kept(change) for change in diff.kept]
    rows += [[str(k), "gone", "", "", ""] for k in diff.lost]
    rows += [["new", str(k), "", "", ""] for k in diff.gained]
    return Section("states", "Memory states", [drawn, table(columns, rows)] if rows else [drawn])


def _kept(change: MemoryChange) -> list[str]:
    radius = f"{number(change.radius[0])} → {number(change.radius[1])}"
    threshold = "" if change.threshold is None else " → ".join(bracket(*ends) for ends in change.threshold)
    return [str(change.before), str(change.after), number(change.distance), radius, threshold]
