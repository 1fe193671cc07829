"""What `reduced_attracting_set` returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.scalar_portrait import Interval
from dynlatch.errors import InvalidInput
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CRITERIA = ("spectral", "product", "stepwise", "adapted")
MEANING = {
    "spectral": "spectral radius of (M^l)' below 1 for every l (Definition 4 as written)",
    "product": "2-norm of (M^l)' below 1 for every l",
    "stepwise": "2-norm of M' below 1 at every step",
    "adapted": "norm of M' adapted to the attractor below 1 at every step",
}

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ReducedAttractingSet(Result):
    """Which points belong to Gamma of an attractor, in each of its four readings.

    Attributes
    ----------
    points : ndarray, shape (..., n)
    attractor : ndarray, shape (p, n)
        Points of the attractor in their order.
    criterion : str
        The reading that `member`, `undecided` and `fraction` are about; `under` gives another.
    members, unknown : bool ndarray, shape (4, ...)
        For each of `CRITERIA`: in the set; not decided (the step budget ran out, or a norm is 1 to rounding).
    in_basin, basin_unknown : bool ndarray, shape (...)
    steps : int ndarray, shape (...)
        Steps after which everything was decided, or given up; 0 outside the basin.
    factors : ndarray, shape (p, n, n)
        S_j of the adapted norm `|S_j v|_2` at the j-th point of the attractor.
    intervals : tuple of (lo, hi), or None
        For one tanh or logistic unit with w > 0: the stepwise set in closed form.
    proved : bool
        Whether the ball in which orbits are known to have converged rests on interval bounds. Norms on the way there are
        float64, and undecided where rounding could matter.
    coordinates : str
        What the state is: norms are those of its components.
    """

    points: Array
    attractor: Array
    criterion: str
    members: Mask
    unknown: Mask
    in_basin: Mask
    basin_unknown: Mask
    steps: NDArray[np.int64]
    factors: Array
    intervals: tuple[Interval, ...] | None
    proved: bool
    coordinates: str

    @property
    def member(self) -> Mask:
        """Which points are in the set, shape (...)."""
        return np.asarray(self.members[CRITERIA.index(self.criterion)])

    @property
    def undecided(self) -> Mask:
        """Which points may or may not be in it, shape (...)."""
        return np.asarray(self.unknown[CRITERIA.index(self.criterion)])

    @property
    def fraction(self) -> float:
        """Share of the basin's points that are in the set; NaN if no point is in the basin."""
        return self._of_basin(self.member)

    @property
    def non_normality_gap(self) -> float:
        """Share of the basin's points in the spectral but not in the stepwise set: there neither theorem of the papers holds.

        Gradients need not vanish along these orbits although every eigenvalue does; NaN if no point is in the basin.
        """
        return self._of_basin(self.members[0] & ~self.members[2])

    @property
    def shares(self) -> dict[str, float]:
        """Share of all points in the basin and in each of the four sets: of a grid, volume over that of its box."""
        size = max(self.in_basin.size, 1)
        counts = {"basin": self.in_basin, **dict(zip(CRITERIA, self.members, strict=True))}
        return {name: float(np.count_nonzero(mask) / size) for name, mask in counts.items()}

    def under(self, criterion: str) -> ReducedAttractingSet:
        """The same points under another criterion; nothing is computed again."""
        return replace(self, criterion=check_criterion(criterion))

    def _of_basin(self, mask: Mask) -> float:
        basin = np.count_nonzero(self.in_basin)
        return float(np.count_nonzero(mask) / basin) if basin else np.nan

    def summary(self) -> str:
        size = self.in_basin.size
        period = len(self.attractor)
        what = "fixed point" if period == 1 else f"cycle of period {period}"
        lines = [
            f"reduced attracting set of a {what} ({self.coordinates}), {size} points, criterion {self.criterion!r}",
            f"{'':<10} {'points':>9} {'of all':>8} {'of basin':>8} {'undecided':>9}",
            self._row("basin", self.in_basin, self.basin_unknown),
        ]
        for name, mask, unknown in zip(CRITERIA, self.members, self.unknown, strict=True):
            lines.append(f"{self._row(name, mask, unknown)}  {MEANING[name]}")
        if self.in_basin.any():
            lines.append(
                f"non-normality gap {self.non_normality_gap:.4f}: share of the basin in the spectral, not in the stepwise set"
            )
        else:
            lines.append("no point is in the basin: shares of it have no value")
        if self.intervals is not None:
            shown = " or ".join(f"({lo:.6g}, {hi:.6g})" for lo, hi in self.intervals[:4]) or "empty"
            more = f" or {len(self.intervals) - 4} more" if len(self.intervals) > 4 else ""
            lines.append(f"stepwise set in closed form: {shown}{more}")
        if not self.proved:
            lines.append("convergence rests on samples of the Jacobian around the attractor: not proved")
        return "\n".join(lines)

    def _row(self, name: str, mask: Mask, unknown: Mask) -> str:
        count, size = np.count_nonzero(mask), max(mask.size, 1)
        share = f"{self._of_basin(mask):.4f}" if self.in_basin.any() else "-"
        return f"{name:<10} {count:>9} {count / size:>8.4f} {share:>8} {np.count_nonzero(unknown):>9}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """The set within the basin, and the attractor; more than two dimensions on the plane of their largest spread."""
        from dynlatch.analysis.plots.attracting_sets import plot_attracting_set

        if not self.in_basin.size:
            raise InvalidInput("there is nothing to draw: the result is about no points.")
        return plot_attracting_set(self, ax=ax)


def check_criterion(criterion: Any) -> str:
    """`criterion` if it is one of the four; otherwise one sentence."""
    if not isinstance(criterion, str) or criterion not in CRITERIA:
        raise InvalidInput(f"`criterion` must be one of {', '.join(CRITERIA)}; got {criterion!r}.")
    return str(criterion)
