"""What `fixed_points` returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.outcomes import Stability
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Completeness(StrEnum):
    """How much is known about fixed points that are not in the list."""

    PROVED = "proved"
    CHECKSUM_PASSED = "checksum passed"
    CHECKSUM_FAILED = "checksum failed"
    NO_CHECKSUM = "no checksum"
    BUDGET = "budget"
    CLUSTER = "cluster"

    @property
    def sentence(self) -> str:
        return {
            Completeness.PROVED: "These are all the fixed points, by proof.",
            Completeness.CHECKSUM_PASSED: "The indices sum to +1, as they must over all fixed points of a bounded map; "
            "a pair of opposite index could still be missing.",
            Completeness.CHECKSUM_FAILED: "The indices do not sum to +1, as they must over all fixed points of a bounded "
            "map: some are missing.",
            Completeness.NO_CHECKSUM: "The search came to rest; no checksum exists, because the map is not known to be "
            "bounded or only a part of its box was searched.",
            Completeness.BUDGET: "The search was cut short by its budget: there may be more.",
            Completeness.CLUSTER: "At least one point is degenerate (I - J singular to rounding): a fold, a continuum or a "
            "cluster of points, shown by one representative; no list of points can be complete there.",
        }[self]


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """One fixed point of a result."""

    point: Array
    eigenvalues: NDArray[np.complex128]
    residual: float
    error: float
    stability: Stability
    index: int
    dimension: int = 0

    @property
    def spectral_radius(self) -> float:
        """Largest modulus of a multiplier."""
        return float(np.abs(self.eigenvalues).max())


@dataclass(frozen=True, eq=False)
class FixedPoints(Result):
    """Fixed points of a map, sorted lexicographically by point.

    Attributes
    ----------
    points : ndarray, shape (k, n)
    eigenvalues : complex ndarray, shape (k, n)
        Multipliers: eigenvalues of the Jacobian of the map at each point, by falling modulus.
    residuals : ndarray, shape (k,)
        Largest component of |M(a) - a|.
    errors : ndarray, shape (k,)
        Bound on the distance to the true point (largest component), in the unknowns of the equation that was solved. A
        theorem where the point was found by proof; else a first-order estimate from residual, rounding and the inverse of
        I - G'. Infinite at a degenerate point.
    stability : object ndarray of Stability, shape (k,)
    index : int ndarray, shape (k,)
        sign det(I - J); 0 at a degenerate point, where it is not defined.
    completeness : Completeness
    estimated_missing : float
        Chao's lower estimate of the number of points that the search did not meet.
    dimension : int ndarray, shape (k,)
        0 for a point; d > 0 where the point stands for a whole continuum of fixed points of that dimension.
    certified : bool ndarray, shape (k,)
        Whether ball arithmetic has verified that there is exactly one fixed point within `errors`, and on which side of the
        unit circle each of its multipliers lies (`method="proof"` with the extra `rigorous`).
    unresolved : ndarray, shape (m, 2, d)
        Boxes [lo, hi] in which a proof could neither exclude a fixed point nor verify one, in the d unknowns of the
        equation that was solved (the state, except for an LSTM: there the output h).
    coordinates : str
        What the state is.
    """

    points: Array
    eigenvalues: NDArray[np.complex128]
    residuals: Array
    errors: Array
    stability: NDArray[np.object_]
    index: NDArray[np.int64]
    completeness: Completeness
    estimated_missing: float
    dimension: NDArray[np.int64]
    certified: NDArray[np.bool_]
    unresolved: Array
    coordinates: str

    @property
    def index_sum(self) -> int:
        """Sum of the indices; +1 over all fixed points of a bounded map, if none is degenerate."""
        return int(self.index.sum())

    @property
    def unstable_dimensions(self) -> NDArray[np.int64]:
        """Number of multipliers outside the unit circle, shape (k,)."""
        return np.asarray((np.abs(self.eigenvalues) > 1.0).sum(-1), dtype=np.int64)

    @property
    def attractors(self) -> FixedPoints:
        """The attracting ones."""
        return self.select(self.stability == Stability.ATTRACTING)

    def select(self, rows: Any) -> FixedPoints:
        """The rows given by a mask, indices or a slice."""
        return replace(
            self,
            points=self.points[rows],
            eigenvalues=self.eigenvalues[rows],
            residuals=self.residuals[rows],
            errors=self.errors[rows],
            stability=self.stability[rows],
            index=self.index[rows],
            dimension=self.dimension[rows],
            certified=self.certified[rows],
        )

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, i: int) -> FixedPoint:
        return FixedPoint(
            self.points[i],
            self.eigenvalues[i],
            float(self.residuals[i]),
            float(self.errors[i]),
            self.stability[i],
            int(self.index[i]),
            int(self.dimension[i]),
        )

    def __iter__(self) -> Iterator[FixedPoint]:
        return (self[i] for i in range(len(self)))

    def summary(self) -> str:
        count = Counter(str(s) for s in self.stability)
        kinds = ", ".join(f"{n} {word}" for word, n in sorted(count.items())) or "none"
        lines = [
            f"{len(self)} fixed point{'s' * (len(self) != 1)} in {self.coordinates}: {kinds}",
            f"{self.completeness}: {self.completeness.sentence} Index sum {self.index_sum:+d}; "
            f"estimated unseen {self.estimated_missing:.1f}.",
            f"{'':>4} {'stability':<11} {'unstable':>8} {'|multiplier|':>12} {'residual':>9} {'error':>9}  point",
        ]
        for i, p in enumerate(self):
            shown = np.array2string(p.point, precision=4, suppress_small=True, threshold=6, edgeitems=2, max_line_width=60)
            unstable = int(self.unstable_dimensions[i])
            cluster = f"  (one of a continuum of dimension {p.dimension})" if p.dimension else ""
            lines.append(
                f"{i:>4} {p.stability:<11} {unstable:>8} {p.spectral_radius:>12.6g} {p.residual:>9.1e} {p.error:>9.1e}  {shown}"
                + cluster
            )
        if self.certified.any():
            lines.append(f"{int(self.certified.sum())} of them are certified in ball arithmetic, stability included.")
        if len(self.unresolved):
            widest = float((self.unresolved[:, 1] - self.unresolved[:, 0]).max())
            lines.append(f"{len(self.unresolved)} boxes, of width up to {widest:.3g}, were neither excluded nor verified.")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.fixed_points import plot_fixed_points

        return plot_fixed_points(self, ax=ax)
