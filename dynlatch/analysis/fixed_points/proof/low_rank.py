"""Fixed points of networks with few directions: a weight matrix of numerical rank r is a problem in r dimensions.

With `W = U V^T + T` and `z = V^T f(a)` a fixed point `a = W f(a) + c` is

    a = c + U z + T f(a),   z = V^T f(a).

While T is a contraction the first equation determines a(z), so that the fixed points are exactly the solutions of
`z = V^T f(a(z))`. Of the tail T only bounds enter, `|T f| <= |T| sup |f|` and what it does to the slope of a(z); so the proof
holds for W itself, not for the truncated matrix.

Source: Beiran, Dubreuil, Valente, Mastrogiuseppe and Ostojic (2021), Neural Computation 33, for the reduction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.activations import Activation
from dynlatch.analysis.fixed_points.proof.branch_and_bound import (
    DEFAULT_BOXES,
    Boxes,
    Proof,
    enclosures,
    krawczyk,
    proof_of,
    refine,
)
from dynlatch.analysis.fixed_points.proof.units import Units
from dynlatch.analysis.structure import steepest_slope
from dynlatch.intervals import EPS, TINY, Box
from dynlatch.validation import Array

MOST = 4  # directions
TAIL = 1e-6  # singular values below this part of the largest belong to the tail: weights kept in float32 have such
LOOSE = 1e-10  # enclosures wider than this, relative to the point, are tightened in all n dimensions


@dataclass(frozen=True, eq=False)
class Factors:
    """`W = U V^T + T`, with U and V (n, r) as they are in float64 and `|T| <= tail` (n, n), rounding included."""

    U: Array
    V: Array
    tail: Array


def factors(W: Array, most: int = MOST) -> Factors | None:
    """W split into at most `most` directions and a tail; None if its numerical rank is higher."""
    left, sizes, right = np.linalg.svd(W)
    rank = max(int(np.sum(sizes > TAIL * sizes[0])), 1)
    if rank > most or rank >= len(W):
        return None
    U, V = left[:, :rank] * sizes[:rank], right[:rank].T
    rounding = (rank + 3) * EPS * (np.abs(U) @ np.abs(V).T + np.abs(W)) + TINY
    return Factors(U, V, np.abs(W - U @ V.T) + rounding)


def low_rank(
    W: Array,
    c: Array,
    f: Activation,
    box: Box,
    *,
    slack: Array | None = None,
    boxes: int = DEFAULT_BOXES,
    deadline: float = np.inf,
) -> Proof | None:
    """All solutions of `a = W f(a) + c` in `box` by way of r dimensions; None if W has no low numerical rank.

    Parameters
    ----------
    W, c : ndarray, shapes (n, n), (n,)
    f : Activation
        Bounded, with `slope_peak`; None is returned for any other.
    box : tuple of ndarray (lo, hi), each (n,)
    slack : ndarray, shape (n,), optional
        How far the true c may be from the given one.
    boxes, deadline
        As in `krawczyk`.
    """
    parts = factors(W) if f.bounded and f.slope_peak is not None else None
    if parts is None or not np.isfinite(steepest_slope(f)):
        return None
    steepest = steepest_slope(f) * (1.0 + 16.0 * EPS)
    gain = parts.tail.sum(-1) * (1.0 + len(W) * EPS) * steepest
    if gain.max() > 0.5:
        return None
    bend = parts.tail.sum(-1) * (1.0 + 2.0 * len(W) * EPS) * float(np.abs(f.limits).max())
    shift = bend if slack is None else bend + slack
    slope = gain / (1.0 - gain.max()) * (1.0 + 8.0 * EPS)
    problem = Units(parts.V.T, np.zeros(parts.V.shape[1]), f, Q=parts.U, q=c, tail=shift, tail_slope=slope)
    found = krawczyk(problem, problem.start(*box), boxes=boxes, deadline=deadline)
    return _lifted(found, problem, Units(W, c, f, slack=slack), box)


def _lifted(found: Proof, problem: Units, whole: Units, box: Box) -> Proof:
    """The proof in r dimensions told in n: `a` within `c + U z +- tail`, of which only what meets the box counts."""
    tight = Boxes(*problem.nets(*enclosures(found)))
    loose = (tight.hi - tight.lo).max(-1, initial=0.0) > LOOSE * (1.0 + np.abs(tight.lo).max(-1, initial=0.0))
    if loose.any():
        better = refine(whole, tight.take(loose))
        tight.lo[loose], tight.hi[loose] = better
    tight = tight.take(np.all((tight.lo <= box[1]) & (tight.hi >= box[0]), axis=-1))
    left = Boxes(*problem.nets(found.unresolved[:, 0], found.unresolved[:, 1]))
    left = Boxes(np.fmax(left.lo, box[0]), np.fmin(left.hi, box[1]))
    left = left.take(np.all(left.lo <= left.hi, axis=-1))
    return proof_of(tight, left, found.boxes, ended=found.ended)
