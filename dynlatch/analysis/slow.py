"""Slow points: where a map nearly stands still without being at rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.equations import Equation, Plain, equation_of
from dynlatch.analysis.fixed_points.search.newton import size_of
from dynlatch.analysis.fixed_points.search.solutions import same_point, unseen
from dynlatch.analysis.fixed_points.search.starts import first_starts, starts
from dynlatch.analysis.minima import descend, polish, speed
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box
from dynlatch.linalg import spectra
from dynlatch.maps import Map, SmoothMap, coordinates, require_smooth
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.results import Result
from dynlatch.validation import Array, box_of, positive_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROUNDS, QUIET_ROUNDS = 16, 2
WORK = 2e10  # limit of a search without a time budget: linear systems times the cost of each, (n + 28)^3
ROUND = 3e7  # starts of a round times the cost of a system; at least FEWEST, at most MOST starts
FEWEST, MOST = 16, 128
SAME = 1e-5  # minima closer than this, relative to their size, are one


@dataclass(frozen=True, eq=False)
class SlowPoints(Result):
    """Slow points of a map, sorted lexicographically by point; none of them is a fixed point.

    Attributes
    ----------
    points : ndarray, shape (k, n)
    speeds : ndarray, shape (k,)
        |M(a) - a|, Euclidean norm: how far the map moves the point in one step.
    imbalances : ndarray, shape (k,)
        The same for the equation with its gates divided out (for maps without gates, the speed itself).
    eigenvalues : complex ndarray, shape (k, n)
        Of the Jacobian of the map; one of them is next to 1 at the ghost of a fold.
    tolerance : float
        Largest speed that counts as slow.
    estimated_missing : float
        Chao's lower estimate of the number of slow points that the search did not meet.
    ended : bool
        Whether the search came to rest; False when its budget cut it short.
    coordinates : str
        What the state is.
    """

    points: Array
    speeds: Array
    imbalances: Array
    eigenvalues: NDArray[np.complex128]
    tolerance: float
    estimated_missing: float
    ended: bool
    coordinates: str

    @property
    def gate_closed(self) -> NDArray[np.bool_]:
        """Points that are slow only because a gate is nearly closed, shape (k,): without it they would move faster."""
        return np.asarray(self.imbalances > np.maximum(self.tolerance, 10.0 * self.speeds))

    def __len__(self) -> int:
        return len(self.points)

    def summary(self) -> str:
        closed = int(self.gate_closed.sum())
        end = "The search came to rest" if self.ended else "The search was cut short by its budget: there may be more"
        lines = [
            f"{len(self)} slow point{'s' * (len(self) != 1)} in {self.coordinates}, speed |M(a) - a| <= {self.tolerance:g}",
            f"{closed} of them slow through a nearly closed gate alone. {end}; estimated unseen {self.estimated_missing:.1f}.",
            f"{'':>4} {'speed':>9} {'imbalance':>9} {'closest to 1':>14}  point",
        ]
        for i, point in enumerate(self.points):
            shown = np.array2string(point, precision=4, suppress_small=True, threshold=6, edgeitems=2, max_line_width=60)
            closest = self.eigenvalues[i][np.argmin(np.abs(self.eigenvalues[i] - 1.0))]
            lines.append(f"{i:>4} {self.speeds[i]:>9.2e} {self.imbalances[i]:>9.2e} {closest:>14.5f}  {shown}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.slow import plot_slow_points

        return plot_slow_points(self, ax=ax)


def slow_points(
    map: Map,
    tolerance: float,
    *,
    bounds: tuple[Any, Any] | None = None,
    rng: Rng = None,
    time_budget: float | None = None,
    progress: bool = False,
) -> SlowPoints:
    """Local minima of `q(a) = |M(a) - a|^2 / 2` that are no fixed points, where the speed |M(a) - a| is at most `tolerance`.

    Next to a fold that has just taken a pair of fixed points away, a ghost of them remains: orbits need about
    `pi / sqrt(speed)` steps to pass it, which looks like memory in a short run. Minima are found by Levenberg's and Marquardt's
    method from many starts, polished by Newton's method on the gradient, and kept where the curvature is positive. The speed
    is that of the map: the gate of a GRU or LSTM makes it small far from any balance, and `gate_closed` marks such points.

    Parameters
    ----------
    map : SmoothMap
    tolerance : float
        Largest speed that counts as slow, in units of the state per step.
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,), optional
        Box of states to search. Required where structure does not bound the map.
    rng : int, Generator or None
    time_budget : float, optional
        Seconds after which the search returns what it has; without it the work is limited.
    progress : bool
        Show a bar.

    Returns
    -------
    SlowPoints

    Raises
    ------
    InvalidInput
        If `tolerance` is not positive, or `bounds` are needed and missing, or not a box.
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Sussillo, D. and Barak, O. (2013), Opening the black box: low-dimensional dynamics in high-dimensional recurrent
       neural networks. Neural Computation 25(3).

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> latch = dl.LatchNeuron(2.0)
    >>> ghost = analysis.slow_points(dl.WithInput(latch, [-0.54]), 0.05, rng=0)  # the fold is at 0.53284
    >>> ghost.points.round(4).ravel(), ghost.speeds.round(5)
    (array([0.8814]), array([0.00716]))
    """
    smooth = require_smooth(map, "slow_points")
    tolerance = positive_number("tolerance", tolerance)
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    equation, u0 = equation_of(map) if bounds is None else (Plain(smooth), None)
    search = _Search(
        smooth, equation, u0, _box(map, equation, u0, bounds), bounds is not None, tolerance, generator(rng), deadline
    )
    with stages(ROUNDS, shown=progress) as enter:
        ended = search.run(enter)
    points = search.points[np.lexsort(search.points.T[::-1])]
    return SlowPoints(
        points=points,
        speeds=speed(smooth, points),
        imbalances=_imbalances(map, points),
        eigenvalues=spectra(smooth.jacobian(points)),
        tolerance=tolerance,
        estimated_missing=unseen(search.hits),
        ended=ended,
        coordinates=coordinates(map),
    )


@dataclass
class _Search:
    """Rounds of descents and the list of minima, with how often each was met."""

    map: SmoothMap
    equation: Equation
    u0: Array | None
    box: Box
    bounded: bool
    tolerance: float
    rng: np.random.Generator
    deadline: float

    def __post_init__(self) -> None:
        self.points = np.zeros((0, self.map.dim))
        self.hits = np.zeros(0, dtype=np.int64)
        self.solves = 0

    @property
    def _cost(self) -> float:
        return float((self.map.dim + 28) ** 3)

    @property
    def _spent(self) -> bool:
        return self.solves * self._cost > WORK if np.isinf(self.deadline) else time.monotonic() > self.deadline

    def run(self, enter: Callable[[str], None]) -> bool:
        """Rounds until two bring nothing and the estimate of the unseen is below one half; whether that was reached."""
        quiet, number = 0, 0
        try:
            while not self._spent and (number < ROUNDS or np.isfinite(self.deadline)):
                enter(f"round {number + 1}: {len(self.points)} slow points")
                quiet = 0 if self._round(first=number == 0) else quiet + 1
                number += 1
                if quiet >= QUIET_ROUNDS and unseen(self.hits) < 0.5:
                    return True
        except KeyboardInterrupt:
            pass
        return False

    def _round(self, *, first: bool) -> int:
        """Descents from a round of starts; returns how many minima are new."""
        size = int(np.clip(ROUND // self._cost, FEWEST, MOST))
        x = starts(lambda y: self.equation.step(y, self.u0), self.box, self.equation.project(self.points), size, self.rng)
        x = np.concatenate([first_starts(self.box), x]) if first else x
        region = self.box if self.bounded else None
        descent = descend(self.map, self.equation.lift(x, self.u0), self.tolerance, region, self.deadline)
        self.solves += descent.solves
        return self._add(descent.a)

    def _add(self, a: Array) -> int:
        """Count what is known, polish the rest; returns how many minima are new."""
        before = len(self.points)
        group = _groups(np.concatenate([self.points, a]))
        for label in np.unique(group):
            members = np.flatnonzero(group == label)
            arrivals = int(np.sum(members >= before))
            if members[0] < before:
                self.hits[members[0]] += arrivals
            elif time.monotonic() <= self.deadline:
                self._add_one(polish(self.map, a[members[0] - before]), arrivals)
        return len(self.points) - before

    def _add_one(self, minimum: Array | None, arrivals: int) -> None:
        if minimum is None or not self._wanted(minimum):
            return
        group = _groups(np.concatenate([self.points, minimum[None]]))
        same = np.flatnonzero(group[:-1] == group[-1])
        if len(same):
            self.hits[same[0]] += arrivals
            return
        self.points = np.concatenate([self.points, minimum[None]])
        self.hits = np.concatenate([self.hits, [arrivals]])

    def _wanted(self, a: Array) -> bool:
        inside = not self.bounded or bool(np.all((a >= self.box[0]) & (a <= self.box[1])))
        return inside and bool(speed(self.map, a) <= self.tolerance)


def _groups(points: Array) -> NDArray[np.int64]:
    return same_point(points, SAME * size_of(points))


def _box(map: Map, equation: Equation, u0: Array | None, bounds: tuple[Any, Any] | None) -> Box:
    """Where starts lie: in the unknowns of the equation, or in the given box of states."""
    if bounds is not None:
        return box_of(bounds, equation.dim)
    own = equation.box(None if u0 is None else (u0, u0))
    if own is None:
        raise InvalidInput(
            f"the structure of {type(map).__name__} does not bound its slow points: give `bounds=(lo, hi)`, each a number or "
            f"{map.dim} numbers."
        )
    return own


def _imbalances(map: Map, points: Array) -> Array:
    equation, u0 = equation_of(map)
    x = equation.project(points)
    return np.asarray(np.sqrt(np.sum(np.square(equation.step(x, u0) - x), axis=-1)))
