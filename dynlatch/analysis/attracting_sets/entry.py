"""Which states converge to an attractor, and when they enter its contraction ball.

States that go elsewhere are told by balls around the attractors they go to, found as orbits come to rest there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import attracting
from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.errors import DynlatchError
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

Indices = NDArray[np.intp]

PATIENCE, EVERY = 16, 4  # steps before, and between, looks at where an orbit goes that has entered no ball
TAIL, LONGEST = 256, 32  # steps after which it should be at rest, and the longest cycle recognised
CLOSE = 1e-6
MOST_FAILURES = 8


@dataclass
class Elsewhere:
    """Contraction balls of attractors other than the one asked about, as far as they are known."""

    balls: list[ContractionBall] = field(default_factory=list)
    failures: int = 0

    def holds(self, states: Array) -> NDArray[np.bool_]:
        """Which states (m, n) are in one of the balls."""
        inside = np.zeros(len(states), dtype=bool)
        for ball in self.balls:
            inside |= ball.phase(states) >= 0
        return inside

    def follow(self, map: SmoothMap, state: Array, own: ContractionBall) -> None:
        """Add the attractor that the orbit of `state` (n,) ends at, if it is a fixed point or a short cycle."""
        if self.failures >= MOST_FAILURES:
            return
        ball = _resting_place(map, state)
        if ball is None or own.phase(ball.orbit[:1])[0] >= 0:
            self.failures += 1
        elif not self.holds(ball.orbit[:1])[0]:
            self.balls.append(ball)


def _resting_place(map: SmoothMap, state: Array) -> ContractionBall | None:
    for _ in range(TAIL):
        state = map.step(state)
    if not np.isfinite(state).all():
        return None
    orbit = [state]
    for _ in range(LONGEST):
        orbit.append(map.step(orbit[-1]))
        if np.abs(orbit[-1] - state).max() <= CLOSE * (1.0 + np.abs(state).max()):
            break
    else:
        return None
    try:
        return contraction_ball(map, attracting(map, np.array(orbit[:-1]), "reduced_attracting_set"))
    except DynlatchError:
        return None


def entries(
    map: SmoothMap, own: ContractionBall, elsewhere: Elsewhere, states: Array, most: int
) -> tuple[NDArray[np.int8], Indices, Indices]:
    """For each state (m, n): whether its orbit enters the ball (1 yes, 0 no, -1 not known after `most` steps), when, and the
    phase at which it starts: the number of the point of the cycle that its orbit follows."""
    period = len(own.orbit)
    enters = np.full(len(states), -1, dtype=np.int8)
    when, phase = np.zeros(len(states), dtype=np.intp), np.zeros(len(states), dtype=np.intp)
    who, now = np.arange(len(states)), states
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(most + 1):
            ball = own.phase(now)
            arrived = who[ball >= 0]
            enters[arrived], when[arrived], phase[arrived] = 1, step, (ball[ball >= 0] - step) % period
            gone = (elsewhere.holds(now) | ~np.isfinite(now).all(-1)) & (ball < 0)
            enters[who[gone]] = 0
            on = (ball < 0) & ~gone
            who, now = who[on], now[on]
            if not len(who):
                break
            if step >= PATIENCE and step % EVERY == 0:
                elsewhere.follow(map, now[step // EVERY % len(now)], own)
            now = map.step(now)
    return enters, when, phase
