"""Lower bound of u* by the K-step dual: the largest input for which a polytope is proved invariant and in the basin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.escape.lower.dual.iteration import Descent, State, Work
from dynlatch.analysis.escape.lower.dual.problem import polytope_of
from dynlatch.analysis.escape.lower.dual.proof import FEWEST_STEPS, Proof, attempt, proof_of, proved, seed_of
from dynlatch.analysis.escape.lower.dual.relaxation import Polytope
from dynlatch.analysis.escape.lower.dual.wide import wide_bound
from dynlatch.analysis.escape.question import LowerBound, Question
from dynlatch.analysis.structure import ActivationForm, activations_of

HALVINGS = 6  # of the input's range, without branching
DOUBLINGS = 12  # of the first input, where no upper bound is known
RETREATS = (0.0, 1e-7, 1e-5, 1e-3)  # by which the input is lowered until the certificate holds with its rounding
LARGEST_DIM = 40  # above, polytopes are boxes and not branched: `wide`


class Plan(NamedTuple):
    """How much is spent on a bound."""

    least_steps: int  # K at least
    leaves: tuple[int, ...]  # of each face, in stages
    work: float
    resolution: float  # the last advance, relative to the upper bound


QUICK = Plan(FEWEST_STEPS, (10,), 1e9, 1e-3)
THOROUGH = Plan(8, (20, 80), 1.2e10, 5e-4)
PLANS = {"default": (QUICK,), "high": (QUICK, THOROUGH)}  # more steps are not always better: the best of all counts


def dual_bound(question: Question, upper: float | None, effort: str = "default") -> LowerBound | None:
    """The largest proved input size below `upper`; None when nothing is proved.

    Parameters
    ----------
    question : Question
        With a form; inputs of any kind and number of steps are covered.
    upper : float or None
        The best upper bound known, where the search starts from.
    effort : str
        "default" or "high".
    """
    if question.form is None:
        return None
    if len(question.form.c) > LARGEST_DIM:
        return wide_bound(question, np.inf if upper is None else float(upper), effort)
    attractor = Attractor(activations_of(question.system, question.attractor.points), question.attractor.multipliers)
    best: LowerBound | None = None
    for plan in PLANS[effort]:
        proof = proof_of(question.form, attractor, question.norm, plan.least_steps)
        if proof is None:
            return None
        value = _certified(proof, _found(proof, plan, np.inf if upper is None else float(upper)))
        if value is not None and (best is None or value > best.value):
            best = LowerBound(value, f"{proof.K}-step Lagrangian dual")
    return best


def certify(form: ActivationForm, attractor: Attractor, norm: float, b: float, effort: str = "default") -> Polytope | None:
    """A polytope around the attractor (in the form's activations) proved invariant under |u| <= b and in the basin.

    It holds every z_t = a_t - B u_t of every trajectory that starts at the attractor.
    """
    plan = PLANS[effort][-1]
    proof = proof_of(form, attractor, norm, plan.least_steps)
    if proof is None:
        return None
    state: State | None = seed_of(proof)
    for share in (0.5, 0.75, 0.9, 1.0):  # a polytope that grows slowly does not overshoot
        assert state is not None
        state = attempt(proof, state, share * b, Descent(Work(plan.work), leaves=plan.leaves[-1]))
        if state is None:
            return None
    assert state is not None
    return polytope_of(proof.problem, state.hull) if proved(proof, state, b) else None


class _Step(NamedTuple):
    """An input size and the polytope for it."""

    b: float
    state: State


def _found(proof: Proof, plan: Plan, upper: float) -> list[_Step]:
    """Input sizes with polytopes that look proved, in rising order."""
    work = Work(plan.work)
    steps = [_Step(0.0, seed_of(proof))]
    high = _bisected(proof, Descent(work, 30), upper, steps)
    for leaves in plan.leaves:
        _advanced(proof, Descent(work, 12, leaves), min(upper, 2.0 * high), plan.resolution, steps)
    return steps[1:]


def _bisected(proof: Proof, descent: Descent, upper: float, steps: list[_Step]) -> float:
    """Without branching; returns an input size that was not proved so, or `upper`."""
    high = upper
    b = 0.7 * high if np.isfinite(high) else 0.05 * (1.0 + float(np.abs(proof.goal.ball.orbit).max()))
    for _ in range(HALVINGS if np.isfinite(high) else HALVINGS + DOUBLINGS):
        if descent.work.left < 0:
            break
        state = attempt(proof, steps[-1].state, b, descent)
        if state is None:
            high = b
        else:
            steps.append(_Step(b, state))
        b = 0.5 * (steps[-1].b + high) if np.isfinite(high) else 2.0 * b
    return high if np.isfinite(high) else b


def _advanced(proof: Proof, descent: Descent, upper: float, resolution: float, steps: list[_Step]) -> None:
    """From the last input size in steps that halve whenever one fails."""
    advance = 0.02 * upper
    while advance >= resolution * upper and descent.work.left > 0:
        b = min(steps[-1].b + advance, upper * (1.0 - 1e-6))
        if b <= steps[-1].b * (1.0 + 1e-9):
            return
        state = attempt(proof, steps[-1].state, b, descent)
        if state is None:
            advance *= 0.5
        else:
            steps.append(_Step(b, state))


def _certified(proof: Proof, steps: list[_Step]) -> float | None:
    """The largest input size that holds with rounding."""
    for step in reversed(steps[-4:]):
        for retreat in RETREATS:
            b = float(step.b * (1.0 - retreat))
            if proved(proof, step.state, b):
                return b
    return None
