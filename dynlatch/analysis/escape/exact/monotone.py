"""Exact thresholds of maps that preserve an order, and of cycles of maps that reverse it.

If a net preserves the order, every input of size at most b keeps the state between its orbits under the two constant extreme
inputs, and b is safe if and only if both orbits can be released: their limits a+- under the push lead back to the attractor X
once the push is off (all states between two that return are squeezed, M^k(a-) <= M^k(y) <= M^k(a+)).

The limit a+(b) rises along the branch of fixed points that starts at X, up to its first fold. On the way nothing is lost: if
a+(b) did not return, it would lie above another fixed point p >= X of M; at the first such b the two agree in some unit i, so
`sum_j W_ij (f(a_j) - f(p_j)) + b d_i = 0` with terms >= 0: the units in which they agree hear neither the input nor the others,
and there a+ = p for smaller b too. So a fold comes first. Beyond it the orbit jumps to the next fixed point, and either that
one leads back, and the branch is followed from there, or the fold is the threshold.

If a net reverses the order, its alternating extremes do the same: the states at even and odd times form one net of twice the
size, `X'_j+1 = M(X_j) + ...`, which preserves the order with the signs s, -s. (With f odd and no bias this is the gauge
a_t -> (-1)^t a_t.) The same net of p phases serves cycles of period p; only then the push alternates if the order does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.exact.answer import EXCESS, Undecided
from dynlatch.analysis.escape.exact.branch import BranchPoint, FirstFold, first_fold
from dynlatch.analysis.escape.exact.extremes import Extremes
from dynlatch.analysis.escape.exact.pushed import Pushed, limit, rest_near
from dynlatch.validation import Array

JUMP = 1e-4  # relative excess at which the state beyond a fold is looked up first: 100 times as fast as at EXCESS
MOST_FOLDS = 20
BACK = 1e-6  # share of the way from the attractor to the pushed state within which a released state is back


class Side(NamedTuple):
    """One extreme direction: the net of all phases, without the units that no input reaches."""

    system: Pushed
    attractor: Array  # (N,), of the units kept
    kept: Array  # (p n,) bool
    scale: float  # the push 1 of the system is an input of this size


class Loss(NamedTuple):
    """The fold at which the attractor is lost, and the fixed point (N,) above it to which the released state goes."""

    size: float
    fold: FirstFold
    beyond: Array


def side(case: Extremes, way: float) -> Side:
    """The net of all phases, pushed up (way +1) or down (-1) in the order."""
    form, p = case.form, len(case.points)
    n = len(form.c)
    gain = float(np.abs(case.push).max())
    stays = np.tile(1.0 - form.leak, p)
    cycle = np.roll(np.eye(p), 1, axis=0)  # phase j feeds phase j + 1
    W = np.kron(cycle, form.W) / stays[:, None]
    d = way * np.kron(case.flips, case.push / gain) / stays
    X = case.points.reshape(-1)
    c = np.tile(form.c, p) / stays
    order = way * case.order.reshape(-1)
    kept = reached(W, d)
    c = c + np.where(kept[None, :], 0.0, W) @ form.f(X)
    system = Pushed(W[np.ix_(kept, kept)], c[kept], d[kept], form.f, order[kept])
    attractor = rest_near(system, X[kept], 0.0)
    if attractor is None:
        raise Undecided
    return Side(system, attractor, kept, 1.0 / gain)


def reached(W: Array, d: Array) -> Array:
    """Units (N,) that hear the input, directly or through others."""
    hears = d != 0
    for _ in range(len(d)):
        more = hears | (np.abs(W) @ hears > 0)
        if np.array_equal(more, hears):
            break
        hears = more
    return np.asarray(hears)


def first_loss(system: Pushed, attractor: Array) -> Loss | None:
    """The first fold on the way up that the state does not come back from; None if it always comes back.

    Raises
    ------
    Undecided
        Next to a degenerate fold.
    """
    here = BranchPoint(attractor, 0.0)
    for _ in range(MOST_FOLDS):
        fold = first_fold(system, here)
        if fold is None:
            return None
        here, beyond = _past(system, attractor, fold, JUMP)
        if beyond is not None:
            here, beyond = _past(system, attractor, fold, EXCESS)
        if beyond is not None:
            return Loss(fold.b, fold, beyond)
    raise Undecided


def _past(system: Pushed, attractor: Array, fold: FirstFold, excess: float) -> tuple[BranchPoint, Array | None]:
    """Where the state settles under a push slightly beyond the fold, and where it goes from there when released: None is back."""
    b = fold.b * (1.0 + excess)
    pushed = BranchPoint(limit(system, fold.point, b, 1.0), b)
    released = limit(system, pushed.a, 0.0, -1.0)
    away = np.abs(released - attractor).max() > BACK * np.abs(pushed.a - attractor).max()
    return pushed, released if away else None


def is_only_one(case: Extremes) -> bool:
    """Whether both extreme orbits of the net without input end in the attractor, so that every orbit does."""
    form, p = case.form, len(case.points)
    ends = np.array(form.f.limits)
    for way in (1.0, -1.0):
        stays = np.tile(1.0 - form.leak, p)
        W = np.kron(np.roll(np.eye(p), 1, axis=0), form.W) / stays[:, None]
        order = way * case.order.reshape(-1)
        system = Pushed(W, np.tile(form.c, p) / stays, np.zeros(len(order)), form.f, order)
        X = case.points.reshape(-1)
        corner = W @ np.where(order > 0, ends[1], ends[0]) + system.c
        last = limit(system, corner, 0.0, -1.0)
        if np.abs(last - X).max() > BACK * np.abs(corner - X).max():
            return False
    return True
