"""Lower bounds of u*: each is proved, rounding included.

A bound is a function of the question, the best upper bound known and the effort, in a file of its own; to add one, write it and
list it in LOWER_BOUNDS.
"""

from __future__ import annotations

from dynlatch.analysis.escape.lower.ball import ball_bound
from dynlatch.analysis.escape.question import LowerBound, Question

CLOSED = 0.9995  # of the upper bound: no further bound is tried

LOWER_BOUNDS = (ball_bound,)


def lower_bound(question: Question, upper: float, effort: str) -> LowerBound | None:
    """The largest of all lower bounds, cheapest first; None where nothing is proved."""
    best: LowerBound | None = None
    for bound in LOWER_BOUNDS:
        found = bound(question, upper, effort)
        if found is not None and (best is None or found.value > best.value):
            best = found
        if best is not None and best.value >= CLOSED * upper:
            break
    return best
