"""Whether every state of a polytope is proved to lie in a basin, however it came to be there.

Unlike an invariant polytope of a trajectory that began at the attractor, the first K - 1 states have no past in it: they are
bounded by duals over 1, ..., K - 1 steps whose first state lies in the given polytope and whose others lie in an invariant one.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.escape.lower.dual.basin import converges
from dynlatch.analysis.escape.lower.dual.iteration import Descent, State, Work, descended, fresh_cover, invariant
from dynlatch.analysis.escape.lower.dual.problem import Cover, Hull, hull_of
from dynlatch.analysis.escape.lower.dual.proof import Proof, outward, proof_of
from dynlatch.analysis.escape.lower.dual.relaxation import Polytope
from dynlatch.analysis.structure import ActivationForm
from dynlatch.validation import Array

ROUNDS = 30
STEPS = 12
WORK = 1e9  # products of floats
MARGIN = 1e-7  # by which faces are moved beyond what is violated, relative to their size


def shrinks_to(form: ActivationForm, attractor: Attractor, polytope: Polytope) -> bool:
    """Whether all states in `polytope` are proved to converge to `attractor` without input; False where no proof is found.

    Both are in the form's activations. From a box in which every orbit ends this proves global attraction.
    """
    proof = proof_of(form, attractor, np.inf)
    if proof is None:
        return False
    scale = proof.problem.scale
    start = hull_of(np.stack([polytope.lo, polytope.hi]) / scale, polytope.rows, polytope.tops / scale)
    orbit = attractor.point / scale
    seen = start._replace(values=np.maximum(start.values, start.faces @ orbit + MARGIN))
    descent = Descent(Work(WORK), STEPS)
    found: State | None = State(seen, fresh_cover(seen, proof.K))
    for _ in range(ROUNDS):
        assert found is not None
        found = invariant(proof.problem, found, 0.0, np.full(0, np.inf), descent)
        if found is None:
            return False
        reached = _early(proof, found.hull, start, descent)
        if np.all(reached <= found.hull.values):
            return _certified(proof, found)
        size = float(np.abs(found.hull.values).max())
        moved = np.where(reached > found.hull.values, reached + MARGIN * size, found.hull.values)
        found = found._replace(hull=found.hull._replace(values=moved))
    return False


def _certified(proof: Proof, state: State) -> bool:
    """Invariance and convergence, rounding included."""
    bounds = outward(proof.problem, state.hull, state.cover, 0.0) / proof.problem.scale
    return bool(np.all(bounds <= state.hull.values)) and converges(
        proof.problem, state.hull, proof.goal, proof.K, certified=True
    )


def _early(proof: Proof, hull: Hull, start: Hull, descent: Descent) -> Array:
    """Certified bounds (F,) on the states after 1, ..., K - 1 steps from `start`."""
    worst = np.full(len(hull.values), -np.inf)
    for K in range(1, proof.K):
        cover = _from(start, fresh_cover(hull, K))
        descended(proof.problem, hull, cover, 0.0, hull.values, descent)
        worst = np.maximum(worst, outward(proof.problem, hull, cover, 0.0) / proof.problem.scale)
    return worst


def _from(start: Hull, cover: Cover) -> Cover:
    """The cover with its first state in the box of `start`."""
    cover.low[:, 0], cover.high[:, 0] = start.box
    return cover
