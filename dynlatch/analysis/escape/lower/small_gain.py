"""The small-gain bound for nets with few inputs: sums of the impulse response against the bounds on what is not linear.

With M(x + d, u) = x + J d + B u + G e(d, u) and |e| <= E(r) while |d| <= r, the state obeys |d_t| <= r for ever if

    r >= b sum_k |J^k B| 1 + sum_k |J^k G| E(r).

Here J, the centre and E come from the chords of the units over the boxes that hold their arguments, so that E is half of what
the tangent at the attractor gives or less, and boxes are kept for the arguments of the units too, each a functional of the
state with its own sum (`reduced.reach`). The basin step repeats this without input until the box lies in a ball that contracts.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.analysis.escape.lower.reduced.circuit import Circuit, circuit_of
from dynlatch.analysis.escape.lower.reduced.reach import Boxes, at_rest, reach
from dynlatch.analysis.escape.question import LowerBound, Question
from dynlatch.errors import NotAttracting, NotEnclosable
from dynlatch.validation import Array

ROUNDS = 100  # of growing the boxes until they hold
GROWTH = 0.003  # share of its width by which a box is widened beyond what was reached
LARGEST = 8.0  # widths relative to those of the linear response at which growing is given up
BISECTIONS = {"default": 6, "high": 9}
FIRST = 1e-3


def small_gain(question: Question, upper: float = np.inf, effort: str = "default") -> LowerBound | None:
    """Largest b found for which boxes around the attractor hold the state for ever and lead back to it; None without a circuit.

    Parameters
    ----------
    question : Question
    upper : float
        An upper bound; nothing above it is tried.
    effort : {"default", "high"}
    """
    circuit = circuit_of(question.system) if question.smooth and question.attractor.period == 1 else None
    if circuit is None:
        return None
    try:
        ball = contraction_ball(question.system, question.attractor)
    except (NotAttracting, NotEnclosable):
        return None
    if not ball.proved:
        return None
    start = at_rest(circuit, *enclosed(question, ball))
    best = _largest(circuit, start, ball, question.norm, upper, BISECTIONS[effort])
    return LowerBound(best * (1.0 - 1e-9), "small gain along the chords") if best > 0.0 else None


def _largest(circuit: Circuit, start: Boxes, ball: ContractionBall, norm: float, upper: float, rounds: int) -> float:
    """The largest size shown safe, by bisection on a logarithmic scale where no upper bound is known."""

    def safe(b: float) -> bool:
        boxes = invariant(circuit, start, b, norm)
        return boxes is not None and leads_back(circuit, boxes, ball, norm)

    inside, outside = 0.0, upper
    if not np.isfinite(upper):
        outside = FIRST * (1.0 + float(np.abs(ball.orbit).max()))
        while safe(outside) and outside < 1e9:
            inside, outside = outside, 2.0 * outside
    for _ in range(rounds):
        middle = 0.5 * (inside + outside)
        inside, outside = (middle, outside) if safe(middle) else (inside, middle)
    return inside


def invariant(circuit: Circuit, start: Boxes, b: float, norm: float) -> Boxes | None:
    """Boxes around `start` that no input of size b leaves; None where growing them does not end."""
    boxes = start
    least = None
    for _ in range(ROUNDS):
        reached = reach(circuit, boxes, b, norm)
        if reached is None:
            return None
        if np.all(reached.lo >= boxes.lo) and np.all(reached.hi <= boxes.hi):
            return boxes
        width = reached.hi - reached.lo
        least = width.mean() if least is None else least
        if width.mean() > LARGEST * least:
            return None
        boxes = Boxes(np.minimum(boxes.lo, reached.lo - GROWTH * width), np.maximum(boxes.hi, reached.hi + GROWTH * width))
    return None


def leads_back(circuit: Circuit, boxes: Boxes, ball: ContractionBall, norm: float) -> bool:
    """Whether without input every state that `boxes` hold comes to lie in the ball, after K steps a round."""
    n = circuit.states
    for _ in range(ROUNDS):
        if _inside(ball, boxes.lo[:n], boxes.hi[:n]):
            return True
        reached = reach(circuit, boxes, 0.0, norm)
        if reached is None:
            return False
        smaller = Boxes(np.maximum(boxes.lo, reached.lo), np.minimum(boxes.hi, reached.hi))
        if (smaller.hi - smaller.lo).max() > 0.999 * (boxes.hi - boxes.lo).max():
            return False
        boxes = smaller
    return False


def _inside(ball: ContractionBall, lo: Array, hi: Array) -> bool:
    """Whether a box of states lies in the ball of a fixed point."""
    far = np.maximum(hi - ball.orbit[0], ball.orbit[0] - lo)
    return bool(np.linalg.norm(np.abs(ball.factors[0]) @ far) <= ball.radius * (1.0 - 1e-9))


def enclosed(question: Question, ball: ContractionBall) -> tuple[Array, Array]:
    """A box that holds the true fixed point: `|S (x - x*)| <= |S (M(x) - x)| / (1 - rate)`, M(x) by its interval image."""
    x = ball.orbit[0]
    lo, hi = question.system.enclose(x, x)  # type: ignore[attr-defined]
    miss = np.nextafter(np.maximum(hi - x, x - lo), np.inf)
    distance = float(np.linalg.norm(np.abs(ball.factors[0]) @ miss)) / (1.0 - ball.rate)
    margin = distance * np.linalg.norm(ball.inverses[0], axis=1) / (1.0 - float(ball.defects.max())) * (1.0 + 1e-9)
    return x - margin - 1e-300, x + margin + 1e-300
