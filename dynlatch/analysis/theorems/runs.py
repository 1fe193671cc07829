"""Theorems 3 and 4 along a run."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.attracting_sets import reduced_attracting_set
from dynlatch.analysis.contraction import ContractionBall
from dynlatch.analysis.gradients import gradient_decay
from dynlatch.analysis.theorems.case import Case, Evidence, Run, adapted_norms, ball_of, run_of, sizes
from dynlatch.analysis.theorems.claims import above, below
from dynlatch.analysis.theorems.curves import Curve, Curves
from dynlatch.errors import InvalidInput
from dynlatch.linalg import spectral_radius
from dynlatch.maps import trajectory
from dynlatch.validation import Array

SHARES = 33  # values of s between the run without input and the run with it
AROUND = 64  # states of each ball D_t at which M' is looked at
MARGIN = 1e-3  # how far below 1 the norms of a run of finite length must stay to count as bounded away from 1
SLACK = 1.0 + 1e-9


def tube(case: Case) -> Evidence:
    """Theorem 3: lambda on the balls D_t, lambda on all runs under s u_t, and the distance from the run without input."""
    if case.inputs is None:
        raise InvalidInput("Theorem 3 is about inputs: give `inputs` of shape (T, m).")
    run, ball = run_of(case), ball_of(case)
    assert run.inputs is not None
    T = len(run.inputs)
    alone = trajectory(case.map, run.visited[0], steps=T)
    b = float(sizes(ball, case.map.step(run.visited[:-1], run.inputs) - case.map.step(run.visited[:-1])).max())
    on_balls = float(adapted_norms(ball, case.map.jacobian(_balls(ball, run.visited, b))).max())
    between = _between(case, ball, run)
    distance = sizes(ball, run.visited - alone)
    t = np.arange(T + 1.0)
    return Evidence(
        (below(f"largest |M'| on the balls D_t of radius b = {b:.4g} (samples, adapted norm)", on_balls, 1.0),),
        (below(f"lambda, largest |M'| on the runs under s u_t ({SHARES} values of s)", between, 1.0),),
        (
            below(
                "largest |a_t - a~_t| in units of rho_t = b (1 - lambda^t) / (1 - lambda)", _share(distance, b, between), SLACK
            ),
        ),
        Curves(
            (
                Curve("|a_t - a~_t|", t, distance, "repelling", "o-"),
                Curve("rho_t", t, _radius(b, min(between, 1.0), t), marks="--"),
            ),
            "t",
            "distance from the run without input (adapted norm)",
        ),
        (below("the same with lambda of the balls", _share(distance, b, on_balls), SLACK),),
    )


def _balls(ball: ContractionBall, visited: Array, b: float) -> Array:
    """States of the balls of radius b around the run, the run itself among them: (T+1, AROUND, n)."""
    n = visited.shape[-1]
    shifts = np.random.default_rng(0).normal(size=(AROUND, n))
    shifts *= (np.linspace(0.0, 1.0, AROUND) ** (1.0 / n) * b / np.linalg.norm(shifts, axis=-1))[:, None]
    return np.asarray(visited[:, None] + shifts @ ball.inverses[0].T)


def _between(case: Case, ball: ContractionBall, run: Run) -> float:
    assert run.inputs is not None
    inputs = run.inputs[:, None] * np.linspace(0.0, 1.0, SHARES)[:, None]
    visited = trajectory(case.map, np.broadcast_to(run.visited[0], (SHARES, case.map.dim)), inputs)
    return float(adapted_norms(ball, case.map.jacobian(visited[:-1])).max())


def _radius(b: float, rate: float, t: Array) -> Array:
    """rho_t; b t at rate 1."""
    return np.asarray(b * t if rate == 1.0 else b * (1.0 - rate**t) / (1.0 - rate))


def _share(distance: Array, b: float, rate: float) -> float:
    if not b > 0:
        return 0.0
    with np.errstate(over="ignore"):
        return float((distance[1:] / _radius(b, rate, np.arange(1.0, len(distance)))).max())


def vanishing(case: Case) -> Evidence:
    """Theorem 4: membership in Gamma at every step, the norms of the steps, and the gradient."""
    run, ball = run_of(case), ball_of(case)
    gamma = reduced_attracting_set(case.map, ball.orbit, run.visited)
    norms = adapted_norms(ball, run.jacobians)
    decay = gradient_decay(case.map, run.visited[0], run.inputs, None if run.inputs is not None else len(norms))
    T, rate = len(norms), float(norms.max())
    t = np.arange(1.0, T + 1.0)
    bound = np.log(np.linalg.cond(ball.factors[0])) + t * np.log(max(rate, 1e-300))
    last = decay.log_norms[-1] - decay.log_norms[T // 2 - 1] if np.isfinite(decay.log_norms[-1]) else -np.inf
    return Evidence(
        (above(f"of {T} states a_0 ... a_(T-1), in Gamma by eigenvalues", float(gamma.members[0, :-1].sum()), T - 0.5),),
        (below("lambda, largest adapted norm of M'(a_t), against 1 with a margin", rate, 1.0 - MARGIN),),
        (
            below(
                "log |da_T/da_0|_2 against log(sqrt(cond P)) + T log lambda",
                max(float(decay.log_norms[-1]), -1e300),
                float(bound[-1]) + 1e-6,
            ),
        ),
        Curves(
            (
                Curve("|da_t/da_0|_2", t, np.exp(decay.log_norms), "repelling", "o-"),
                Curve("sqrt(cond P) lambda^t", t, np.exp(bound), marks="--"),
                Curve("spectral radius of M'(a_{t-1})", t, spectral_radius(run.jacobians), "neutral", "."),
            ),
            "t",
            "",
            1.0,
            "1",
            logarithmic=True,
        ),
        (below("|da_T/da_0| / |da_(T/2)/da_0|: still falling", float(np.exp(last)), 0.9),),
    )
