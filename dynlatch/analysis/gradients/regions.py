"""Which Gamma holds each state of many trajectories, at a cost that an audit can pay.

The reading is "adapted" (`reduced_attracting_set`): the autonomous orbit of the state converges to the attractor, and
`|S_{k+1} J S_k^-1|_2 < 1` at every step on the way, S being the factor of the norm adapted to the attractor. Two things make
it cheap. A state from which the trajectory itself takes a step without input has the rest of that trajectory as its orbit,
so only its own step needs a look. And in more than `FEW` dimensions an orbit is finished as soon as it is so near the
attractor that ascent on the norm finds none of 1 or more, and on the way there the norm is taken less and less often: an
estimate, where `reduced_attracting_set`, and this in fewer dimensions, has a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.gradients.stations import FEW, Stations, arrived, stations
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

AT_REST = 1e-12
SPACING = 1.0  # of the looks at the norm in many dimensions: each next one is twice as late
LEAST_STEPS, MOST_STEPS = 1000, 10_000
ORBIT_WORK, NORM_WORK = 1 << 36, 1 << 38  # floating-point operations; what they do not reach stays undecided
BLOCK = 1 << 22  # numbers in one block of Jacobians


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


class Orbits(NamedTuple):
    """Of each state (m,): the station whose phase it starts with (-1: it converges to none), steps to arrival, and whether
    the budget ran out before that was known."""

    station: Indices
    steps: Indices
    unknown: Mask


def _orbits(map: SmoothMap, given: Stations, states: Array, most: int, evaluations: int) -> Orbits:
    """Follow the autonomous orbits of states (m, n) until they arrive, come to rest elsewhere, or the budget ends."""
    station, steps = np.full(len(states), -1, dtype=np.intp), np.zeros(len(states), dtype=np.intp)
    unknown = np.zeros(len(states), dtype=bool)
    who, now = np.arange(len(states)), states
    for step in range(most + 1):
        at = arrived(given, now)
        station[who[at >= 0]], steps[who[at >= 0]] = at[at >= 0], step
        who, now = who[at < 0], now[at < 0]
        evaluations -= len(who)
        if evaluations < 0 or step == most:
            break
        with np.errstate(over="ignore", invalid="ignore"):
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
    return step + (1 if n <= FEW else max(int(SPACING * step), 1))


class Regions(NamedTuple):
    """Of each state (T + 1, m): the attractor in whose Gamma it is (-1: none), in whose basin, and what is not known."""

    gamma: Indices
    basin: Indices
    unknown: Mask


def regions(map: SmoothMap, attractors: Sequence[Attractor], visited: Array, free: Mask) -> Regions:
    """Regions of the states visited (T + 1, m, n); `free` (T, m) tells which steps were taken without input."""
    n = visited.shape[-1]
    given = stations(map, attractors)
    steps = int(np.clip(np.log(1e4) / -np.log(np.clip(given.slowest, 1e-300, 1.0 - 1e-9)), LEAST_STEPS, MOST_STEPS))
    anchors = np.concatenate([~free, np.ones((1, free.shape[1]), dtype=bool)])
    ends = visited[anchors]
    orbits = _orbits(map, given, ends, steps, ORBIT_WORK // (6 * n * (n + 250)))
    norms = NORM_WORK // (12 * n**3 + 1000)
    inside, short = _stay(map, given, ends, orbits, norms * 3 // 4)
    station, sure = np.full(anchors.shape, -1, dtype=np.intp), np.zeros(anchors.shape, dtype=bool)
    unknown, member = sure.copy(), sure.copy()
    station[anchors], member[anchors], unknown[anchors] = orbits.station, inside, orbits.unknown | short
    for t in range(len(free) - 1, -1, -1):  # a free step leads from one state of an orbit to the next
        on = free[t]
        ahead = station[t + 1, on]
        station[t, on] = np.where(ahead >= 0, given.before[ahead], -1)
        unknown[t, on] = unknown[t + 1, on]
    sure[anchors] = True
    unknown |= _chain(map, given, visited, station, member, sure, norms // 4)
    basin = np.where(station >= 0, given.owner[station], -1)
    return Regions(np.where(member, basin, -1), basin, unknown & ~member)


def _chain(map: SmoothMap, given: Stations, visited: Array, station: Indices, member: Mask, known: Mask, most: int) -> Mask:
    """Membership of the states whose orbit is the trajectory itself: their own step, and membership of the next state.

    Returns those for which the budget of `most` norms ran out.
    """
    rows = np.argwhere(~known & (station >= 0))
    short = np.zeros(member.shape, dtype=bool)
    if not len(rows):
        return short
    at = tuple(rows.T)
    close = arrived(given, visited[at]) == station[at]
    asked = np.flatnonzero(~close)
    short[tuple(rows[asked[most:]].T)] = True
    below = close.copy()
    below[asked[:most]] = _contract(map, given, visited[at][asked[:most]], station[at][asked[:most]])
    one_step, there = np.zeros(member.shape, dtype=bool), np.zeros(member.shape, dtype=bool)
    one_step[at], there[at] = below, close
    for t in range(len(member) - 2, -1, -1):
        open_ = ~known[t]
        member[t, open_] = (one_step[t] & (member[t + 1] | there[t]))[open_]
    return short
