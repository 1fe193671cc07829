"""Any map, rare escapes: adaptive multilevel splitting with a fixed horizon.

N paths of T steps have scores: the largest level a path has met, infinite if it has left the basin. Again and again the tenth
with the lowest scores is replaced by clones of others, each followed from its first crossing of the level of that tenth with
fresh noise, until hardly any path is left inside. With K_j of N paths replaced in round j, the estimate

    P(path in A) = prod_j (1 - K_j / N) * (fraction of the final paths in A)

is unbiased for every set A of paths that leave. The level of a state is how far from the attractor it is a few noiseless steps
later, in a norm adapted to the attractor: what the map forgets fast does not count, and near the edge of the basin the map
forgets nothing. Errors are those of independent replicas; probabilities are averaged, not their logarithms.

Source: Cerou and Guyader (2007), Adaptive multilevel splitting for rare event analysis, Stoch. Anal. Appl. 25; unbiasedness:
Brehier, Gazeau, Goudenege, Lelievre and Rousset (2016), Ann. Appl. Probab. 26.
"""

from __future__ import annotations

import contextlib
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.system import finite_steps
from dynlatch.analysis.noise.monte_carlo import ever
from dynlatch.analysis.noise.paths import Estimate, Paths
from dynlatch.maps import Map
from dynlatch.validation import Array

KILLED = 0.1  # share of the paths replaced in a round
LOOK_AHEAD = 4  # noiseless steps, in periods of the attractor
REPLICAS = 24
PATHS, LEAST_PATHS = 500, 100
WORK = 1.5e7  # units times steps times paths, of all replicas
MOST_ROUNDS = 20_000


class Levels(NamedTuple):
    """How close to escape a state is: its distance from the attractor, a few steps on."""

    map: Map
    points: Array
    factors: Array

    def ahead(self, states: Array) -> Array:
        """States (N, n) a few steps on."""
        for _ in range(LOOK_AHEAD * len(self.points)):
            states = finite_steps(self.map, states)
        return states

    def distance(self, states: Array) -> Array:
        """Of states (N, n) from the attractor."""
        away = [np.linalg.norm((states - p) @ S.T, axis=-1) for p, S in zip(self.points, self.factors, strict=True)]
        return np.asarray(np.min(away, axis=0))


class Replica(NamedTuple):
    """Estimates of one run: probabilities of having left and of being outside at the times 0 to T."""

    lost: Array
    away: Array


def split(paths: Paths) -> Estimate:
    """Averages over replicas, as many as the time allows."""
    levels = levels_of(paths)
    count = int(np.clip(WORK / ((paths.steps + 1) * (len(paths.start) + 10) * REPLICAS), LEAST_PATHS, PATHS))
    found: list[Replica] = []
    with contextlib.suppress(KeyboardInterrupt):
        while len(found) < REPLICAS and not (found and paths.late):
            found.append(_replica(paths, levels, count))
    return _averaged(found, paths)


def levels_of(paths: Paths) -> Levels:
    """The levels of the attractor's own ball; Euclidean where the map has no derivatives."""
    balls = [ball for ball in paths.basin.system.balls if ball.label == 0]
    return Levels(paths.basin.system.map, np.stack([b.centre for b in balls]), np.stack([b.factor for b in balls]))


def _averaged(found: list[Replica], paths: Paths) -> Estimate:
    count, T, half = max(len(found), 1), paths.steps, paths.halfway
    nothing = [Replica(np.zeros(T + 1), np.zeros(T + 1))]
    lost, away = np.array([r.lost for r in found or nothing]), np.array([r.away for r in found or nothing])
    mean = lost.mean(0)
    rates = (lost[:, T] - lost[:, half]) / ((T - half) * (1.0 - mean[half]))
    spread = 1.0 / np.sqrt(count)
    if not mean[-1] > 0:  # extinct in every replica
        unseen = np.append(0.0, np.full(T, 1.0 / (count * LEAST_PATHS)))
        return Estimate(mean, mean, unseen, unseen, 0.0, float(unseen[-1]), len(found) == REPLICAS, False)
    return Estimate(
        lost=mean,
        away=away.mean(0),
        lost_errors=spread * _deviation(lost),
        away_errors=spread * _deviation(away),
        rate=float(rates.mean()),
        rate_error=float(spread * _deviation(rates)),
        complete=len(found) == REPLICAS,
        seen=bool(mean[-1] > 0),
    )


def _deviation(values: Array) -> Array:
    """Standard deviation over replicas; of a single one its own size."""
    return np.asarray(values.std(0, ddof=1) if len(values) > 1 else np.abs(values[0]))


class _Flock(NamedTuple):
    """Paths of one replica: states (T + 1, N, n), what of them is outside, and their levels so far (T + 1, N)."""

    states: Array
    outside: NDArray[np.bool_]
    levels: Array

    @property
    def scores(self) -> Array:
        return np.asarray(self.levels.max(0))


def _replica(paths: Paths, levels: Levels, count: int) -> Replica:
    flock = _judged(paths, levels, paths.run(count))
    weight = 1.0
    for _ in range(MOST_ROUNDS):
        scores = flock.scores
        level = np.partition(scores, int(KILLED * count))[int(KILLED * count)]
        if np.isinf(level):
            break
        dead = scores <= level
        if dead.all():
            return Replica(np.zeros(paths.steps + 1), np.zeros(paths.steps + 1))
        weight *= 1.0 - dead.mean()
        _replace(paths, levels, flock, dead, float(level))
    return Replica(weight * ever(flock.outside).mean(1), weight * flock.outside.mean(1))


def _judged(paths: Paths, levels: Levels, states: Array) -> _Flock:
    # A state is in the basin if the one a few steps on is.
    later = levels.ahead(states.reshape(-1, states.shape[-1]))
    outside = paths.outside(later)
    height = np.full(len(later), np.inf)
    height[~outside] = levels.distance(later[~outside])
    shape = states.shape[:-1]
    return _Flock(states, outside.reshape(shape), height.reshape(shape))


def _replace(paths: Paths, levels: Levels, flock: _Flock, dead: NDArray[np.bool_], level: float) -> None:
    """Give the dead paths the past of survivors up to their first crossing of the level, and new futures."""
    rows = np.flatnonzero(dead)
    parents = paths.rng.choice(np.flatnonzero(~dead), len(rows))
    crossing = np.argmax(flock.levels[:, parents] > level, axis=0)
    for part in flock:
        part[:, rows] = part[:, parents]
    states = flock.states
    times = np.arange(paths.steps + 1)[:, None]
    for t in range(int(crossing.min()), paths.steps):
        going = rows[crossing <= t]
        states[t + 1, going] = paths.step(states[t, going])
    fresh = times > crossing
    when, which = np.nonzero(fresh)
    new = _judged(paths, levels, states[when, rows[which]])
    flock.outside[when, rows[which]] = new.outside
    flock.levels[when, rows[which]] = new.levels
