"""What every check needs: the system, an attractor, a run, and the evidence that comes out."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor, attracting, polish
from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.theorems.claims import Claim
from dynlatch.analysis.theorems.curves import Curves
from dynlatch.errors import InvalidInput
from dynlatch.linalg import matrix_norm
from dynlatch.maps import SmoothMap, drive, trajectory
from dynlatch.validation import Array, states

QUIET_STEPS = 60
SAMPLES = 400
VERB = "check_theorem"


class Case(NamedTuple):
    """The arguments of `check_theorem`."""

    map: SmoothMap
    attractor: Any
    inputs: Any
    points: Any


class Evidence(NamedTuple):
    """What a check found; `literal_conclusion` is given where it differs from `conclusion`."""

    literal: tuple[Claim, ...]
    hypothesis: tuple[Claim, ...]
    conclusion: tuple[Claim, ...]
    picture: Curves
    literal_conclusion: tuple[Claim, ...] = ()


class Run(NamedTuple):
    """A trajectory with its inputs: states (T+1, n), inputs (T, m) or None, and Jacobians (T, n, n)."""

    visited: Array
    inputs: Array | None
    jacobians: Array


def attractor_of(case: Case, *, stable: bool = True) -> Attractor:
    """The attractor that was given, or else the last attracting fixed point that the search finds."""
    given = case.attractor
    if given is None:
        found = fixed_points(case.map, rng=0).attractors.points
        if not len(found):
            raise InvalidInput("the map has no attracting fixed point that the search finds: give an `attractor`.")
        given = found[-1]
    return attracting(case.map, given, VERB) if stable else polish(case.map, given, VERB)


def ball_of(case: Case) -> ContractionBall:
    """The ball around the attractor in which contraction is known."""
    return contraction_ball(case.map, attractor_of(case))


def start_of(case: Case) -> Array:
    """One initial state (n,): the first of the points, or the attractor."""
    if case.points is None:
        return attractor_of(case).point
    given = states(case.map, case.points, "points")
    return np.asarray(given.reshape(-1, case.map.dim)[0])


def run_of(case: Case, steps: int = QUIET_STEPS) -> Run:
    """The run under the inputs, or without input."""
    start, sequence, T = drive(case.map, start_of(case), case.inputs, steps if case.inputs is None else None)
    if T < 2 or (sequence is not None and sequence.ndim != 2):
        raise InvalidInput("`inputs` must be one sequence of shape (T, m) with T of at least 2.")
    visited = trajectory(case.map, start, sequence, T if sequence is None else None)
    return Run(visited, sequence, case.map.jacobian(visited[:-1], sequence))


def points_of(case: Case) -> Array:
    """The points (K, n), or else a fixed cloud around the attractor and the origin."""
    if case.points is not None:
        return np.asarray(states(case.map, case.points, "points").reshape(-1, case.map.dim))
    centre = attractor_of(case).point
    spread = 1.0 + 1.5 * np.abs(centre).max()
    return np.asarray(np.random.default_rng(0).uniform(-spread, spread, (SAMPLES, case.map.dim)))


def adapted_norms(ball: ContractionBall, jacobians: Array) -> Array:
    """`|S J S^-1|_2` in the norm at the first point of the attractor, shape (...)."""
    return matrix_norm(ball.factors[0] @ jacobians @ ball.inverses[0])


def sizes(ball: ContractionBall, vectors: Array) -> Array:
    """`|S v|_2` of vectors (..., n)."""
    return np.asarray(np.linalg.norm(vectors @ ball.factors[0].T, axis=-1))


def inside(ball: ContractionBall, count: int) -> Array:
    """States (count, n) spread over the ball around the first point of the attractor."""
    n = ball.orbit.shape[-1]
    rng = np.random.default_rng(0)
    direction = rng.normal(size=(count, n))
    radius = ball.radius * rng.uniform(size=(count, 1)) ** (1.0 / n)
    unit = direction / np.linalg.norm(direction, axis=-1, keepdims=True)
    return np.asarray(ball.orbit[0] + (radius * unit) @ ball.inverses[0].T)
