"""A proved distance to the boundary of a basin: cells of shocks, each shown to flow into the attractor's contraction ball.

A cell is a box [lo, hi] of shocks s. Its states after t steps lie both in the box that interval images give and, by the mean
value theorem, in

    M^t(x + B c) + X_t (s - c),      X_t = J_t X_{t-1},  X_0 = B,

with c the middle of the cell and J_t interval bounds on the Jacobian over the states at t; every step keeps the intersection.
A cell that does not arrive is cut where its width matters most. The undecided cell nearest to zero bounds the distance: it is
the next to be cut (best first), and nothing beyond the distance of a known fatal shock is looked at. All with outward rounding.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.errors import NotAttracting, NotEnclosable
from dynlatch.intervals import EPS, TINY, Box, add, affine_image, matmul
from dynlatch.maps import Map, SmoothEnclosable, interval_jacobian
from dynlatch.validation import Array

BATCH = 128
LONGEST = 120  # steps that a cell has to arrive
GROWN = 50.0  # times the size of the start beyond which a cell is given up
HALVINGS = 12


class Proof(NamedTuple):
    """What shocks are flowed: from `origin` through B into `ball`."""

    map: SmoothEnclosable
    ball: ContractionBall
    origin: Array
    B: Array
    norm: float


class Flown(NamedTuple):
    """Which cells (N,) arrived, and for the others the input along which their width mattered most."""

    arrived: NDArray[np.bool_]
    axis: NDArray[np.intp]


def proof_of(map: Map, attractor: Attractor, phase: int, B: Array, norm: float) -> Proof | None:
    """The proof's ingredients; None for a map without interval bounds."""
    points = attractor.points
    if not isinstance(map, SmoothEnclosable) or interval_jacobian(map, points, points) is None:
        return None
    try:
        map.enclose(points, points)
        ball = contraction_ball(map, attractor)
    except (NotAttracting, NotEnclosable):
        return None
    return Proof(map, ball, points[phase], B, norm) if ball.proved else None


def in_ball(ball: ContractionBall, lo: Array, hi: Array) -> NDArray[np.bool_]:
    """Which boxes (N, n) lie in one of the balls."""
    inside = np.zeros(len(lo), dtype=bool)
    slack = 1.0 + 8.0 * (lo.shape[-1] + 4) * EPS
    with np.errstate(over="ignore", invalid="ignore"):
        middle, reach = 0.5 * (lo + hi), 0.5 * (hi - lo)
        for point, S in zip(ball.orbit, ball.factors, strict=True):
            away = np.abs(middle - point)
            rounding = 8.0 * (len(S) + 4) * EPS * (away + reach + np.abs(point)) + TINY
            size = np.abs((middle - point) @ S.T) + (reach + rounding) @ np.abs(S).T
            inside |= np.square(size * slack).sum(-1) * slack <= ball.radius**2 * (1.0 - 1e-12)
    return inside


def flow(proof: Proof, lo: Array, hi: Array, norm: float = np.inf) -> Flown:
    """Follow the cells [lo, hi] (N, m) until they are in the ball, have grown too large, or have taken too long.

    With `norm` 2 only the ellipsoid that fills the cell is followed.
    """
    map, B = proof.map, proof.B
    N = len(lo)
    c = 0.5 * (lo + hi)
    reach = np.nextafter(np.maximum(hi - c, c - lo), np.inf)
    centre = affine_image(B, c, c, proof.origin)
    hull = affine_image(B, lo, hi, proof.origin)
    X: Box = (np.broadcast_to(B, (N, *B.shape)), np.broadcast_to(B, (N, *B.shape)))
    limit = GROWN * (1.0 + max(np.abs(end).max() for end in hull))
    arrived, axis, rows = np.zeros(N, dtype=bool), np.zeros(N, dtype=np.intp), np.arange(N)
    axis[:] = (np.abs(B).max(0) * reach).argmax(-1)
    for _ in range(LONGEST):
        done = in_ball(proof.ball, *hull)
        arrived[rows[done]] = True
        with np.errstate(invalid="ignore"):
            lost = ~((hull[1] - hull[0]).max(-1) <= limit)
        on = np.flatnonzero(~done & ~lost)
        if not len(on):
            break
        rows, reach = rows[on], reach[on]
        hull, centre, X = _take(hull, on), _take(centre, on), _take(X, on)
        X = matmul(map.enclose_jacobian(*hull), X)
        centre = map.enclose(*centre)
        with np.errstate(over="ignore"):  # a bound that overflows is infinite, which `_meet` leaves out
            size = np.maximum(np.abs(X[0]), np.abs(X[1])) * reach[:, None]
        axis[rows] = _widest(size, axis[rows])
        image = map.enclose(*hull)
        grown = _meet(image, _around(centre, size, norm))
        stuck = np.asarray((grown[0] <= hull[0]).all(-1) & (grown[1] >= hull[1]).all(-1))
        hull = np.where(stuck[:, None], -np.inf, grown[0]), np.where(stuck[:, None], np.inf, grown[1])
    return Flown(arrived, axis)


def _widest(size: Array, before: NDArray[np.intp]) -> NDArray[np.intp]:
    """The input whose part of the width (N, n, m) is largest; as before where nothing is left of it."""
    share = size.max(1)
    known = np.isfinite(share).all(-1) & (share.max(-1) > 0)
    return np.where(known, share.argmax(-1), before)


def _around(centre: Box, size: Array, norm: float) -> Box:
    """The mean value form: the widths (N, n, m) put together, rounded outward, around the middle."""
    with np.errstate(over="ignore"):
        total = size.sum(-1) if norm == np.inf else np.sqrt(np.square(size).sum(-1))
        wide = total * (1.0 + 2.0 * (size.shape[-1] + 4) * EPS) + TINY
    return add(centre, (-wide, wide))


def _meet(x: Box, y: Box) -> Box:
    """Intersection, where both hold the truth; an unbounded side of one leaves the other."""
    with np.errstate(invalid="ignore"):
        return np.fmax(x[0], y[0]), np.fmin(x[1], y[1])


def _take(box: Box, rows: NDArray[np.intp]) -> Box:
    return box[0][rows], box[1][rows]


def distances(lo: Array, hi: Array, norm: float) -> Array:
    """Least norm (N,) of the shocks in each cell, rounded down."""
    least = np.maximum(np.maximum(lo, -hi), 0.0)
    if norm == np.inf:
        return np.asarray(least.max(-1))
    return np.asarray(np.sqrt(np.square(least).sum(-1)) * (1.0 - 4.0 * (lo.shape[-1] + 2) * EPS))


def ball_distance(proof: Proof, phase: int) -> float:
    """Shocks up to this size stay in the contraction ball: `radius / max |S B s|_2` over |s| <= 1."""
    SB = np.abs(proof.ball.factors[phase]) @ np.abs(proof.B) if proof.norm == np.inf else proof.ball.factors[phase] @ proof.B
    stretch = np.sqrt(np.square(SB.sum(-1)).sum()) if proof.norm == np.inf else np.sqrt(np.square(SB).sum())
    if proof.norm == 2:
        stretch = min(float(stretch), float(np.linalg.norm(SB, 2)) * (1.0 + 1e-10))
    return float(proof.ball.radius / stretch * (1.0 - 1e-10))


def one_cell(proof: Proof, safe: float, upper: float) -> float:
    """The largest box `|s| <= r` (of both norms' shocks) that arrives as a single cell, by bisection between the two."""
    m = proof.B.shape[1]
    ones = np.ones(m)
    top = min(upper, 1e6 * safe) if np.isfinite(upper) else 1e6 * safe
    lo, hi = safe, top
    for _ in range(3):  # sixteen sizes at once
        sizes = np.geomspace(lo, hi, 18)[1:-1]
        held = flow(proof, -sizes[:, None] * ones, sizes[:, None] * ones, proof.norm).arrived
        first = int(np.argmin(held)) if not held.all() else len(sizes)
        ends = np.concatenate([[lo], sizes, [hi]])
        lo, hi = float(ends[first]), float(ends[first + 1])
    return lo


def shells(inner: float, outer: float, m: int) -> Box:
    """The box of half width `outer` without that of half width `inner`, as 2 m cells."""
    lo, hi = [], []
    for j in range(m):
        for side in (-1.0, 1.0):
            a, b = np.full(m, -outer), np.full(m, outer)
            a[:j], b[:j] = -inner, inner
            a[j], b[j] = (inner, outer) if side > 0 else (-outer, -inner)
            lo.append(a)
            hi.append(b)
    return np.array(lo), np.array(hi)


def proved_distance(proof: Proof, inner: float, upper: float, gap: float, work: int) -> float:
    """Largest size of shocks shown harmless, from `inner` up to `(1 - gap) upper`, by at most `work` flown cells."""
    m = proof.B.shape[1]
    goal = (1.0 - gap) * upper
    if not inner < goal:
        return inner
    lo, hi = shells(inner, goal, m)
    heap: list[tuple[float, int, Array, Array]] = []
    count = 0
    for cell, size in zip(zip(lo, hi, strict=True), distances(lo, hi, proof.norm), strict=True):
        heapq.heappush(heap, (float(size), count, *cell))
        count += 1
    while heap and count < work:
        batch = [heapq.heappop(heap) for _ in range(min(BATCH, len(heap)))]
        lo, hi = np.stack([cell[2] for cell in batch]), np.stack([cell[3] for cell in batch])
        flown = flow(proof, lo, hi)
        for left, right in _halves(lo, hi, flown):
            size = float(distances(left[None], right[None], proof.norm)[0])
            if size < goal:
                heapq.heappush(heap, (size, count, left, right))
            count += 1
    return max(inner, heap[0][0]) if heap else goal


def _halves(lo: Array, hi: Array, flown: Flown) -> list[tuple[Array, Array]]:
    """Both halves of every cell that did not arrive."""
    out = []
    for k in np.flatnonzero(~flown.arrived):
        j = flown.axis[k]
        middle = 0.5 * (lo[k, j] + hi[k, j])
        left, right = hi[k].copy(), lo[k].copy()
        left[j] = right[j] = middle
        out += [(lo[k], left), (right, hi[k])]
    return out
