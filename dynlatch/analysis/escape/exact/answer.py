"""What an exact route answers."""

from __future__ import annotations

from typing import NamedTuple

from dynlatch.validation import Array

EXCESS = 0.99e-6  # relative distance above the threshold at which the witness escapes
WITNESS_STEPS = 100_000


class Undecided(Exception):
    """So close to a bifurcation, or so ill-conditioned, that float64 does not tell: the general bounds take over."""


class ExactAnswer(NamedTuple):
    """The escape threshold by theory, in float64: to about 1e-12 relative, away from degenerate folds.

    Attributes
    ----------
    value : float
        Nothing of that size or below escapes. Infinite if nothing escapes at all. Of a cycle under inputs that last a finite
        number of steps: none that begin at its first point.
    reason : {"exact", "monostable", "unreachable", "neutral"}
        The words of `EscapeOutcome`.
    method : str
    witness : ndarray, shape (T, m), or None
        Inputs from the first point of the attractor that escape, their norm in (value, value (1 + 1e-6)]. None if there are
        none, or if the passage just above the threshold takes longer than the limit of 100 000 steps.
    """

    value: float
    reason: str
    method: str
    witness: Array | None = None
