"""Branch and bound on the relaxed trajectories: leaves above their face's goal are cut where a unit is relaxed the most.

The leaves stay from pass to pass and from input size to input size, with their multipliers: while the polytope moves little,
so do the best cuts.
"""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.escape.lower.dual.problem import Bounds, Cover, Hull
from dynlatch.validation import Array

NEAR_END = 0.2  # a cut closer to an end of the interval, as a share of it, is moved to the middle


def branched(hull: Hull, cover: Cover, bounds: Bounds, goals: Array, most: int) -> Cover:
    """The cover with the worst leaves cut in two, at most `most` leaves a face.

    Parameters
    ----------
    bounds : Bounds
        Of the cover as it is.
    goals : ndarray, shape (F,)
        Leaves at most as high stay whole.
    """
    chosen = _chosen(cover, bounds.leaves, goals, most)
    if not len(chosen):
        return cover
    n = hull.n
    box = hull.box
    rows = np.arange(len(chosen))
    at = bounds.scores[chosen].reshape(len(chosen), -1).argmax(1)
    k, i = np.divmod(at, n)
    lo = np.maximum(cover.low[chosen, k, i], box[0, i])
    hi = np.minimum(cover.high[chosen, k, i], box[1, i])
    cut = bounds.trace[chosen, k, i]
    inside = np.minimum(cut - lo, hi - cut) > NEAR_END * (hi - lo)
    cut = np.where(inside, cut, 0.5 * (lo + hi))
    upper = Cover(*(part[chosen].copy() for part in cover))
    upper.low[rows, k, i] = cut
    high = cover.high.copy()
    high[chosen, k, i] = cut
    lower = cover._replace(high=high)
    return Cover(*(np.concatenate([a, b]) for a, b in zip(lower, upper, strict=True)))


def _chosen(cover: Cover, leaves: Array, goals: Array, most: int) -> Array:
    """The leaves above their goals, of each face the worst that there is room for."""
    above = np.flatnonzero(leaves > goals[cover.owner])
    above = above[np.argsort(-leaves[above], kind="stable")]
    room = most - np.bincount(cover.owner, minlength=len(goals))
    rank = np.empty(len(above), dtype=int)
    for face in range(len(goals)):
        mine = cover.owner[above] == face
        rank[mine] = np.arange(mine.sum())
    return np.asarray(above[rank < room[cover.owner[above]]])
