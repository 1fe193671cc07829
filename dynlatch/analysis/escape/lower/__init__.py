"""Lower bounds of u*: each is proved, rounding included.

A bound is a function of the question, the best upper bound known and the effort, in a file of its own; to add one, write it and
list it in `lower_bounds`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from dynlatch.analysis.escape.question import LowerBound, Question

CLOSED = 0.9995  # of the upper bound: no further bound is tried

Bound: TypeAlias = Callable[[Question, float, str], LowerBound | None]


def lower_bounds(effort: str) -> tuple[Bound, ...]:
    """All that are worth the effort, cheapest first; imported here because some are compiled."""
    from dynlatch.analysis.escape.lower.ball import ball_bound
    from dynlatch.analysis.escape.lower.dual.bound import dual_bound
    from dynlatch.analysis.escape.lower.kept_products import kept_products
    from dynlatch.analysis.escape.lower.small_gain import small_gain

    return (ball_bound, small_gain, dual_bound) + ((kept_products,) if effort == "high" else ())


def lower_bound(question: Question, upper: float, effort: str) -> LowerBound | None:
    """The largest of all lower bounds; None where nothing is proved."""
    best: LowerBound | None = None
    for bound in lower_bounds(effort) if question.smooth else ():
        found = bound(question, upper, effort)
        if found is not None and (best is None or found.value > best.value):
            best = found
        if best is not None and best.value >= CLOSED * upper:
            break
    return best
