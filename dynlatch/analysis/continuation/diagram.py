"""The verb `bifurcation_diagram`: every branch that starts from the fixed points met, and what branches off them."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.continuation.arclength import ContinuationEnd, correct
from dynlatch.analysis.continuation.branch import Bifurcation, BifurcationDiagram, Branch, SpecialPoint
from dynlatch.analysis.continuation.equations import checked
from dynlatch.analysis.continuation.families import Family
from dynlatch.analysis.continuation.fixed_curve import FixedCurve
from dynlatch.analysis.continuation.switching import BORN, leave
from dynlatch.analysis.continuation.verb import MAX_POINTS, Question, ask, follow, interval
from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.errors import InvalidInput
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array, count, positive_number

SECTIONS = (0.0, 0.5, 1.0)  # where in the range fixed points are searched
FIRST_LOOK = 5  # points after which a new branch is compared with those known
CUT, OUT_OF_TIME = "cut short", "the time budget was reached"
SAME = 1e-6
SAGITTA = 0.1  # a branch strays from the chord between two of its points by less than this share of it (the tangents' angle)


class Search(NamedTuple):
    """What the search for branches knows."""

    family: Family
    ends: tuple[float, float]
    branches: list[Branch]
    left: list[str]
    max_points: int
    max_branches: int
    deadline: float

    def question(self, period: int, max_points: int) -> Question:
        """The curve of one period, followed for so many points."""
        map = checked(self.family, (self.ends[0],), None)
        return ask(self.family, map, *self.ends, period, max_points, self.deadline)

    @property
    def full(self) -> bool:
        """Whether branches or time are used up; the first refusal is noted."""
        reason = self._reason()
        if reason:
            self.cut(reason)
        return bool(self.left) and self.left[0].startswith(CUT)

    def cut(self, reason: str) -> None:
        """Note, once, that not everything was looked at."""
        if not (self.left and self.left[0].startswith(CUT)):
            self.left.insert(0, f"{CUT}: {reason}.")

    def _reason(self) -> str:
        if time.monotonic() > self.deadline:
            return OUT_OF_TIME
        if any(ContinuationEnd.INTERRUPTED in branch.ends for branch in self.branches):
            return "interrupted by Ctrl-C"
        return "the limit on branches (`max_branches`) was reached" if len(self.branches) >= self.max_branches else ""


def bifurcation_diagram(
    family: Family,
    parameter_range: tuple[float, float],
    *,
    bounds: tuple[Any, Any] | None = None,
    longest_period: int = 2,
    max_points: int = MAX_POINTS,
    max_branches: int = 100,
    rng: Rng = None,
    time_budget: float | None = None,
) -> BifurcationDiagram:
    """Branches of fixed points and cycles over a parameter range, with everything that happens on them.

    Fixed points are searched at both ends and in the middle of the range; each is followed, and what leaves it at crossings
    and flips is followed in turn. Branches that touch none of the three sections and none of the others are not found.

    Parameters
    ----------
    family : callable, parameter -> SmoothMap
    parameter_range : tuple of float
    bounds : tuple of array_like (lo, hi), optional
        Box in which `fixed_points` searches; required where structure does not bound the map.
    longest_period : int
        Cycles born in flips are followed up to this period.
    max_points : int
        Limit for each branch and direction.
    max_branches : int
    rng : int, Generator or None
        For the search of fixed points.
    time_budget : float, optional
        Seconds; what was found before is returned, and `not_followed` says so.

    Returns
    -------
    BifurcationDiagram

    Raises
    ------
    InvalidInput
        If the range is empty, bounds are missing, or the family does not give maps of one dimension.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> diagram = analysis.bifurcation_diagram(lambda w: dl.LatchNeuron(w), (-2.0, 2.0), rng=0)
    >>> [(str(p.kind), round(p.parameter, 9)) for p in diagram.special], [b.period for b in diagram.branches]
    ([('flip', -1.0), ('pitchfork', 1.0)], [1, 1, 2])
    """
    ends = interval("parameter_range", parameter_range)
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    points, branches = count("max_points", max_points, least=2), count("max_branches", max_branches, least=1)
    search = Search(family, ends, [], [], points, branches, deadline)
    stream, longest = generator(rng), count("longest_period", longest_period, least=1)
    try:
        _follow_found(search, bounds, stream)
        _follow_all(search, longest)
    except KeyboardInterrupt:
        search.cut("interrupted by Ctrl-C")
    return BifurcationDiagram(tuple(sorted(search.branches, key=lambda branch: branch.period)), tuple(search.left))


def _follow_found(search: Search, bounds: tuple[Any, Any] | None, stream: np.random.Generator) -> None:
    """Search fixed points in each section, and follow those that are on no branch yet."""
    lo, hi = search.ends
    dim = None
    for share in SECTIONS:
        where = lo + share * (hi - lo)
        map = checked(search.family, (where,), dim)
        dim = map.dim
        budget = None if np.isinf(search.deadline) else max(search.deadline - time.monotonic(), 1e-3)
        found = fixed_points(map, bounds=bounds, rng=stream, time_budget=budget).points
        if time.monotonic() > search.deadline:  # the search for fixed points may have been cut short as well
            search.cut(OUT_OF_TIME)
        question = search.question(1, search.max_points)
        for point in found:
            x = np.append(point, where)
            if not any(holds(question.curve, branch, x) for branch in search.branches) and not search.full:
                search.branches.append(follow(question, x))


def _follow_all(search: Search, longest_period: int) -> None:
    """Leave every branch, the new ones included, at each of its special points."""
    number = 0
    while number < len(search.branches):
        branch = search.branches[number]
        for special in (point for point in branch.special if point.period == branch.period):
            doubled = branch.period * (2 if special.kind is Bifurcation.FLIP else 1)
            branches_off = special.kind is Bifurcation.FLIP or special.kind in BORN
            if branches_off and doubled <= longest_period and np.isfinite(special.error):
                _leave(search, branch, special, doubled)
            elif special.kind is Bifurcation.BRANCH_POINT or (branches_off and not np.isfinite(special.error)):
                search.left.append(f"not followed: {special}.")
        number += 1


def _leave(search: Search, branch: Branch, special: SpecialPoint, period: int) -> None:
    if search.full:
        return
    known = [other for other in search.branches if other.period == period]
    try:
        glimpse = leave(search.question(period, FIRST_LOOK), branch, special)
        if ContinuationEnd.INTERRUPTED in glimpse.ends:
            search.cut("interrupted by Ctrl-C")
            return
        curve = search.question(period, FIRST_LOOK).curve
        if all(any(holds(curve, other, x) for other in known) for x in _ends_of(glimpse)):
            return
        search.branches.append(leave(search.question(period, search.max_points), branch, special))
    except InvalidInput:
        search.left.append(f"not followed: {special}.")


def _ends_of(branch: Branch) -> list[Array]:
    """The first and the last point that are no special point."""
    x = np.column_stack([branch.points, branch.parameters])
    ordinary = np.setdiff1d(np.arange(len(x)), branch.rows)
    return [x[i] for i in {int(ordinary[0]), int(ordinary[-1])}] if len(ordinary) else []


def holds(curve: FixedCurve, branch: Branch, x: Array) -> bool:
    """Whether x = (a, p), or another point of the same cycle, lies on `branch`."""
    phases = (np.column_stack([branch.orbits[:, j], branch.parameters]) for j in range(branch.period))
    return any(_passes(curve, phase / curve.scale, x) for phase in phases)


def _passes(curve: FixedCurve, rows: Array, x: Array) -> bool:
    """Whether the curve through `rows` (scaled) passes through x: corrected in the plane across it at the foot of x."""
    target = x / curve.scale
    size = SAME * (1.0 + float(np.abs(target).max()))
    chords = np.diff(rows, axis=0)
    lengths = np.linalg.norm(chords, axis=1)
    shares = ((target - rows[:-1]) * chords).sum(-1) / np.maximum(np.square(lengths), 1e-300)
    feet = rows[:-1] + shares[:, None] * chords
    near = np.linalg.norm(feet - target, axis=1) <= SAGITTA * lengths + size
    for i in np.flatnonzero(near & (shares >= -SAGITTA) & (shares <= 1.0 + SAGITTA)):
        corrected = correct(curve, feet[i], chords[i] / lengths[i]) if lengths[i] > 0 else None
        if corrected is not None and np.abs(corrected[0] / curve.scale - target).max() <= size:
            return True
    return bool(np.abs(rows - target).max(axis=1).min() <= size)
