"""What `gamma_threshold` returns."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class GammaOutcome(StrEnum):
    """What the two bounds mean."""

    EXACT = "exact"
    BRACKET = "bracket"
    NEVER_LEAVES = "never leaves"
    NO_EXIT_FOUND = "no exit found"
    NOTHING_PROVED = "nothing proved"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        return {
            GammaOutcome.EXACT: "Both bounds coincide: up to the threshold every step shrinks, above it an input leads to one "
            "that does not.",
            GammaOutcome.BRACKET: "Up to the lower bound every step shrinks, which is proved; an input of the size of the "
            "upper bound leads to one that does not.",
            GammaOutcome.NEVER_LEAVES: "Every step shrinks at every state: no input leads out of Gamma.",
            GammaOutcome.NO_EXIT_FOUND: "Up to the lower bound every step shrinks, which is proved; the search found no input "
            "that leads to one that does not.",
            GammaOutcome.NOTHING_PROVED: "An input of the size of the upper bound leads to a step that does not shrink; below "
            "it nothing is proved.",
            GammaOutcome.UNKNOWN: "Nothing is proved, and the search found no input that leads out of Gamma.",
        }[self]


@dataclass(frozen=True, eq=False)
class GammaThreshold(Result):
    """Bracket of the threshold u*_Gamma of an attractor.

    Attributes
    ----------
    lower, upper : float
        Under inputs of size at most `lower` every step from every reachable state has size below 1: proved, rounding included,
        unless `exact`. One sequence of size `upper` leads to a step of size 1 or more (slightly above `upper` where `exact`).
    exact : bool
        Whether the two coincide by theory.
    outcome : GammaOutcome
    witness : ndarray, shape (T, m), or None
        Inputs that lead to such a step; the last of them acts during it, for maps whose Jacobian depends on the input.
    path : ndarray, shape (T + 1, n), or None
        States under the witness.
    step_sizes : ndarray, shape (T + 1,), or None
        Sizes of the steps from these states, `|S_{t+1} M'(a_t, u_{t+1}) S_t^-1|_2`, the last one without input.
    exit : ndarray, shape (n,), or None
        The first state from which a step has size 1 or more.
    factors : ndarray, shape (p, n, n)
        S_j of the norm at the j-th point of the attractor.
    lower_method, upper_method : str
    attractor : ndarray, shape (p, n)
    norm : float
        Norm of the input at each time: inf or 2.
    steps : int or None
        Number of steps during which inputs act; None is without limit.
    coordinates : str
        What states, `factors` and the norm are about. Activations wherever the map has them: outputs have other norms.
    """

    lower: float
    upper: float
    exact: bool
    outcome: GammaOutcome
    witness: Array | None
    path: Array | None
    step_sizes: Array | None
    exit: Array | None
    factors: Array
    lower_method: str
    upper_method: str
    attractor: Array
    norm: float
    steps: int | None
    coordinates: str

    @property
    def ratio(self) -> float:
        """`lower / upper`: 1 for a closed bracket, 0 where one side is open."""
        if self.lower == self.upper:
            return 1.0
        return 0.0 if np.isinf(self.upper) else self.lower / self.upper

    @property
    def condition(self) -> float:
        """Largest condition number of the S_j: products of steps are below it times the product of their sizes, in 2-norm."""
        return float(np.linalg.cond(self.factors).max())

    def summary(self) -> str:
        closed = self.lower == self.upper
        value = f"u*_Gamma = {self.lower:.15g}" if closed else f"u*_Gamma in [{self.lower:.6g}, {self.upper:.6g}]"
        size = "largest entry" if np.isinf(self.norm) else "2-norm"
        span = "any number of steps" if self.steps is None else f"{self.steps} step{'s' * (self.steps != 1)}"
        lines = [
            f"{value}   ({self.outcome}; {size} of the input at each time; {span})",
            f"  {self.outcome.sentence}",
            f"  attractor ({self.coordinates}): {_shown(self.attractor[0])}",
            f"  in the norm adapted to it, of condition number {self.condition:.4g}",
        ]
        lines += [f"  lower bound: {self.lower_method}"] if self.lower_method else []
        lines += [f"  upper bound: {self.upper_method}"] if self.upper_method else []
        if self.witness is not None and self.exit is not None:
            count = len(self.witness)
            lines.append(f"  witness: {count} step{'s' * (count != 1)}, leaves Gamma at {_shown(self.exit)}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Sizes of the steps and of the inputs along the witness, against time."""
        from dynlatch.analysis.plots.gamma import plot_gamma

        if self.witness is None:
            raise InvalidInput(f"there is no path out of Gamma to draw (outcome: {self.outcome}).")
        return plot_gamma(self, ax=ax)


def _shown(point: Array) -> str:
    return np.array2string(point, precision=5, suppress_small=True, threshold=6, edgeitems=3)
