"""A cheap lower bound on the escape threshold of many additive networks `a' = W tanh(a) + B u`, one attractor each.

In the norm |v| = |S v|_2 adapted to the fixed point x, P = S^T S = I + J^T P J, let q bound |S W diag(f') S^-1|_2 over the
ball of radius r. Inputs of size at most b keep the state in the ball for ever if q r + |S B| b <= r, so

    u* >= max over r of  r (1 - q(r)) / |S B|:

the papers' b / (1 - lambda) (Theorem 2), read from the radius to the input. Slopes are bounded over the box around the ball;
norms are taken to rounding.
"""

from __future__ import annotations

import numpy as np

from dynlatch.validation import Array

DOUBLINGS = 24
RADII = 2.0 ** -np.arange(0.0, 6.0)  # in units of the radius at which the slope may reach 1


def threshold_bounds(W: Array, B: Array, x: Array) -> Array:
    """Lower bounds (R,) on the size of inputs that take the state out of the basin of x; 0 where nothing is shown.

    W (R, n, n), B (R, n) the column of the input in question, x (R, n) attracting fixed points under it at zero.
    """
    J = W * (1.0 - np.tanh(x) ** 2)[:, None, :]
    P, A = np.broadcast_to(np.eye(x.shape[1]), J.shape).copy(), J
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(DOUBLINGS):
            P = P + np.swapaxes(A, -1, -2) @ P @ A
            A = A @ A
    known = np.isfinite(P).all((1, 2)) & (np.abs(A).max((1, 2)) < 1e-6) & (np.abs(P).max((1, 2)) < 1e12)
    bounds = np.zeros(len(x))
    if known.any():
        bounds[known] = _bounds(W[known], B[known], x[known], P[known])
    return bounds


def _bounds(W: Array, B: Array, x: Array, P: Array) -> Array:
    S = np.swapaxes(np.linalg.cholesky(P), -1, -2)
    inverse = np.linalg.inv(S)
    gain = np.linalg.norm(S @ B[:, :, None], axis=(1, 2))
    wide = np.sqrt(np.square(inverse).sum(-1))  # half-width of the ball's box, radius 1
    reach = (1.0 + np.abs(x).max(1)) / wide.max(1)
    best = np.zeros(len(x))
    for share in RADII:
        radius = share * reach
        lo, hi = _slopes(np.abs(x), radius[:, None] * wide)
        middle, half = 0.5 * (lo + hi), 0.5 * (hi - lo)
        spread = np.abs(S) @ (np.abs(W) * half[:, None, :]) @ np.abs(inverse)
        q = np.linalg.norm(S @ (W * middle[:, None, :]) @ inverse, 2, axis=(1, 2)) + np.linalg.norm(spread, axis=(1, 2))
        best = np.maximum(best, radius * (1.0 - q) / np.where(gain > 0.0, gain, np.inf))
    return best


def _slopes(size: Array, width: Array) -> tuple[Array, Array]:
    """Least and largest tanh' where |a| is within `width` of `size`."""
    return 1.0 - np.tanh(size + width) ** 2, 1.0 - np.tanh(np.maximum(size - width, 0.0)) ** 2
