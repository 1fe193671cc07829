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
    BRACKET = "bracket"
    NO_ESCAPE_FOUND = "no escape found"
    NOTHING_PROVED = "nothing proved"
    MONOSTABLE = "monostable"
    UNREACHABLE = "unreachable"
    NEUTRAL = "neutral"
    UNKNOWN = "unknown"

    @property
    def sentence(self) -> str:
        return {
            EscapeOutcome.EXACT: "Both bounds coincide: below the threshold no input drives the state out of the basin, above "
            "it one does.",
            EscapeOutcome.BRACKET: "No input up to the lower bound escapes, which is proved; one of the size of the upper "
            "bound does.",
            EscapeOutcome.NO_ESCAPE_FOUND: "No input up to the lower bound escapes, which is proved; the search found none "
            "that does.",
            EscapeOutcome.NOTHING_PROVED: "An input of the size of the upper bound escapes; below it nothing is proved.",
            EscapeOutcome.MONOSTABLE: "There is no other attractor: whatever the input does, the state comes back once the "
            "input is off.",
            EscapeOutcome.UNREACHABLE: "There are other attractors, but no input of this kind, however large, leads to one.",
            EscapeOutcome.NEUTRAL: "The largest multiplier is 1 to rounding: the point attracts no more than neutrally, and "
            "there is no other attractor.",
            EscapeOutcome.UNKNOWN: "Nothing is proved, and the search found no input that escapes.",
        }[self]


@dataclass(frozen=True, eq=False)
class EscapeThreshold(Result):
    """Bracket of the escape threshold u* of an attractor.

    Attributes
    ----------
    lower, upper : float
        No input sequence with entries at most `lower` in size escapes: proved, rounding included, unless `exact`. One of size
        `upper` does (slightly above `upper` where `exact`).
    exact : bool
        Whether the two coincide by theory (then they are equal, and right to rounding).
    outcome : EscapeOutcome
    witness : ndarray, shape (T, m), or None
        Inputs that escape, with norm `upper`; of an exact threshold, in (upper, upper (1 + 1e-6)]. None if there are none, or
        if the passage near an exact threshold takes more steps than were allowed.
    destination : ndarray, shape (n,), or None
        Where the state comes to rest after the witness, when the input is off again (a point of a cycle, if it is one; the last
        state that was looked at, if it never rests).
    path : ndarray, shape (T + 1 + tail, n), or None
        States under the witness from the attractor on, and for a while after it.
    jump : float or None
        Size of the input at which the set of reachable states jumps before it leaves the basin, as far as a search sees; None
        if none was seen, or not looked for (`effort="high"` does, where the bracket stays open).
    lower_method, upper_method : str
    attractor : ndarray, shape (n,)
        Of a cycle, its first point.
    norm : float
        Norm of the input at each time: inf or 2.
    steps : int or None
        Number of steps during which inputs act; None is without limit.
    disturbance : str
        sequence, constant or impulse.
    coordinates : str
    """

    lower: float
    upper: float
    exact: bool
    outcome: EscapeOutcome
    witness: Array | None
    destination: Array | None
    path: Array | None
    jump: float | None
    lower_method: str
    upper_method: str
    attractor: Array
    norm: float
    steps: int | None
    disturbance: str
    coordinates: str

    @property
    def ratio(self) -> float:
        """`lower / upper`: 1 for a closed bracket, 0 where one side is open."""
        if self.exact or self.lower == self.upper:
            return 1.0
        return 0.0 if np.isinf(self.upper) else self.lower / self.upper

    def summary(self) -> str:
        closed = self.lower == self.upper
        value = f"u* = {self.lower:.15g}" if closed else f"u* in [{self.lower:.6g}, {self.upper:.6g}]"
        lines = [
            f"{value}   ({self.outcome}; {self._question()})",
            f"  {self.outcome.sentence}",
            f"  attractor ({self.coordinates}): {_shown(self.attractor)}",
        ]
        if self.lower_method and self.lower_method == self.upper_method:
            lines.append(f"  by {self.lower_method}")
        else:
            lines += [f"  lower bound: {self.lower_method}"] if self.lower_method else []
            lines += [f"  upper bound: {self.upper_method}"] if self.upper_method else []
        if self.witness is not None and self.destination is not None:
            lines.append(
                f"  witness: {_steps(len(self.witness))}, norm {np.linalg.norm(self.witness, self.norm, axis=1).max():.15g}, "
                f"ends at {_shown(self.destination)}"
            )
        elif self.exact:
            lines.append("  no witness was simulated: just above u* the passage takes longer than the step limit")
        if self.jump is not None:
            lines.append(f"  the set of reachable states jumps at {self.jump:.3g}, before it leaves the basin")
        return "\n".join(lines)

    def _question(self) -> str:
        size = "largest entry" if np.isinf(self.norm) else "2-norm"
        span = "any number of steps" if self.steps is None else _steps(self.steps)
        kind = ", constant inputs only" if self.disturbance == "constant" else ""
        return f"{size} of the input at each time; {span}{kind}"

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.escape import plot_escape

        if self.witness is None:
            raise InvalidInput(f"there is no escaping input to draw (outcome: {self.outcome}).")
        return plot_escape(self, ax=ax)


def _steps(count: int) -> str:
    return f"{count} step{'s' * (count != 1)}"


def _shown(point: Array) -> str:
    return np.array2string(point, precision=5, suppress_small=True, threshold=6, edgeitems=3)
