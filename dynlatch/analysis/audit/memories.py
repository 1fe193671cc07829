"""The memory states of an audit as rows: attracting fixed points first, then attracting cycles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.analysis.audit.result import Audit, Memory
    from dynlatch.analysis.gradients import GradientDecay


def orbits(report: Audit) -> list[tuple[Array, float]]:
    """The points (p, n) of every memory state, and the largest modulus of its multipliers per step."""
    states = report.memory_states
    rows = [(point[None], float(np.abs(values).max())) for point, values in zip(states.points, states.eigenvalues, strict=True)]
    for found in report.cycles:
        rows += [(orbit.points, orbit.spectral_radius ** (1.0 / orbit.period)) for orbit in found]
    return rows


def memories(report: Audit) -> tuple[Memory, ...]:
    """All memory states of `report`, with what the audit knows of each."""
    from dynlatch.analysis.audit.result import Memory

    shares = [*report.occupancy[:-1], *report.cycle_occupancy]
    peaks = None if report.at_memory is None else np.exp(per_direction(report.at_memory, report.dim).max(axis=0))
    rows = []
    for i, (points, radius) in enumerate(orbits(report)):
        rows.append(
            Memory(
                points=points,
                radius=radius,
                half_life=_half_life(radius),
                peak=1.0 if peaks is None else float(peaks[i]),
                share=float(shares[i]),
                readout=None if report.readouts is None else report.readouts[i],
                threshold=report.thresholds[i] if i < len(report.thresholds) else None,
            )
        )
    return tuple(rows)


def per_direction(decay: GradientDecay, n: int) -> Array:
    """Log-norms that start from 0: the Frobenius norm of the identity is sqrt(n), so of it the mean square over directions."""
    whole = isinstance(decay.norm, str)
    return decay.log_norms - (0.5 * np.log(n) if whole else 0.0)


def _half_life(radius: float) -> float:
    """Steps in which a factor of `radius` a step halves."""
    return 0.0 if radius <= 0.0 else float(np.log(2.0) / -np.log(radius)) if radius < 1.0 else float("inf")
