"""The search for cycles: starts of several families, rounds of multiple shooting, and when to stop.

Families: pieces of orbits after transients of random length (what attracts); near-recurrences, pieces whose ends almost meet
(every unstable cycle of a chaotic set is shadowed sooner or later, Auerbach et al., PRL 58 (1987)); points drawn one by one
(each may lie in another branch of the map); pieces of known cycles pasted together; known cycles of shorter period, run
through several times and disturbed (what a period doubling leaves).
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np

from dynlatch.analysis.periodic_orbits.orbits import Collection, divisors
from dynlatch.analysis.periodic_orbits.shooting import Image, cyclic_matrix, image_of, index_of, jacobians_of, measure, solve
from dynlatch.intervals import Box
from dynlatch.maps import SmoothMap
from dynlatch.validation import Array

LEAST_ROUNDS = 4
WORK = 6000  # rounds times unknowns, but at least FEWEST and at most MOST_ROUNDS rounds
FEWEST, MOST_ROUNDS = 24, 200
QUIET_ROUNDS = 3
MANY_DEGENERATE = 32
FIRM = 1e-7  # least singular value of the multiple-shooting matrix at which an index counts
FACTORISATIONS = 4e8  # starts of a round times the cube of the unknowns
WALKERS = 256
TRANSIENT = 100


@dataclass
class Walk:
    """Orbits of many states side by side, kept going from round to round: the source of pieces and near-recurrences."""

    image: Image
    box: Box
    rng: np.random.Generator
    states: Array = field(init=False)

    def __post_init__(self) -> None:
        self.states = self.rng.uniform(*self.box, (WALKERS, len(self.box[0])))
        self.path(TRANSIENT)

    def path(self, steps: int) -> Array:
        """The next states (steps + 1, walkers, n). Who leaves the box starts again from where another one is, or anywhere."""
        visited = np.empty((steps + 1, *self.states.shape))
        visited[0] = self.states
        for t in range(steps):
            moved = self.image(visited[t])
            out = ~np.all((moved >= self.box[0]) & (moved <= self.box[1]), axis=-1)
            moved[out] = self._elsewhere(moved[~out], int(out.sum()))
            visited[t + 1] = moved
        self.states = visited[-1]
        return visited

    def _elsewhere(self, inside: Array, count: int) -> Array:
        anywhere = self.rng.uniform(*self.box, (count, len(self.box[0])))
        if len(inside) == 0:
            return anywhere
        kept = inside[self.rng.integers(0, len(inside), count)]
        return np.where(self.rng.random((count, 1)) < 0.1, anywhere, kept)


@dataclass
class Search:
    """Everything a search carries from one period to the next."""

    map: SmoothMap
    box: Box
    odd: bool
    compact: bool
    rng: np.random.Generator
    deadline: float
    found: Collection = field(default_factory=Collection)
    walk: Walk = field(init=False)

    def __post_init__(self) -> None:
        self.walk = Walk(image_of(self.map), self.box, self.rng)

    @property
    def unfinished(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.deadline

    def run(self, period: int) -> bool:
        """Add the cycles whose period divides `period`; whether the search came to rest by itself."""
        size = int(np.clip(FACTORISATIONS // (period * self.map.dim) ** 3, 8, 192))
        quiet = 0
        for number in range(int(np.clip(WORK // (period * self.map.dim), FEWEST, MOST_ROUNDS))):
            if self.unfinished:
                return False
            quiet = 0 if self._round(period, size) else quiet + 1
            if sum(cycle.degenerate for cycle in self.found.cycles) > MANY_DEGENERATE:
                return True
            if number + 1 >= LEAST_ROUNDS and quiet >= QUIET_ROUNDS and self._whole(period):
                return True
        return True

    def _whole(self, period: int) -> bool:
        if self.found.unseen(period) >= 0.5:
            return False
        total, defined = index_sum(self.map, self.found, period)
        return not self.compact or not defined or total == 1

    def _round(self, period: int, size: int) -> int:
        solutions = solve(self.map, self._starts(period, size), self.box)
        width = 1e-9 * (1.0 + self.box[1] - self.box[0])
        inside = np.all((solutions.orbits >= self.box[0] - width) & (solutions.orbits <= self.box[1] + width), axis=(1, 2))
        orbits, errors = solutions.orbits[inside], solutions.errors[inside]
        if self.odd and len(orbits):
            mirrored = measure(self.map, -orbits)
            orbits, errors = np.concatenate([orbits, mirrored.orbits]), np.concatenate([errors, mirrored.errors])
        return self.found.add(orbits, errors)

    def _starts(self, period: int, size: int) -> Array:
        share = max(size // 6, 2)
        path = self.walk.path(period + 40)
        families = [
            self._pieces(path, period, share),
            _recurrences(path, period, 2 * share),
            self._points(path, period, share),
            self._pasted(period, share),
            self._repeated(period, share),
        ]
        return np.clip(np.concatenate(families), *self.box)

    def _pieces(self, path: Array, period: int, count: int) -> Array:
        """Pieces of orbits: half from the walk, half from fresh states after few steps."""
        half = count // 2
        start = self.rng.integers(0, len(path) - period, half)
        old = path[start[:, None] + np.arange(period), self.rng.integers(0, path.shape[1], half)[:, None]]
        state = self.rng.uniform(*self.box, (count - half, self.map.dim))
        for _ in range(int(self.rng.integers(0, 6))):
            state = np.clip(self.walk.image(state), *self.box)
        fresh = [state]
        for _ in range(period - 1):
            fresh.append(np.clip(self.walk.image(fresh[-1]), *self.box))
        return np.concatenate([old, np.stack(fresh, axis=1)])

    def _points(self, path: Array, period: int, count: int) -> Array:
        """Points drawn one by one: from the box, from the image of the box, and from the walk."""
        shape = (count, period, self.map.dim)
        uniform = self.rng.uniform(*self.box, shape)
        source = self.rng.integers(0, 3, count)[:, None, None]
        wandering = path.reshape(-1, self.map.dim)[self.rng.integers(0, path.shape[0] * path.shape[1], shape[:2])]
        return np.where(source == 0, uniform, np.where(source == 1, self.walk.image(uniform), wandering))

    def _pasted(self, period: int, count: int) -> Array:
        """Two pieces of known cycles, one after the other."""
        known = [cycle.points for cycle in self.found.cycles]
        if not known:
            return np.zeros((0, period, self.map.dim))
        out = np.empty((count, period, self.map.dim))
        cuts = self.rng.integers(1, period + 1, count)
        for row, cut in zip(out, cuts, strict=True):
            for part in (row[:cut], row[cut:]):
                points = known[self.rng.integers(len(known))]
                part[:] = points[(self.rng.integers(len(points)) + np.arange(len(part))) % len(points)]
        return out

    def _repeated(self, period: int, count: int) -> Array:
        """Known cycles whose period divides this one, run through several times, with disturbances of all sizes."""
        known = [c.points for d in divisors(period)[:-1] for c in self.found.of_period(d)]
        if not known:
            return np.zeros((0, period, self.map.dim))
        chosen = [known[i] for i in self.rng.integers(0, len(known), count)]
        tiled = np.stack([np.tile(points, (period // len(points), 1)) for points in chosen])
        scale = 10.0 ** self.rng.uniform(-3, 0, (count, 1, 1)) * (self.box[1] - self.box[0])
        return tiled + scale * self.rng.standard_normal(tiled.shape)


def index_sum(map: SmoothMap, found: Collection, period: int) -> tuple[int, bool]:
    """Sum of sign det(I - (M^p)') over all points found whose period divides p, and whether it is defined at all of them.

    A fixed point where a period doubles is not degenerate for M, but is for M^2.
    """
    total, defined = 0, True
    for d in divisors(period):
        cycles = [cycle.points for cycle in found.of_period(d) if not cycle.degenerate]
        defined &= len(cycles) == len(found.of_period(d))
        if cycles:
            jacobians = jacobians_of(map, np.tile(np.stack(cycles), (1, period // d, 1)))
            firm = np.linalg.svd(cyclic_matrix(jacobians), compute_uv=False)[:, -1] > FIRM
            defined &= bool(firm.all())
            total += d * int(index_of(jacobians)[firm].sum())
    return total, defined


def _recurrences(path: Array, period: int, count: int) -> Array:
    """The pieces of the walk whose ends nearly meet: the best of every walker, then the best of those."""
    gap = np.abs(path[period:] - path[:-period]).max(axis=-1)
    first = gap.argmin(axis=0)
    order = np.argsort(gap.min(axis=0), kind="stable")[:count]
    return np.asarray(path[first[order][:, None] + np.arange(period), order[:, None]])
