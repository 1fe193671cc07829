"""The branch of fixed points under a growing push, followed to its first fold.

From an attractor X of `G_b(a) = W f(a) + c + b d` at b = 0 the branch a(b) with `da/db = (I - J)^-1 d` rises in the order while
the spectral radius of the non-negative matrix `s J s` is below 1. There a(b) is the least fixed point above X, that is the
limit of the orbit of X under the push b: the least one increases with b, is continuous from the left, and cannot leave a(b)
where a(b) is isolated. Each step is checked: no other fixed point lies between its ends (`contracts`). The fold itself is
found by the bordered Newton method.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.escape.exact.answer import Undecided
from dynlatch.analysis.escape.exact.fold import Fold, find_fold
from dynlatch.analysis.escape.exact.linear import solved
from dynlatch.analysis.escape.exact.pushed import Pushed, contracts, rest_near
from dynlatch.validation import Array

MARGIN = 1e-6  # how far below the fold safety is looked up, of the way to it
NEARLY = 0.25  # relative error of the parabola's prediction, and excess of the slopes on the way, up to which it is believed
MOST_STEPS, NEWTON_STEPS = 400, 12
LARGEST = 1e12  # pushes this large, in units of the activations, are taken for infinite
NOISE = 1e-9  # relative error of the threshold above which no number is given
EPS = float(np.finfo(np.float64).eps)


class BranchPoint(NamedTuple):
    """A fixed point under the push b."""

    a: Array
    b: float


class FirstFold(NamedTuple):
    """Where the branch folds, a safe point just before it, and the normal form `x' = x + left d (b - b_fold) + bend x^2`.

    `left` and `v` are the critical eigenvectors, `left v = 1`.
    """

    point: Array
    b: float
    before: BranchPoint
    left: Array
    v: Array
    bend: float


def first_fold(system: Pushed, start: BranchPoint) -> FirstFold | None:
    """The first fold of the branch from `start` as b grows; None if it goes on for ever.

    Raises
    ------
    Undecided
        If the fold is degenerate, or rounding hides it.
    """
    here, stride = start, 0.5 * (1.0 + float(np.abs(start.a).max()))
    for _ in range(MOST_STEPS):
        if contracts(system, here.a, system.s * np.inf):
            return None
        heading = _heading(system, here)
        if heading is None:
            raise Undecided
        if 0.0 < heading.to_fold < 2.0 * stride:
            fold = _fold_ahead(system, here, heading)
            if fold is not None:
                return fold
            stride = min(stride, 0.5 * heading.to_fold)
        there = _advanced(system, here, heading, stride)
        here, stride = (here, 0.25 * stride) if there is None else (there, 2.0 * stride)
        if stride < 1e-9 * (1.0 + float(np.abs(here.a).max())):
            raise Undecided
        if here.b > LARGEST * (1.0 + float(np.abs(start.a).max())):
            return None
    raise Undecided


class Heading(NamedTuple):
    """The branch seen from one of its points, with the fastest unit k as its parameter: first and second derivatives."""

    k: int
    da: Array  # +-1 for unit k
    db: float
    dda: Array
    ddb: float

    @property
    def to_fold(self) -> float:
        """How far unit k still moves before db = 0, by the quadratic; negative or infinite if it does not bend that way."""
        return -self.db / self.ddb if self.ddb != 0 else np.inf


def _heading(system: Pushed, here: BranchPoint) -> Heading | None:
    J = system.jacobian(here.a)
    tangent = solved(np.eye(len(J)) - J, system.d)
    if tangent is None:
        return None
    k = int(np.abs(tangent).argmax())
    db = 1.0 / abs(float(tangent[k]))
    da = tangent * db
    second = solved(_parametrised(system, J, k), system.W @ (system.f.curvature(here.a) * da * da))
    if second is None:
        return None
    ddb, second[k] = float(second[k]), 0.0
    return Heading(k, da, db, second, ddb)


def _parametrised(system: Pushed, J: Array, k: int) -> Array:
    """`I - J` where unit k is held and the push is the unknown in its place."""
    matrix = np.eye(len(J)) - J
    matrix[:, k] = -system.d
    return matrix


def _advanced(system: Pushed, here: BranchPoint, heading: Heading, stride: float) -> BranchPoint | None:
    """The point of the branch where unit k has moved by `stride`; None past the fold, or where that is not sure."""
    a, b, k = here.a + stride * heading.da, here.b + stride * heading.db, heading.k
    for _ in range(NEWTON_STEPS):
        change = solved(_parametrised(system, system.jacobian(a), k), system.step(a, b) - a)
        if change is None or not np.isfinite(change).all():
            return None
        b += float(change[k])
        change[k] = 0.0
        a = a + change
        if np.abs(change).max() <= 1e-12 * (1.0 + np.abs(a).max()):
            return BranchPoint(a, b) if b > here.b and _follows(system, here.a, a) else None
    return None


def _follows(system: Pushed, a: Array, following: Array) -> bool:
    """Whether `following` lies ahead in the order with no other fixed point of its push between."""
    slack = 1e-9 * (1.0 + np.abs(a).max())
    return bool(np.all(system.s * (following - a) >= -slack)) and contracts(system, a, following)


def _fold_ahead(system: Pushed, here: BranchPoint, heading: Heading) -> FirstFold | None:
    """The fold that Newton's method reaches from the end of the parabola, if it is the next one of this branch."""
    x = heading.to_fold
    guess = here.a + x * heading.da + 0.5 * x * x * heading.dda
    found = find_fold(system.forced, guess, here.b + 0.5 * x * heading.db, heading.da + x * heading.dda)
    if found is None or not found.size > here.b:
        return None
    moved = system.s * (found.point - here.a)
    # Where the parabola tells the distance and the slopes hardly change any more, the branch turns once between here and there.
    if moved.min() < -1e-9 * (1.0 + np.abs(here.a).max()) or abs(moved[heading.k] - x) > NEARLY * x:
        return None
    if not contracts(system, here.a, found.point, 1.0 + NEARLY):
        return None
    v = system.s * found.direction
    v = v if v.sum() > 0 else -v
    if v.min() < -1e-6:
        return None
    v, left, bend = _normal_form(system, found.point, system.s * v)
    if not bend * float(left @ system.d) > 0:
        return None
    before = _safe_below(system, here, found, left, v, bend)
    if before is None:
        return None
    if _noise(system, found.point, found.size, left) > NOISE:
        raise Undecided
    return FirstFold(found.point, found.size, before, left, v, bend)


def _normal_form(system: Pushed, a: Array, v: Array) -> tuple[Array, Array, float]:
    """The critical vectors v and `left`, `left v = 1`, and the bend `left W (f'' v v) / 2` of the map along v."""
    J = system.jacobian(a)
    if len(v) == 1:
        left = 1.0 / v
    else:
        values, vectors = np.linalg.eig(J.T)
        left = np.real(vectors[:, int(np.argmin(np.abs(values - 1.0)))])
        overlap = float(left @ v)
        # Units that fold together have no single left vector: any of them shows the passage.
        left = left / overlap if abs(overlap) > 1e-8 else v / float(v @ v)
    return v, left, 0.5 * float(left @ (system.W @ (system.f.curvature(a) * v * v)))


def _safe_below(system: Pushed, here: BranchPoint, fold: Fold, left: Array, v: Array, bend: float) -> BranchPoint | None:
    """The stable point of the branch just below the fold, between here and there."""
    b = fold.size - MARGIN * (fold.size - here.b)
    distance = np.sqrt(float(left @ system.d) * (fold.size - b) / bend)
    for widening in (1.0, 3.0, 0.3):
        a = rest_near(system, fold.point - widening * distance * system.s * np.abs(v), b)
        if a is not None and contracts(system, a, a):
            slack = 1e-9 * (1.0 + np.abs(a).max())
            between = np.all(system.s * (fold.point - a) >= -slack) and np.all(system.s * (a - here.a) >= -slack)
            return BranchPoint(a, b) if between else None
    return None


def _noise(system: Pushed, a: Array, b: float, left: Array) -> float:
    """Relative error of the fold's push from the rounding of one evaluation."""
    terms = np.abs(a) + np.abs(system.f(a)) @ np.abs(system.W).T + np.abs(system.c) + b * np.abs(system.d)
    return EPS * float(np.abs(left) @ terms) / abs(float(left @ system.d) * b)
