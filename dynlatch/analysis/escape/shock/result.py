"""What `fatal_shock` returns."""

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


class ShockOutcome(StrEnum):
    """What the two bounds mean."""

    EXACT = "exact"
    BRACKETED = "bracketed"
    MONOSTABLE = "monostable"
    UNREACHABLE = "unreachable"
    NONE_FOUND = "none found"

    @property
    def sentence(self) -> str:
        return {
            ShockOutcome.EXACT: "Both bounds coincide: smaller shocks are harmless, and just above there is a fatal one.",
            ShockOutcome.BRACKETED: "Shocks up to the lower bound are harmless; the one given, as large as the upper bound, is "
            "fatal.",
            ShockOutcome.MONOSTABLE: "The state comes back from everywhere.",
            ShockOutcome.UNREACHABLE: "The state comes back from every shock of this kind, however large.",
            ShockOutcome.NONE_FOUND: "No fatal shock was found, and none is excluded beyond the lower bound.",
        }[self]


@dataclass(frozen=True, eq=False)
class FatalShock(Result):
    """How far the boundary of a basin is from its attractor.

    Attributes
    ----------
    lower, upper : float
        Shocks of norm below `lower` lead back to the attractor (proved); `shock` does not.
    exact : bool
        Whether the two coincide by theory (then they are equal).
    outcome : ShockOutcome
    shock : ndarray, shape (m,), or None
        The smallest fatal shock found, of norm in [upper, upper (1 + 1e-6)]; None if there is none.
    displacement : ndarray, shape (n,), or None
        What it adds to the state: the shock itself, or through the input matrix.
    path : ndarray, shape (T + 1, n)
        The states from the attractor displaced to where it leads; of shape (0, n) without a shock.
    destination : ndarray, shape (n,), or None
        Where the state comes to rest (a point of a cycle, if it is one; of a set on which it never rests, one of its states);
        None if it leaves all bounds.
    lower_method, upper_method : str
    attractor : ndarray, shape (n,)
        The fixed point; of a cycle, the point at which the shock is fatal.
    norm : float
        inf or 2.
    coordinates : str
    """

    lower: float
    upper: float
    exact: bool
    outcome: ShockOutcome
    shock: Array | None
    displacement: Array | None
    path: Array
    destination: Array | None
    lower_method: str
    upper_method: str
    attractor: Array
    norm: float
    coordinates: str

    def summary(self) -> str:
        size = "largest entry" if np.isinf(self.norm) else "2-norm"
        value = f"= {self.lower:.15g}" if self.exact else f"in [{self.lower:.10g}, {self.upper:.10g}]"
        lines = [
            f"minimal fatal shock {value}   ({self.outcome}; {size})",
            f"  {self.outcome.sentence}",
            f"  attractor ({self.coordinates}): {_shown(self.attractor)}",
        ]
        if self.lower_method:
            lines.append(f"  lower bound: {self.lower_method}; upper: {self.upper_method or 'none'}")
        if self.shock is not None:
            where = "leaves all bounds" if self.destination is None else f"ends at {_shown(self.destination)}"
            lines.append(f"  shock: {_shown(self.shock)}, {where}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the shock, the norm ball it touches, and where it leads."""
        from dynlatch.analysis.plots.shock import plot_shock

        if self.shock is None:
            raise InvalidInput(f"there is no fatal shock to draw (outcome: {self.outcome}).")
        return plot_shock(self, ax=ax)


def _shown(point: Array) -> str:
    return np.array2string(point, precision=5, suppress_small=True, threshold=6, edgeitems=3)
