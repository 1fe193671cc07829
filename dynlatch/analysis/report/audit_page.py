"""What the page of one audit says: findings first, then the pictures and tables that they rest on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.audit import plot_audit
from dynlatch.analysis.plots.audit_states import READABLE, principal_share
from dynlatch.analysis.plots.palette import tints
from dynlatch.analysis.report.gradient_sections import exponents, gradients, split, verdicts
from dynlatch.analysis.report.page import Card, Column, Page, Section, bullets, figure, findings, pair, paragraph, table
from dynlatch.analysis.report.svg import svg_of
from dynlatch.analysis.report.text import bracket, count, number, percent, values

if TYPE_CHECKING:
    from markupsafe import Markup

    from dynlatch.analysis.audit import Audit, Memory

SECOND_VIEW = 0.05  # share of the variance from which a third principal component gets a picture of its own
MULTIPLIERS = 400  # of each fixed point are drawn, the largest


def audit_page(report: Audit) -> Page:
    """The page of `report`, sections that have nothing to say left out."""
    drawn = (chapter(report) for chapter in CHAPTERS)
    coordinates = report.fixed_points.coordinates
    return Page(
        title=f"Gradient audit of {report.name}",
        under=f"{report.architecture} · {report.parameter_count:,} parameters · {report.inputs_from}",
        cards=list(_cards(report)),
        sections=[section for section in drawn if section is not None],
        footer=f"Norms are about the {coordinates}; in other coordinates they differ, multipliers do not. Made by dynlatch.",
    )


def _cards(report: Audit) -> Iterable[Card]:
    memories = report.memories
    yield Card(str(len(memories)), f"memory state{'s' * (len(memories) != 1)}", "memory-state")
    yield Card(number(report.bits), "bits held without end", "bits")
    if memories:
        yield Card(number(max(m.half_life for m in memories)), "steps: longest half-life at rest", "half-life")
    rate = np.exp(float(np.median(report.along_inputs.rate)))
    yield Card(number(rate), "gradient's factor per step along the inputs", "rate")
    if report.contributions is not None:
        yield Card(number(float(np.median(report.contributions.reach(0.5)))), "steps carry half of the gradient", "h50")
        yield Card(number(float(np.median(report.contributions.reach(0.95)))), "steps carry 95 % of it", "h50")
    if report.exponents is not None:
        largest = float(np.median(report.exponents.exponents[..., 0]))
        yield Card(number(largest), "largest exponent per step", "exponent")


def _findings(report: Audit) -> Section:
    return Section("findings", "Findings", [findings(report.findings)])


def _states(report: Audit) -> Section:
    parts = [*_pictures(report), _known(report)]
    memories = report.memories
    if memories:
        parts.append(_memory_table(report))
    parts += _multipliers_and_thresholds(report)
    return Section("states", "Memory states", parts)


def _pictures(report: Audit) -> Iterable[Markup]:
    """The picture that people look at first; a second view where a third direction matters."""
    colours = (
        " A stretch of a trajectory has the colour of the memory state in which the network would come to rest from there."
        if report.regions is not None and len(report.memories)
        else ""
    )
    n = report.trajectories.shape[-1]
    words = (
        f"Thin lines are the states along the sequences, {'in their principal components' if n > 2 else 'as they are'}. "
        f"Numbered dots are memory states; crosses are fixed points that do not attract.{colours}"
        if n > 1
        else "Thin lines are the states along the sequences; the numbered lines across are memory states."
    )
    title = "Memory states over the trajectories of the data"
    yield figure(title, words, svg_of(lambda ax: plot_audit(report, ax=ax), (4.9, 4.2), "states"))
    if n > 2 and principal_share(report.trajectories, 2) >= SECOND_VIEW:
        yield figure(
            "The same from another side",
            "The third principal component across, the second up.",
            svg_of(lambda ax: plot_audit(report, components=(2, 1), ax=ax), (4.9, 4.2), "states-2"),
        )


def _known(report: Audit) -> Markup:
    """What is known about the list of fixed points, and where the runs end."""
    found = report.fixed_points
    context = "zero input" if report.context is None else f"the context input {values(report.context)}"
    nowhere = float(report.occupancy[-1]) - float(report.cycle_occupancy.sum())
    lost = f" {percent(nowhere)} of the sequences end in none of the memory states." if nowhere > 0.005 else ""
    missing = f" About {found.estimated_missing:.1f} more were probably not met." if found.estimated_missing >= 0.5 else ""
    return paragraph(
        f"Taken under {context}: {count(len(found), 'fixed point')}, of which {len(found.attractors)} attract. "
        f"{found.completeness.sentence}{missing}{lost}"
    )


def _memory_table(report: Audit) -> Markup:
    columns = [
        Column("state", "memory-state"),
        Column("largest multiplier", "multiplier"),
        Column("half-life, steps", "half-life"),
        Column("peak growth", "peak-growth"),
        Column("runs ending here", "runs"),
    ]
    memories = report.memories
    if any(memory.threshold is not None for memory in memories):
        columns.append(Column("u*", "u-star"))
    if report.readouts is not None:
        columns.append(Column("readout", "readout"))
    return table(columns, [_memory_row(k, memory, len(memories), report, columns) for k, memory in enumerate(memories)])


def _memory_row(k: int, memory: Memory, total: int, report: Audit, columns: list[Column]) -> list[object]:
    from markupsafe import Markup

    red, green, blue = (round(255 * float(part)) for part in tints(total, READABLE)[k])
    kind = f"{k}" if memory.period == 1 else f"{k} (cycle of {memory.period})"
    name = Markup('<span class="key" style="background: rgb({},{},{})"></span>{}').format(red, green, blue, kind)
    row: list[object] = [name, f"{memory.radius:.4g}", number(memory.half_life), number(memory.peak), percent(memory.share)]
    if any(column.key == "u-star" for column in columns):
        row.append("" if memory.threshold is None else bracket(memory.threshold.lower, memory.threshold.upper))
    if report.readouts is not None:
        row.append("" if memory.readout is None else values(memory.readout))
    return row


def _multipliers_and_thresholds(report: Audit) -> list[Markup]:
    from dynlatch.analysis.plots.escape_brackets import plot_brackets
    from dynlatch.analysis.plots.fixed_points import plot_multipliers

    found = report.fixed_points
    drawn = []
    if len(found):
        kept = found.eigenvalues.shape[1] > MULTIPLIERS
        shown = replace(found, eigenvalues=found.eigenvalues[:, :MULTIPLIERS])
        drawn.append(
            figure(
                "Multipliers",
                "Eigenvalues of one step at every fixed point. Inside the circle a direction is forgotten, outside it is "
                f"pushed away, next to it it is carried on.{f' The {MULTIPLIERS} largest of each point.' if kept else ''}",
                svg_of(lambda ax: plot_multipliers(shown, ax=ax), (4.6, 4.2), "multipliers"),
            )
        )
    known = [(k, memory.threshold) for k, memory in enumerate(report.memories) if memory.threshold is not None]
    if known:
        names, answers = [k for k, _ in known], [answer for _, answer in known]
        drawn.append(
            figure(
                "Escape thresholds",
                "Escape threshold u* of every memory state for which it was computed: the bar is proved to be safe, an input "
                "as large as the line was found that erases the state.",
                svg_of(lambda ax: plot_brackets(answers, names, ax=ax), (4.6, 1.4 + 0.36 * len(answers)), "thresholds"),
            )
        )
    return [pair(drawn)] if len(drawn) > 1 else drawn


def _left_out(report: Audit) -> Section | None:
    if not report.left_out:
        return None
    return Section("left-out", "What was left out, and why", [bullets(report.left_out)])


CHAPTERS: tuple[Callable[[Audit], Section | None], ...] = (
    _findings,
    _states,
    gradients,
    split,
    verdicts,
    exponents,
    _left_out,
)
