"""All cycles of a given period, by proof: branch and bound on the boxes X_0 ... X_{p-1} of the points of a cycle.

X_{j+1} is cut down to the interval image M(X_j), around and around, X_0 holding the lexicographically smallest point. Then
Krawczyk's operator of multiple shooting, K(X) = m - Y F(m) + (I - Y F'(X)) (X - m): K inside X proves exactly one cycle in X, K
beside X that there is none, and otherwise X is cut down to K and halved where F' varies most (Krawczyk 1969; Galias, Int. J.
Bifurcation and Chaos 11 (2001), does this for Henon's map). All of it in outward-rounded intervals. Boxes are widened a
little before the test, so that attracting cycles do not shrink them to nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.periodic_orbits.orbits import canonical, divisors, identities
from dynlatch.analysis.periodic_orbits.shooting import cyclic_matrix
from dynlatch.intervals import EPS, TINY, Box, add, matmul
from dynlatch.maps import SmoothEnclosable, interval_jacobian
from dynlatch.validation import Array

BATCH = 2048
BOXES = 1_000_000
INFLATION, LEAST_INFLATION = 0.05, 1e-8
SMALLEST = 1e-7  # relative width below which an undecided box is handed back
SPLIT = 0.47  # off the middle, where symmetric cycles would sit on every face
TIGHTENINGS = 60
PASSES = 2
SHRUNK = 0.3  # a box that lost this much of its width is looked at again before it is halved


class Proved(NamedTuple):
    """Cycles (d, n) whose prime period d divides p, with proved errors (k,), and undecided boxes (m, 2, n) of first points.

    `complete` if these are proved to be all; `ended` if the budget sufficed.
    """

    orbits: list[Array]
    errors: Array
    unresolved: Array
    complete: bool
    ended: bool


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
    stack: list[Box] = [tuple(np.tile(end, (1, period, 1)) for end in box)]  # type: ignore[list-item]
    verified, stuck = _Verified(), [np.zeros((0, 2, map.dim))]
    visited = 0
    while stack and visited < boxes and time.monotonic() <= deadline:
        lo, hi = stack.pop()
        visited += len(lo)
        before = ((hi - lo) / width).max(axis=(1, 2))
        lo, hi, where, rows = _examine(map, lo, hi, verified)
        before, after = before[rows], ((hi - lo) / width).max(axis=(1, 2))
        small = before <= SMALLEST
        stuck.append(np.stack([lo[small, 0], hi[small, 0]], axis=1))
        shrunk = ~small & (after < SHRUNK * before)
        split = ~small & ~shrunk
        halves = _halves(lo[split], hi[split], where[split])
        stack.extend(_batches(np.concatenate([lo[shrunk], halves[0]]), np.concatenate([hi[shrunk], halves[1]])))
    ended = not stack
    stuck.extend(np.stack([lo[:, 0], hi[:, 0]], axis=1) for lo, hi in stack)
    return _summed_up(map, period, verified, np.concatenate(stuck), ended)


def _batches(lo: Array, hi: Array) -> list[Box]:
    return [(lo[i : i + BATCH], hi[i : i + BATCH]) for i in range(0, len(lo), BATCH)]


def _halves(lo: Array, hi: Array, where: NDArray[np.int64]) -> Box:
    """Boxes (b, p, n) cut in the coordinate `where` (b,) of the p n."""
    rows, shape = np.arange(len(lo)), lo.shape
    lo, hi = lo.reshape(len(lo), shape[1] * shape[2]), hi.reshape(len(hi), shape[1] * shape[2])
    cut = lo[rows, where] + SPLIT * (hi - lo)[rows, where]
    below, above = hi.copy(), lo.copy()
    below[rows, where], above[rows, where] = cut, cut
    return np.concatenate([lo, above]).reshape(-1, *shape[1:]), np.concatenate([below, hi]).reshape(-1, *shape[1:])


def _examine(
    map: SmoothEnclosable, lo: Array, hi: Array, verified: _Verified
) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]]:
    """The boxes that are neither refuted nor verified, cut down; where to halve them; their row numbers."""
    rows = np.arange(len(lo))
    for _ in range(PASSES):
        lo, hi, alive = _around(map, lo, hi)
        lo, hi, rows = lo[alive], hi[alive], rows[alive]
    if len(lo) == 0:
        return lo, hi, rows, rows
    wide = _inflated((lo, hi))
    image, where = krawczyk(map, wide)
    inside = np.all((image[0] > wide[0]) & (image[1] < wide[1]), axis=(1, 2))
    empty = np.any((image[0] > hi) | (image[1] < lo), axis=(1, 2))
    proved = inside & ~empty
    if proved.any():
        verified.alone.append((wide[0][proved], wide[1][proved]))
        verified.tight.append((image[0][proved], image[1][proved]))
    left = ~inside & ~empty
    # fmax, fmin: where an inverse overflowed nothing is known of the image.
    return np.fmax(lo, image[0])[left], np.fmin(hi, image[1])[left], where[left], rows[left]


def _around(map: SmoothEnclosable, lo: Array, hi: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """X_{j+1} cut down to M(X_j) for all j, and which rows may still hold a cycle that has its smallest point in X_0."""
    lo, hi = lo.copy(), hi.copy()
    p = lo.shape[1]
    alive = np.ones(len(lo), dtype=bool)
    for j in range(p):
        below, above = map.enclose(lo[:, j], hi[:, j])
        following = (j + 1) % p
        lo[:, following] = np.maximum(lo[:, following], below)
        hi[:, following] = np.minimum(hi[:, following], above)
        alive &= np.all(lo[:, following] <= hi[:, following], axis=-1)
        hi[:, following] = np.maximum(hi[:, following], lo[:, following])
    # No point comes before the first in the first coordinate.
    lo[:, :, 0] = np.maximum(lo[:, :, 0], lo[:, :1, 0])
    hi[:, 0, 0] = np.minimum(hi[:, 0, 0], hi[:, :, 0].min(axis=1))
    alive &= np.all(lo[:, :, 0] <= hi[:, :, 0], axis=1)
    return lo, np.maximum(lo, hi), alive


def _inflated(nodes: Box) -> Box:
    lo, hi = nodes
    pad = INFLATION * (hi - lo) + LEAST_INFLATION * (1.0 + np.maximum(np.abs(lo), np.abs(hi)))
    return lo - pad, hi + pad


def krawczyk(map: SmoothEnclosable, X: Box) -> tuple[Box, NDArray[np.int64]]:
    """Krawczyk's operator of multiple shooting on boxes (b, p, n), and the coordinate (of p n) whose width blurs it most."""
    b, p, n = X[0].shape
    middle = 0.5 * (X[0] + X[1])
    radius = np.maximum(X[1] - middle, middle - X[0]) * (1.0 + 4.0 * EPS)
    slopes = map.enclose_jacobian(X[0].reshape(b * p, n), X[1].reshape(b * p, n))
    lo, hi = (np.broadcast_to(end, (b * p, n, n)).reshape(b, p, n, n) for end in slopes)
    slope = 0.5 * (lo + hi)
    spread = np.maximum(hi - slope, slope - lo) * (1.0 + 4.0 * EPS)
    inverse = _inverse(cyclic_matrix(slope))
    defect, blur = _defect(inverse, slope, spread)
    below, above = map.enclose(middle.reshape(b * p, n), middle.reshape(b * p, n))
    image = np.roll(below.reshape(b, p, n), 1, axis=1), np.roll(above.reshape(b, p, n), 1, axis=1)
    residual = add(image, (-middle, -middle))
    shift = matmul((inverse, inverse), (residual[0].reshape(b, p * n, 1), residual[1].reshape(b, p * n, 1)))
    wander = (defect @ radius.reshape(b, p * n, 1)) * (1.0 + 4.0 * (p * n + 2) * EPS)
    centre = middle.reshape(b, p * n, 1)
    pad = 4.0 * EPS * (np.abs(centre) + np.abs(shift[0]) + np.abs(shift[1]) + wander) + TINY
    lower, upper = centre + shift[0] - wander - pad, centre + shift[1] + wander + pad
    where = (blur.sum(axis=1) * radius.reshape(b, p * n)).argmax(axis=1)
    return (lower.reshape(b, p, n), upper.reshape(b, p, n)), where


def _defect(inverse: Array, slope: Array, spread: Array) -> tuple[Array, Array]:
    """Bounds on |I - Y F'| (b, pn, pn) for all F' with Jacobians within `spread` of `slope`, and the part that `spread` makes.

    Column block j of Y F' is Y_j - Y_{j+1} J_j.
    """
    b, p, n = slope.shape[:3]
    blocks = np.swapaxes(inverse.reshape(b, p * n, p, n), 1, 2)
    following = np.roll(blocks, -1, axis=1)
    product = blocks - following @ slope
    size = np.abs(following)
    blur = size @ spread
    rounding = 4.0 * (n + 4) * EPS * (np.abs(blocks) + size @ (np.abs(slope) + spread)) + TINY
    flat = [np.swapaxes(part, 1, 2).reshape(b, p * n, p * n) for part in (product, blur + rounding, blur)]
    return (np.abs(np.eye(p * n) - flat[0]) + flat[1]) * (1.0 + 4.0 * EPS), flat[2]


def _inverse(matrices: Array) -> Array:
    """Approximate inverses; nudged where one is singular (any matrix is allowed there, and proves nothing)."""
    try:
        return np.asarray(np.linalg.inv(matrices))
    except np.linalg.LinAlgError:
        noise = np.random.default_rng(0).uniform(1e-12, 1e-11, matrices.shape[-2:])
        return np.asarray(np.linalg.inv(matrices + noise))


def _summed_up(map: SmoothEnclosable, period: int, verified: _Verified, unresolved: Array, ended: bool) -> Proved:
    if not verified.tight:
        return Proved([], np.zeros(0), unresolved, len(unresolved) == 0, ended)
    tight, alone = _stacked(verified.tight), _stacked(verified.alone)
    width = np.inf
    for _ in range(TIGHTENINGS):
        image, _ = krawczyk(map, tight)
        tight = np.fmax(tight[0], image[0]), np.fmin(tight[1], image[1])
        width, before = float((tight[1] - tight[0]).sum()), width
        if width > 0.9 * before:
            break
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
    return Proved(orbits, np.array(errors), unresolved, sure and len(unresolved) == 0, ended)


def _stacked(boxes: list[Box]) -> Box:
    return np.concatenate([lo for lo, _ in boxes]), np.concatenate([hi for _, hi in boxes])


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
