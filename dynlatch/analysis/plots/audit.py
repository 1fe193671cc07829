"""The picture of an audit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dynlatch.analysis.outcomes import Stability
from dynlatch.analysis.plots.audit_states import plot_states, principal_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.audit import Audit, Memory


def plot_audit(report: Audit, *, components: tuple[int, int] = (0, 1), ax: Axes | None = None) -> Axes:
    """Memory states over the trajectories of the data, in two of their principal components."""
    found, memories = report.fixed_points, report.memories
    return plot_states(
        report.trajectories,
        [memory.points for memory in memories],
        principal_plane(report.trajectories, found.coordinates, components),
        others=found.select(found.stability != Stability.ATTRACTING).points,
        region=report.regions,
        tip=lambda k: said(k, memories[k]),
        ax=ax,
    )


def said(number: int, memory: Memory) -> str:
    """One memory state in a line."""
    kind = "memory state" if memory.period == 1 else f"cycle of {memory.period} steps,"
    return (
        f"{kind} {number}: largest multiplier {memory.radius:.4g}, half-life {memory.half_life:.3g} steps, "
        f"{memory.share:.0%} of the runs end here"
    )
