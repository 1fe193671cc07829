"""Sequences on the edge of the basin, each lowered along its own boundary normal ("U4").

A sequence U of size 1 has a threshold b(U): the multiple of it at which it begins to escape. Just above and just below it the
state passes the edge of the basin together and then parts. The difference of the two paths, pulled back along the upper one,

    p_{t-1} = J(a_{t-1}, b u_t)^T p_t   (normalised at every step),

is the normal of the basin boundary at every time, whatever lives on that boundary: the costate of Pontryagin's principle with
no saddle to be known. To first order b(U) falls fastest when u_t turns towards `argmax_{|u| <= 1} <B^T p_t, u>`. Each sequence
turns by a step of its own, kept where its threshold falls; maps without derivatives are turned at random instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.upper.fate import Judge, escapes
from dynlatch.analysis.escape.upper.ledger import Ledger
from dynlatch.analysis.escape.upper.plant import Plant, fitted, worst
from dynlatch.validation import Array

HAIR = 1e-4  # relative fall of a threshold that counts
HALVINGS = 6
TAIL = 24  # steps without input in which the paths part
PARTED = 0.2  # share of their widest gap at which they have
SPENT = 1e-3  # a step this short ends a sequence's descent

Turn = Callable[[Array, Array, Array], Array]  # (U, hi, lo) -> the inputs to turn towards


def lowered(judge: Judge, U: Array, top: Array, drop: float, halvings: int = HALVINGS) -> tuple[Array, Array]:
    """(hi, lo): sizes (S,) at which the sequences escape and do not, by bisection down to `drop * top`.

    hi is infinite where a size a hair below `top` does not escape.
    """
    hi, lo = np.full(len(top), np.inf), top.copy()
    below = (1.0 - HAIR) * top
    some = np.flatnonzero(escapes(judge, U, below))
    hi[some], lo[some] = below[some], drop * top[some]
    V = U[:, some]
    for _ in range(halvings if len(some) else 0):
        middle = 0.5 * (lo[some] + hi[some])
        away = escapes(judge, V, middle)
        hi[some[away]] = middle[away]
        lo[some[~away]] = middle[~away]
    return hi, lo


def paths(plant: Plant, U: Array, b: Array, tail: int) -> list[Array]:
    """States at times 0 to T + tail under the inputs `b U` and then none."""
    a = np.broadcast_to(plant.points[0], (U.shape[1], plant.points.shape[1]))
    states = [a]
    with np.errstate(over="ignore", invalid="ignore"):
        for u in U:
            states.append(plant.step(states[-1], b[:, None] * u))
        for _ in range(tail):
            states.append(plant.step(states[-1], None))
    return states


class Normal(NamedTuple):
    """The boundary normal through the inputs, `B^T p` at every time (T, S, m), and the logarithm of its length (T, S).

    Minus infinity once the paths have parted: what enters then has no part in the escape.
    """

    pushes: Array
    log_lengths: Array


def normal(plant: Plant, U: Array, hi: Array, lo: Array) -> Normal:
    """The normal along the paths just above and just below the thresholds of sequences U (T, S, m)."""
    assert plant.pull is not None
    T, S, _ = U.shape
    upper, lower = paths(plant, U, hi, TAIL), paths(plant, U, lo, TAIL)
    gaps = np.array([np.sqrt(((x - y) ** 2).sum(-1)) for x, y in zip(upper, lower, strict=True)])
    gaps = np.where(np.isfinite(gaps), gaps, 0.0)
    parting = (gaps >= PARTED * gaps.max(0)).argmax(0)
    out = Normal(np.zeros_like(U), np.full((T, S), -np.inf))
    p, length, silence = np.zeros_like(upper[-1]), np.full(S, -np.inf), np.zeros_like(U[0])
    for t in range(int(parting.max(initial=0)), 0, -1):
        begin = parting == t
        p[begin], length[begin] = upper[t][begin] - lower[t][begin], 0.0
        p, g = plant.pull(upper[t - 1], hi[:, None] * U[t - 1] if t <= T else silence, p)
        if t <= T:
            out.pushes[t - 1], out.log_lengths[t - 1] = g, length
        size = np.sqrt((p * p).sum(-1)) + 1e-300
        p, length = p / size[:, None], length + np.log(size)
    return out


def by_costates(plant: Plant) -> Turn:
    """Each input towards what Pontryagin's principle asks for at its time."""

    def turn(U: Array, hi: Array, lo: Array) -> Array:
        found = normal(plant, U, hi, lo)
        known = np.isfinite(found.log_lengths) & np.isfinite(found.pushes).all(-1) & found.pushes.any(-1)
        return np.where(known[..., None], worst(found.pushes, plant.norm), U)

    return turn


def by_their_sum(plant: Plant) -> Turn:
    """The same for an input that is held constant: towards what pushes hardest over all times together."""

    def turn(U: Array, hi: Array, lo: Array) -> Array:
        found = normal(plant, U, hi, lo)
        weights = np.exp(found.log_lengths - np.maximum(found.log_lengths.max(0), -1e300))
        total = (weights[..., None] * found.pushes).sum(0)
        known = np.isfinite(total).all(-1) & total.any(-1)
        return np.broadcast_to(np.where(known[:, None], worst(total, plant.norm), U[0]), U.shape).copy()

    return turn


def turned(U: Array, towards: Array, rate: Array, norm: float) -> Array:
    """A step from U (T, S, m) towards other inputs; in the 2-norm on the sphere, where the best inputs lie."""
    mixed = U + rate[:, None] * (towards - U)
    return worst(mixed, 2.0) if norm == 2 else fitted(mixed, norm)


def descend(
    judge: Judge, U: Array, top: Array, turn: Turn, iterations: int, drop: float, ledger: Ledger
) -> tuple[Array, Array]:
    """Lower the sizes `top` (S,) at which sequences U (T, S, m) escape, at most by `drop` at a time; smallest first."""
    U = U.copy()
    hi, lo = lowered(judge, U, top, drop)
    hi = np.minimum(hi, top)
    rate = np.full(len(hi), 0.5)
    towards = turn(U, hi, lo)
    for _ in range(iterations):
        live = np.flatnonzero(rate > SPENT)
        if not len(live) or not ledger.on():
            break
        V = turned(U[:, live], towards[:, live], rate[live], judge.plant.norm)
        new, below = lowered(judge, V, hi[live], drop)
        better = np.isfinite(new)
        rate[live] = np.where(better, np.minimum(1.0, 1.5 * rate[live]), 0.5 * rate[live])
        good = live[better]
        if len(good):
            U[:, good], hi[good], lo[good] = V[:, better], new[better], below[better]
            towards[:, good] = turn(U[:, good], hi[good], lo[good])
            ledger.offer(U[:, hi.argmin()], hi.min())
    return best_first(U, hi)


def best_first(U: Array, sizes: Array, most: int | None = None) -> tuple[Array, Array]:
    """The sequences (T, S, m) with the smallest sizes, in their order."""
    order = np.argsort(sizes, kind="stable")[:most]
    order = order[np.isfinite(sizes[order])]
    return U[:, order], sizes[order]
