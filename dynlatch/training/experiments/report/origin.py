"""The chapter on how the report was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.analysis.report.page import Column, Section, listing, paragraph, table

if TYPE_CHECKING:
    from dynlatch.training.experiments.provenance import Call, Provenance

MINUTE, HOUR = 60.0, 3600.0


def origin_section(provenance: Provenance) -> Section:
    """Command, seeds, versions, and every call with its time."""
    versions = "\n".join(f"{name:<11}{version}" for name, version in provenance.versions.items())
    columns = [Column("started, UTC", "call"), Column("trials", "trial"), Column("time", "call"), Column("CPU", "call")]
    rows = [
        [
            call.started,
            f"{call.trials:,}",
            seconds(call.wall_seconds),
            seconds(call.cpu_seconds),
            _state(call),
        ]
        for call in provenance.calls
    ]
    asked = "" if provenance.trials is None else f", {provenance.trials} trials of every cell"
    return Section(
        "again",
        "How to run it again",
        [
            listing(provenance.calls[-1].command),
            paragraph(
                f"Scale {provenance.scale}{asked}. Every trial has a seed of its own, made of the root {provenance.rng}, the "
                "name of its cell and its number, so the same command gives the same trials on any number of processes, "
                f"in any order, however often it was cut off. SHA-256 of all trials: `{provenance.digest}`."
            ),
            listing(versions),
            paragraph("What was worked on it, call by call; trials that are not counted here were in the store before:"),
            table([*columns, Column("what", "call", text=True)], rows),
        ],
    )


def seconds(value: float) -> str:
    """A time as people read it."""
    if value < MINUTE:
        return f"{value:.1f} s" if value < 10.0 else f"{value:.0f} s"
    return f"{value / MINUTE:.1f} min" if value < HOUR else f"{value / HOUR:.1f} h"


def _state(call: Call) -> str:
    return call.command if call.finished else f"{call.command} (interrupted)"
