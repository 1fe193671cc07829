"""Which states converge to an attractor, and when they enter its contraction ball.

A state that never enters it goes elsewhere, if its orbit repeats itself to rounding, Newton's method confirms another fixed
point or cycle there, and a power of the Jacobian around that is below one, so that the orbit does not merely linger at a
saddle; or if the structure of the map does not bound it and it grows beyond ESCAPED times the size of the attractor. Where
many orbits end at one such point, a contraction ball around it tells the next ones sooner.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import attracting
from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.analysis.fixed_points.search.newton import newton_step
from dynlatch.errors import DynlatchError
from dynlatch.linalg import matrix_norm
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

Indices = NDArray[np.intp]
Mask = NDArray[np.bool_]

FIRST_LOOK = 16  # steps before orbits are first compared with where they were
LONGEST = 32  # the longest cycle recognised
AT_REST = 1e-11  # relative distance at which an orbit has come back
SAME = 1e-6
NEWTON_STEPS, SQUARINGS = 3, 12
MANY = 64  # orbits at one resting place that are worth a ball
MOST_BALLS = 64
ESCAPED = 1e30


@dataclass
class Elsewhere:
    """Contraction balls of attractors other than the one asked about, as far as they are known.

    `bounded` says whether every orbit stays finite: then even a state of size 1e300 comes back.
    """

    bounded: bool = False
    balls: list[ContractionBall] = field(default_factory=list)

    def holds(self, states: Array) -> Mask:
        """Which states (m, n) are in one of the balls."""
        inside = np.zeros(len(states), dtype=bool)
        for ball in self.balls:
            inside |= ball.phase(states) >= 0
        return inside

    def learn(self, map: SmoothMap, states: Array, period: int) -> None:
        """Balls for the cycles that many of the resting `states` (m, n) share."""
        key = np.round(states / (SAME * (1.0 + np.abs(states).max(initial=0.0))))
        _, first, number = np.unique(key, axis=0, return_index=True, return_counts=True)
        for i in first[number >= MANY]:
            if len(self.balls) >= MOST_BALLS or self.holds(states[i : i + 1])[0]:
                continue
            orbit = [states[i]]
            for _ in range(period - 1):
                orbit.append(map.step(orbit[-1]))
            try:
                self.balls.append(contraction_ball(map, attracting(map, np.array(orbit), "reduced_attracting_set")))
            except DynlatchError:  # no ball is known there: its orbits are told by coming to rest
                continue


def entries(
    map: SmoothMap, own: ContractionBall, elsewhere: Elsewhere, states: Array, most: int
) -> tuple[NDArray[np.int8], Indices, Indices]:
    """Where the orbits of `states` (m, n) go.

    Whether each enters the ball (1 yes, 0 no, -1 not known after `most` steps), when, and the phase at which it starts: the
    number of the point of the cycle that it follows.
    """
    enters = np.full(len(states), -1, dtype=np.int8)
    when, phase = np.zeros(len(states), dtype=np.intp), np.zeros(len(states), dtype=np.intp)
    who, now = np.arange(len(states)), states
    before, since, look, asked = now, 0, FIRST_LOOK, np.zeros(len(now), dtype=bool)
    escaped = np.inf if elsewhere.bounded else ESCAPED * (1.0 + np.abs(own.orbit).max())
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(most + 1):
            ball = own.phase(now)
            arrived = who[ball >= 0]
            enters[arrived], when[arrived], phase[arrived] = 1, step, (ball[ball >= 0] - step) % len(own.orbit)
            gone = (elsewhere.holds(now) | ~(_sums(np.abs(now)) <= escaped)) & (ball < 0)
            if FIRST_LOOK <= since < step <= since + LONGEST:
                back = (_sums(np.abs(now - before)) <= AT_REST * (1.0 + _sums(np.abs(before)))) & ~asked
                gone[back] |= _rests_elsewhere(map, own, elsewhere, now[back], step - since)
                asked |= back
            enters[who[gone]] = 0
            on = (ball < 0) & ~gone
            who, now, before, asked = who[on], now[on], before[on], asked[on]
            if not len(who):
                break
            if step == look:
                before, since, look = now, step, max(step + LONGEST, 2 * step)
                asked = np.zeros(len(now), dtype=bool)
            now = map.step(now)
    return enters, when, phase


def _rests_elsewhere(map: SmoothMap, own: ContractionBall, elsewhere: Elsewhere, states: Array, period: int) -> Mask:
    """Which of the states, back where they were `period` steps ago, are at an attractor that is not the one asked about."""
    if not len(states):
        return np.zeros(0, dtype=bool)
    size = SAME * (1.0 + np.abs(states).max(-1))
    x, attracts = _limit_point(map, states, period)
    far = np.abs(x[:, None] - own.orbit).max(-1).min(-1) > size
    there = attracts & far & (np.abs(x - states).max(-1) <= size)
    elsewhere.learn(map, x[there], period)
    return np.asarray(there)


def _sums(rows: Array) -> Array:
    # A product: NumPy reduces a short last axis far more slowly.
    return np.asarray(rows @ np.ones(rows.shape[-1]))


def _limit_point(map: SmoothMap, x: Array, period: int) -> tuple[Array, Mask]:
    """Fixed points (m, n) of `M^period` by Newton's method from x, and whether they are found and attract."""
    for _ in range(NEWTON_STEPS):
        image, J = _around(map, x, period)
        x = x + newton_step(x, image - x, J)
    image, J = _around(map, x, period)
    solved = np.abs(image - x).max(-1) <= 1e-13 * x.shape[-1] * (1.0 + np.abs(x).max(-1))
    small = matrix_norm(J, "fro") < 1.0
    for _ in range(SQUARINGS):
        if small.all():
            break
        J = np.clip(J @ J, -1e30, 1e30)
        small |= matrix_norm(J, "fro") < 1.0
    return x, solved & small


def _around(map: SmoothMap, x: Array, period: int) -> tuple[Array, Array]:
    """`M^period` and its Jacobian at x."""
    J = map.jacobian(x)
    for _ in range(period - 1):
        x = map.step(x)
        J = map.jacobian(x) @ J
    return map.step(x), J
