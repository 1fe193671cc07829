"""Many input sequences at one size, each pushed towards the edge of the basin by Pontryagin's principle ("U4").

A sequence drives the state for T steps, then the input is off for K steps, and the sequence is to carry the last state as far
as possible along a direction xi. The costate of that aim,

    p_{T+K} = xi,    p_{t-1} = J(a_{t-1}, u_t)^T p_t   (normalised at every step),

says which admissible input pushes hardest, `argmax_{|u| <= b} <B^T p_t, u>`; the sequence moves towards it and the step is kept
where the aim improves. The input-free tail turns the costate at T into the normal of the basin boundary, whatever lives on
that boundary, so that no saddle need be known. Whenever a sequence escapes, the common size is lowered to just below the
smallest multiple of it that still does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.escape.upper.fate import Judge, after, least_scale, leaves
from dynlatch.analysis.escape.upper.plant import Plant, fitted, worst
from dynlatch.validation import Array

TAIL = (3, 13)
STALE = 25
SCALES = np.linspace(0.6, 1.0, 41)
LOWER = (0.99, 0.997, 0.9993)


class Found(NamedTuple):
    """An escaping sequence (T, m) and its size."""

    value: float
    inputs: Array


class Sweep(NamedTuple):
    """Sequences (T, S, m) of size at most 1 and the states they visit (T + K + 1, S, n) at the size of the moment."""

    U: Array
    states: list[Array]
    aim: Array  # (S,)


def run(plant: Plant, U: Array, b: float, tail: int) -> list[Array]:
    """States at times 0 to T + tail under inputs b U."""
    a = np.broadcast_to(plant.points[0], (U.shape[1], plant.points.shape[1]))
    states = [a]
    for u in U:
        states.append(plant.step(states[-1], b * u))
    for _ in range(tail):
        states.append(plant.step(states[-1], None))
    return states


def pushes(plant: Plant, U: Array, states: list[Array], b: float, xi: Array) -> Array:
    """The inputs (T, S, m) of size 1 that Pontryagin's principle asks for along the given states."""
    assert plant.pull is not None
    T = len(U)
    out = np.empty_like(U)
    p = xi
    for t in range(len(states) - 2, -1, -1):
        u = b * U[t] if t < T else np.zeros_like(U[0])
        p, g = plant.pull(states[t], u, p)
        if t < T:
            out[t] = worst(g, plant.norm)
        p = p / (np.sqrt(np.einsum("si,si->s", p, p))[:, None] + 1e-300)
    return out


def fresh(T: int, S: int, plant: Plant, rng: np.random.Generator) -> Array:
    """New sequences (T, S, m): constant, independent, periodic, and late pulses."""
    m = plant.width
    kind = rng.random(S)
    U = np.repeat(directions(S, plant, rng)[None], T, axis=0)
    free = directions(T * S, plant, rng).reshape(T, S, m)
    independent = (kind > 0.45) & (kind <= 0.6)
    U[:, independent] = free[:, independent]
    for s in np.flatnonzero((kind > 0.6) & (kind <= 0.8)):
        period = int(rng.integers(2, 7))
        U[:, s] = free[np.arange(T) % period, s]
    late = kind > 0.8
    start = rng.integers(0, T, S)
    U[(np.arange(T)[:, None] < start) & late] = 0.0
    return U


def directions(count: int, plant: Plant, rng: np.random.Generator) -> Array:
    """Random inputs (count, m) of size 1."""
    x = rng.normal(size=(count, plant.width))
    if plant.norm == np.inf:
        corner = rng.random(count) < 0.7
        x[corner] = np.sign(x[corner])
        return np.asarray(x / np.abs(x).max(-1, keepdims=True))
    return worst(x, 2.0)


class Population:
    """Sequences of one length on their way out, at a common size b."""

    def __init__(self, judge: Judge, U: Array, b: float, targets: Array, rng: np.random.Generator) -> None:
        self.judge, self.plant, self.rng = judge, judge.plant, rng
        self.T, self.S, _ = U.shape
        self.b, self.targets = b, targets
        self.best: Found | None = None
        self.since = 0  # iterations since the best improved
        self._start(U)

    def _start(self, U: Array) -> None:
        self.tail = int(self.rng.integers(*TAIL))
        self.U, self.xi = U, self._aims(self.S)
        self.rate = np.full(self.S, 0.5)
        self.stale = np.zeros(self.S, dtype=int)
        self._measure()

    def _aims(self, count: int) -> Array:
        n = self.plant.points.shape[1]
        xi = self.rng.normal(size=(count, n))
        if len(self.targets):
            towards = self.targets[self.rng.integers(0, len(self.targets), count)] - self.plant.points[0]
            some = self.rng.random(count) < 0.6
            length = np.sqrt((towards * towards).mean(-1, keepdims=True))
            xi[some] = (towards + 0.3 * length * xi)[some]
        return worst(xi, 2.0)

    def _measure(self) -> None:
        self.states = run(self.plant, self.U, self.b, self.tail)
        self.aim = np.einsum("si,si->s", self.xi, self.states[-1] - self.plant.points[0])
        self.wanted = pushes(self.plant, self.U, self.states, self.b, self.xi)

    def advance(self) -> None:
        """One step of every sequence towards the inputs its costates ask for, kept where the aim improves."""
        al = self.rate[:, None]
        U = (1.0 - al) * self.U + al * self.wanted
        states = run(self.plant, U, self.b, self.tail)
        aim = np.einsum("si,si->s", self.xi, states[-1] - self.plant.points[0])
        better = aim > self.aim
        self.rate = np.clip(np.where(better, 1.5 * self.rate, 0.5 * self.rate), 0.0, 1.0)
        gain = aim - self.aim > 1e-6 * (1e-3 + np.abs(aim))
        self.stale = np.where(better & gain, 0, self.stale + 1)
        self.U[:, better] = U[:, better]
        self.aim = np.where(better, aim, self.aim)
        for old, new in zip(self.states, states, strict=True):
            if old.flags.writeable:
                old[better] = new[better]
        self.wanted = pushes(self.plant, self.U, self.states, self.b, self.xi)
        self.since += 1

    def check(self) -> bool:
        """Lower the size if some sequence escapes."""
        away = np.flatnonzero(leaves(self.judge, self.states[self.T]))
        if not len(away):
            return False
        improved = False
        for s in self.rng.permutation(away)[:4]:
            scale = least_scale(self.judge, self.b * self.U[:, s], SCALES)
            if scale is None:
                continue
            inputs = self.b * scale * self.U[:, s]
            value = float(np.linalg.norm(inputs, self.plant.norm, axis=1).max())
            if self.best is None or value < self.best.value:
                self.best, improved = Found(value, inputs), True
        if improved and self.best is not None:
            self.b = self.factor() * self.best.value
            self.since = 0
            self._measure()
        return improved

    def factor(self) -> float:
        return LOWER[0]

    def renew(self) -> None:
        """Replace stale sequences: half by variations of the best, half by new ones."""
        worn = np.flatnonzero((self.stale >= STALE) | (self.rate < 1e-3))
        if not len(worn):
            return
        U = fresh(self.T, len(worn), self.plant, self.rng)
        if self.best is not None:
            half = len(worn) // 2
            for k in range(half):
                U[:, k] = self._variation()
        self.U[:, worn] = U
        self.xi[worn] = self._aims(len(worn))
        self.rate[worn], self.stale[worn] = 0.5, 0
        self._measure()

    def _variation(self) -> Array:
        assert self.best is not None
        U = np.roll(self.best.inputs / self.best.value, int(self.rng.integers(-3, 4)), axis=0)
        noise = self.rng.normal(size=U.shape) * self.rng.choice([0.1, 0.3, 1.0])
        if self.rng.random() < 0.5:
            noise[self.rng.random(len(U)) > 0.2] = 0.0
        return fitted(U + noise, self.plant.norm)


def search(
    judge: Judge, T: int, b: float, iterations: int, rng: np.random.Generator, *, S: int = 192, targets: Array | None = None
) -> Found | None:
    """The smallest escaping sequence of length T that a population started at size b meets."""
    n = judge.points.shape[1]
    population = Population(judge, fresh(T, S, judge.plant, rng), b, np.empty((0, n)) if targets is None else targets, rng)
    for i in range(iterations):
        population.advance()
        if i % 3 == 2:
            population.check()
            population.renew()
    return population.best
