"""The dual of nets with many units: all faces at once, and a descent that knows where each unit's slope should go.

Bound and multipliers are those of `relaxation`, units bounded over the box of a = z + B u and inputs by `b |B^T p|`:

    sum_k [ c p_{k+1} + b |B^T p_k| + max { q_k tanh(a) - S_k q_k a } ] + max { p_0 z },   p_k = S_k q_k + leak p_{k+1}.

Given the signs of q and the inputs, the relaxed trajectory runs on the concave (q > 0) and convex (q < 0) envelopes of tanh and
the dual is least where every S_k is the slope of its envelope at the trajectory. So the descent direction of each S is the
difference to that slope: Newton's step for a unit by itself. How far to go is up to each face.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.lower.dual.envelope import Envelope, envelope_of, slopes_at
from dynlatch.analysis.escape.lower.dual.problem import Hull, Problem
from dynlatch.validation import Array

SMOOTHING = 0.5  # share of the largest coefficient of an input below which it is not driven to its end
LEAST_STEP, FASTER, SLOWER = 0.1, 1.5, 0.4


class Wide(NamedTuple):
    """A problem at input size b over a hull."""

    problem: Problem
    hull: Hull
    b: float
    envelope: Envelope


class Sweep(NamedTuple):
    """The bounds (F,) and what their trajectory needs; faces (F,) are the second axis of all that has steps."""

    bounds: Array
    q: Array  # (K, F, n)
    cut: Array  # (K, F, n): the line that bounds tanh at slope S is `cut + S a`
    inputs: Array  # (K, F, m)
    first: Array  # (F, n): z_0
    p: Array  # (F, n): p_0


def wide(problem: Problem, hull: Hull, b: float) -> Wide:
    reach = b * problem.reach
    return Wide(problem, hull, b, envelope_of(hull.box[0] - reach, hull.box[1] + reach))


def chords(task: Wide, K: int) -> Array:
    """First slopes (K, F, n): those of the chords over the boxes."""
    lo, hi = task.envelope.lo, task.envelope.hi
    width = np.maximum(hi - lo, 1e-9)
    slope = np.where(hi - lo > 1e-9, (np.tanh(hi) - np.tanh(lo)) / width, 1.0 - np.tanh(lo) ** 2)
    return np.tile(slope, (K, len(task.hull.faces), 1))


def backward(task: Wide, slopes: Array) -> Sweep:
    """The bounds for slopes (K, F, n) in [0, 1]."""
    problem = task.problem
    q, cut = np.empty_like(slopes), np.empty_like(slopes)
    inputs = np.empty((*slopes.shape[:2], problem.B.shape[1]))
    p = task.hull.faces
    total = np.zeros(len(p))
    for k in reversed(range(len(slopes))):
        total += p @ problem.c
        q[k] = p @ problem.W
        cut[k] = _cuts(task.envelope, q[k], slopes[k])
        total += np.einsum("fi,fi->f", q[k], cut[k])
        p = slopes[k] * q[k] + problem.form.leak * p
        cost, inputs[k] = _inputs(p @ problem.B, task.b, problem.norm)
        total += cost
    lo, hi = task.hull.box
    total += np.maximum(p * lo, p * hi).sum(1)
    side = np.clip(p / (SMOOTHING * np.abs(p).max(1, keepdims=True) + 1e-300), -1.0, 1.0)
    return Sweep(total, q, cut, inputs, 0.5 * (lo + hi) + 0.5 * (hi - lo) * side, p)


def _cuts(envelope: Envelope, q: Array, slopes: Array) -> Array:
    """Where lines of these slopes that bound tanh cut the axis: from above for q > 0, from below else."""
    sign = np.where(q > 0, 1.0, -1.0)
    lo = np.where(q > 0, envelope.lo, -envelope.hi)
    hi = np.where(q > 0, envelope.hi, -envelope.lo)
    stationary = np.arctanh(np.sqrt(np.clip(1.0 - slopes, 0.0, 1.0 - 1e-15)))
    a = np.minimum(np.maximum(stationary, lo), hi)
    inner, end = np.tanh(a) - slopes * a, np.tanh(lo) - slopes * lo
    return np.asarray(sign * np.maximum(inner, end))


def _inputs(e: Array, b: float, norm: float) -> tuple[Array, Array]:
    """The largest `e u` over |u| <= b, and inputs that come near it and vary smoothly with e."""
    if np.isinf(norm):
        largest = np.abs(e).max(1, keepdims=True) + 1e-300
        return b * np.abs(e).sum(1), b * np.clip(e / (SMOOTHING * largest), -1.0, 1.0)
    size = np.linalg.norm(e, axis=1)
    return b * size, b * e / (size[:, None] + 1e-300)


def forward(task: Wide, slopes: Array, sweep: Sweep) -> tuple[Array, Array]:
    """Where the slopes should go, and the arguments a on the relaxed trajectory, kept within their boxes; both (K, F, n)."""
    problem, envelope = task.problem, task.envelope
    goals, inside = np.empty_like(slopes), np.empty_like(slopes)
    z = sweep.first
    for k in range(len(slopes)):
        a = z + sweep.inputs[k] @ problem.B.T
        inside[k] = np.clip(a, envelope.lo, envelope.hi)
        goals[k] = slopes_at(envelope, inside[k], sweep.q[k] > 0)
        z = problem.c + problem.form.leak * a + (sweep.cut[k] + slopes[k] * a) @ problem.W.T
    return goals, inside


def improve(task: Wide, slopes: Array, steps: Array, rounds: int) -> tuple[Sweep, Array]:
    """Improve slopes (K, F, n) and step lengths (F,) in place; returns the bounds and the arguments on the trajectories."""
    sweep = backward(task, slopes)
    np.maximum(steps, LEAST_STEP, out=steps)
    for _ in range(rounds):
        goals, _ = forward(task, slopes, sweep)
        tried = slopes + steps[:, None] * (goals - slopes)
        found = backward(task, tried)
        better = found.bounds < sweep.bounds
        steps *= np.where(better, FASTER, SLOWER)
        np.minimum(steps, 1.0, out=steps)
        for old, new in zip(sweep, found, strict=True):
            rows = (better,) if old.shape[0] == len(better) and old.ndim < 3 else (slice(None), better)
            old[rows] = new[rows]
        slopes[:, better] = tried[:, better]
    return sweep, forward(task, slopes, sweep)[1]


def derivative(task: Wide, sweep: Sweep, at: Array) -> Array:
    """How the bounds change with the faces' values, (F, 2 n), the multipliers at their best.

    Where the trajectory is on a chord between an end of the box and another point, the end moves the line by its share.
    """
    lo, hi, top, top_slope, bottom, bottom_slope = task.envelope
    at_lo, at_hi = 1.0 - np.tanh(lo) ** 2, 1.0 - np.tanh(hi) ** 2
    left = np.clip((top - at) / np.maximum(top - lo, 1e-12), 0.0, 1.0)
    right = np.clip((at - bottom) / np.maximum(hi - bottom, 1e-12), 0.0, 1.0)
    above_lo, above_hi = left * (at_lo - top_slope), np.where(top >= hi, (1.0 - left) * (at_hi - top_slope), 0.0)
    below_hi, below_lo = right * (at_hi - bottom_slope), np.where(bottom <= lo, (1.0 - right) * (at_lo - bottom_slope), 0.0)
    rising = sweep.q > 0
    by_lo = (sweep.q * np.where(rising, above_lo, below_lo)).sum(0) + np.minimum(sweep.p, 0.0)
    by_hi = (sweep.q * np.where(rising, above_hi, below_hi)).sum(0) + np.maximum(sweep.p, 0.0)
    return np.hstack([by_hi, -by_lo])
