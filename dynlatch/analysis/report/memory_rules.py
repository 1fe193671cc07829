"""Findings about what the network remembers, and whether its readout sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.audit.estimate import STANDARD_ERROR
from dynlatch.analysis.audit.finding import Finding
from dynlatch.analysis.report.advice import BLIND_READOUT, FORGETTING
from dynlatch.analysis.report.facts import SLOW, Facts, Regime
from dynlatch.analysis.report.words import numbered, plural, span

if TYPE_CHECKING:
    from dynlatch.analysis.audit.result import Audit

LAG = 100
GROWTH = 1.01  # a norm below it is not worth a word
ALIKE = 0.02  # readouts closer than this share of their range along the data are one


def _under(report: Audit) -> str:
    return "zero input" if report.context is None else "the context input"


def memory(report: Audit, facts: Facts) -> Finding:
    """How many memory states there are, and what that holds."""
    found, k = report.fixed_points, len(report.memory_states)
    cycles = [orbit for record in report.cycles for orbit in record]
    known = f"{found.completeness}: {found.completeness.sentence}"
    evidence = {
        "attracting fixed points": k,
        "attracting cycles": len(cycles),
        "bits": report.bits,
        "index sum": found.index_sum,
    }
    rings = (
        f"{plural(len(cycles), 'attracting cycle')} (period {numbered(sorted({orbit.period for orbit in cycles}))})"
        if cycles
        else ""
    )
    if k + len(cycles) > 1:
        bits = f"{report.bits:.0f}" if report.bits.is_integer() else f"{report.bits:.2f}"
        what = f"{k} memory state{'s' * (k != 1)} (attracting fixed points under {_under(report)})" if k else ""
        sentence = (
            f"There are {' and '.join(part for part in (what, rings) if part)}: the network can latch {bits} "
            f"bit{'s' * (bits != '1')} ({known})"
        )
        return Finding("memory", sentence, evidence, "", 0.65)
    if k == 1:
        sentence = (
            f"There is one memory state under {_under(report)}: fixed points latch 0 bits, what happened before is forgotten "
            f"there ({known})"
        )
        # The cause of vanishing gradients says what to do about it.
        advice = "" if facts.regime is Regime.VANISHES else FORGETTING
        return Finding("memory", sentence, evidence, advice, 0.85)
    sentence = f"No fixed point attracts: under {_under(report)} the network latches no bit in a fixed point ({known})"
    if cycles:
        sentence += f" There is {rings}: what it can hold is the phase on it."
    return Finding("memory", sentence, evidence, "", 0.7)


def rest(report: Audit, facts: Facts) -> Finding | None:
    """What becomes of gradients where the network rests."""
    radii = facts.radii
    if not len(radii) or report.at_memory is None:
        return None
    slowest = float(radii.max())
    with np.errstate(divide="ignore"):
        left = LAG * np.log10(slowest) if slowest > 0.0 else -np.inf
    lost = f"about 10^{left:.1f}" if np.isfinite(left) else "nothing"
    half = np.array([memory.half_life for memory in report.memories])
    many = len(radii) > 1
    sentence = (
        f"At rest in {'each memory state' if many else 'the memory state'} da_t/da_0 shrinks in the long run by a factor "
        f"{span(radii)} per step: half of it is gone after {span(half)} steps, and over {LAG} steps {lost} is left"
        f"{' in the slowest of them' if many else ''}"
    )
    peak = max(memory.peak for memory in report.memories)
    estimated = isinstance(report.at_memory.norm, str)  # in large networks: the mean square over directions
    if peak > (np.exp(STANDARD_ERROR) if estimated else GROWTH):
        by = f"{peak:.3g}-fold{' in the mean square over all directions' if estimated else ''}"
        sentence += f"; before that it can grow up to {by}, because the Jacobians are not normal"
    evidence = {"largest multiplier": slowest, "smallest of them": float(radii.min()), "largest growth before decay": peak}
    return Finding("rest", sentence + ".", evidence, "", 0.3 if slowest >= SLOW else 0.45)


def ends(report: Audit, facts: Facts) -> Finding | None:
    """In which memory states the sequences end."""
    memories = report.memories
    if not memories:
        return None
    used = [i for i, row in enumerate(memories) if row.share > 0]
    nowhere = max(1.0 - sum(row.share for row in memories), 0.0)
    count = len(memories)
    when = "the input is off" if report.context is None else "the input is back at the context"
    verb = "is" if len(used) == 1 else "are"
    sentence = f"{len(used)} of the {count} memory states {verb} where the sequences end once {when}"
    if count == 1:
        sentence = f"{memories[0].share:.0%} of the sequences end in the memory state once {when}"
    if nowhere > 1e-9:
        sentence += (
            f"; {nowhere:.0%} of them end in no memory state (at an unstable point, on a torus, chaotic, or still moving)"
        )
    effect = 0.2 + 0.4 * nowhere
    return Finding("ends", sentence + ".", {"states used": len(used), "ends in none": nowhere}, "", round(effect, 3))


def readout(report: Audit, facts: Facts) -> Finding | None:
    """Memory states that the network's own readout cannot tell apart."""
    said = report.readouts
    if said is None or len(said) < 2:
        return None
    scale = float(np.abs(said - said.mean(0)).max())
    apart = np.abs(said[:, None] - said).max(-1)
    size = 1.0 + float(np.abs(said).max())
    if scale <= 1e-6 * size:
        sentence = f"The readout cannot see the memory: it says the same in all {len(said)} memory states (to {scale:.1g})."
        return Finding("blind readout", sentence, {"largest difference": scale}, BLIND_READOUT, 0.9)
    alike = [(i, j) for i in range(len(said)) for j in range(i) if apart[i, j] <= ALIKE * 2.0 * scale]
    if not alike:
        return None
    groups = _groups(alike, len(said))
    listed = "; ".join(numbered(group) for group in groups[:3]) + ("; ..." if len(groups) > 3 else "")
    distinct = len(said) - sum(len(group) - 1 for group in groups)
    sentence = (
        f"The readout tells {distinct} of {len(said)} memory states apart: these give the same output to {ALIKE:.0%} of its "
        f"range: {listed}."
    )
    return Finding("alike", sentence, {"told apart": distinct, "memory states": len(said)}, "", 0.35)


def _groups(pairs: list[tuple[int, int]], count: int) -> list[list[int]]:
    """Connected groups of more than one."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rows, columns = np.array(pairs).T
    _, label = connected_components(coo_array((np.ones(len(pairs)), (rows, columns)), shape=(count, count)), directed=False)
    groups = [np.flatnonzero(label == k).tolist() for k in np.unique(label)]
    return [group for group in groups if len(group) > 1]


def others(report: Audit, facts: Facts) -> Finding | None:
    """Fixed points that do not attract."""
    found = report.fixed_points
    count = len(found) - len(report.memory_states)
    if count == 0:
        return None
    do = "s do" if count != 1 else " does"
    between = " (saddles lie between memory states)" if len(report.memory_states) > 1 else ""
    return Finding(
        "others",
        f"Besides them {count} fixed point{do} not attract{between}.",
        {"fixed points that do not attract": count},
        "",
        0.08,
    )


MEMORY_RULES = (memory, rest, ends, readout, others)
