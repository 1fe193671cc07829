"""The search for fixed points: rounds of Newton from many starts and of walks along fibers, and when to stop."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.equations import Equation, Plain
from dynlatch.analysis.fixed_points.search.fibers import walk
from dynlatch.analysis.fixed_points.search.newton import Systems, measure, promising, solve, solve_near, solve_systems
from dynlatch.analysis.fixed_points.search.solutions import Found as Found
from dynlatch.analysis.fixed_points.search.solutions import Solutions
from dynlatch.analysis.fixed_points.search.solutions import is_degenerate as is_degenerate
from dynlatch.analysis.fixed_points.search.solutions import same_point as same_point
from dynlatch.analysis.fixed_points.search.starts import first_starts, moderate, starts
from dynlatch.analysis.structure import additive_form
from dynlatch.intervals import Box
from dynlatch.maps import coordinates
from dynlatch.networks import AdditiveNetwork, ElmanNetwork
from dynlatch.validation import Array

QUIET_ROUNDS = 2
ARRIVALS = 32  # below this many, silence says that starts do not converge, not that there is nothing
WORK = 6e10  # limit of a search without a deadline: linear systems times the cost of each
SMALL, LONG = 32, 2e9  # unknowns up to which a compiled kernel pays, and the work from which it does
FACTORISATION = 28  # (d + this)^3 is the cost of a linear system of d unknowns with all that comes with it
ROUND, GROWTH = 3e7, 1.5  # starts of the first round times the cost of a system; every later one is larger
FEWEST, FIRST, MOST = 16, 64, 2048  # starts of a round, of the first at most FIRST
LARGEST = 1.5e8  # round, as starts times the cost of a system
PRIOR = 0.1, 1.0, 1.0  # weights of Newton, near starts and fibers before anything is known
SMALLEST_SHARE = 0.05  # of a round's work, for the least successful of its three methods
NEAR, WALKS = 3.0, 5.0  # near starts that cost as much as one start; starts that cost as much as one origin of walks
SPARSE = 3.0  # components in the direction of a fiber that are not small
ROOM = 0.5  # how far fibers may leave the box of a bounded map, relative to its width


@dataclass
class _Method:
    """How well one of the methods does: systems solved, and solutions that it was first to meet; recent ones count most."""

    solves: float = 0.0
    new: float = 0.0

    @property
    def success(self) -> float:
        return (self.new + 1.0) / (self.solves + 100.0)

    def record(self, solves: int, new: int) -> None:
        self.solves, self.new = 0.5 * self.solves + solves, 0.5 * self.new + new


@dataclass
class _Search:
    """One search: the list, how often each point of it was the origin of walks, and the work done."""

    solutions: Solutions
    rng: np.random.Generator
    room: float
    deadline: float
    used: Array = field(default_factory=lambda: np.zeros(0))
    newton: _Method = field(default_factory=_Method)
    near: _Method = field(default_factory=_Method)
    fibers: _Method = field(default_factory=_Method)
    solves: int = 0
    rounds: int = 0

    @property
    def cost(self) -> float:
        """Of one linear system."""
        return float((self.solutions.points.shape[1] + FACTORISATION) ** 3)

    @property
    def spent(self) -> bool:
        """Whether the work or the time is used up; with a deadline, time alone decides."""
        return self.solves * self.cost > WORK if np.isinf(self.deadline) else time.monotonic() > self.deadline

    @property
    def _systems(self) -> Systems:
        """How linear systems are solved: once a search of few unknowns proves long, by a compiled kernel."""
        if self.solutions.points.shape[1] > SMALL or self.solves * self.cost < LONG:
            return solve_systems
        from dynlatch.analysis.fixed_points.search.kernels import solve_small

        return solve_small

    def first_round(self) -> None:
        size = int(np.clip(ROUND // self.cost, FEWEST, FIRST))
        box, step = self.solutions.box, self.solutions.step
        self._newton(np.concatenate([first_starts(box), starts(step, box, self.solutions.points, size, self.rng)]))

    def round(self) -> int:
        """All methods, the more successful with more starts; returns how many solutions are new."""
        weight = np.sqrt([method.success for method in (self.newton, self.near, self.fibers)]) * PRIOR
        share = SMALLEST_SHARE + (1.0 - 3.0 * SMALLEST_SHARE) * weight / weight.sum()
        known, box, size = self.solutions.points, self.solutions.box, self._next_size()
        new = self._newton(starts(self.solutions.step, box, known, max(int(share[0] * size), FEWEST // 2), self.rng))
        new += self._near(max(int(share[1] * size * NEAR), FEWEST))
        return new + self._walk(max(int(share[2] * size / WALKS), FEWEST // 8))

    def _next_size(self) -> int:
        """Small rounds find the few points of an easy net soon; large ones waste less on many."""
        self.rounds += 1
        return int(np.clip(min(ROUND * GROWTH**self.rounds, LARGEST) // self.cost, FEWEST, MOST))

    def _newton(self, x: Array) -> int:
        s = self.solutions
        arrivals = solve(s.step, s.jacobian, x, s.box, self.deadline, self._systems)
        return self._record(self.newton, arrivals.x, arrivals.solves)

    def _near(self, size: int) -> int:
        s = self.solutions
        chosen = promising(s.step, s.jacobian, moderate(s.box, size, self.rng), self._systems)
        arrivals = solve_near(s.step, s.jacobian, chosen, s.box, self.deadline, self._systems)
        return self._record(self.near, arrivals.x, size + arrivals.solves)

    def _walk(self, size: int) -> int:
        """Walks from the points least used so far, and Newton from what they cross."""
        s = self.solutions
        known, d = s.points, s.points.shape[1]
        if len(known) == 0:
            return 0
        # A point that was merged into another one may have left the list.
        self.used = np.concatenate([self.used, np.zeros(max(len(known) - len(self.used), 0))])[: len(known)]
        rows = np.argsort(self.used + self.rng.random(len(known)))[np.arange(size) % len(known)]
        np.add.at(self.used, rows, 1.0)
        normal = self.rng.standard_normal((size, d))
        directions = np.where(self.rng.random((size, d)) < SPARSE / d, normal, 1e-3 * normal)
        directions /= np.sqrt(np.sum(np.square(directions), axis=-1, keepdims=True))
        crossings = walk(s.step, s.jacobian, known[rows], directions, s.box, self.room, self.deadline, self._systems)
        arrivals = solve_near(s.step, s.jacobian, np.clip(crossings.x, *s.box), s.box, self.deadline, self._systems)
        return self._record(self.fibers, arrivals.x, crossings.solves + arrivals.solves)

    def _record(self, method: _Method, arrivals: Array, solves: int) -> int:
        new = max(self.solutions.add(arrivals), 0)  # points known before may turn out to be one
        self.solves += solves
        method.record(solves, new)
        return new


def search(
    equation: Equation,
    u0: Array | None,
    box: Box,
    *,
    odd: bool,
    compact: bool,
    rng: np.random.Generator,
    deadline: float,
) -> tuple[Found, bool]:
    """All solutions of `G(x) = x` that the rounds meet in `box`, and whether the search came to rest.

    It stops when two rounds bring nothing, the estimate of the unseen is below one half and, if `compact` (the box holds
    every solution of a bounded map) and none is degenerate, the indices sum to +1; else at the deadline, or where there is
    none (inf) at a limit of work. An interrupt from the keyboard counts as the deadline.
    """
    net = _in_activations(equation, u0) if compact else None
    if net is None:
        return _search(equation, u0, box, odd=odd, compact=compact, rng=rng, deadline=deadline)
    inner = Plain(net)
    found, ended = _search(inner, None, inner.box() or box, odd=odd, compact=compact, rng=rng, deadline=deadline)
    return _carried(found, net, equation, u0), ended


def _search(
    equation: Equation,
    u0: Array | None,
    box: Box,
    *,
    odd: bool,
    compact: bool,
    rng: np.random.Generator,
    deadline: float,
) -> tuple[Found, bool]:
    solutions = Solutions(
        step=lambda x: equation.step(x, u0),
        jacobian=lambda x: equation.jacobian(x, u0),
        box=box,
        odd=odd,
        points=np.zeros((0, equation.dim)),
    )
    state = _Search(solutions, rng, ROOM if compact else 0.0, deadline)
    quiet = 0
    try:
        if not state.spent:
            state.first_round()
        while not state.spent:
            quiet = 0 if state.round() else quiet + 1
            if quiet >= QUIET_ROUNDS and _convincing(solutions, compact) and (not compact or _checks(solutions)):
                return solutions.found(), True
    except KeyboardInterrupt:
        return solutions.found(), False
    return solutions.found(), quiet >= QUIET_ROUNDS and _convincing(solutions, compact)


def _convincing(solutions: Solutions, compact: bool) -> bool:
    """Whether little seems to be missing, by enough arrivals where there must be something to arrive at."""
    return (solutions.met >= ARRIVALS or not compact) and solutions.unseen < 0.5


def _checks(solutions: Solutions) -> bool:
    """Whether the indices sum to +1, or cannot because a solution is degenerate."""
    return bool(solutions.clusters) or int(index_of(solutions.jacobian(solutions.points)).sum()) == 1


def index_of(slope: Array) -> NDArray[np.int64]:
    """sign det(I - G') of each Jacobian, shape (k,)."""
    if len(slope) == 0:
        return np.zeros(0, dtype=np.int64)
    return np.asarray(np.linalg.slogdet(np.eye(slope.shape[-1]) - slope)[0], dtype=np.int64)


def _in_activations(equation: Equation, u0: Array | None) -> AdditiveNetwork | None:
    """The additive network `a = W f(a) + c` behind an equation in other coordinates or with a leak; None if there is none.

    Its curves are those of single units, whatever the weights: Newton and the walks take fewer and longer steps.
    """
    if not isinstance(equation, Plain) or isinstance(equation.map, AdditiveNetwork):
        return None
    form = additive_form(equation.map)
    if form is None or not form.f.bounded:
        return None
    return AdditiveNetwork(form.W, form.c if u0 is None else form.c + form.B @ u0, form.f)


def _carried(found: Found, net: AdditiveNetwork, equation: Equation, u0: Array | None) -> Found:
    """Solutions of the additive network as those of the equation it came from, measured there."""
    outputs = isinstance(equation, Plain) and coordinates(equation.map) == ElmanNetwork.coordinates
    x = net.f(found.points) if outputs else found.points
    measured = measure(lambda y: equation.step(y, u0), lambda y: equation.jacobian(y, u0), x)
    degenerate = found.degenerate
    return replace(
        found,
        points=np.where(degenerate[:, None], x, measured.x),
        errors=np.where(degenerate, np.inf, measured.error),
    )
