"""Every solution of `G(x) = x` in a box, with proof: branch and bound with a preconditioned interval step.

Over a box G lies within a linear relaxation, `G(x) = g + A (x - m) + P [-e, e]`. With Y close to (I - A)^-1 every solution
in the box lies in

    K = m - Y (m - g) + (I - Y (I - A)) (box - m) + Y P [-e, e].

K outside the box: no solution there. K inside: there is one (Brouwer); and only one if the same bound with the variation of G
in place of e, which is then that of Krawczyk's operator, stays below the radius. Otherwise the box is cut to K, or split.
Everything is rounded outward.

Sources: Krawczyk (1969), Computing 4; Neumaier (1990), Interval Methods for Systems of Equations, ch. 5; Rump (2010), Acta
Numerica 19 (inflation, error bounds of the products).
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.proof.relaxation import Problem, Relaxation
from dynlatch.intervals import EPS, TINY, Box
from dynlatch.validation import Array

BATCH = 400_000  # floats of work per batch: it stays in the cache
INFLATION = 1e-3  # of the width: a solution on a face of a box is in the interior of the inflated one
LEAST_INFLATION = 1e-13  # relative to the size of the point
PROGRESS = 0.9  # a box whose every side shrank to this part is tried again before it is split
NOISE = 4.0  # a box whose nonlinearity is below so many times the rounding is not split further
TINIEST = 4e-13  # a box this small, relative to the size of its points, is not split further in any case
HOPELESS = 1e-3 * TINIEST  # an axis narrower than this is halved only when there is no other
REFINEMENTS = 8
CLUSTER = 1e-3  # undecided boxes that touch are one, up to this size relative to the point
MOST_MERGED = 4000  # undecided boxes of which it is asked which ones touch: the time goes with the square where all do
MOST_UNRESOLVED = 1000  # boxes returned; more of them are merged by neighbourhoods
DEFAULT_BOXES = 2_000_000


class Proof(NamedTuple):
    """What is proved of the solutions in a box.

    1. Each of `points` (k, d) lies within `radius` (k,), in every component, of exactly one solution, and all of these
       solutions are different.
    2. Any further solution lies in one of the `unresolved` boxes (m, 2, d); with none of them the list is `complete`.
    3. `boxes` counts the work; `ended` is False if the budget of boxes or time cut the search short.

    Solutions within rounding outside the face of the box may be among the points.
    """

    points: Array
    radius: Array
    unresolved: Array
    boxes: int
    ended: bool

    @property
    def complete(self) -> bool:
        """Whether the points are all solutions in the box."""
        return self.ended and len(self.unresolved) == 0


class Boxes(NamedTuple):
    """A batch of boxes, each (B, d)."""

    lo: Array
    hi: Array

    def take(self, which: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Boxes:
        return Boxes(self.lo[which], self.hi[which])


class Step(NamedTuple):
    """K of each box, whether it proves a unique solution, and whether rounding hides whatever there is."""

    K: Boxes
    proved: NDArray[np.bool_]
    noise: NDArray[np.bool_]
    shares: Array


def krawczyk(problem: Problem, box: Box, *, boxes: int = DEFAULT_BOXES, deadline: float = np.inf) -> Proof:
    """All solutions of `problem` in the closed box (lo, hi), each (d,).

    Parameters
    ----------
    problem : Problem
    box : tuple of ndarray (lo, hi), each shape (d,)
    boxes : int
        Budget: number of boxes looked at.
    deadline : float
        Value of `time.monotonic()` at which to stop.

    Returns
    -------
    Proof
    """
    stack = [Boxes(*(np.array(end, dtype=np.float64)[None] for end in box))]
    batch = int(np.clip(BATCH // problem.size, 32, 4096))
    owners: list[Boxes] = []  # the boxes that were searched
    proved: list[Boxes] = []  # the boxes, around them, with exactly one solution each
    unresolved: list[Boxes] = []
    count = 0
    while stack and count < boxes and time.monotonic() < deadline:
        now = _pop(stack, min(batch, boxes - count))
        count += len(now.lo)
        with np.errstate(all="ignore"):
            now = _cut(now, Boxes(*problem.image(*now)))
        if len(now.lo) == 0:
            continue
        around = _inflated(now)
        step = interval_step(problem, around)
        owners.append(now.take(step.proved))
        proved.append(around.take(step.proved))
        rest = _settle_noise(problem, now, around, step, owners, proved, unresolved)
        _branch(problem, now.take(rest), step.K.take(rest), step.shares[rest], stack)
    found, doubtful = _distinct(problem, _joined(owners, problem.dim), _joined(proved, problem.dim))
    clusters = _merged(_joined([*unresolved, doubtful], problem.dim))
    return proof_of(found, _coarse(_joined([clusters, *stack], problem.dim)), count, ended=not stack)


def proof_of(found: Boxes, unresolved: Boxes, count: int, *, ended: bool) -> Proof:
    """The record of enclosures of one solution each and of boxes that are undecided."""
    # The simplest point of the enclosure speaks for it: zero where it may be zero.
    points = np.where((found.lo <= 0) & (found.hi >= 0), 0.0, 0.5 * (found.lo + found.hi))
    radius = np.nextafter(np.maximum(found.hi - points, points - found.lo).max(-1, initial=0.0), np.inf)
    return Proof(points, radius, np.stack(unresolved, axis=1), count, ended)


def enclosures(proof: Proof) -> Boxes:
    """The boxes `points +- radius`, rounded outward."""
    radius = proof.radius[:, None]
    return Boxes(np.nextafter(proof.points - radius, -np.inf), np.nextafter(proof.points + radius, np.inf))


def interval_step(problem: Problem, box: Boxes) -> Step:
    """K over each box, and what it proves."""
    with np.errstate(all="ignore"):
        r = problem.relax(*box)
        Y = _inverses(np.eye(problem.dim) - r.matrix)
        P = problem.mixing
        G = np.abs(Y if P is None else (Y.reshape(-1, problem.dim) @ P).reshape(*Y.shape[:-1], -1))
        residual = r.middle - r.value
        rounding, rounding_of_variation = _rounding(problem, r, Y, residual)
        by_error, by_variation, by_floor = np.moveaxis(G @ np.stack([r.error, r.variation, r.floor], axis=-1), -1, 0)
        centre = r.middle - (Y @ residual[..., None])[..., 0]
        lo, hi = centre - by_error - rounding, centre + by_error + rounding
        # Where a product overflowed nothing is known.
        K = Boxes(np.where(np.isnan(lo), -np.inf, lo), np.where(np.isnan(hi), np.inf, hi))
        unique = np.all(by_variation + rounding_of_variation < r.radius, axis=-1)
        inside = np.all((K.lo > box.lo) & (K.hi < box.hi), axis=-1)
        tiny = np.all(r.radius <= TINIEST * (1.0 + np.abs(r.middle)), axis=-1)
        noise = np.all(by_error <= NOISE * (by_floor + rounding), axis=-1) | tiny
        shares = r.shares(np.nan_to_num((G / r.radius[..., None]).sum(-2)))
    return Step(K, unique & inside, noise, shares)


def _inverses(matrices: Array) -> Array:
    try:
        return np.asarray(np.linalg.inv(matrices), dtype=np.float64)
    except np.linalg.LinAlgError:
        # Any matrix is a valid preconditioner.
        nudge = 1e-9 * (1.0 + np.abs(matrices).max(axis=(-2, -1), keepdims=True))
        return np.asarray(np.linalg.inv(matrices + nudge * np.diag(np.cos(1.0 + np.arange(matrices.shape[-1])))))


def _rounding(problem: Problem, r: Relaxation, Y: Array, residual: Array) -> tuple[Array, Array]:
    """Bounds on what rounding, and `I - Y (I - A)`, contribute to K, and to K with the variation in place of the error."""
    d = problem.dim
    size_P = np.eye(d) if problem.mixing is None else np.abs(problem.mixing)
    gamma = (size_P.shape[1] + d + 8) * EPS
    reach = (np.abs(r.matrix) @ r.radius[..., None])[..., 0]
    through = r.rounding + gamma * (np.abs(residual) + np.abs(r.middle) + r.radius + reach) + TINY
    both = np.stack([through + gamma * (v @ size_P.T) for v in (r.error, r.variation)], axis=-1)
    defect = np.abs(Y - Y @ r.matrix - np.eye(d))
    own = (defect @ r.radius[..., None])[..., 0] + gamma * (np.abs(r.middle) + r.radius)
    total = (np.abs(Y) @ both + own[..., None]) * (1.0 + gamma)
    return total[..., 0], total[..., 1]


def _pop(stack: list[Boxes], most: int) -> Boxes:
    """The last `most` boxes of the stack, or all."""
    taken = [stack.pop()]
    while stack and sum(len(part.lo) for part in taken) < most:
        taken.append(stack.pop())
    boxes = _joined(taken[::-1], taken[0].lo.shape[1])
    if len(boxes.lo) > most:
        stack.append(boxes.take(slice(None, -most)))
    return boxes.take(slice(-most, None))


def _joined(parts: list[Boxes], dim: int) -> Boxes:
    empty = np.zeros((0, dim))
    return Boxes(*(np.concatenate([empty, *ends]) for ends in zip(*parts, strict=True))) if parts else Boxes(empty, empty)


def _cut(boxes: Boxes, by: Boxes) -> Boxes:
    """What the boxes have in common with `by`, without those that have nothing."""
    lo, hi = np.fmax(boxes.lo, by.lo), np.fmin(boxes.hi, by.hi)
    return Boxes(lo, hi).take(np.all(lo <= hi, axis=-1))


def _inflated(boxes: Boxes) -> Boxes:
    size = np.maximum(np.abs(boxes.lo), np.abs(boxes.hi))
    by = INFLATION * (boxes.hi - boxes.lo) + LEAST_INFLATION * size + TINY
    return Boxes(boxes.lo - by, boxes.hi + by)


def _settle_noise(
    problem: Problem,
    now: Boxes,
    around: Boxes,
    step: Step,
    owners: list[Boxes],
    proved: list[Boxes],
    unresolved: list[Boxes],
) -> NDArray[np.bool_]:
    """One more attempt, in a wider box, on the boxes that splitting cannot decide; returns which boxes remain to be cut."""
    meets = np.all((step.K.lo <= now.hi) & (step.K.hi >= now.lo), axis=-1)
    hard = step.noise & ~step.proved & meets
    if hard.any():
        mine, K = now.take(hard), step.K.take(hard)
        by = 2.0 * (K.hi - K.lo)
        wide = Boxes(np.fmin(around.lo[hard], K.lo - by), np.fmax(around.hi[hard], K.hi + by))
        again = interval_step(problem, wide)
        owners.append(mine.take(again.proved))
        proved.append(wide.take(again.proved))
        unresolved.append(_cut(mine, K).take(~again.proved))
    return np.asarray(meets & ~step.proved & ~hard)


def _branch(problem: Problem, boxes: Boxes, K: Boxes, shares: Array, stack: list[Boxes]) -> None:
    """Put the boxes back on the stack: cut to K where that gains enough, in halves where not."""
    cut = Boxes(np.fmax(boxes.lo, K.lo), np.fmin(boxes.hi, K.hi))
    width = boxes.hi - boxes.lo
    gains = np.all(cut.hi - cut.lo <= PROGRESS * width, axis=-1)
    if gains.any():
        stack.append(cut.take(gains))
    halves = cut.take(~gains)
    if len(halves.lo) == 0:
        return
    width = halves.hi - halves.lo
    size = np.maximum(np.abs(halves.lo), np.abs(halves.hi))
    # Next to zero, the digits of one axis would be halved away for ever, before another axis has its turn.
    weight = np.where(width > HOPELESS * (1.0 + size), shares[~gains] + TINY * width, -1.0)
    axis = np.where(width > TINIEST * size, weight, -2.0).argmax(-1)
    row = np.arange(len(axis))
    point = problem.cut(halves.lo[row, axis], halves.hi[row, axis])
    below, above = halves.hi.copy(), halves.lo.copy()
    below[row, axis] = above[row, axis] = point
    stack.append(Boxes(np.concatenate([halves.lo, above]), np.concatenate([below, halves.hi])))


def _distinct(problem: Problem, owners: Boxes, proved: Boxes) -> tuple[Boxes, Boxes]:
    """Enclosures of the proved solutions, each solution once, and boxes that may hold one solution or two.

    A solution belongs to the searched box that it lies in; one on a common face belongs to both, and then the enclosures
    touch. They are one solution if both enclosures lie in a box that holds exactly one.
    """
    tight = refine(problem, proved)
    own = np.all((tight.lo <= owners.hi) & (tight.hi >= owners.lo), axis=-1)
    tight, proved = tight.take(own), proved.take(own)
    label = _touching(tight)
    hull = _hulls(tight, label)
    within = np.all((proved.lo <= hull.lo[label]) & (hull.hi[label] <= proved.hi), axis=-1)
    single = np.zeros(len(hull.lo), dtype=bool)
    np.logical_or.at(single, label, within)
    order = np.argsort((tight.hi - tight.lo).max(-1, initial=0.0), kind="stable")
    _, first = np.unique(label[order], return_index=True)
    return tight.take(order[first]).take(single), hull.take(~single)


def refine(problem: Problem, boxes: Boxes) -> Boxes:
    """The solution in each of the boxes enclosed as tightly as float64 allows."""
    batch = int(np.clip(BATCH // problem.size, 32, 4096))
    done = []
    for start in range(0, len(boxes.lo), batch):
        tight = boxes.take(slice(start, start + batch))
        for _ in range(REFINEMENTS):
            K = interval_step(problem, tight).K
            lo, hi = np.fmax(tight.lo, K.lo), np.fmin(tight.hi, K.hi)
            stuck = np.all(hi - lo >= 0.9 * (tight.hi - tight.lo))
            tight = Boxes(lo, hi)
            if stuck:
                break
        done.append(tight)
    return _joined(done, problem.dim)


def _touching(boxes: Boxes) -> NDArray[np.int64]:
    """Label of each box: boxes that have points in common, directly or through others, share one.

    Sorted along one generic direction, in which only boxes whose shadows overlap are compared.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    k, d = boxes.lo.shape
    direction = np.cos(1.0 + np.arange(d) ** 1.5)
    centre, half = 0.5 * (boxes.lo + boxes.hi) @ direction, 0.5 * (boxes.hi - boxes.lo) @ np.abs(direction)
    slack = 1e-12 * np.abs(np.maximum(np.abs(boxes.lo), np.abs(boxes.hi))) @ np.abs(direction)
    order = np.argsort(centre - half - slack, kind="stable")
    start, end = (centre - half - slack)[order], (centre + half + slack)[order]
    sorted_boxes = boxes.take(order)
    pairs = []
    for offset in range(1, k):
        i = np.flatnonzero(start[offset:] <= end[:-offset])
        if len(i) == 0 and not np.any(start[offset:] <= np.maximum.accumulate(end)[:-offset]):
            break
        near, far = sorted_boxes.take(i), sorted_boxes.take(i + offset)
        i = i[np.all((near.lo <= far.hi) & (far.lo <= near.hi), axis=-1)]
        pairs.append(np.stack([order[i], order[i + offset]]))
    rows, columns = np.concatenate(pairs, axis=1) if pairs else np.zeros((2, 0), dtype=np.int64)
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(k, k))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def _hulls(boxes: Boxes, label: NDArray[np.int64]) -> Boxes:
    """Smallest boxes around all with the same label."""
    shape = (int(label.max(initial=-1)) + 1, boxes.lo.shape[1])
    lo, hi = np.full(shape, np.inf), np.full(shape, -np.inf)
    np.minimum.at(lo, label, boxes.lo)
    np.maximum.at(hi, label, boxes.hi)
    return Boxes(lo, hi)


def _merged(boxes: Boxes) -> Boxes:
    """Undecided boxes that touch as one, unless that would be a large box around a long chain of small ones."""
    if len(boxes.lo) > MOST_MERGED:
        return boxes
    label = _touching(_inflated(boxes))
    hull = _hulls(boxes, label)
    size = 1.0 + np.maximum(np.abs(hull.lo), np.abs(hull.hi)).max(-1, initial=0.0)
    small = (hull.hi - hull.lo).max(-1, initial=0.0) <= CLUSTER * size
    return _joined([hull.take(small), boxes.take(~small[label])], boxes.lo.shape[1])


def _coarse(boxes: Boxes) -> Boxes:
    """At most MOST_UNRESOLVED boxes that cover the same: neighbours, found by halving, are taken together."""
    label = np.zeros(len(boxes.lo), dtype=np.int64)
    if len(label) <= MOST_UNRESOLVED:
        return boxes
    centre = 0.5 * (boxes.lo + boxes.hi)
    groups = [np.arange(len(label))]
    while 2 * len(groups) <= MOST_UNRESOLVED:
        halves = []
        for group in groups:
            axis = int(np.ptp(centre[group], axis=0).argmax())
            halves += np.array_split(group[np.argsort(centre[group, axis], kind="stable")], 2)
        groups = [half for half in halves if len(half)]
    for number, group in enumerate(groups):
        label[group] = number
    return _hulls(boxes, label)
