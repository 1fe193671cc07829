"""Proofs that a polytope is invariant under bounded inputs and lies in the basin: sought in float64, then certified."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.escape.lower.dual.basin import Goal, converges, goal_of
from dynlatch.analysis.escape.lower.dual.certified import certified_bounds
from dynlatch.analysis.escape.lower.dual.iteration import Descent, State, fresh_cover, invariant, tightened
from dynlatch.analysis.escape.lower.dual.problem import Cover, Hull, Problem, hull_of, multipliers_of, polytope_of, problem_of
from dynlatch.analysis.escape.lower.dual.relaxation import Relaxation
from dynlatch.analysis.structure import ActivationForm
from dynlatch.validation import Array

SEED = 1e-4  # half width of the first box around the attractor
FORGOTTEN = 0.03  # share of a deviation left after K steps
FEWEST_STEPS, MOST_STEPS = 3, 12


class Proof(NamedTuple):
    """What one search works on."""

    problem: Problem
    goal: Goal
    K: int
    stop: Array  # (2 n,): faces no state lies beyond without input


def proof_of(form: ActivationForm, attractor: Attractor, norm: float, least: int = FEWEST_STEPS) -> Proof | None:
    """What a search needs; None for what the dual does not handle (cycles, activations other than tanh and logistic).

    `attractor` is in the form's activations; K is about as many steps as it needs to forget, at least `least`.
    """
    problem, goal = problem_of(form, norm), goal_of(form, attractor)
    if problem is None or goal is None:
        return None
    spread = np.abs(problem.W).sum(1)
    stop = np.concatenate([spread + problem.c, spread - problem.c])
    stop[np.tile(form.leak != 0, 2)] = np.inf
    memory = np.log(FORGOTTEN) / np.log(np.clip(attractor.spectral_radius, 1e-3, 0.999))
    return Proof(problem, goal, int(np.clip(np.ceil(memory), least, MOST_STEPS)), stop)


def seed_of(proof: Proof) -> State:
    """A small box around the attractor."""
    middle = proof.goal.ball.orbit[0] / proof.problem.scale
    hull = hull_of(np.stack([middle - SEED, middle + SEED]), np.zeros((0, len(middle))), np.zeros(0))
    return State(hull, fresh_cover(hull, proof.K))


def attempt(proof: Proof, state: State, b: float, descent: Descent) -> State | None:
    """An invariant polytope in the basin, as far as float64 tells."""
    found = invariant(proof.problem, state, b, proof.stop, descent)
    if found is None:
        return None
    found = tightened(proof.problem, found, b, descent)
    return found if converges(proof.problem, found.hull, proof.goal, proof.K, certified=False) else None


def proved(proof: Proof, state: State, b: float) -> bool:
    """Whether invariance and convergence hold with every rounding accounted for."""
    problem, hull = proof.problem, state.hull
    return (
        holds_attractor(proof, hull)
        and bool(np.all(outward(problem, hull, state.cover, b) <= hull.values * problem.scale))
        and converges(problem, hull, proof.goal, proof.K, certified=True)
    )


def outward(problem: Problem, hull: Hull, cover: Cover, b: float) -> Array:
    """The certified bounds (F,) of the faces, in the form's activations."""
    relaxation = Relaxation(problem.form, b, problem.norm, polytope_of(problem, hull))
    return certified_bounds(relaxation, hull.faces, multipliers_of(problem, hull, cover))


def holds_attractor(proof: Proof, hull: Hull) -> bool:
    """Whether the true attractor lies in the polytope."""
    goal, (lo, hi, rows, tops) = proof.goal, polytope_of(proof.problem, hull)
    reach = np.maximum(rows * goal.lo, rows * goal.hi)
    room = tops - reach.sum(1) - 1e-12 * (np.abs(reach).sum(1) + np.abs(tops))
    return bool(np.all(lo <= goal.lo) and np.all(hi >= goal.hi) and np.all(room >= 0.0))
