"""Descent of `1/2 |u|^2` along one condition g(u) = 0, by Newton steps, down to a minimum.

With the multiplier q, the Hessian of the Lagrangian is `H = I - q g''`. A step is `-|H|^-1` times the gradient within the
tangent space of the condition, |H| having the moduli of the eigenvalues of H there: it points downhill also where the action is
no minimum along the condition, as for every other path between two whose phases differ by one step. Plain Newton steps end
there as willingly, or nowhere. The condition is strongly curved, as the saddle multiplies small inputs: a step is followed by
corrections along g' back to g = 0, and halved until the action has fallen then.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.noise.quasi_potential.condition import Condition
from dynlatch.validation import Array

ITERATIONS = 40
HALVINGS = 16
CORRECTIONS = 30
MET = 1e-11  # of the condition, in units of the way to the saddle
LEAST = 1e-6  # smallest modulus of a curvature
LONGEST = 0.3  # of a step, in units of the size of the inputs
CONVERGED = 1e-9  # gradient within the tangent space, in the same units
KICK = 1e-2  # along a direction in which a stationary path is no minimum
STILL = 1e-10  # relative fall of the action from which on a step gains nothing


def cheapest(condition: Condition, start: Array) -> Array:
    """Inputs (T m,) of a local minimum below `start`; `start` itself where no inputs near it meet the condition."""
    flat = _restored(condition, start, condition.gradient(start))
    if flat is None:
        return start
    for _ in range(ITERATIONS):
        move = _step(condition, flat)
        shorter = None if move is None else _shortened(condition, flat, move)
        if shorter is None:
            break
        flat = shorter
    return flat


def _restored(condition: Condition, flat: Array, gradient: Array) -> Array | None:
    """Inputs that meet the condition, by steps along a `gradient` taken nearby; None if they do not converge."""
    square, last = float(gradient @ gradient), np.inf
    for _ in range(CORRECTIONS):
        g = condition.value(flat)
        if abs(g) <= MET:
            return flat
        if not abs(g) < 0.7 * last or not 0.0 < square < np.inf:
            return None
        flat, last = flat - g / square * gradient, abs(g)
    return None


def _step(condition: Condition, flat: Array) -> Array | None:
    """Within the tangent space; None at a minimum."""
    gradient = condition.gradient(flat)
    normal = gradient / np.linalg.norm(gradient)
    weight = float(flat @ normal)
    across, size = flat - weight * normal, float(np.linalg.norm(flat))
    H = np.eye(len(flat)) - weight / np.linalg.norm(gradient) * condition.curvature(flat)
    H = H - np.outer(normal, normal @ H)
    H = H - np.outer(H @ normal, normal) + np.outer(normal, normal)
    values, vectors = np.linalg.eigh(0.5 * (H + H.T))
    if np.linalg.norm(across) <= CONVERGED * size:
        return KICK * size * vectors[:, 0] if values[0] < -LEAST else None
    move = -vectors @ ((vectors.T @ across) / np.maximum(np.abs(values), LEAST))
    return np.asarray(move * min(1.0, LONGEST * size / float(np.linalg.norm(move))))


def _shortened(condition: Condition, flat: Array, move: Array) -> Array | None:
    """The step, halved until the action falls on the condition; None if it does not."""
    before, gradient = float(flat @ flat), condition.gradient(flat)
    for k in range(HALVINGS):
        trial = _restored(condition, flat + 0.5**k * move, gradient)
        if trial is not None and float(trial @ trial) < before * (1.0 - STILL):
            return trial
    return None
