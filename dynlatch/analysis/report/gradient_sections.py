"""The chapters of an audit's page about its gradients: decay, split by delay, verdicts, exponents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.analysis.plots.audit_gradients import (
    COLUMNS,
    SEQUENCES,
    plot_at_memory,
    plot_both_ways,
    plot_raster,
    plot_signed_shares,
)
from dynlatch.analysis.report.page import Column, Section, figure, paragraph, table
from dynlatch.analysis.report.svg import svg_of
from dynlatch.analysis.report.text import count, number, percent

if TYPE_CHECKING:
    from markupsafe import Markup

    from dynlatch.analysis.audit import Audit
    from dynlatch.analysis.gradients import GradientBounds, GradientContributions, LyapunovExponents, StepVerdicts

WIDE = (4.9, 3.2)
LISTED = 8  # exponents in the table


def gradients(report: Audit) -> Section:
    """Decay along the inputs, forward and backward, at rest, and what theory allows."""
    parts = [
        figure(
            "Along the inputs",
            f"Gradient decay in decades ({report.inputs_from}): forward, the derivative of the state at time t with respect to "
            "that at time 0; backward, of the last state with respect to that at time t, which is what back-propagation "
            "multiplies. Thin lines are sequences, thick ones their medians.",
            svg_of(lambda ax: plot_both_ways(report.along_inputs, ax=ax), WIDE, "along"),
        )
    ]
    near = report.at_memory
    if near is not None:
        parts.append(
            figure(
                "At the memory states",
                "The same, forward, while the network rests in each memory state; colours as in the picture of the states. "
                "What rises above 0 grows before it vanishes.",
                svg_of(lambda ax: plot_at_memory(near, ax=ax), (4.9, 2.8), "near"),
            )
        )
    if report.bounds is not None:
        parts += _bounds(report.bounds)
    return Section("gradients", "Gradient decay", parts)


def _bounds(bounds: GradientBounds) -> list[Markup]:
    from dynlatch.analysis.plots.bounds import plot_bounds

    drawn = figure(
        "Bounds beside the truth",
        "Upper bounds that theory proves for these weights and states, and the gradient itself: medians over the sequences. "
        "Bounds that are far too large leave the picture.",
        svg_of(lambda ax: plot_bounds(bounds, ax=ax), (4.9, 3.5), "bounds"),
    )
    columns = [Column("bound", "bound"), Column("slack at the end, decades", "slack"), Column("source", "source", text=True)]
    names = sorted(bounds.bounds, key=lambda name: float(np.median(bounds.bounds[name][-1])))
    rows = [[name, number(float(np.median(bounds.slack_decades(name)[-1]))), bounds.sources[name]] for name in names]
    parts = [drawn, table(columns, rows)]
    if bounds.conditions:
        heads = [
            Column("condition", "condition"),
            Column("value", "condition"),
            Column("limit", "condition"),
            Column("holds", "condition"),
            Column("what follows", "condition", text=True),
        ]
        rows = [[c.name, number(c.value), number(c.limit), "yes" if c.holds else "no", c.statement] for c in bounds.conditions]
        parts.append(table(heads, rows))
    return parts


def split(report: Audit) -> Section | None:
    """How far back the gradient of the cost reaches."""
    found = report.contributions
    if found is None:
        return None
    from dynlatch.analysis.plots.contributions import plot_gradient_contributions

    parts = [
        paragraph(f"Cost: {report.cost}."),
        figure(
            "The gradient split by delay",
            "Norms of its terms by how many steps back the weights acted (lines, decades, left), and the share that the last k "
            "steps carry together (area, right). The upright lines are h_50 and h_95. Medians over the sequences.",
            svg_of(lambda ax: plot_gradient_contributions(found, ax=ax), (4.9, 3.5), "split"),
        ),
        _reach_table(found),
        figure(
            "Signed shares",
            "Signed share of each delay in the total gradient: line median, band the middle half of the sequences. Below 0 a "
            "delay works against the total.",
            svg_of(lambda ax: plot_signed_shares(found, ax=ax), (4.9, 2.6), "shares"),
        ),
    ]
    return Section("split", "How far back the gradient reaches", parts)


def _reach_table(found: GradientContributions) -> Markup:
    columns = [
        Column("parameters", "split"),
        Column("h_50, steps", "h50"),
        Column("h_95, steps", "h50"),
        Column("last step alone", "split"),
        Column("last 10 steps", "split"),
    ]
    rows = []
    for kind in (None, *found.by_kind):
        reach = [number(float(np.median(found.reach(q, kind)))) for q in (0.5, 0.95)]
        share = [percent(float(np.median(found.share_within(k, kind)))) for k in (1, 10)]
        rows.append(["all" if kind is None else kind, *reach, *share])
    return table(columns, rows)


def verdicts(report: Audit) -> Section | None:
    """What each step of each sequence does to the gradient."""
    found = report.verdicts
    if found is None:
        return None
    shown = []
    if found.words[0].size > SEQUENCES:
        shown.append(f"{SEQUENCES} of the {found.words[0].size} sequences")
    if len(found.words) > COLUMNS:
        shown.append(f"{COLUMNS} of the {len(found.words)} steps")
    rows = min(found.words[0].size, SEQUENCES)
    parts = [
        paragraph(_verdict_words(found)),
        figure(
            "Verdicts step by step",
            "A row is a sequence, a column a step, its colour the verdict: latched in the colour of the memory state (as in "
            f"the picture of the states).{f' Drawn: {chr(32).join(shown)}, evenly spread.' if shown else ''}",
            svg_of(lambda ax: plot_raster(found, ax=ax), (4.9, 1.3 + 0.1 * max(rows, 6)), "verdicts"),
        ),
    ]
    if found.saturated:
        columns = [Column("units", "saturation"), Column("saturated", "saturation")]
        parts.append(table(columns, [[name, percent(share)] for name, share in found.saturated.items()]))
    return Section("steps", "What each step does", parts)


def _verdict_words(found: StepVerdicts) -> str:
    shares = ", ".join(f"{word} {percent(share)}" for word, share in found.shares.items() if share > 0.0)
    latches = np.ravel(found.latches_at)
    held = latches[latches >= 0]
    crossings = int(np.sum(found.crossings))
    text = f"Verdicts over all steps: {shares}. "
    if len(held):
        text += (
            f"{len(held)} of {count(len(latches), 'sequence')} end latched, from step {int(np.median(held))} on in the median. "
        )
    return text + f"The sequences pass from one basin to another {crossings} time{'s' * (crossings != 1)}."


def exponents(report: Audit) -> Section | None:
    """Lyapunov exponents along the inputs."""
    found = report.exponents
    if found is None:
        return None
    from dynlatch.analysis.plots.lyapunov import plot_lyapunov_exponents

    parts = [
        figure(
            "Exponents",
            "Running averages of the Lyapunov exponents along the inputs; a curve that has settled is known well.",
            svg_of(lambda ax: plot_lyapunov_exponents(found, ax=ax), WIDE, "exponents"),
        ),
        _exponent_table(found),
    ]
    return Section("exponents", "Exponents", parts)


def _exponent_table(found: LyapunovExponents) -> Markup:
    k = found.exponents.shape[-1]
    values = np.median(found.exponents.reshape(-1, k), axis=0)[:LISTED]
    errors = None if found.standard_errors is None else np.median(found.standard_errors.reshape(-1, k), axis=0)[:LISTED]
    columns = [Column("number", "exponent"), Column("per step", "exponent"), Column("factor per step", "exponent")]
    columns += [] if errors is None else [Column("standard error", "standard-error")]
    rows = []
    for i, value in enumerate(values):
        row = [str(i + 1), number(float(value)), number(float(np.exp(value)))]
        rows.append(row if errors is None else [*row, number(float(errors[i]))])
    return table(columns, rows)
