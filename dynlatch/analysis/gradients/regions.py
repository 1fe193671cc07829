"""Which Gamma holds each state of many trajectories, at a cost that an audit can pay.

The reading is "adapted" (`reduced_attracting_set`): the autonomous orbit of the state converges to the attractor, and
`|S_{k+1} J S_k^-1|_2 < 1` at every step on the way, S being the factor of the norm adapted to the attractor. Two things make
it cheap. A state from which the trajectory itself takes a step without input has the rest of that trajectory as its orbit,
so only its own step needs a look. And an orbit is finished as soon as it is within a distance of the attractor inside which
no Jacobian of norm 1 or more was found by ascent on the norm: an estimate, where `reduced_attracting_set` has a proof. In
networks of more than `EVERY_STEP` units the norm is taken at the first steps of an orbit and then at fewer and fewer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.contraction import adapted_metrics
from dynlatch.linalg import matrix_norm
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

FIRST_RADIUS, GROWTH, RADII = 1e-4, 1.5, 40  # relative radii tried, upwards
ASCENTS = 3
MARGIN = 0.1  # share of the gap between the norm at rest and 1 that must be left
SAFETY = 0.8  # share of the largest good radius that is used
AT_REST = 1e-12
EVERY_STEP, FIRST_STEPS, SPACING = 16, 4, 0.3  # up to that dimension every step; else so many, then each 30 % later
MOST_STEPS = 2000
WORK = 1 << 36  # floating-point operations of orbits and norms; what they do not reach stays undecided
BLOCK = 1 << 22  # numbers in one block of Jacobians


class Stations(NamedTuple):
    """The points of all attractors, one below the other: m of them, with the norm that belongs to each."""

    points: Array
    factors: Array
    inverses: Array
    following: Indices  # the station that comes next on the cycle
    before: Indices
    owner: Indices  # the attractor it is a point of
    radii: Array  # in the norm of the station
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
    bare = Stations(points, factors, inverses, following, before, owner, np.zeros(len(points)), slowest)
    return bare._replace(radii=SAFETY * _radii(map, bare))


def _radii(map: SmoothMap, given: Stations) -> Array:
    """Radii (m,) up to which the largest norm met, in the direction found by ascent, stays below 1."""
    m, n = given.points.shape
    at_rest = _norms(map, given, given.points)
    limit = 1.0 - MARGIN * (1.0 - at_rest)
    size = FIRST_RADIUS * (1.0 + np.abs(given.points).max(-1)) * matrix_norm(given.factors)
    rng = np.random.default_rng(0)
    directions, right = rng.standard_normal((2, m, n))
    best, open_ = np.zeros(m), at_rest < 1.0
    for _ in range(RADII):
        for _ in range(ASCENTS):
            directions, right = _ascend(map, given, size, directions, right)
        away = _offset(given, size, directions)
        worst = np.maximum(_norms(map, given, given.points + away), _norms(map, given, given.points - away))
        open_ &= worst < limit
        best[open_] = size[open_]
        size = size * np.where(open_, GROWTH, 1.0)
        if not open_.any():
            break
    # Stations of one cycle must hand over to one another: the smallest radius serves all of them.
    return np.array([best[given.owner == i].min() for i in given.owner])


def _offset(given: Stations, size: Array, directions: Array) -> Array:
    unit = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    return np.asarray(size[:, None] * _times(given.inverses, unit))


def _ascend(map: SmoothMap, given: Stations, size: Array, directions: Array, right: Array) -> tuple[Array, Array]:
    """One step of the power method on `A^T A` at the point in each direction, then the direction in which |A| rises fastest."""
    y = given.points + _offset(given, size, directions)
    after, inverses = given.factors[given.following], given.inverses
    v = _times(inverses, right)
    left = _times(after, map.jvp(y, v))
    w = _times(np.swapaxes(after, -1, -2), left / np.maximum(np.linalg.norm(left, axis=-1, keepdims=True), 1e-300))
    right = _times(np.swapaxes(inverses, -1, -2), map.vjp(y, w))
    right = right / np.maximum(np.linalg.norm(right, axis=-1, keepdims=True), 1e-300)
    # w . J(y) v is the derivative of w . M(y) along v: its gradient by y is that of J^T w along v.
    v = _times(inverses, right)
    h = 1e-5 * (1.0 + np.abs(y).max(-1, keepdims=True)) / np.maximum(np.abs(v).max(-1, keepdims=True), 1e-300)
    slope = (map.vjp(y + h * v, w) - map.vjp(y - h * v, w)) / (2.0 * h)
    uphill = _times(np.swapaxes(inverses, -1, -2), slope)
    length = np.linalg.norm(uphill, axis=-1, keepdims=True)
    return np.where(length > 0, uphill / np.where(length > 0, length, 1.0), directions), right


def _times(A: Array, v: Array) -> Array:
    return np.asarray(np.einsum("mij,mj->mi", A, v))


def _norms(map: SmoothMap, given: Stations, states: Array) -> Array:
    """`|S_{k+1} M'(y) S_k^-1|_2` of one state (m, n) at each station."""
    return matrix_norm(given.factors[given.following] @ map.jacobian(states) @ given.inverses)


def _contract(map: SmoothMap, given: Stations, states: Array, station: Indices) -> Mask:
    """Whether that norm is below 1 for each of states (m, n) at its station."""
    below = np.zeros(len(states), dtype=bool)
    per_block = max(BLOCK // states.shape[-1] ** 2, 1)
    for j in np.unique(station):
        rows = np.flatnonzero(station == j)
        for first in range(0, len(rows), per_block):
            part = rows[first : first + per_block]
            inner = map.jacobian(states[part]).reshape(-1, states.shape[-1]) @ given.inverses[j]
            below[part] = _shrinks(given.factors[given.following[j]] @ inner.reshape(len(part), *given.inverses[j].shape))
    return below


def _shrinks(A: Array) -> Mask:
    """Whether |A|_2 < 1: whether `I - A^T A` has a Cholesky factor, at a tenth of the price of its eigenvalues."""
    from scipy.linalg.lapack import dpotrf

    rest = np.eye(A.shape[-1]) - np.swapaxes(A, -1, -2) @ A
    return np.array([dpotrf(matrix, clean=0)[1] == 0 for matrix in rest], dtype=bool)


def _arrived(given: Stations, states: Array) -> Indices:
    """The station within whose radius each state (m, n) lies, or -1."""
    found = np.full(len(states), -1, dtype=np.intp)
    for j, (point, factor, radius) in enumerate(zip(given.points, given.factors, given.radii, strict=True)):
        off = states - point
        near = np.flatnonzero(np.square(off).sum(-1) <= radius**2)  # |S v| >= |v|, because S^T S >= I
        found[near[np.square(off[near] @ factor.T).sum(-1) <= radius**2]] = j
    return found


class Orbits(NamedTuple):
    """Of each state (m,): the station whose phase it starts with (-1: it converges to none), steps to arrival, and whether
    the budget ran out before that was known."""

    station: Indices
    steps: Indices
    unknown: Mask


def _orbits(map: SmoothMap, given: Stations, states: Array, most: int) -> Orbits:
    """Follow the autonomous orbits of states (m, n) until they arrive, or come to rest elsewhere."""
    station, steps = np.full(len(states), -1, dtype=np.intp), np.zeros(len(states), dtype=np.intp)
    unknown = np.zeros(len(states), dtype=bool)
    who, now = np.arange(len(states)), states
    for step in range(most + 1):
        at = _arrived(given, now)
        station[who[at >= 0]], steps[who[at >= 0]] = at[at >= 0], step
        who, now = who[at < 0], now[at < 0]
        after = map.step(now)
        # A wild orbit of an unbounded map is nobody's; one at rest has nowhere to go.
        moving = np.abs(after - now).max(-1, initial=0.0) > AT_REST * (1.0 + np.abs(now).max(-1, initial=0.0))
        on = moving & np.isfinite(after).all(-1)
        who, now = who[on], after[on]
        if not len(who):
            break
    unknown[who] = True
    for step in range(int(steps.max(initial=0))):  # back from the station of arrival to that of the start
        late = (steps > step) & (station >= 0)
        station[late] = given.before[station[late]]
    return Orbits(station, steps, unknown)


def _stay(map: SmoothMap, given: Stations, states: Array, orbits: Orbits, most: int) -> tuple[Mask, Mask]:
    """Whether each orbit (m,) contracts at every step until it arrives; and for which the budget of `most` norms ran out."""
    inside, short = orbits.station >= 0, np.zeros(len(states), dtype=bool)
    who = np.flatnonzero(inside & (orbits.steps > 0))
    now, station, left, step, due = states[who], orbits.station[who], most, 0, 0
    while len(who):
        on = np.ones(len(who), dtype=bool)
        if step == due:
            if len(who) > left:
                short[who], inside[who] = True, False
                break
            on, left = _contract(map, given, now, station), left - len(who)
            inside[who[~on]] = False
            due = _next_look(step, states.shape[-1])
        step += 1
        on &= orbits.steps[who] > step
        who, now, station = who[on], map.step(now[on]), given.following[station[on]]
    return inside, short


def _next_look(step: int, n: int) -> int:
    return step + 1 if n <= EVERY_STEP or step < FIRST_STEPS else step + max(int(SPACING * step), 1)


class Regions(NamedTuple):
    """Of each state (T + 1, m): the attractor in whose Gamma it is (-1: none), in whose basin, and what is not known."""

    gamma: Indices
    basin: Indices
    unknown: Mask


def regions(map: SmoothMap, attractors: Sequence[Attractor], visited: Array, free: Mask) -> Regions:
    """Regions of the states visited (T + 1, m, n); `free` (T, m) tells which steps were taken without input."""
    n = visited.shape[-1]
    given = stations(map, attractors)
    steps = int(min(MOST_STEPS, 50 + np.log(1e4) / -np.log(min(given.slowest, 1.0 - 1e-9))))
    anchors = np.concatenate([~free, np.ones((1, free.shape[1]), dtype=bool)])
    ends = visited[anchors]
    orbits = _orbits(map, given, ends, max(min(steps, WORK // (30 * n * (n + 20) * len(ends))), 1))
    inside, short = _stay(map, given, ends, orbits, WORK // (12 * n**3 + 1000))
    station, sure = np.full(anchors.shape, -1, dtype=np.intp), np.zeros(anchors.shape, dtype=bool)
    unknown, member = sure.copy(), sure.copy()
    station[anchors], member[anchors], unknown[anchors] = orbits.station, inside, orbits.unknown | short
    for t in range(len(free) - 1, -1, -1):  # a free step leads from one state of an orbit to the next
        on = free[t]
        ahead = station[t + 1, on]
        station[t, on] = np.where(ahead >= 0, given.before[ahead], -1)
        unknown[t, on] = unknown[t + 1, on]
    sure[anchors] = True
    _chain(map, given, visited, station, member, sure)
    basin = np.where(station >= 0, given.owner[station], -1)
    return Regions(np.where(member, basin, -1), basin, unknown & ~member)


def _chain(map: SmoothMap, given: Stations, visited: Array, station: Indices, member: Mask, known: Mask) -> None:
    """Membership of the states whose orbit is the trajectory itself: their own step, and membership of the next state."""
    rows = np.argwhere(~known & (station >= 0))
    if not len(rows):
        return
    at = tuple(rows.T)
    close = _arrived(given, visited[at]) == station[at]
    below = close.copy()
    below[~close] = _contract(map, given, visited[at][~close], station[at][~close])
    one_step, arrived = np.zeros(member.shape, dtype=bool), np.zeros(member.shape, dtype=bool)
    one_step[at], arrived[at] = below, close
    for t in range(len(member) - 2, -1, -1):
        open_ = ~known[t]
        member[t, open_] = (one_step[t] & (member[t + 1] | arrived[t]))[open_]
