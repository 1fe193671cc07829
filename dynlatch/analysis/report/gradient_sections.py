"""The chapters of an audit's page about its gradients: decay, split by delay, verdicts, exponents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.analysis.plots.gradients import plot_gradient_decay
from dynlatch.analysis.report.page import Section, figure
from dynlatch.analysis.report.svg import svg_of

if TYPE_CHECKING:
    from dynlatch.analysis.audit import Audit


def gradients(report: Audit) -> Section:
    """Decay along the inputs, forward and backward, and while the network rests."""
    parts = [
        figure(
            "Along the inputs",
            f"Gradient decay in decades: the norm of the derivative of the state at time t with respect to the state at time 0 "
            f"({report.inputs_from}). Thin lines are sequences, the thick one is their median; dashed lines are upper bounds.",
            svg_of(lambda ax: plot_gradient_decay(report.along_inputs, ax=ax), (5.4, 3.6), "along"),
        )
    ]
    near = report.at_memory
    if near is not None:
        parts.append(
            figure(
                "At the memory states",
                "The same while the network rests in each memory state.",
                svg_of(lambda ax: plot_gradient_decay(near, ax=ax), (5.4, 3.6), "near"),
            )
        )
    return Section("gradients", "Gradient decay", parts)


def split(report: Audit) -> Section | None:
    return None


def verdicts(report: Audit) -> Section | None:
    return None


def exponents(report: Audit) -> Section | None:
    return None
