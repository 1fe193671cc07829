"""Lower bound of u* of nets with many units and few inputs: boxes proved invariant by the dual over many steps.

As `bound`, with faces e_i and -e_i only and without branching, but all faces at once (`sweeps`). K is chosen so that the box
of the first state hardly counts: what a box loses at its corners is then gone, and with few inputs the relaxed trajectories are
nearly ones that inputs can drive. What remains is lost to the envelopes of tanh.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.escape.lower.dual.certified import certified_bounds
from dynlatch.analysis.escape.lower.dual.iteration import OVERHEAD, Work, fresh_cover, weighted
from dynlatch.analysis.escape.lower.dual.problem import Cover, Hull, hull_of, multipliers_of, polytope_of
from dynlatch.analysis.escape.lower.dual.proof import Proof, holds_attractor, outward, proof_of
from dynlatch.analysis.escape.lower.dual.relaxation import Relaxation
from dynlatch.analysis.escape.lower.dual.sweeps import backward, chords, derivative, improve, wide
from dynlatch.analysis.escape.question import LowerBound, Question
from dynlatch.analysis.structure import activations_of
from dynlatch.validation import Array

FORGOTTEN, FEWEST_STEPS, MOST_STEPS = 5e-4, 12, 40
FIRST_SHARE = 1.5  # of the linear response: the first box
ROUNDS = 3  # of improving the slopes in each pass
PASSES = 25
EXPANDING, PATIENCE = 0.98, 5
LONGEST_STEP = 0.1  # of the faces, relative to the mean width
MARGIN = 2e-4  # by which faces are moved beyond their bounds, relative to the mean width
SHRINKING_PASSES, SHRUNK = 40, 0.98
RETREATS = (0.0, 1e-6, 1e-4)


class Plan(NamedTuple):
    """What is spent: sizes tried relative to the upper bound, from `start` in advances that halve, and the work allowed."""

    start: float
    advance: float
    resolution: float
    work: float


PLANS = {"default": Plan(0.5, 0.05, 0.04, 9e9), "high": Plan(0.5, 0.08, 0.003, 6e10)}


class Found(NamedTuple):
    """A box with the slopes (K, F, n) that prove it invariant, and the step lengths (F,) of their descent."""

    hull: Hull
    slopes: Array
    steps: Array


def wide_bound(question: Question, upper: float, effort: str = "default") -> LowerBound | None:
    """The largest proved input size below a finite `upper`; None when nothing is proved."""
    form = question.form
    if form is None or not np.isfinite(upper):
        return None
    attractor = Attractor(activations_of(question.system, question.attractor.points), question.attractor.multipliers)
    proof = proof_of(form, attractor, question.norm)
    if proof is None:
        return None
    memory = np.log(FORGOTTEN) / np.log(np.clip(attractor.spectral_radius, 1e-3, 0.9999))
    proof = proof._replace(K=int(np.clip(np.ceil(memory), FEWEST_STEPS, MOST_STEPS)))
    value = _searched(proof, upper, PLANS[effort])
    return None if value is None else LowerBound(value, f"{proof.K}-step Lagrangian dual")


def _searched(proof: Proof, upper: float, plan: Plan) -> float | None:
    """Sizes that rise by an advance that halves when one fails; the largest that is certified."""
    work = Work(plan.work)
    found: list[tuple[float, Found]] = []
    share, advance = plan.start, plan.advance
    while work.left > 0 and advance > plan.resolution and share < 1.0:
        state = invariant_box(proof, share * upper, found[-1][1] if found else None, work)
        if state is not None:
            found.append((share, state))
        elif found:
            advance *= 0.5
        else:
            share *= 0.5
            if share < plan.start / 16.0:
                return None
            continue
        share = found[-1][0] + advance
    for share, state in reversed(found):
        for retreat in RETREATS:
            if _certified(proof, state, share * upper * (1.0 - retreat)):
                return float(share * upper * (1.0 - retreat))
    return None


def invariant_box(proof: Proof, b: float, start: Found | None, work: Work) -> Found | None:
    """A box that no input of size b leaves, as far as float64 tells; Newton's method on its faces."""
    problem = proof.problem
    hull = _linear_response(proof, b) if start is None else start.hull
    slopes = chords(wide(problem, hull, b), proof.K) if start is None else start.slopes.copy()
    steps = np.full(len(hull.values), 0.5) if start is None else start.steps.copy()
    expanding = 0
    for _ in range(PASSES):
        task = wide(problem, hull, b)
        sweep, at = improve(task, slopes, steps, ROUNDS)
        work.left -= 2 * (ROUNDS + 1) * slopes.size * (hull.n + OVERHEAD)
        gap, width = sweep.bounds - hull.values, float((hull.box[1] - hull.box[0]).mean())
        if np.all(gap <= -1e-3 * MARGIN * width):
            return Found(hull, slopes, steps)
        change = derivative(task, sweep, at)
        radius = float(np.abs(np.linalg.eigvals(change)).max())
        if radius < EXPANDING:
            moved = np.linalg.solve(np.eye(len(gap)) - change, gap + MARGIN * width)
            moved *= min(1.0, LONGEST_STEP * width / float(np.abs(moved).max()))
        else:
            moved = 0.3 * np.maximum(gap, 0.0)
            expanding += 1
        if expanding > PATIENCE or work.left < 0 or not np.isfinite(moved).all():
            return None
        hull = hull._replace(values=np.minimum(hull.values + moved, np.maximum(proof.stop + MARGIN * width, hull.values)))
    return None


def _linear_response(proof: Proof, b: float) -> Hull:
    """A box somewhat larger than what inputs of size b reach in the linearisation."""
    problem = proof.problem
    x = proof.goal.ball.orbit[0] / problem.scale
    J = np.diag(problem.form.leak) + problem.W * (1.0 - np.tanh(x) ** 2)
    response, reach = J @ problem.B, np.zeros(len(x))
    for _ in range(4 * proof.K):
        reach += np.linalg.norm(response, 1 if np.isinf(problem.norm) else 2, axis=1)
        response = J @ response
    width = FIRST_SHARE * b * reach + 1e-9
    return hull_of(np.stack([x - width, x + width]), np.zeros((0, len(x))), np.zeros(0))


def _cover(proof: Proof, hull: Hull, slopes: Array, b: float) -> Cover:
    cover = fresh_cover(hull, proof.K)._replace(slopes=np.ascontiguousarray(slopes.transpose(1, 0, 2)))
    return weighted(proof.problem, hull, cover, b) if proof.problem.norm == 2 else cover


def _certified(proof: Proof, state: Found, b: float) -> bool:
    """Whether the box is invariant under |u| <= b and in the basin, rounding included."""
    problem, hull = proof.problem, state.hull
    bounds = outward(problem, hull, _cover(proof, hull, state.slopes, b), b)
    return (
        holds_attractor(proof, hull)
        and bool(np.all(bounds <= hull.values * problem.scale))
        and _converges(proof, hull, state.slopes)
    )


def _converges(proof: Proof, hull: Hull, slopes: Array) -> bool:
    """Whether certified bounds without input shrink the invariant box into the ball around the attractor."""
    problem, steps = proof.problem, np.full(len(hull.values), 0.5)
    slopes = slopes.copy()
    for _ in range(SHRINKING_PASSES):
        box = hull.box * problem.scale
        if proof.goal.holds(box[0], box[1]):
            return True
        task = wide(problem, hull, 0.0)
        fresh = chords(task, proof.K)
        worse = backward(task, slopes).bounds > backward(task, fresh).bounds
        slopes[:, worse] = fresh[:, worse]
        improve(task, slopes, steps, 2)
        relaxation = Relaxation(problem.form, 0.0, problem.norm, polytope_of(problem, hull))
        multipliers = multipliers_of(problem, hull, _cover(proof, hull, slopes, 0.0))
        bounds = certified_bounds(relaxation, hull.faces, multipliers) / problem.scale
        smaller = hull._replace(values=np.minimum(hull.values, bounds))
        if (smaller.box[1] - smaller.box[0]).mean() > SHRUNK * (hull.box[1] - hull.box[0]).mean():
            return False
        hull = smaller
    return False
