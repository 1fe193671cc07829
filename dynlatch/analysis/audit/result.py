"""What `audit` returns."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.audit.finding import Finding
from dynlatch.analysis.escape import EscapeThreshold
from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.analysis.gradients import GradientDecay
from dynlatch.analysis.periodic_orbits import PeriodicOrbits
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.analysis.audit.diff import AuditDiff
    from dynlatch.analysis.gradients import GradientBounds, GradientContributions, LyapunovExponents, StepVerdicts


class Memory(NamedTuple):
    """One memory state of an audit, a row of its table.

    Attributes
    ----------
    points : ndarray, shape (p, n)
        A fixed point (p = 1) or the points of an attracting cycle.
    radius : float
        Largest modulus of its multipliers, per step: of a cycle the p-th root of that of M^p.
    half_life : float
        Steps after which da_t/da_0 has halved near it in the long run.
    peak : float
        Largest norm of da_t/da_0 near it before the decay; 1 or less where nothing grows.
    share : float
        Share of the sequences that come to rest in it once the input is back at the context.
    readout : ndarray, shape (q,), or None
        What the network's own readout says in it (in the first point of a cycle).
    threshold : EscapeThreshold or None
        Bracket of u*, where one was computed.
    """

    points: Array
    radius: float
    half_life: float
    peak: float
    share: float
    readout: Array | None
    threshold: EscapeThreshold | None

    @property
    def period(self) -> int:
        """1 for a fixed point."""
        return len(self.points)


@dataclass(frozen=True, eq=False)
class Audit(Result):
    """Memory states of a network, and the decay of its gradients: everything that one call finds out.

    The memory states are the k attracting fixed points, in the order of `fixed_points.attractors`, and after them the c
    attracting cycles, in the order of `cycles`. S is the number of sequences that were followed in detail, N that of all.

    Attributes
    ----------
    name, architecture : str
        Where the network came from, and what it is, in words.
    dim, input_dim, parameter_count : int
    context : ndarray, shape (m,), or None
        Constant input under which the memory states are taken; None is zero.
    fixed_points : FixedPoints
        Under the context input.
    cycles : tuple of PeriodicOrbits
        The attracting cycles that were found, one record a period.
    readouts : ndarray, shape (k + c, q), or None
        What the network's own readout says in each memory state (in the first point of a cycle).
    at_memory : GradientDecay or None
        Norms of da_t/da_0 at each memory state, log_norms of shape (60, k + c).
    along_inputs : GradientDecay
        The same along the inputs, log_norms of shape (T, S). After the end of a shorter sequence the state is held: the norm
        stays as it was.
    inputs_from : str
        Which inputs those were, in words.
    lengths : int ndarray, shape (N,)
        Steps of every sequence.
    followed : int ndarray, shape (S,)
        Which of them were followed in detail.
    input_size : float
        Largest entry of an input in modulus, measured from the context, over all sequences.
    trajectories : ndarray, shape (T + 1, S, n)
        States along the followed sequences, from a_0 on; held after the end of a shorter one. Of very large networks only
        the first of them.
    regions : int ndarray, shape (T + 1, S), or None
        In whose basin each of these states lies: the number of the memory state it would come to rest in under the context
        input from there on, -1 for none.
    occupancy : ndarray, shape (k + 1,)
        Share of the sequences that end in each attracting fixed point once the input is back at the context; the last entry
        is "none of them".
    cycle_occupancy : ndarray, shape (c,)
        Share that ends on each attracting cycle, out of that last entry.
    thresholds : tuple of EscapeThreshold or None
        One for each memory state; None where none was computed (see `left_out`).
    contributions : GradientContributions or None
        The gradient of the last step's cost split by how far back it comes from.
    cost : str
        Which cost that is, in words.
    exponents : LyapunovExponents or None
        Conditional Lyapunov exponents along the inputs.
    bounds : GradientBounds or None
        Proved upper bounds of the decay along the inputs, beside the truth.
    verdicts : StepVerdicts or None
        Per step of the inputs: latched, contracting, expanding or neutral, and how saturated each unit is.
    findings : tuple of Finding
        The result in plain words, most consequential first.
    left_out : tuple of str
        What was not computed, why, and which command computes it.
    """

    name: str
    architecture: str
    dim: int
    input_dim: int
    parameter_count: int
    context: Array | None
    fixed_points: FixedPoints
    cycles: tuple[PeriodicOrbits, ...]
    readouts: Array | None
    at_memory: GradientDecay | None
    along_inputs: GradientDecay
    inputs_from: str
    lengths: NDArray[np.int64]
    followed: NDArray[np.int64]
    input_size: float
    trajectories: Array
    regions: NDArray[np.int64] | None
    occupancy: Array
    cycle_occupancy: Array
    thresholds: tuple[EscapeThreshold | None, ...]
    contributions: GradientContributions | None
    cost: str
    exponents: LyapunovExponents | None
    bounds: GradientBounds | None
    verdicts: StepVerdicts | None
    findings: tuple[Finding, ...]
    left_out: tuple[str, ...]

    @property
    def memory_states(self) -> FixedPoints:
        """The attracting fixed points."""
        return self.fixed_points.attractors

    @property
    def memories(self) -> tuple[Memory, ...]:
        """All memory states, one row each: fixed points first, then cycles."""
        from dynlatch.analysis.audit.memories import memories

        return memories(self)

    @property
    def bits(self) -> float:
        """log2 of the number of memory states, cycles included; 0 where there is none."""
        count = len(self.memory_states) + sum(len(orbits) for orbits in self.cycles)
        return float(np.log2(max(count, 1)))

    @property
    def half_lives(self) -> Array:
        """Steps after which da_t/da_0 has halved near each attracting fixed point in the long run, shape (k,)."""
        radius = np.abs(self.memory_states.eigenvalues).max(-1, initial=0.0)
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(2.0) / -np.log(radius))

    def summary(self) -> str:
        from dynlatch.analysis.audit.words import summary

        return summary(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Memory states over the trajectories of the data, in the principal components of the data."""
        from dynlatch.analysis.plots.audit import plot_audit

        return plot_audit(self, ax=ax)

    def diff(self, other: Audit) -> AuditDiff:
        """What moved from this audit to a later one: memory states, multipliers, horizons, u*, findings."""
        from dynlatch.analysis.audit.diff import audit_diff

        return audit_diff(self, other)

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write one self-contained page: figures embedded, no network access, every name escaped."""
        from dynlatch.analysis.report import write_html

        return write_html(self, path)

    def to_dict(self) -> dict[str, Any]:
        """The numbers as plain Python objects, ready for JSON; `dynlatch.analysis.report.schema()` describes them."""
        from dynlatch.analysis.report import as_dict

        return as_dict(self)

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write `to_dict()` as JSON."""
        from dynlatch.analysis.report import write_json

        return write_json(self, path)
