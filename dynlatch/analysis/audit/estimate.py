"""Decay of gradients in networks too large for products of Jacobians, estimated from a few random directions.

For directions w_i of independent standard normal entries the mean of |J w_i|^2 is ||J||_F^2 (Hutchinson 1990), so
`da_t/da_0` applied to r directions, one product each and step, gives its Frobenius norm for every t in one sweep, and the
transposed sweep `||da_T/da_t||_F`. The logarithm is off by up to about `1 / sqrt(2 r)` (one standard deviation; that is when
one direction dominates), whatever its size.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.analysis.gradients import GradientDecay
from dynlatch.maps import SmoothMap, coordinates, trajectory
from dynlatch.validation import Array

DIRECTIONS = 16
STANDARD_ERROR = 1.0 / np.sqrt(2.0 * DIRECTIONS)
SEED = 0x6A09E667F3BCC908  # digits of the root of 2: small seeds are those of the weights of many a random network


def estimated_decay(map: SmoothMap, a0: Any, inputs: Array) -> GradientDecay:
    """As `gradient_decay` in the Frobenius norm, to within about `STANDARD_ERROR` in the logarithm; no bounds."""
    visited = trajectory(map, a0, inputs)
    T, batch = len(inputs), visited.shape[1:-1]
    # The directions of one state lie side by side: its products are one product of matrices, which reads the weights once.
    start = np.random.default_rng(SEED).standard_normal((*batch, DIRECTIONS, map.dim))
    forward, backward = np.empty((T, *batch)), np.empty((T, *batch))
    for product, out, times in ((map.jvp, forward, range(T)), (map.vjp, backward, range(T - 1, -1, -1))):
        directions, log_scale = start, np.zeros(batch)
        for t in times:
            directions = product(visited[t][..., None, :], directions, inputs[t][..., None, :])
            size = np.sqrt(np.square(directions).sum(-1).mean(-1))
            with np.errstate(divide="ignore"):
                log_scale = log_scale + np.log(size)
            out[t] = log_scale
            directions = directions / np.where(size > 0.0, size, 1.0)[..., None, None]
    return GradientDecay(forward, backward, {}, "fro", coordinates(map))
