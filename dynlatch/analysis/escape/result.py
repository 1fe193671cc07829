"""What `escape_threshold` returns."""

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


class EscapeOutcome(StrEnum):
    """What the two bounds mean."""

    EXACT = "exact"
    MONOSTABLE = "monostable"
    UNREACHABLE = "unreachable"
    NEUTRAL = "neutral"
    UNAVAILABLE = "unavailable"

    @property
    def sentence(self) -> str:
        return {
            EscapeOutcome.EXACT: "Both bounds coincide: below the threshold no input drives the state out of the basin, above "
            "it one does.",
            EscapeOutcome.MONOSTABLE: "There is no other attractor: whatever the input does, the state comes back once the "
            "input is off.",
            EscapeOutcome.UNREACHABLE: "There are other attractors, but no input of this kind, however large, leads to one.",
            EscapeOutcome.NEUTRAL: "The largest multiplier is 1 to rounding: the point attracts no more than neutrally, and "
            "there is no other attractor.",
            EscapeOutcome.UNAVAILABLE: "No bound is known for this map yet: exact values exist in one dimension and for "
            "sign-consistent weights under box inputs.",
        }[self]


@dataclass(frozen=True, eq=False)
class EscapeThreshold(Result):
    """Bracket of the escape threshold u* of an attractor.

    Attributes
    ----------
    lower, upper : float
        No input sequence with entries at most `lower` in size escapes; one slightly above `upper` does.
    exact : bool
        Whether the two coincide by theory (then they are equal).
    outcome : EscapeOutcome
    witness : ndarray, shape (T, m), or None
        Inputs that escape, with norm in (upper, upper (1 + 1e-6)]; None if there are none, or if the passage near the
        threshold takes more steps than were allowed.
    destination : ndarray, shape (n,), or None
        Where the state comes to rest after the witness, when the input is off again (a point of a cycle, if it is one).
    lower_method, upper_method : str
    attractor : ndarray, shape (n,)
    norm : float
        Norm of the input at each time: inf or 2.
    steps : int or None
        Number of steps during which inputs act; None is without limit.
    coordinates : str
    """

    lower: float
    upper: float
    exact: bool
    outcome: EscapeOutcome
    witness: Array | None
    destination: Array | None
    lower_method: str
    upper_method: str
    attractor: Array
    norm: float
    steps: int | None
    coordinates: str

    def summary(self) -> str:
        span = "any number of steps" if self.steps is None else f"{self.steps} step{'s' * (self.steps != 1)}"
        size = "largest entry" if np.isinf(self.norm) else "2-norm"
        value = f"u* = {self.lower:.15g}" if self.exact else f"u* in [{self.lower:.15g}, {self.upper:.15g}]"
        lines = [
            f"{value}   ({self.outcome}; {size} of the input at each time; {span})",
            f"  {self.outcome.sentence}",
            f"  attractor ({self.coordinates}): {_shown(self.attractor)}",
        ]
        if self.lower_method:
            same = self.lower_method == self.upper_method
            how = f"by {self.lower_method}" if same else f"lower bound: {self.lower_method}; upper: {self.upper_method}"
            lines.append(f"  {how}")
        if self.witness is not None and self.destination is not None:
            lines.append(
                f"  witness: {len(self.witness)} steps, norm {np.linalg.norm(self.witness, self.norm, axis=1).max():.15g}, "
                f"ends at {_shown(self.destination)}"
            )
        elif self.exact:
            lines.append("  no witness was simulated: just above u* the passage takes longer than the step limit")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.escape import plot_escape

        if self.witness is None:
            raise InvalidInput(f"there is no escaping input to draw (outcome: {self.outcome}).")
        return plot_escape(self, ax=ax)


def _shown(point: Array) -> str:
    return np.array2string(point, precision=5, suppress_small=True, threshold=6, edgeitems=3)
