"""The points of attractors with the norms that belong to them, and how near an orbit must come to have arrived.

In few dimensions that is the proved ball of `reduced_attracting_set`. In many, interval bounds leave next to nothing of it;
there the radius is the largest within which ascent on the norm, from several starts, finds no Jacobian of norm 1 or more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attracting_sets.criteria import frame
from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.contraction import adapted_metrics, contraction_ball
from dynlatch.linalg import matrix_norm
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

Indices = NDArray[np.intp]

FEW = 16  # dimensions in which the ball is proved
FIRST_RADIUS, GROWTH, RADII = 1e-4, 1.35, 60  # relative radii tried, upwards
ASCENTS, STARTS = 3, 4  # steps of each ascent at each radius, and how many of them run from each point
MARGIN = 0.1  # share of the gap between the norm at rest and 1 that must be left
SAFETY = 0.8  # share of the largest good radius that is used


class Stations(NamedTuple):
    """The points of all attractors, one below the other: m of them, with the norm that belongs to each."""

    points: Array
    factors: Array
    inverses: Array
    following: Indices  # the station that comes next on the cycle
    before: Indices
    owner: Indices  # the attractor it is a point of
    measures: Array  # factors (m, n, n) of the norm that tells arrival
    radii: Array  # in that norm
    slowest: float  # largest spectral radius, per step


def stations(map: SmoothMap, attractors: Sequence[Attractor]) -> Stations:
    """Adapted norms and radii of every point of every attractor."""
    points = np.concatenate([found.points for found in attractors])
    factors = np.concatenate([adapted_metrics(map.jacobian(found.points)) for found in attractors])
    owner = np.repeat(np.arange(len(attractors)), [found.period for found in attractors])
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    following, before = np.arange(1, len(points) + 1), np.arange(-1, len(points) - 1)
    for i, found in enumerate(attractors):
        following[starts[i] + found.period - 1] = starts[i]
        before[starts[i]] = starts[i] + found.period - 1
    inverses = np.asarray(np.linalg.inv(factors), dtype=np.float64)
    slowest = max(found.spectral_radius ** (1.0 / found.period) for found in attractors)
    bare = Stations(points, factors, inverses, following, before, owner, factors, np.zeros(len(points)), slowest)
    if points.shape[-1] > FEW:
        return bare._replace(radii=SAFETY * _radii(map, bare))
    balls = [_proved(map, found, factors[owner == i]) for i, found in enumerate(attractors)]
    return bare._replace(
        measures=np.concatenate([measure for measure, _ in balls]), radii=np.array([balls[i][1] for i in owner])
    )


def _proved(map: SmoothMap, found: Attractor, factors: Array) -> tuple[Array, float]:
    """In few dimensions: the ball of `reduced_attracting_set`, where interval bounds keep the adapted norm below 1."""
    ball = contraction_ball(map, found)
    return ball.factors, 0.5 * frame(map, ball, factors).adapted.scale * ball.radius


def _radii(map: SmoothMap, single: Stations) -> Array:
    """Radii (m,) up to which the largest norm met, in the directions found by ascent, stays below 1."""
    given = _repeated(single, STARTS)
    m, n = given.points.shape
    at_rest = _norms(map, given, given.points)
    limit = 1.0 - MARGIN * (1.0 - at_rest)
    size = FIRST_RADIUS * (1.0 + np.abs(given.points).max(-1)) * matrix_norm(given.factors)
    directions, right = np.random.default_rng(0).standard_normal((2, m, n))
    best, open_ = np.zeros(m), at_rest < 1.0
    for _ in range(RADII):
        for _ in range(ASCENTS):
            directions, right, norms = _ascend(map, given, size, directions, right)
        open_ &= norms < limit
        best[open_] = size[open_]
        size = size * np.where(open_, GROWTH, 1.0)
        if not open_.any():
            break
    # The power method sees norms from below: the last word has the norm itself.
    far = _norms(map, given, given.points + _offset(given, best, directions)) >= 1.0
    best[far] /= GROWTH**2
    # Stations of one cycle hand over to one another: the smallest radius serves all of them.
    return np.array([best[given.owner == i].min() for i in single.owner])


def _repeated(given: Stations, times: int) -> Stations:
    """Every station several times, for searches side by side."""
    index = np.repeat(np.arange(len(given.points)), times)
    following = given.following[index] * times + np.tile(np.arange(times), len(given.points))
    return given._replace(
        points=given.points[index],
        factors=given.factors[index],
        inverses=given.inverses[index],
        following=following,
        owner=given.owner[index],
    )


def _offset(given: Stations, size: Array, directions: Array) -> Array:
    unit = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    return np.asarray(size[:, None] * _times(given.inverses, unit))


def _ascend(map: SmoothMap, given: Stations, size: Array, directions: Array, right: Array) -> tuple[Array, Array, Array]:
    """One step of the power method on `A^T A` at the point in each direction; then the direction in which |A| rises fastest,
    the singular vector, and |A| as far as it is known."""
    y = given.points + _offset(given, size, directions)
    after, inverses = given.factors[given.following], given.inverses
    right = right / np.maximum(np.linalg.norm(right, axis=-1, keepdims=True), 1e-300)
    left = _times(after, map.jvp(y, _times(inverses, right)))
    norms = np.linalg.norm(left, axis=-1)
    w = _times(np.swapaxes(after, -1, -2), left / np.maximum(norms, 1e-300)[:, None])
    right = _times(np.swapaxes(inverses, -1, -2), map.vjp(y, w))
    # w . J(y) v is the derivative of w . M(y) along v: its gradient by y is that of J^T w along v.
    v = _times(inverses, right)
    h = 1e-5 * (1.0 + np.abs(y).max(-1, keepdims=True)) / np.maximum(np.abs(v).max(-1, keepdims=True), 1e-300)
    slope = (map.vjp(y + h * v, w) - map.vjp(y - h * v, w)) / (2.0 * h)
    uphill = _times(np.swapaxes(inverses, -1, -2), slope)
    length = np.linalg.norm(uphill, axis=-1, keepdims=True)
    return np.where(length > 0, uphill / np.where(length > 0, length, 1.0), directions), right, norms


def _times(A: Array, v: Array) -> Array:
    return np.asarray(np.einsum("mij,mj->mi", A, v))


def _norms(map: SmoothMap, given: Stations, states: Array) -> Array:
    """`|S_{k+1} M'(y) S_k^-1|_2` of one state (m, n) at each station."""
    return matrix_norm(given.factors[given.following] @ map.jacobian(states) @ given.inverses)


def arrived(given: Stations, states: Array) -> Indices:
    """The station within whose radius each state (m, n) lies, or -1."""
    found = np.full(len(states), -1, dtype=np.intp)
    for j, (point, factor, radius) in enumerate(zip(given.points, given.measures, given.radii, strict=True)):
        off = states - point
        near = np.flatnonzero(np.square(off).sum(-1) <= radius**2)  # |S v| >= |v|, because S^T S >= I
        found[near[np.square(off[near] @ factor.T).sum(-1) <= radius**2]] = j
    return found
