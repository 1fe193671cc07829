"""The small-gain bound for gated nets with the products of their gates kept to second order in the inputs of the past.

As `small_gain`, with the induction step `reduced.history.reach_history`. Nets without products gain nothing by it.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.analysis.escape.lower.reduced.circuit import Circuit, circuit_of
from dynlatch.analysis.escape.lower.reduced.history import Known, reach_history
from dynlatch.analysis.escape.lower.reduced.reach import Boxes, at_rest
from dynlatch.analysis.escape.lower.small_gain import GROWTH, enclosed, leads_back
from dynlatch.analysis.escape.question import LowerBound, Question
from dynlatch.errors import NotAttracting, NotEnclosable

ROUNDS = 40
LARGEST = 3.0  # size of what is not linear, relative to the linear part, at which growing is given up
BISECTIONS = {"default": 5, "high": 7}


def kept_products(question: Question, upper: float, effort: str = "default") -> LowerBound | None:
    """Largest b <= upper found for which a gated net provably stays and comes back; None for nets without products."""
    circuit = circuit_of(question.system) if question.smooth and question.attractor.period == 1 else None
    if circuit is None or all(node.y is None for node in circuit.nodes) or not np.isfinite(upper):
        return None
    try:
        ball = contraction_ball(question.system, question.attractor)
    except (NotAttracting, NotEnclosable):
        return None
    if not ball.proved:
        return None
    start = at_rest(circuit, *enclosed(question, ball))
    inside, outside = 0.0, upper
    for _ in range(BISECTIONS[effort]):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if _safe(circuit, start, ball, middle, question.norm) else (inside, middle)
    return LowerBound(inside * (1.0 - 1e-9), "small gain with the products of gates kept") if inside > 0.0 else None


def _safe(circuit: Circuit, start: Boxes, ball: ContractionBall, b: float, norm: float) -> bool:
    boxes = invariant_history(circuit, start, b, norm)
    return boxes is not None and leads_back(circuit, boxes, ball, norm)


def invariant_history(circuit: Circuit, start: Boxes, b: float, norm: float) -> Boxes | None:
    """Boxes around `start` that no input of size b leaves; None where growing them does not end."""
    known = Known(start.lo, start.hi, np.zeros_like(start.lo))
    first = reach_history(circuit, known, b, norm)
    if first is None:
        return None
    n, known = circuit.states, known._replace(linear=first.linear)
    for _ in range(ROUNDS):
        found = reach_history(circuit, known, b, norm)
        if found is None:
            return None
        if np.all(found.lo >= known.lo) and np.all(found.hi <= known.hi):
            return Boxes(known.lo - found.linear, known.hi + found.linear)
        width = found.hi - found.lo
        if width[:n].mean() > 2.0 * LARGEST * found.linear[:n].mean():
            return None
        known = Known(
            np.minimum(known.lo, found.lo - GROWTH * width), np.maximum(known.hi, found.hi + GROWTH * width), found.linear
        )
    return None
