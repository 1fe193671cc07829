"""Lower bound of u* by the K-step dual: the largest input for which a polytope is proved invariant and in the basin."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.escape.lower.dual.basin import Goal, converges, goal_of
from dynlatch.analysis.escape.lower.dual.certified import certified_bounds
from dynlatch.analysis.escape.lower.dual.iteration import Effort, State, fresh_cover, invariant, tightened
from dynlatch.analysis.escape.lower.dual.problem import Problem, hull_of, multipliers_of, polytope_of, problem_of
from dynlatch.analysis.escape.lower.dual.relaxation import Polytope, Relaxation
from dynlatch.analysis.escape.question import LowerBound, Question
from dynlatch.analysis.structure import ActivationForm, activations_of
from dynlatch.validation import Array

FIRST = 0.7  # first input tried, as a share of the upper bound
TRIALS = 10
RETREATS = (0.0, 1e-6, 1e-4, 1e-3)  # how far the input is lowered until the certificate holds with its rounding
SEED = 1e-4  # half width of the first box around the attractor


class Proof(NamedTuple):
    """What one search works on."""

    problem: Problem
    goal: Goal
    K: int
    stop: Array  # (2 n,): faces no state lies beyond without input
    effort: Effort


def dual_bound(question: Question, upper: float | None, effort: str = "default") -> LowerBound | None:
    """The largest proved input size below `upper`, found by bisection; None when nothing is proved.

    Parameters
    ----------
    question : Question
        With a form; sequences of any length and kind are covered.
    upper : float or None
        The best known upper bound, where the search starts from.
    effort : str
        "default" or "high".
    """
    if question.form is None:
        return None
    points = activations_of(question.system, question.attractor.points)
    attractor = Attractor(points, question.attractor.multipliers)
    proof = proof_of(question.form, attractor, question.norm, effort)
    if proof is None:
        return None
    found = _largest(proof, attractor.point, upper)
    return None if found is None else LowerBound(found, f"{proof.K}-step dual")


def certify(form: ActivationForm, attractor: Attractor, norm: float, b: float, effort: str = "default") -> Polytope | None:
    """A polytope around the attractor (in the form's activations) proved invariant under |u| <= b and in the basin.

    It holds every z_t = a_t - B u_t of every trajectory that starts at the attractor.
    """
    proof = proof_of(form, attractor, norm, effort)
    if proof is None:
        return None
    state = attempt(proof, seed_of(proof, attractor.point), b)
    if state is None or not proved(proof, state, b):
        return None
    return polytope_of(proof.problem, state.hull)


def proof_of(form: ActivationForm, attractor: Attractor, norm: float, effort: str) -> Proof | None:
    """What a search needs; None for what the dual does not handle (cycles, activations other than tanh and logistic)."""
    problem, goal = problem_of(form, norm), goal_of(form, attractor)
    if problem is None or goal is None:
        return None
    spread = np.abs(problem.W).sum(1)
    stop = np.concatenate([spread + problem.c, spread - problem.c])
    stop[np.tile(form.leak != 0, 2)] = np.inf
    return Proof(problem, goal, steps_of(attractor.spectral_radius), stop, Effort())


def steps_of(radius: float) -> int:
    """K: about as many steps as the attractor needs to forget."""
    return int(np.clip(np.ceil(np.log(0.03) / np.log(max(radius, 1e-3))), 3, 12))


def seed_of(proof: Proof, x: Array) -> State:
    """A small box around the attractor."""
    middle = x / proof.problem.scale
    hull = hull_of(np.stack([middle - SEED, middle + SEED]), np.zeros((0, len(x))), np.zeros(0))
    return State(hull, fresh_cover(hull, proof.K))


def attempt(proof: Proof, state: State, b: float) -> State | None:
    """An invariant polytope in the basin, as far as float64 tells."""
    found = invariant(proof.problem, state, b, proof.stop, proof.effort)
    if found is None:
        return None
    found = tightened(proof.problem, found, b, proof.effort)
    return found if converges(proof.problem, found.hull, proof.goal, proof.K, certified=False) else None


def proved(proof: Proof, state: State, b: float) -> bool:
    """Whether invariance and convergence hold with every rounding accounted for."""
    problem, (hull, cover) = proof.problem, state
    polytope = polytope_of(problem, hull)
    inside = np.all(polytope.lo <= proof.goal.lo) and np.all(polytope.hi >= proof.goal.hi)
    reach = np.maximum(polytope.rows * proof.goal.lo, polytope.rows * proof.goal.hi).sum(1)
    if not inside or not np.all(reach <= polytope.tops - 1e-12 * np.abs(polytope.tops)):
        return False
    bounds = certified_bounds(
        Relaxation(problem.form, b, problem.norm, polytope), hull.faces, multipliers_of(problem, hull, cover)
    )
    return bool(np.all(bounds <= hull.values * problem.scale)) and converges(problem, hull, proof.goal, proof.K, certified=True)


def _largest(proof: Proof, x: Array, upper: float | None) -> float | None:
    state = seed_of(proof, x)
    known = upper is not None and np.isfinite(upper)
    low, high = 0.0, float(upper) if known and upper is not None else np.inf
    b = FIRST * high if known else 0.1 * (1.0 + float(np.abs(x).max()))
    best = None
    for _ in range(TRIALS):
        found = attempt(proof, state, b)
        if found is None:
            high = b
        else:
            low, state, best = b, found, found
        b = 0.5 * (low + high) if np.isfinite(high) else 2.0 * b
    if best is None:
        return None
    for retreat in RETREATS:
        if proved(proof, best, low * (1.0 - retreat)):
            return low * (1.0 - retreat)
    return None
