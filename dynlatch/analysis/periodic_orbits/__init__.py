"""Periodic orbits of a map: each once, with its multipliers, and how complete the list is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.fixed_points import fixed_points
from dynlatch.analysis.fixed_points.result import Completeness, FixedPoints
from dynlatch.analysis.periodic_orbits.describe import described
from dynlatch.analysis.periodic_orbits.orbits import Collection, Cycle, divisors
from dynlatch.analysis.periodic_orbits.proof import BOXES, can_prove, prove
from dynlatch.analysis.periodic_orbits.region import region
from dynlatch.analysis.periodic_orbits.regions import by_regions, inside, is_piecewise_linear
from dynlatch.analysis.periodic_orbits.result import PeriodicOrbit as PeriodicOrbit
from dynlatch.analysis.periodic_orbits.result import PeriodicOrbits as PeriodicOrbits
from dynlatch.analysis.periodic_orbits.search import Search, index_sum
from dynlatch.analysis.structure import additive_form, is_odd
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box
from dynlatch.maps import Map, SmoothMap, require_smooth
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array, count, positive_number

METHODS = ("auto", "multistart", "proof", "regions")
PROVABLE = 4  # largest dimension and period at which "auto" proves


class _Answer(NamedTuple):
    found: Collection
    completeness: Completeness
    unseen: float
    unresolved: Array
    odd: bool


def periodic_orbits(
    map: Map,
    period: int,
    *,
    method: str = "auto",
    bounds: tuple[Any, Any] | None = None,
    rng: Rng = None,
    time_budget: float | None = None,
    progress: bool = False,
) -> PeriodicOrbits:
    """Orbits `x_0 -> x_1 -> ... -> x_{p-1} -> x_0` of a map, of exactly the prime period p.

    Newton's method on all p points together (multiple shooting), from orbits, near-recurrences, disturbed and pasted pieces of
    cycles already known, and points drawn one by one. Every orbit is reported once, from its lexicographically smallest point
    on. Where the structure allows, the list is complete by proof instead: ReLU and linear nets by their activation
    regions, maps with interval Jacobians in at most 4 dimensions and of period at most 4 by branch and bound [1]_.

    An orbit attracts iff the spectral radius of (M^p)' is below 1. That each single M' has one below 1 says nothing: see
    `PeriodicOrbit.definition_2_reading`.

    Parameters
    ----------
    map : SmoothMap
    period : int
        p >= 1. With 1, the fixed points of `fixed_points`.
    method : {"auto", "multistart", "proof", "regions"}
        "auto" proves where that is cheap (see above), and searches otherwise. "proof" asks for branch and bound in any
        dimension; "regions" is for ReLU and linear nets.
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,), optional
        Box that holds all points of the orbits wanted. Required where structure does not bound the map's orbits.
    rng : int, Generator or None
    time_budget : float, optional
        Seconds after which the search returns what it has.
    progress : bool
        Show the stages on stderr.

    Returns
    -------
    PeriodicOrbits

    Raises
    ------
    InvalidInput
        If `period` is no integer of at least 1; if `bounds` are needed and missing, or not a box; if the map is not finite
        in them; if `method` is not for this map.
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Galias, Z. (2001), Interval methods for rigorous investigations of periodic orbits. Int. J. Bifurcation and Chaos 11.
    .. [2] Biham, O. and Wenzel, W. (1989), Characterization of unstable periodic orbits in chaotic attractors and repellers.
       Phys. Rev. Lett. 63: the counts for Henon's map.

    Examples
    --------
    >>> import numpy as np
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> henon = dl.FunctionMap(lambda a, u: np.array([1 - 1.4 * a[0] ** 2 + a[1], 0.3 * a[0]]), dim=2)
    >>> orbits = analysis.periodic_orbits(henon, 6, bounds=(-2, 2), rng=0)
    >>> len(orbits), orbits.points[0].round(4).tolist()[0]
    (2, [-0.8042, 0.3474])
    """
    p = count("period", period, least=1)
    if method not in METHODS:
        raise InvalidInput(f"`method` must be one of {', '.join(METHODS)}; got {method!r}.")
    smooth = require_smooth(map, "periodic_orbits")
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    if p == 1 and method != "regions":
        return _of_period_one(smooth, fixed_points(map, method=method, bounds=bounds, rng=rng, time_budget=time_budget))
    if method == "regions" or (method == "auto" and is_piecewise_linear(smooth)):
        answer = _regions(smooth, p, bounds, deadline)
    else:
        box, compact = region(smooth, bounds)
        search = Search(smooth, box, _is_odd(smooth, box), compact, generator(rng), deadline)
        with stages(len(divisors(p)) + 1, shown=progress) as enter:
            answer = _proof_or_search(search, p, method, enter)
    return described(
        smooth,
        p,
        answer.found,
        odd=answer.odd,
        completeness=answer.completeness,
        unseen=answer.unseen,
        unresolved=answer.unresolved,
    )


def _of_period_one(map: SmoothMap, found: FixedPoints) -> PeriodicOrbits:
    """Fixed points as orbits of period 1, with what is known of them."""
    rows = zip(found.points, found.errors, found.stability, found.index, strict=True)
    cycles = [Cycle(x[None], float(error), undecided=bool(index == 0), stability=word) for x, error, word, index in rows]
    return described(
        map,
        1,
        Collection(cycles),
        odd=_is_odd(map, None),
        completeness=found.completeness,
        unseen=found.estimated_missing,
        unresolved=found.unresolved,
    )


def _regions(map: SmoothMap, period: int, bounds: tuple[Any, Any] | None, deadline: float) -> _Answer:
    if not is_piecewise_linear(map):
        raise InvalidInput(
            f'method="regions" is for networks of ReLU or linear units; {type(map).__name__} is none here: use "multistart".'
        )
    found, completeness, unresolved = by_regions(map, period, deadline)
    if bounds is not None:
        found = inside(found, region(map, bounds)[0])
    return _Answer(found, completeness, 0.0, unresolved, _is_odd(map, None))


def _proof_or_search(search: Search, period: int, method: str, enter: Callable[[str], None]) -> _Answer:
    cheap = search.map.dim <= PROVABLE and period <= PROVABLE and np.all(search.box[1] - search.box[0] < 1e9)
    nothing = np.zeros((0, 2, search.map.dim))
    if method == "multistart" or (method == "auto" and not (cheap and can_prove(search.map, search.box))):
        return _search(search, period, enter, nothing)
    if not can_prove(search.map, search.box):
        raise InvalidInput(
            f'method="proof" needs interval Jacobians (`enclose_jacobian`), and {type(search.map).__name__} has none: '
            'use "multistart".'
        )
    enter("proof")
    proved = prove(search.map, period, search.box, boxes=BOXES, deadline=search.deadline)  # type: ignore[arg-type]
    search.found = Collection([Cycle(x, float(error)) for x, error in zip(proved.orbits, proved.errors, strict=True)])
    if proved.complete:
        # A proof that contradicts the index theorem would be a fault of ours: never to be called a proof.
        total, defined = index_sum(search.map, search.found, period)
        sound = not (search.compact and defined) or total == 1
        word = Completeness.PROVED if sound else Completeness.CHECKSUM_FAILED
        return _Answer(search.found, word, 0.0, nothing, search.odd)
    answer = _search(search, period, enter, proved.unresolved)
    return answer._replace(completeness=Completeness.CLUSTER if proved.ended else Completeness.BUDGET)


def _search(search: Search, period: int, enter: Callable[[str], None], unresolved: Array) -> _Answer:
    ended = True
    for d in divisors(period):
        enter(f"period {d}")
        ended = search.run(d) and ended
    completeness = _completeness(search, period) if ended else Completeness.BUDGET
    return _Answer(search.found, completeness, search.found.unseen(period), unresolved, search.odd)


def _completeness(search: Search, period: int) -> Completeness:
    total, defined = index_sum(search.map, search.found, period)
    if not defined:
        return Completeness.CLUSTER
    if not search.compact:
        return Completeness.NO_CHECKSUM
    return Completeness.CHECKSUM_PASSED if total == 1 else Completeness.CHECKSUM_FAILED


def _is_odd(map: SmoothMap, box: Box | None) -> bool:
    """Whether M(-x) = -M(x): from the weights, or on points of a box that is symmetric itself."""
    if additive_form(map) is not None:
        return is_odd(map)
    if box is None or not np.array_equal(box[0], -box[1]):
        return False
    points = np.random.default_rng(0).uniform(*box, (64, map.dim))
    there, back = map.step(points), map.step(-points)
    return bool(np.all(np.abs(there + back) <= 1e-12 * (1e-300 + np.abs(there).max())))
