"""Which exact route answers a question."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.exact.answer import EXCESS, ExactAnswer, Undecided
from dynlatch.analysis.escape.exact.extremes import Extremes, extremes
from dynlatch.analysis.escape.exact.horizon import finite_threshold
from dynlatch.analysis.escape.exact.monotone import Loss, Side, first_loss, is_only_one, sides
from dynlatch.analysis.escape.exact.passage import escape_length, witness
from dynlatch.analysis.escape.exact.pushed import Pushed, contracts
from dynlatch.analysis.escape.exact.scalar import closed_form, is_latch, is_neutral, loss_of
from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.structure import ROUNDING, ActivationForm, steepest_slope
from dynlatch.linalg import matrix_norm
from dynlatch.validation import Array

SCALAR = "exact scalar theory: the fold in closed form"
FOLD = "fold under the extreme constant input (bordered Newton)"
EXTREME_ORBITS = "the extreme orbits of a monotone map"
ALTERNATING = "fold under the extreme alternating input (bordered Newton)"


class Found(NamedTuple):
    """The threshold in one extreme direction of one part of the net."""

    value: float
    side: Side
    loss: Loss | None
    method: str


def exact_threshold(question: Question) -> ExactAnswer | None:
    """The escape threshold where theory gives it, or None.

    Covered: contractions of the whole space; one unit; nets that preserve an order (sign-consistent weights) under box inputs,
    or under one input in any norm, leaks included; nets that reverse an order, the same, without leak and for sequences. The
    activation must be bounded and increasing, and must say where its slope is largest.

    Parameters
    ----------
    question : Question

    Returns
    -------
    ExactAnswer or None
        None also where float64 does not decide: next to a degenerate fold, or at the ends of the floating-point range.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch.analysis.escape.exact import exact_threshold
    >>> from dynlatch.analysis.escape.question import ask
    >>> answer = exact_threshold(ask(dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]]), [3.9, 4.0]))
    >>> round(answer.value, 10), answer.reason
    (2.0960608718, 'exact')
    """
    if question.form is None or not question.smooth:
        return None
    if is_contraction(question.form):
        return ExactAnswer(np.inf, "monostable", "the map is a contraction of the whole space")
    case = extremes(question)
    if case is None or _keeps_phases(case):
        return None
    if question.attractor.spectral_radius >= 1.0:
        return ExactAnswer(np.inf, "neutral", SCALAR) if is_neutral(case.form) else None
    if not case.form.f.bounded:
        return None
    try:
        with np.errstate(all="ignore"):
            return _by_order(question, case)
    except Undecided:
        return _if_only_one(case)


def _keeps_phases(case: Extremes) -> bool:
    """Whether a leak carries one phase of a cycle into the next: only at a fixed point is it undone by `1 / (1 - leak)`."""
    return len(case.points) > 1 and bool(case.form.leak.any())


def is_contraction(form: ActivationForm) -> bool:
    """Whether the map contracts the whole space in the 2-norm or in a weighted maximum norm."""
    steepest = steepest_slope(form.f)
    if not np.isfinite(steepest):
        return False
    if float(matrix_norm(form.W, 2)) * steepest + float(form.leak.max()) < 1.0 - ROUNDING:
        return True
    stays = 1.0 - form.leak
    system = Pushed(form.W / stays[:, None], form.c, np.zeros(len(stays)), form.f, np.ones(len(stays)))
    everywhere = np.full(len(stays), np.inf)
    return contracts(system, -everywhere, everywhere)


def _by_order(question: Question, case: Extremes) -> ExactAnswer | None:
    """The easiest of the extreme directions of all parts decides."""
    # The two directions of a fixed point of a net that reverses the order differ in the phase only.
    same = len(case.points) == 2 and case.flips[1] < 0 and np.array_equal(*case.points) and question.steps is None
    among = sides(case, (1.0,) if same else (1.0, -1.0))
    easiest = min((_threshold(question, case, side) for side in among), key=lambda found: found.value)
    if np.isinf(easiest.value):
        return ExactAnswer(np.inf, "monostable" if is_only_one(case) else "unreachable", EXTREME_ORBITS)
    return ExactAnswer(easiest.value, "exact", easiest.method, _witness(question, case, easiest))


def _if_only_one(case: Extremes) -> ExactAnswer | None:
    """Whatever the folds may be: there is nowhere else to go."""
    try:
        with np.errstate(all="ignore"):
            return ExactAnswer(np.inf, "monostable", EXTREME_ORBITS) if is_only_one(case) else None
    except Undecided:
        return None


def _threshold(question: Question, case: Extremes, side: Side) -> Found:
    """The threshold in one direction of one part."""
    value = closed_form(case, side, question.steps) if is_latch(side) else None
    if value is not None:
        loss = None if np.isinf(value) or question.steps is not None else loss_of(side, value)
        return Found(value, side, loss, SCALAR)
    loss = first_loss(side.system, side.attractor)
    if loss is None:
        return Found(np.inf, side, None, EXTREME_ORBITS)
    if question.steps is not None:
        horizon = finite_threshold(case, side, loss, question.steps)
        return Found(horizon, side, loss, f"bisection on the extreme input of {question.steps} steps")
    return Found(loss.size * side.scale, side, loss, FOLD if case.flips.min() > 0 else ALTERNATING)


def _witness(question: Question, case: Extremes, found: Found) -> Array | None:
    """The extreme inputs just above the threshold; None if the passage is too long, or ends in the same cycle, out of phase.

    In that last case the threshold stands all the same: the states that inputs of one size reach are connected, and the basins
    of the phases are disjoint open sets, so that some input ends between them. No input with room for rounding does.
    """
    if found.loss is not None and _is_slip(case, found.side, found.loss):
        return None
    steps = question.steps
    if steps is None and found.loss is not None:
        steps = escape_length(case, found.side, found.loss)
    return None if steps is None else witness(case, found.side.way, found.value * (1.0 + EXCESS), steps)


def _is_slip(case: Extremes, side: Side, loss: Loss) -> bool:
    """Whether the released state ends on the attractor's own cycle, at another phase."""
    flat = case.points.reshape(-1).copy()
    flat[side.kept] = loss.beyond
    ends = flat.reshape(case.points.shape)
    far = float(np.abs(case.points - ends).max())
    return any(np.abs(np.roll(case.points, k, axis=0) - ends).max() <= 1e-6 * far for k in range(1, len(ends)))
