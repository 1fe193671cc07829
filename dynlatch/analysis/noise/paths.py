"""Random paths under noise: how they are simulated, judged and counted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.escape.question import Question
from dynlatch.analysis.noise.laws import Noise
from dynlatch.analysis.noise.membership import Basin
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.validation import Array

AMPLIFIED = (1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0)  # times the noise: where larger noise leads is looked at first
SCOUTS, SCOUT_STEPS = 64, 32


class Estimate(NamedTuple):
    """Probabilities at the times 0 to T of having left and of being outside, and the rate of leaving late; standard errors."""

    lost: Array
    away: Array
    lost_errors: Array
    away_errors: Array
    rate: float
    rate_error: float
    complete: bool  # not cut short by the time budget
    seen: bool  # whether any path left


@dataclass(frozen=True, eq=False)
class Paths:
    """The system, its noise, the horizon, and the basin that decides what has left."""

    system: Map
    start: Array
    noise: Noise
    steps: int
    basin: Basin
    rng: np.random.Generator
    deadline: float

    @property
    def late(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self.deadline

    @property
    def halfway(self) -> int:
        """The time from which on the escape rate is measured."""
        return self.steps // 2

    def step(self, states: Array, noise: Noise | None = None) -> Array:
        """One noisy step of states (N, n)."""
        return noisy(self.system, states, noise or self.noise, self.rng)

    def run(self, count: int) -> Array:
        """Paths from the start: shape (T + 1, count, n)."""
        states = np.empty((self.steps + 1, count, len(self.start)))
        states[0] = self.start
        for t in range(self.steps):
            states[t + 1] = self.step(states[t])
        return states

    def outside(self, states: Array) -> NDArray[np.bool_]:
        """Which of the states (..., n) no longer lead back."""
        return ~self.basin.holds(states)


def paths_of(map: Map, question: Question, noise: Noise, steps: int, rng: np.random.Generator, deadline: float) -> Paths:
    """The paths of a question; the attractors that even much larger noise leads to are met here."""
    system, points = question.system, question.attractor.points
    visited = [points]
    for factor in AMPLIFIED:
        states = np.broadcast_to(points[0], (SCOUTS, map.dim))
        for _ in range(min(steps, SCOUT_STEPS)):
            states = noisy(system, states, noise.scaled(factor), rng)
        visited.append(states)
    seen = np.concatenate(visited)
    seen = seen[np.isfinite(seen).all(1) & (np.abs(seen) < 1e100).all(1)]
    return Paths(system, points[0], noise, steps, Basin(map, points, seen), rng, deadline)


def noisy(system: Map, states: Array, noise: Noise, rng: np.random.Generator) -> Array:
    """One step of every row (N, n) with noise of its own; NaN where the map has no value: such a state is outside."""
    inputs = noise.draw(rng, (len(states), system.input_dim))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        try:
            return np.asarray(system.step(states, inputs), dtype=np.float64)
        except InvalidInput:
            return np.stack([_one(system, state, u) for state, u in zip(states, inputs, strict=True)])


def _one(system: Map, state: Array, u: Array) -> Array:
    try:
        return np.asarray(system.step(state, u), dtype=np.float64)
    except InvalidInput:
        return np.full_like(state, np.nan)
