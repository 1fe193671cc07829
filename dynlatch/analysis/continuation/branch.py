"""What continuation returns: branches of fixed points or cycles, and the special points on them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.continuation.arclength import ContinuationEnd
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

RESONANCE = 1e-3  # distance of exp(i k angle) from 1 below which a Neimark-Sacker point is called resonant


class Bifurcation(StrEnum):
    """Kinds of special points on a branch."""

    FOLD = "fold"
    PITCHFORK = "pitchfork"
    TRANSCRITICAL = "transcritical"
    BRANCH_POINT = "branch point"
    FLIP = "flip"
    NEIMARK_SACKER = "Neimark-Sacker"

    @property
    def sentence(self) -> str:
        return {
            Bifurcation.FOLD: "Two fixed points meet and vanish: the branch turns back (a multiplier is 1).",
            Bifurcation.PITCHFORK: "A symmetric pair of fixed points leaves or joins the branch (a multiplier is 1).",
            Bifurcation.TRANSCRITICAL: "Two branches cross and exchange their stability (a multiplier is 1).",
            Bifurcation.BRANCH_POINT: "Several multipliers are 1 at once, or branches cross in a way that was not resolved.",
            Bifurcation.FLIP: "A cycle of twice the period leaves or joins the branch (a multiplier is -1).",
            Bifurcation.NEIMARK_SACKER: "An invariant closed curve leaves or joins the branch (a complex pair of multipliers "
            "is on the unit circle).",
        }[self]


@dataclass(frozen=True, eq=False)
class SpecialPoint:
    """A bifurcation on a branch.

    Attributes
    ----------
    kind : Bifurcation
    parameter : float
    point : ndarray, shape (n,)
    multiplier : complex
        The critical one, with non-negative imaginary part.
    coefficient : float
        Of the normal form along the critical direction of length 1: fold, transcritical `u' = u + c u^2`; pitchfork
        `u' = u + c u^3` (c < 0: supercritical); flip `u' = -u + c u^3` (c > 0: supercritical, the new cycle attracts);
        Neimark-Sacker `r' = r + c r^3` (c < 0: supercritical). NaN where it was not resolved.
    direction : ndarray, shape (n,)
        Critical eigenvector (its real part, for Neimark-Sacker), length 1.
    error : float
        Length of the last correction of Newton's method on the bordered system, over state and parameter; infinite where that
        did not converge and the point was only bracketed.
    period : int
        Of the orbits of the branch.
    """

    kind: Bifurcation
    parameter: float
    point: Array
    multiplier: complex
    coefficient: float
    direction: Array
    error: float
    period: int

    @property
    def resonance(self) -> int:
        """k from 1 to 4 if a Neimark-Sacker multiplier is a k-th root of unity, where no smooth curve need exist; else 0."""
        if self.kind is not Bifurcation.NEIMARK_SACKER:
            return 0
        return next((k for k in (1, 2, 3, 4) if abs(self.multiplier**k - 1.0) < RESONANCE), 0)

    def __str__(self) -> str:
        angle = np.angle(self.multiplier)
        turn = f", angle {angle:.6g}" if self.kind is Bifurcation.NEIMARK_SACKER else ""
        note = f", strong resonance 1:{self.resonance}" if self.resonance else ""
        accuracy = f"+- {self.error:.0e}" if np.isfinite(self.error) else "(bracketed only)"
        return f"{self.kind} at {self.parameter:.12g} {accuracy}, normal form {self.coefficient:.4g}{turn}{note}"


@dataclass(frozen=True, eq=False)
class Branch(Result):
    """A curve of fixed points or cycles over one parameter, in the order along the curve.

    Attributes
    ----------
    parameters : ndarray, shape (k,)
    orbits : ndarray, shape (k, period, n)
        The fixed point, or the points of the cycle in their order; `points` (k, n) are the first ones.
    eigenvalues : complex ndarray, shape (k, n)
        Multipliers of M^period.
    stability : object ndarray of Stability, shape (k,)
    special : tuple of SpecialPoint
    rows : int ndarray
        The row at which each special point stands on the branch.
    ends : tuple of two ContinuationEnd
        Why the curve ends at its first and at its last row.
    label : str
        Name of the parameter.
    coordinates : str
        What the state is.
    """

    parameters: Array
    orbits: Array
    eigenvalues: NDArray[np.complex128]
    stability: NDArray[np.object_]
    special: tuple[SpecialPoint, ...]
    rows: NDArray[np.int64]
    ends: tuple[ContinuationEnd, ContinuationEnd]
    label: str
    coordinates: str

    @property
    def points(self) -> Array:
        """The fixed points, or one point of every cycle: shape (k, n)."""
        return self.orbits[:, 0]

    @property
    def period(self) -> int:
        """Number of points of each orbit."""
        return int(self.orbits.shape[1])

    def __len__(self) -> int:
        return len(self.parameters)

    def of_kind(self, kind: str) -> tuple[SpecialPoint, ...]:
        """The special points of one kind."""
        return tuple(point for point in self.special if point.kind == kind)

    def summary(self) -> str:
        what = "fixed points" if self.period == 1 else f"cycles of period {self.period}"
        kinds = Counter(str(word) for word in self.stability)
        low, high = self.parameters.min(), self.parameters.max()
        lines = [
            f"branch of {what} over {self.label} from {low:.6g} to {high:.6g}, {len(self)} points ({self.coordinates}): "
            + ", ".join(f"{count} {word}" for word, count in sorted(kinds.items())),
            f"  first end: {self.ends[0]}; last end: {self.ends[1]}",
        ]
        return "\n".join([*lines, *(f"  {point}" for point in self.special)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """One component of the state over the parameter, stable parts solid, with the special points."""
        from dynlatch.analysis.plots.continuation import plot_branches

        return plot_branches((self,), ax=ax)


@dataclass(frozen=True, eq=False)
class BifurcationDiagram(Result):
    """All branches that were found over a parameter range.

    Attributes
    ----------
    branches : tuple of Branch
        Fixed points first, then cycles; of one period in the order in which they were found.
    not_followed : tuple of str
        What was left out and why; empty if everything that was found was followed.
    """

    branches: tuple[Branch, ...]
    not_followed: tuple[str, ...]

    @property
    def special(self) -> tuple[SpecialPoint, ...]:
        """The special points of all branches, each once, by parameter."""
        seen: list[SpecialPoint] = []
        for point in sorted((p for branch in self.branches for p in branch.special), key=lambda p: p.parameter):
            if not any(_same(point, other) for other in seen):
                seen.append(point)
        return tuple(seen)

    def of_kind(self, kind: str) -> tuple[SpecialPoint, ...]:
        """The special points of one kind, each once."""
        return tuple(point for point in self.special if point.kind == kind)

    def summary(self) -> str:
        count = Counter(str(point.kind) for point in self.special)
        kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(count.items())) or "none"
        lines = [f"{len(self.branches)} branch{'es' * (len(self.branches) != 1)}; special points: {kinds}"]
        lines += [branch.summary() for branch in self.branches]
        return "\n".join([*lines, *self.not_followed])

    def plot(self, ax: Axes | None = None) -> Axes:
        """One component of the state over the parameter, stable parts solid, with the special points."""
        from dynlatch.analysis.plots.continuation import plot_branches

        return plot_branches(self.branches, ax=ax)


def _same(one: SpecialPoint, other: SpecialPoint) -> bool:
    size = 1.0 + np.abs(one.point).max() + abs(one.parameter)
    near = np.abs(one.point - other.point).max() + abs(one.parameter - other.parameter) <= 1e-6 * size
    return bool(one.kind == other.kind and near)
