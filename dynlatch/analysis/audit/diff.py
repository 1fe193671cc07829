"""What moved from one audit to a later one: memory states, multipliers, horizons, u*, findings."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.audit.diff_words import summary
from dynlatch.analysis.audit.result import Audit
from dynlatch.analysis.report.data import plain, write_text
from dynlatch.analysis.report.facts import facts_of
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCHEMA = "dynlatch.audit-diff/1"
HORIZONS: Mapping[str, str] = {
    "change": "ln of the norm of da_T/da_0 at the end",
    "factor": "factor per step along the inputs",
    "h_50": "steps that carry half of the gradient",
    "h_95": "steps that carry 95 % of it",
    "exponent": "largest conditional exponent",
    "latched": "share of sequences latched at their end",
    "half-life": "longest half-life at rest, steps",
}


@dataclass(frozen=True, eq=False)
class MemoryChange:
    """A memory state in both audits.

    Attributes
    ----------
    before, after : int
        Its number in each.
    distance : float
        How far it moved (2-norm between the nearest points).
    radius : tuple of float
        Its multiplier per step, before and after.
    threshold : tuple of two (lower, upper), or None
        Brackets of u* before and after, where both audits have one.
    """

    before: int
    after: int
    distance: float
    radius: tuple[float, float]
    threshold: tuple[tuple[float, float], tuple[float, float]] | None


@dataclass(frozen=True, eq=False)
class AuditDiff(Result):
    """Two audits compared; memory states are paired with the nearest one, as long as each is the other's nearest.

    Attributes
    ----------
    names : tuple of str
        Of the audits, earlier one first.
    comparable : bool
        Whether the states live in the same space (same dimension and coordinates); else no states are paired.
    bits : tuple of float
    kept : tuple of MemoryChange
    lost, gained : tuple of int
        Numbers of memory states that only the earlier, and only the later audit has.
    horizons : mapping of str to tuple (before, after)
        Those of `HORIZONS` that both audits have.
    findings_lost, findings_gained : tuple of str
        Sentences of the kinds of findings that only one of them has.
    states : tuple of ndarray, shapes (k, n) and (l, n)
        First points of the memory states of both.
    """

    names: tuple[str, str]
    comparable: bool
    bits: tuple[float, float]
    kept: tuple[MemoryChange, ...]
    lost: tuple[int, ...]
    gained: tuple[int, ...]
    horizons: Mapping[str, tuple[float, float]]
    findings_lost: tuple[str, ...]
    findings_gained: tuple[str, ...]
    states: tuple[Array, Array]

    def summary(self) -> str:
        return summary(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Multipliers of the memory states before and after."""
        from dynlatch.analysis.plots.audit_diff import plot_audit_diff

        return plot_audit_diff(self, ax=ax)

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write one self-contained page: horizons, findings and memory states before and after."""
        from dynlatch.analysis.report.diff_page import diff_page
        from dynlatch.analysis.report.page import html

        return write_text(path, html(diff_page(self)))

    def to_dict(self) -> dict[str, Any]:
        """Plain Python objects, ready for JSON."""
        return {
            "schema": SCHEMA,
            "names": list(self.names),
            "comparable": self.comparable,
            "bits": list(self.bits),
            "kept": [
                {
                    "before": pair.before,
                    "after": pair.after,
                    "distance": plain(pair.distance),
                    "radius": plain(list(pair.radius)),
                    "threshold": plain(pair.threshold),
                }
                for pair in self.kept
            ],
            "lost": list(self.lost),
            "gained": list(self.gained),
            "horizons": {name: plain(list(values)) for name, values in self.horizons.items()},
            "findings_lost": list(self.findings_lost),
            "findings_gained": list(self.findings_gained),
        }


def audit_diff(before: Audit, after: Audit) -> AuditDiff:
    """Compare two audits of one network."""
    comparable = before.dim == after.dim and before.fixed_points.coordinates == after.fixed_points.coordinates
    kept = _paired(before, after) if comparable else ()
    old, new = {finding.kind for finding in before.findings}, {finding.kind for finding in after.findings}
    numbers = _horizons(before), _horizons(after)
    return AuditDiff(
        names=(before.name, after.name),
        comparable=comparable,
        bits=(before.bits, after.bits),
        kept=kept,
        lost=tuple(sorted(set(range(len(before.memories))) - {pair.before for pair in kept})),
        gained=tuple(sorted(set(range(len(after.memories))) - {pair.after for pair in kept})),
        horizons={name: (numbers[0][name], numbers[1][name]) for name in HORIZONS if name in numbers[0] and name in numbers[1]},
        findings_lost=tuple(finding.sentence for finding in before.findings if finding.kind not in new),
        findings_gained=tuple(finding.sentence for finding in after.findings if finding.kind not in old),
        states=(_first_points(before), _first_points(after)),
    )


def _first_points(report: Audit) -> Array:
    return np.array([memory.points[0] for memory in report.memories]).reshape(-1, report.dim)


def _paired(before: Audit, after: Audit) -> tuple[MemoryChange, ...]:
    """Memory states of one period that are each other's nearest."""
    old, new = before.memories, after.memories
    if not old or not new:
        return ()
    distance = np.array(
        [
            [np.linalg.norm(a.points[:, None] - b.points, axis=-1).min() if a.period == b.period else np.inf for b in new]
            for a in old
        ]
    )
    pairs = []
    for i, j in enumerate(distance.argmin(1)):
        if np.isfinite(distance[i, j]) and distance[:, j].argmin() == i:
            u, v = old[i].threshold, new[j].threshold
            brackets = None if u is None or v is None else ((u.lower, u.upper), (v.lower, v.upper))
            radius = (old[i].radius, new[j].radius)
            pairs.append(MemoryChange(i, int(j), float(distance[i, j]), radius, brackets))
    return tuple(pairs)


def _horizons(report: Audit) -> dict[str, float]:
    """The numbers of `HORIZONS` that an audit has."""
    facts = facts_of(report)
    half_lives = [memory.half_life for memory in report.memories]
    found = {
        "change": facts.change,
        "factor": float(np.exp(facts.rate)),
        "h_50": facts.near,
        "h_95": facts.far,
        "exponent": facts.exponent,
        "latched": facts.latched,
        "half-life": max(half_lives) if half_lives else None,
    }
    return {name: float(value) for name, value in found.items() if value is not None}
