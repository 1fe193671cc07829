"""The conditions of the literature under which gradients must vanish, or may explode: what each asks, and what is found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.analysis.contraction import ContractionBall
from dynlatch.analysis.gradients.bound_terms import Run, Weights, input_is_additive, stays_from
from dynlatch.analysis.gradients.step_norms import log_step_norms
from dynlatch.analysis.gradients.stretching import aligned
from dynlatch.linalg import matrix_norm, spectral_radius
from dynlatch.maps import trajectory
from dynlatch.validation import Array


@dataclass(frozen=True, eq=False)
class BoundCondition:
    """One condition, with the number that decides it.

    Attributes
    ----------
    name, statement, source : str
        What it is, what follows from it, and where it is from.
    holds : bool
    value, limit : float
        What was found, and what it must not exceed. `statement` says what else is asked for.
    """

    name: str
    statement: str
    source: str
    holds: bool
    value: float
    limit: float


def weight_conditions(weights: Weights) -> list[BoundCondition]:
    """What the recurrent weights alone decide."""
    n, limit = len(weights.W), (1.0 - weights.leak) / weights.steepest
    largest = float(np.abs(weights.W).max())
    sigma, rho = float(matrix_norm(weights.W)), float(spectral_radius(weights.W))
    name = f"{weights.unit} units, max f' = {weights.steepest:g}"
    rows = [
        (
            "single weights",
            f"max |w| < 1 / max f' ({name}): the term of every single path of the error decays. "
            f"{'There is one path: gradients vanish.' if n == 1 else 'Their sum, n^(q-1) of them, need not.'}",
            "Hochreiter, Bengio, Frasconi, Schmidhuber 2001, sect. 2 (|w| < 4.0 for logistic units)",
            largest,
            limit,
        ),
        (
            "all weights",
            f"max |w| < 1 / (n max f') ({name}): tau < 1, gradients vanish at least like n tau^t",
            "Hochreiter et al. 2001, sect. 2 (n tau^q)",
            largest,
            limit / n,
        ),
        (
            "largest singular value",
            f"sigma_max(W) < 1 / max f' ({name}): gradients vanish. Necessary for exploding: sigma_max above it",
            "Pascanu, Mikolov, Bengio 2013, sect. 2.1",
            sigma,
            limit,
        ),
        (
            "spectral radius",
            f"rho(W) < 1 / max f' ({name}): as some versions of that theorem read; it decides nothing unless W is normal",
            "Pascanu et al. 2013, the version by eigenvalues",
            rho,
            limit,
        ),
    ]
    return [BoundCondition(*row[:3], row[3] < row[4], *row[3:]) for row in rows]


def ball_conditions(run: Run, ball: ContractionBall) -> list[BoundCondition]:
    """Whether the run stays near the attractor, and whether its input is small enough to keep it there for ever."""
    T = len(run.visited) - 1
    since = stays_from(run, ball)
    kind = "proved" if ball.proved else "sampled, not proved"
    stays = BoundCondition(
        "contraction ball",
        f"every trajectory is at its end in the ball around the attractor where the adapted norm contracts by {ball.rate:.6g} "
        f"a step ({kind}); the last to enter for good does so at the step given",
        "Theorem 4 of Bengio, Simard, Frasconi 1994, in its correct form: a compact set, one fixed norm",
        bool((since < T).all()),
        float(since.max()),
        float(T),
    )
    return [stays, *_small_input(run, ball)]


def _small_input(run: Run, ball: ContractionBall) -> list[BoundCondition]:
    """T3b: a ball in which the map contracts by q is never left under |u| <= (1 - q) r."""
    if run.sequence is None or not input_is_additive(run.map) or len(ball.orbit) > 1:
        return []
    kicks = run.map.step(run.visited[:-1], _over_time(run)) - run.map.step(run.visited[:-1], None)
    largest = float(np.sqrt(np.square(kicks @ ball.factors[0].T).sum(-1)).max())
    inside = bool((ball.phase(run.visited[0]) >= 0).all())
    room = (1.0 - ball.rate) * ball.radius
    return [
        BoundCondition(
            "Theorem 3, around the attractor",
            "largest input in the adapted norm below (1 - q) times the radius of that ball, and a_0 in it: no state ever "
            f"leaves it, and gradients decay at least like sqrt(cond P) q^t (a_0 is {'in it' if inside else 'not in it'})",
            "Theorem 3 of Bengio, Simard, Frasconi 1994, made self-consistent (as stated it is false)",
            inside and largest <= room,
            largest,
            room,
        )
    ]


def tube_condition(run: Run, ball: ContractionBall | None) -> BoundCondition | None:
    """Theorem 3's tube rho_t = b (1 - lambda^t) / (1 - lambda) around the autonomous trajectory, with what the run shows."""
    if run.sequence is None or not input_is_additive(run.map) or (ball is not None and len(ball.orbit) > 1):
        return None
    T = len(run.visited) - 1
    alone = trajectory(run.map, run.visited[0], steps=T)
    frames = None if ball is None else (ball.factors, ball.inverses)
    S = np.eye(run.map.dim) if ball is None else ball.factors[0]
    rates = [np.exp(log_step_norms(run.map, states, None, 2, frames)).max() for states in (run.visited, alone)]
    rate = float(max(rates))
    share = _share_of_tube(run, S, alone, rate) if rate < 1.0 else np.inf
    norm = "2-norm" if ball is None else "adapted norm"
    found = f"largest |M'| met on both trajectories {rate:.4g} ({norm})"
    follows = "the hypothesis fails" if rate >= 1.0 else "the value is the largest distance in units of rho_t"
    return BoundCondition(
        "Theorem 3, around the autonomous trajectory",
        f"the run stays within b (1 - lambda^t) / (1 - lambda) of the trajectory without input: {found}; {follows}. Measured, "
        "not proved: the theorem needs lambda on all trajectories under s u_t, 0 <= s <= 1",
        "Theorem 3 of Bengio, Simard, Frasconi 1994, in its homotopy form",
        share <= 1.0,
        share,
        1.0,
    )


def _share_of_tube(run: Run, S: Array, alone: Array, rate: float) -> float:
    """Largest distance of the run from the trajectory without input, in units of rho_t."""
    b = _sizes(run.map.step(run.visited[:-1], _over_time(run)) - run.map.step(run.visited[:-1]), S).max()
    off = _sizes(run.visited[1:] - alone[1:], S)
    radius = np.broadcast_to(b * (1.0 - rate**run.steps) / (1.0 - rate), off.shape)
    return float(np.where(radius > 0, off / np.where(radius > 0, radius, 1.0), np.where(off > 0, np.inf, 0.0)).max())


def _sizes(v: Array, S: Array) -> Array:
    return np.asarray(np.sqrt(np.square(v @ S.T).sum(-1)))


def _over_time(run: Run) -> Array:
    assert run.sequence is not None
    return aligned(run.sequence, run.visited.ndim)
