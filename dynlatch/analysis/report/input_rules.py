"""Findings about inputs: whether they move the network from one memory state to another, and what it would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.audit.finding import Finding
from dynlatch.analysis.escape import EscapeOutcome
from dynlatch.analysis.report.advice import NO_SWITCH, WEAK_INPUT
from dynlatch.analysis.report.facts import Facts
from dynlatch.analysis.report.words import numbered, plural

if TYPE_CHECKING:
    from dynlatch.analysis.audit.result import Audit

SWITCHING = (EscapeOutcome.EXACT, EscapeOutcome.BRACKET, EscapeOutcome.NO_ESCAPE_FOUND, EscapeOutcome.NOTHING_PROVED)


def thresholds(report: Audit, facts: Facts) -> Finding | None:
    """How large an input must be to make the network forget, against how large the given ones are."""
    known = [(i, found) for i, found in enumerate(report.thresholds) if found is not None and found.outcome in SWITCHING]
    proved = [(i, found.lower) for i, found in known if np.isfinite(found.lower) and found.lower > 0.0]
    if not proved:
        return None
    count = len(report.thresholds)
    least, most = min(value for _, value in proved), max(value for _, value in proved)
    size = report.input_size
    held = [i for i, value in proved if value >= size]
    evidence = {"smallest proved u*": least, "largest proved u*": most, "largest input": size}
    if len(held) == count and count > 1:
        sentence = (
            f"The inputs are too weak to switch anything: their largest entry is {size:.4g}, and no input up to {least:.6g} "
            "drives the network out of any memory state (escape threshold u*, proved)."
        )
        return Finding("weak inputs", sentence, evidence, WEAK_INPUT, 0.9)
    which = (
        "any memory state"
        if len(proved) == count
        else f"{len(proved)} of the {count} memory states (nothing known of the rest)"
    )
    exact = ", exact" if all(found.exact for _, found in known) else ", proved"
    sentence = f"No input whose entries stay within {least:.6g} can erase {which} (escape threshold u*{exact}"
    sentence += f"; the hardest of them to erase stands {most:.6g})" if most > least * (1.0 + 1e-6) else ")"
    sentence += f"; the inputs here go up to {size:.4g}."
    return Finding("thresholds", sentence, evidence, "", 0.35)


def crossings(report: Audit, facts: Facts) -> Finding | None:
    """Which sequences pass from one basin to another, and when."""
    if report.regions is None or len(facts.radii) < 2 or report.input_dim == 0:
        return None
    ends = np.minimum(report.lengths[report.followed], len(report.regions) - 1)
    when = [_changes(report.regions[: int(end) + 1, column]) for column, end in enumerate(ends)]
    moved = [int(report.followed[column]) for column, times in enumerate(when) if len(times)]
    total = sum(len(times) for times in when)
    count = len(report.followed)
    evidence: dict[str, float | str] = {"sequences that cross": len(moved), "sequences": count, "crossings": total}
    if not moved and len(np.unique(report.regions[ends, np.arange(count)])) > 1:
        sentence = (
            "No sequence crosses from one basin to another once it is in one, but they end in different ones: what a sequence "
            "writes, it writes at its start, and keeps."
        )
        return Finding("written once", sentence, evidence, NO_SWITCH, 0.4)
    if not moved:
        sentence = (
            f"{'The sequence never' if count == 1 else f'None of the {count} sequences ever'} leaves the basin it starts in: "
            f"these inputs (up to {report.input_size:.4g}) write nothing into the memory."
        )
        return Finding("no crossing", sentence, evidence, NO_SWITCH, 0.8)
    last = [int(times[-1]) for times in when if len(times)]
    evidence["last crossing (median step)"] = float(np.median(last))
    sentence = (
        f"{len(moved)} of {plural(count, 'sequence')} {'crosses' if len(moved) == 1 else 'cross'} from one basin to another, "
        f"{total / count:.3g} time{'s' * (total != count)} on average; "
        f"the last crossing is at step {int(np.median(last))} (median)"
    )
    first = next(column for column, times in enumerate(when) if len(times))
    sentence += f". Sequence {report.followed[first]}, for one, crosses at step {numbered([int(t) for t in when[first]], 4)}"
    return Finding("crossings", sentence + ".", evidence, "", 0.4)


def _changes(path: NDArray[np.int64]) -> NDArray[np.intp]:
    """Times t at which a path (T + 1,) of basins has changed from one known basin to another since the last known one."""
    known = np.flatnonzero(path >= 0)
    return np.asarray(known[1:][path[known[1:]] != path[known[:-1]]])


INPUT_RULES = (thresholds, crossings)
