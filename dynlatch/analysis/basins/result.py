"""What `basins` returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class BasinOutcome(StrEnum):
    """How the fate of one initial state was decided, or why it was not."""

    CERTIFIED = "certified"
    SETTLED = "settled"
    ESCAPED = "escaped"
    SADDLE = "at a saddle"
    UNLISTED = "unlisted attractor"
    BUDGET = "budget"

    @property
    def sentence(self) -> str:
        return {
            BasinOutcome.CERTIFIED: "The orbit enters a ball in which the map provably contracts to the attractor.",
            BasinOutcome.SETTLED: "The orbit enters a ball whose contraction was sampled, not proved, or stays in the cells "
            "that a recurrent attractor visits again and again.",
            BasinOutcome.ESCAPED: "The orbit leaves every bounded region, or the finite numbers.",
            BasinOutcome.SADDLE: "The orbit comes to rest at a point or cycle that does not attract what is around it (a "
            "saddle on the boundary of basins, or a neutral point), or passes so close that rounding would decide.",
            BasinOutcome.UNLISTED: "The orbit ends in an attractor that is not in the given list.",
            BasinOutcome.BUDGET: "The orbit was still on its way when the steps or the time ran out.",
        }[self]


OUTCOMES = tuple(BasinOutcome)


class AttractorKind(StrEnum):
    """What an attractor of a basin is."""

    FIXED_POINT = "fixed point"
    CYCLE = "cycle"
    RECURRENT = "recurrent set"

    @property
    def sentence(self) -> str:
        return {
            AttractorKind.FIXED_POINT: "One point.",
            AttractorKind.CYCLE: "Finitely many points, visited in turn.",
            AttractorKind.RECURRENT: "Neither of these: an invariant circle or a chaotic set, shown by states of one orbit.",
        }[self]


@dataclass(frozen=True, eq=False)
class Basins(Result):
    """Where initial states end: on a grid, of shape (N_1, ..., N_n), or for samples, of shape (N,).

    Attributes
    ----------
    labels : int32 ndarray, shape (...)
        Number of the attractor in `attractors`; -1 where `reasons` says why there is none.
    codes : int8 ndarray, shape (...)
        Number of the outcome in `tuple(BasinOutcome)`; `reasons` spells them out.
    times : int32 ndarray, shape (...)
        Steps until the state was first seen in the certified ball (or the recurrent cells) of its attractor, or to escape;
        -1 where neither happened.
    attractors : tuple of ndarray, each of shape (p, n)
        The points of each attractor: of a recurrent set some states of one orbit on it.
    kinds : tuple of AttractorKind
    axes : tuple of ndarray
        Coordinates of the grid along each axis; empty for samples.
    points : ndarray, shape (N, n)
        The sampled states; of shape (0, n) for a grid.
    steps : int
        Number of steps after which an orbit was given up.
    coordinates : str
        What the state is.
    """

    labels: NDArray[np.int32]
    codes: NDArray[np.int8]
    times: NDArray[np.int32]
    attractors: tuple[Array, ...]
    kinds: tuple[AttractorKind, ...]
    axes: tuple[Array, ...]
    points: Array
    steps: int
    coordinates: str

    @property
    def reasons(self) -> NDArray[np.object_]:
        """How each state was decided: BasinOutcome, shape (...)."""
        words = np.empty(len(OUTCOMES), dtype=object)
        words[:] = OUTCOMES
        return words[self.codes]

    @property
    def fractions(self) -> Array:
        """Share of the states that end in each attractor, shape (K,)."""
        count = np.bincount(self.labels.ravel() + 1, minlength=len(self.attractors) + 1)[1:]
        return np.asarray(count / self.labels.size)

    @property
    def basin_stability(self) -> Array:
        """Probability of returning to each attractor from a random state of the bounds: `fractions` (Menck et al. 2013)."""
        return self.fractions

    @property
    def standard_errors(self) -> Array:
        """Binomial standard error of each fraction, shape (K,): of a grid, those of as many random states."""
        share = self.fractions
        return np.asarray(np.sqrt(share * (1.0 - share) / self.labels.size))

    @property
    def unresolved(self) -> float:
        """Share of the states without a label, escapes not counted."""
        return float(np.mean((self.labels < 0) & (self.codes != OUTCOMES.index(BasinOutcome.ESCAPED))))

    @property
    def escaped(self) -> float:
        """Share of the states that escape."""
        return float(np.mean(self.codes == OUTCOMES.index(BasinOutcome.ESCAPED)))

    @property
    def colours(self) -> NDArray[np.int32]:
        """The labels with escape as one more basin, number K; -1 where unresolved. Shape (...)."""
        escape = self.codes == OUTCOMES.index(BasinOutcome.ESCAPED)
        return np.where(escape, np.int32(len(self.attractors)), self.labels)

    @property
    def boundary(self) -> NDArray[np.bool_]:
        """Grid points with a neighbour along an axis in another basin, shape (...); all False for samples."""
        edge = np.zeros(self.labels.shape, dtype=bool)
        colours = self.colours
        for axis in range(len(self.axes)):
            differ = np.swapaxes(np.diff(colours, axis=axis) != 0, 0, axis)
            along = np.swapaxes(edge, 0, axis)
            along[1:] |= differ
            along[:-1] |= differ
        return edge

    @property
    def mean_times(self) -> Array:
        """Mean convergence time of each basin in steps, shape (K,); NaN for a basin without states."""
        held = self.labels.ravel() + 1
        size = len(self.attractors) + 1
        total = np.bincount(held, weights=self.times.ravel(), minlength=size)[1:]
        count = np.bincount(held, minlength=size)[1:]
        return np.asarray(np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0))

    def count(self, outcome: BasinOutcome) -> int:
        """Number of states with that outcome."""
        return int(np.count_nonzero(self.codes == OUTCOMES.index(outcome)))

    @property
    def _many(self) -> str:
        return f"{len(self.attractors)} attractor{'s' * (len(self.attractors) != 1)}"

    def summary(self) -> str:
        where = f"a {' x '.join(map(str, self.labels.shape))} grid" if self.axes else f"{self.labels.size} samples"
        lines = [
            f"basins of {self._many} in {self.coordinates}, from {where}",
            f"{'':>4} {'kind':<13} {'period':>6} {'fraction':>9} {'+-':>8} {'steps':>7}  point",
        ]
        for k, (orbit, kind) in enumerate(zip(self.attractors, self.kinds, strict=True)):
            shown = np.array2string(orbit[0], precision=4, suppress_small=True, threshold=6, edgeitems=2, max_line_width=60)
            period = "-" if kind is AttractorKind.RECURRENT else str(len(orbit))
            mean = f"{self.mean_times[k]:.1f}" if self.fractions[k] > 0 else "-"
            error = self.standard_errors[k]
            lines.append(f"{k:>4} {kind:<13} {period:>6} {self.fractions[k]:>9.5f} {error:>8.5f} {mean:>7}  {shown}")
        for outcome in OUTCOMES:
            if self.count(outcome):
                lines.append(f"  {outcome}: {self.count(outcome)} of {self.labels.size}. {outcome.sentence}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.basins import plot_basins

        return plot_basins(self, ax=ax)
