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

from dynlatch.analysis.periodic_orbits.backward import Backward, backward_of, cut_back
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
TIGHTENINGS = 200
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
    back = backward_of(map)
    visited = 0
    while stack and visited < boxes and time.monotonic() <= deadline:
        lo, hi = stack.pop()
        visited += len(lo)
        before = ((hi - lo) / width).max(axis=(1, 2))
        lo, hi, where, rows = _examine(map, back, lo, hi, verified)
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
    map: SmoothEnclosable, back: Backward | None, lo: Array, hi: Array, verified: _Verified
) -> tuple[Array, Array, NDArray[np.int64], NDArray[np.int64]]:
    """The boxes that are neither refuted nor verified, cut down; where to halve them; their row numbers."""
    rows = np.arange(len(lo))
    for _ in range(PASSES):
        lo, hi, alive = _around(map, back, lo, hi)
        lo, hi, rows = lo[alive], hi[alive], rows[alive]
    if len(lo) == 0:
        return lo, hi, rows, rows
    wide = _inflated((lo, hi))
    # What follows X_0 is known well where it is cut from both sides; otherwise all points are halved.
    free = lo[0].size if back is None else map.dim
    image, where, refuted = krawczyk(map, wide, free=free)
    inside = np.all((image[0] > wide[0]) & (image[1] < wide[1]), axis=(1, 2))
    empty = refuted | np.any((image[0] > hi) | (image[1] < lo), axis=(1, 2))
    proved = inside & ~empty
    if proved.any():
        verified.alone.append((wide[0][proved], wide[1][proved]))
        verified.tight.append((image[0][proved], image[1][proved]))
    left = ~inside & ~empty
    # fmax, fmin: where an inverse overflowed nothing is known of the image.
    return np.fmax(lo, image[0])[left], np.fmin(hi, image[1])[left], where[left], rows[left]


def _around(map: SmoothEnclosable, back: Backward | None, lo: Array, hi: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """One turn of cuts, and which rows may still hold a cycle that has its smallest point in X_0.

    X_{j+1} is cut down to M(X_j) for all j; where the map can be inverted, X_j to what leads to X_{j+1}.
    """
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
    for j in reversed(range(p)):
        if back is None:
            break
        lo[:, j], hi[:, j] = cut_back(back, (lo[:, j], hi[:, j]), (lo[:, (j + 1) % p], hi[:, (j + 1) % p]))
        alive &= np.all(lo[:, j] <= hi[:, j], axis=-1)
        hi[:, j] = np.maximum(hi[:, j], lo[:, j])
    # No point comes before the first in the first coordinate.
    lo[:, :, 0] = np.maximum(lo[:, :, 0], lo[:, :1, 0])
    hi[:, 0, 0] = np.minimum(hi[:, 0, 0], hi[:, :, 0].min(axis=1))
    alive &= np.all(lo[:, :, 0] <= hi[:, :, 0], axis=1)
    return lo, np.maximum(lo, hi), alive


def _inflated(nodes: Box) -> Box:
    lo, hi = nodes
    pad = INFLATION * (hi - lo) + LEAST_INFLATION * (1.0 + np.maximum(np.abs(lo), np.abs(hi)))
    return lo - pad, hi + pad


class _Linearised(NamedTuple):
    """`F(x) in F(middle) + F'(X)(x - middle)`: -F(middle) as a box (b, pn, 1), Jacobians `slope` +- `spread` (b, p, n, n)."""

    middle: Array
    radius: Array
    residual: Box
    slope: Array
    spread: Array


def _linearised(map: SmoothEnclosable, X: Box) -> _Linearised:
    b, p, n = X[0].shape
    middle = 0.5 * (X[0] + X[1])
    radius = np.maximum(X[1] - middle, middle - X[0]) * (1.0 + 4.0 * EPS)
    slopes = map.enclose_jacobian(X[0].reshape(b * p, n), X[1].reshape(b * p, n))
    lo, hi = (np.broadcast_to(end, (b * p, n, n)).reshape(b, p, n, n) for end in slopes)
    slope = 0.5 * (lo + hi)
    spread = np.maximum(hi - slope, slope - lo) * (1.0 + 4.0 * EPS)
    below, above = map.enclose(middle.reshape(b * p, n), middle.reshape(b * p, n))
    image = np.roll(below.reshape(b, p, n), 1, axis=1), np.roll(above.reshape(b, p, n), 1, axis=1)
    lower, upper = add(image, (-middle, -middle))
    residual = lower.reshape(b, p * n, 1), upper.reshape(b, p * n, 1)
    return _Linearised(middle.reshape(b, p * n, 1), radius.reshape(b, p * n, 1), residual, slope, spread)


def krawczyk(map: SmoothEnclosable, X: Box, *, free: int) -> tuple[Box, NDArray[np.int64], NDArray[np.bool_]]:
    """Krawczyk's operator on boxes (b, p, n), the one of the first `free` coordinates whose width blurs it most, and boxes
    without a cycle."""
    at = _linearised(map, X)
    size = X[0].shape[1] * X[0].shape[2]
    inverse = _inverse(cyclic_matrix(at.slope))
    product, doubt, blur = _applied(inverse, at)
    defect = (np.abs(np.eye(size) - product) + doubt) * (1.0 + 4.0 * EPS)
    shift = matmul((inverse, inverse), at.residual)
    wander = (defect @ at.radius) * (1.0 + 4.0 * (size + 2) * EPS)
    pad = 4.0 * EPS * (np.abs(at.middle) + np.abs(shift[0]) + np.abs(shift[1]) + wander) + TINY
    image = (at.middle + shift[0] - wander - pad).reshape(X[0].shape), (at.middle + shift[1] + wander + pad).reshape(X[0].shape)
    return image, _widest(at, blur.sum(axis=1), free), _never_closes(at)


def _widest(at: _Linearised, cost: Array, free: int) -> NDArray[np.int64]:
    """The coordinate to halve: blur (b, pn) times width; with `free` = n of the first point only, which moves the cycle."""
    b, p, n = at.slope.shape[:3]
    if free == p * n:
        return np.asarray((cost * at.radius[..., 0]).argmax(axis=1))
    carried = np.broadcast_to(np.eye(n), (b, n, n))
    total = np.zeros((b, n))
    for j in range(p):
        total += np.einsum("bi,bij->bj", cost[:, j * n : (j + 1) * n], np.abs(carried))
        carried = at.slope[:, j] @ carried
    return np.asarray((total * at.radius[:, :n, 0]).argmax(axis=1))


def _never_closes(at: _Linearised) -> NDArray[np.bool_]:
    """Boxes refuted by `Z F(m) + Z F'(X)(X - m)` beside 0: the drift after p steps, in singular directions of I - (M^p)'.

    Z = U^T [J_{p-1}...J_1, ..., J_{p-1}, I], U from the SVD. Where a multiplier is close to 1 the inverse in Krawczyk's
    operator is large and it says little; here that direction is the one of least slope, in which the drift shows best.
    """
    b, p, n = at.slope.shape[:3]
    factors = [np.broadcast_to(np.eye(n), (b, n, n))]
    for j in range(p - 1, 0, -1):
        factors.append(factors[-1] @ at.slope[:, j])
    # Row block k of the system is x_k - M(x_{k-1}): its factor is J_{p-1} ... J_k, that of block 0 is I.
    ordered = np.concatenate([factors[0], *factors[:0:-1]], axis=-1)
    turn = np.linalg.svd(np.eye(n) - factors[-1] @ at.slope[:, 0])[0]
    left = np.swapaxes(turn, -1, -2) @ ordered
    product, doubt, _ = _applied(left, at)
    reach = ((np.abs(product) + doubt) @ at.radius) * (1.0 + 4.0 * (p * n + 2) * EPS) + TINY
    drift = matmul((left, left), at.residual)
    return np.asarray(np.any((drift[0] > reach) | (drift[1] < -reach), axis=(1, 2)))


def _applied(left: Array, at: _Linearised) -> tuple[Array, Array, Array]:
    """Z F' for Z (b, m, pn): at `slope`, the bound on how far it is off (b, m, pn), and the part of that which `spread` makes.

    Column block j of Z F' is Z_j - Z_{j+1} J_j.
    """
    b, p, n = at.slope.shape[:3]
    m = left.shape[1]
    blocks = np.swapaxes(left.reshape(b, m, p, n), 1, 2)
    following = np.roll(blocks, -1, axis=1)
    product = blocks - following @ at.slope
    size = np.abs(following)
    blur = size @ at.spread
    rounding = 4.0 * (n + 4) * EPS * (np.abs(blocks) + size @ (np.abs(at.slope) + at.spread)) + TINY
    parts = (product, blur + rounding, blur)
    product, doubt, blur = (np.swapaxes(part, 1, 2).reshape(b, m, p * n) for part in parts)
    return product, doubt, blur


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
        image, _, _ = krawczyk(map, tight, free=map.dim)
        tight = np.fmax(tight[0], image[0]), np.fmin(tight[1], image[1])
        width, before = float((tight[1] - tight[0]).sum()), width
        if width > 0.999 * before:  # slow at first where a multiplier is near 1, quadratic once the box is small
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
