"""All cycles of a given period, by proof: branch and bound in the n coordinates of one point, verified by multiple shooting.

For a box X_0 of candidates for the lexicographically smallest point, the interval images X_{j+1} = M(X_j) hold the rest of the
cycle, and M(X_{p-1}) must meet X_0 again. What survives is tested with Krawczyk's operator on the p n unknowns of multiple
shooting: K(X) = m - Y F(m) + (I - Y F'(X)) (X - m); K inside X proves exactly one cycle in X, K beside X that there is none
(Krawczyk 1969; Galias, Int. J. Bifurcation and Chaos 11 (2001), does this for Henon's map). All of it in outward-rounded
intervals. Boxes are widened a little before the test, so that attracting cycles do not shrink them to nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.periodic_orbits.orbits import canonical, divisors, identities
from dynlatch.analysis.periodic_orbits.shooting import cyclic_matrix
from dynlatch.intervals import Box, add, matmul
from dynlatch.maps import SmoothEnclosable, interval_jacobian
from dynlatch.validation import Array

BATCH = 2048
BOXES = 1_000_000
INFLATION, LEAST_INFLATION = 0.05, 1e-8
SMALLEST = 1e-7  # relative width below which an undecided box is handed back
SPLIT = 0.47  # off the middle, where symmetric cycles would sit on every face
TIGHTENINGS = 4


class Proved(NamedTuple):
    """Cycles (d, n) whose prime period d divides p, proved errors (k,), undecided boxes (m, 2, n); `all` of them or not."""

    orbits: list[Array]
    errors: Array
    unresolved: Array
    complete: bool


@dataclass
class _Verified:
    tight: list[Box] = field(default_factory=list)  # (b, p, n) each: the cycle is inside
    alone: list[Box] = field(default_factory=list)  # (b, p, n) each: no other is


def can_prove(map: object, box: Box) -> bool:
    """Whether the map has interval images and Jacobians."""
    if not isinstance(map, SmoothEnclosable):
        return False
    middle = 0.5 * (box[0] + box[1])
    return interval_jacobian(map, middle, middle) is not None


def prove(map: SmoothEnclosable, period: int, box: Box, *, boxes: int = BOXES, deadline: float = np.inf) -> Proved:
    """Every cycle in `box` whose period divides `period`, unless the budget ends first."""
    width = box[1] - box[0]
    stack: list[Box] = [(box[0][None], box[1][None])]
    verified, stuck = _Verified(), [np.zeros((0, 2, map.dim))]
    visited = 0
    while stack and visited < boxes and time.monotonic() <= deadline:
        lo, hi = stack.pop()
        visited += len(lo)
        lo, hi = _examine(map, period, box, lo, hi, verified)
        small = np.all(hi - lo <= SMALLEST * width, axis=-1)
        stuck.append(np.stack([lo[small], hi[small]], axis=1))
        children = _halves(lo[~small], hi[~small], width)
        stack.extend((a, b) for a, b in zip(*(np.array_split(end, -(-len(end) // BATCH) or 1) for end in children), strict=True) if len(a))
    stuck.extend(np.stack(pair, axis=1) for pair in stack)
    return _summed_up(map, period, verified, np.concatenate(stuck))


def _halves(lo: Array, hi: Array, width: Array) -> Box:
    rows = np.arange(len(lo))
    widest = ((hi - lo) / width).argmax(axis=-1)
    cut = lo[rows, widest] + SPLIT * (hi - lo)[rows, widest]
    below, above = hi.copy(), lo.copy()
    below[rows, widest], above[rows, widest] = cut, cut
    return np.concatenate([lo, above]), np.concatenate([below, hi])


def _examine(map: SmoothEnclosable, period: int, domain: Box, lo: Array, hi: Array, verified: _Verified) -> Box:
    """The boxes that are neither refuted nor verified, contracted."""
    for _ in range(2):
        nodes, alive = _chain(map, period, domain, lo, hi)
        lo, hi = nodes[0][alive, 0], nodes[1][alive, 0]
        nodes = nodes[0][alive], nodes[1][alive]
    if len(lo) == 0:
        return lo, hi
    wide = _inflated(nodes)
    image = krawczyk(map, wide)
    known = np.isfinite(image[0]).all(axis=(1, 2)) & np.isfinite(image[1]).all(axis=(1, 2))
    inside = known & np.all((image[0] > wide[0]) & (image[1] < wide[1]), axis=(1, 2))
    empty = np.any((image[0] > nodes[1]) | (image[1] < nodes[0]), axis=(1, 2))
    proved = inside & ~empty
    if proved.any():
        verified.alone.append((wide[0][proved], wide[1][proved]))
        verified.tight.append((image[0][proved], image[1][proved]))
    left = ~inside & ~empty
    return np.maximum(lo, image[0][:, 0])[left], np.minimum(hi, image[1][:, 0])[left]


def _chain(map: SmoothEnclosable, period: int, domain: Box, lo: Array, hi: Array) -> tuple[Box, NDArray[np.bool_]]:
    """Boxes (b, p, n) of the points of cycles that start in [lo, hi], and which starts may be the smallest point of one."""
    lows, highs = [lo], [hi]
    alive = np.ones(len(lo), dtype=bool)
    for j in range(period):
        below, above = map.enclose(lows[-1], highs[-1])
        bounds = domain if j < period - 1 else (lo, hi)
        below, above = np.maximum(below, bounds[0]), np.minimum(above, bounds[1])
        alive &= np.all(below <= above, axis=-1) & ~(above[:, 0] < lo[:, 0])
        above = np.maximum(above, below)
        lows.append(below)
        highs.append(above)
    lows[0], highs[0] = lows.pop(), highs.pop()
    return (np.stack(lows, axis=1), np.stack(highs, axis=1)), alive


def _inflated(nodes: Box) -> Box:
    lo, hi = nodes
    pad = INFLATION * (hi - lo) + LEAST_INFLATION * (1.0 + np.maximum(np.abs(lo), np.abs(hi)))
    return lo - pad, hi + pad


def krawczyk(map: SmoothEnclosable, X: Box) -> Box:
    """Krawczyk's operator of multiple shooting on boxes (b, p, n)."""
    shape = X[0].shape
    b, p, n = shape
    middle = 0.5 * (X[0] + X[1])
    radius = np.nextafter(np.maximum(X[1] - middle, middle - X[0]), np.inf).reshape(b, p * n, 1)
    slopes = map.enclose_jacobian(X[0].reshape(b * p, n), X[1].reshape(b * p, n))
    lo, hi = (np.broadcast_to(end, (b * p, n, n)).reshape(b, p, n, n) for end in slopes)
    # -J is monotone the other way round: the upper slopes give the lower end.
    matrix = cyclic_matrix(hi), cyclic_matrix(lo)
    if p == 1:  # 1 - J is computed, and rounded
        matrix = np.nextafter(matrix[0], -np.inf), np.nextafter(matrix[1], np.inf)
    inverse = _inverse(cyclic_matrix(0.5 * (lo + hi)))
    product = matmul((inverse, inverse), matrix)
    eye = np.eye(p * n)
    defect = np.nextafter(np.maximum(np.abs(product[0] - eye), np.abs(product[1] - eye)), np.inf)
    below, above = map.enclose(middle.reshape(b * p, n), middle.reshape(b * p, n))
    image = tuple(np.roll(np.reshape(end, shape), 1, axis=1) for end in (below, above))
    residual = add(image, (-middle, -middle))
    shift = matmul((inverse, inverse), tuple(end.reshape(b, p * n, 1) for end in residual))
    spread = (defect @ radius) * (1.0 + 4.0 * (p * n + 2) * np.finfo(np.float64).eps)
    lower = np.nextafter(middle.reshape(b, -1, 1) + np.nextafter(shift[0] - spread, -np.inf), -np.inf)
    upper = np.nextafter(middle.reshape(b, -1, 1) + np.nextafter(shift[1] + spread, np.inf), np.inf)
    return lower.reshape(shape), upper.reshape(shape)


def _inverse(matrices: Array) -> Array:
    """Approximate inverses; the identity where a matrix is singular (any matrix is allowed there, and proves nothing)."""
    flat = np.abs(np.linalg.det(matrices)) < 1e-250
    return np.asarray(np.linalg.inv(np.where(flat[:, None, None], np.eye(matrices.shape[-1]), matrices)))


def _summed_up(map: SmoothEnclosable, period: int, verified: _Verified, unresolved: Array) -> Proved:
    if not verified.tight:
        return Proved([], np.zeros(0), unresolved, len(unresolved) == 0)
    tight, alone = (tuple(np.concatenate(ends) for ends in zip(*boxes, strict=True)) for boxes in (verified.tight, verified.alone))
    for _ in range(TIGHTENINGS):
        image = krawczyk(map, tight)
        tight = np.maximum(tight[0], image[0]), np.minimum(tight[1], image[1])
    middle = 0.5 * (tight[0] + tight[1])
    radius = np.nextafter(0.5 * (tight[1] - tight[0]).max(axis=(1, 2)), np.inf)
    labels = identities(list(middle), radius)
    groups: dict[int, list[int]] = {}
    for i, (label, _) in enumerate(labels):
        groups.setdefault(label, []).append(i)
    orbits, errors, sure = [], [], True
    for members in groups.values():
        best = min(members, key=lambda i: radius[i])
        d = labels[best][1]
        sure &= _one(tight, alone, members, best, d)
        orbits.append(canonical(middle[best, :d]))
        errors.append(radius[best])
    return Proved(orbits, np.array(errors), unresolved, sure and len(unresolved) == 0)


def _one(tight: Box, alone: Box, members: list[int], best: int, period: int) -> bool:
    """Whether the members of a group are proved one cycle, of the prime period claimed.

    Some cyclic shift of each member lies in the box in which the best is alone (or the other way round); the shift by the
    period lies in its own. Shifts by smaller divisors are disjoint from it.
    """
    p = tight[0].shape[1]

    def within(i: int, j: int, shift: int) -> bool:
        lo, hi = (np.roll(end[i], shift, axis=0) for end in tight)
        return bool(np.all(lo >= alone[0][j]) and np.all(hi <= alone[1][j]))

    def apart(shift: int) -> bool:
        lo, hi = (np.roll(end[best], shift, axis=0) for end in tight)
        return bool(np.any((lo > tight[1][best]) | (hi < tight[0][best])))

    same = all(any(within(i, best, s) or within(best, i, s) for s in range(p)) for i in members)
    whole = period == p or within(best, best, period)
    return same and whole and all(apart(d) for d in divisors(p) if d < period)
