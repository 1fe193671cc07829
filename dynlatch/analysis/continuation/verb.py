"""The verb `continue_fixed_point`."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.attractor import polish
from dynlatch.analysis.continuation.arclength import ContinuationEnd, Passage, Station, Trace, neighbour, trace
from dynlatch.analysis.continuation.branch import Branch, SpecialPoint
from dynlatch.analysis.continuation.equations import Equations, checked
from dynlatch.analysis.continuation.families import Family
from dynlatch.analysis.continuation.fixed_curve import FixedCurve
from dynlatch.analysis.continuation.locate import Site, is_genuine, locate
from dynlatch.analysis.outcomes import classify
from dynlatch.errors import InvalidInput
from dynlatch.linalg import matrix_norm, spectra
from dynlatch.maps import Iterate, Map, coordinates
from dynlatch.validation import Array, count, finite_number, positive_number

MAX_POINTS = 2000


class Question(NamedTuple):
    """A family over a range, checked: the curve of its cycles of one period, and what to call it."""

    family: Family
    curve: FixedCurve
    period: int
    label: str
    coordinates: str
    max_points: int
    deadline: float


def continue_fixed_point(
    family: Family,
    parameter_range: tuple[float, float],
    start: Any,
    *,
    at: float | None = None,
    max_points: int = MAX_POINTS,
    time_budget: float | None = None,
) -> Branch:
    """Follow a fixed point (or cycle) over a parameter, around folds, and locate what happens to it on the way.

    Pseudo-arclength continuation. Folds, pitchforks, transcritical crossings, flips (period doublings) and Neimark-Sacker
    points are found by tests along the branch, located by Newton's method on bordered systems to rounding, and classified by
    their normal forms. `switch_branch` follows what branches off; `bifurcation_diagram` does all of it.

    Parameters
    ----------
    family : callable, parameter -> SmoothMap
        Any function; `GainFamily`, `WeightFamily` and `InputFamily` are ready made.
    parameter_range : tuple of float
        The branch is followed within it. It may run downward.
    start : array_like, shape (n,) or (p, n), or a member of a result
        A state near a fixed point (or the points of a cycle) of the family at `at`.
    at : float, optional
        Parameter of `start`, by default the first end of the range. From inside the range both directions are followed.
    max_points : int
        Limit on the number of points, for each direction.
    time_budget : float, optional
        Seconds after which the branch ends where it is.

    Returns
    -------
    Branch

    Raises
    ------
    InvalidInput
        If the range is empty, the start is not near a fixed point, or the family does not give maps of one dimension.
    NotSmooth
        If a map of the family has no derivatives.

    References
    ----------
    .. [1] Kuznetsov, Y. A. (2004), Elements of Applied Bifurcation Theory, chapters 4, 5 and 10. Springer.
    .. [2] Govaerts, W. (2000), Numerical Methods for Bifurcations of Dynamical Equilibria. SIAM.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> branch = analysis.continue_fixed_point(lambda w: dl.LatchNeuron(w), (0.5, 2.0), [0.0])
    >>> [(str(p.kind), round(p.parameter, 12), round(p.coefficient, 6)) for p in branch.special]
    [('pitchfork', 1.0, -0.333333)]
    """
    lo, hi = interval("parameter_range", parameter_range)
    where = float(parameter_range[0]) if at is None else finite_number("at", at)
    if not lo <= where <= hi:
        raise InvalidInput(f"`at` must lie within the parameter range [{lo}, {hi}]; got {where}.")
    map = checked(family, (where,), None)
    orbit = _polished(map, start, where)
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    question = ask(family, map, lo, hi, len(orbit), count("max_points", max_points, least=2), deadline)
    return follow(question, np.append(orbit[0], where))


def interval(name: str, value: Any) -> tuple[float, float]:
    """The ends of a range, in order."""
    try:
        first, last = value
    except (TypeError, ValueError):
        raise InvalidInput(f"`{name}` must be two numbers (first, last); got {value!r}.") from None
    ends = finite_number(name, first), finite_number(name, last)
    if ends[0] == ends[1]:
        raise InvalidInput(f"`{name}` is empty: both ends are {ends[0]}.")
    return min(ends), max(ends)


def _polished(map: Map, start: Any, where: float) -> Array:
    try:
        return polish(map, start, "continue_fixed_point").points
    except InvalidInput as error:
        message = str(error).replace("`attractor`", "`start`")
        raise InvalidInput(f"at parameter {where}: {message}") from None


def ask(family: Family, map: Map, lo: float, hi: float, period: int, max_points: int, deadline: float) -> Question:
    """The curve of cycles of this period."""
    whole = family if period == 1 else lambda parameter: Iterate(family(parameter), period)
    curve = FixedCurve(Equations(whole, map.dim, np.array([hi - lo])), lo, hi)
    label = str(getattr(family, "label", "parameter"))
    return Question(family, curve, period, label, coordinates(map), max_points, deadline)


def follow(question: Question, x: Array) -> Branch:
    """The branch through x, in both directions, or inward from an end of the range."""
    curve = question.curve
    t = first_tangent(curve, x)
    ways: list[Trace] = []
    for sign in (-1.0, 1.0):
        at_edge = (x[-1] <= curve.lo and sign * t[-1] < 0) or (x[-1] >= curve.hi and sign * t[-1] > 0)
        stopped = bool(ways) and ways[0].end is ContinuationEnd.INTERRUPTED
        station = Station(x, sign * t, curve.watch(x, sign * t))
        limit = 1 if at_edge or stopped else question.max_points
        way = trace(curve, station, max_points=limit, deadline=question.deadline, genuine=partial(is_genuine, curve))
        if at_edge or stopped:
            way.end = ContinuationEnd.RANGE if at_edge else ContinuationEnd.INTERRUPTED
        ways.append(way)
        if way.end is ContinuationEnd.CLOSED and not at_edge:
            ways = [Trace([station], [], ContinuationEnd.CLOSED), way]
            break
    if ways[1].end is not ContinuationEnd.CLOSED:  # which passes its start twice
        ways[1].passages[:0] = [(0, passage) for passage in _at_start(curve, *ways)]
    return assemble(question, ways[0], ways[1], None)


def _at_start(curve: FixedCurve, backward: Trace, forward: Trace) -> list[Passage]:
    """What happens at the first station itself, where its multipliers do not tell: from the stations on either side of it."""
    if forward.stations[0].seen is not None:
        return []
    start = forward.stations[0]
    way_back = start._replace(tangent=-start.tangent)
    before, after = (
        way.stations[1] if len(way.stations) > 1 else neighbour(curve, first)
        for way, first in ((backward, way_back), (forward, start))
    )
    if before is None or after is None or after.seen is None:
        return []
    turned = Station(before.x, -before.tangent, curve.watch(before.x, -before.tangent))
    if turned.seen is None:
        return []
    return [Passage(kind, turned, after) for kind in dict.fromkeys(curve.events(turned.seen, after.seen))]


def first_tangent(curve: FixedCurve, x: Array) -> Array:
    """A unit tangent at x (scaled) towards larger parameters: at a bifurcation the one nearest the parameter's axis."""
    _, widths, vh = np.linalg.svd(curve.jacobian(x) * curve.scale)
    null = vh[np.append(widths, 0.0) <= 1e-8 * max(float(widths[0]), 1.0)]
    t = null.T @ null[:, -1]
    t = null[-1] if np.linalg.norm(t) < 1e-8 else t
    return np.asarray(t / np.linalg.norm(t) * (1.0 if t[-1] >= 0 else -1.0))


def assemble(question: Question, backward: Trace, forward: Trace, origin: Site | None) -> Branch:
    """One branch from its two halves, the special points put in their places; `origin` is one at the common station."""
    curve, period = question.curve, question.period
    before = [(len(backward.stations) - 1 - i, locate(curve, p, period)) for i, p in backward.passages]
    after = [(len(backward.stations) + i, locate(curve, p, period)) for i, p in forward.passages]
    slack = 1e-9 * (curve.hi - curve.lo)
    within = [entry for entry in before + after if curve.lo - slack <= entry[1].special.parameter <= curve.hi + slack]
    xs = [s.x for s in backward.stations[:0:-1]] + [s.x for s in forward.stations]
    middle = len(backward.stations) - 1
    entries: list[tuple[float, Array, SpecialPoint | None]] = [(float(i), x, None) for i, x in enumerate(xs)]
    if origin is not None:
        entries[middle] = (float(middle), origin.x, origin.special)
    for gap, site in within:
        entries.append((_place(xs, gap, site.x, curve.scale), site.x, site.special))
    entries.sort(key=lambda entry: entry[0])
    states = np.array([x for _, x, _ in entries])
    jacobians = [curve.equations.state_jacobian(x) for x in states]
    eigenvalues = spectra(np.array(jacobians))
    rows = [i for i, (_, _, special) in enumerate(entries) if special is not None]
    return Branch(
        parameters=states[:, -1],
        orbits=np.array([_orbit(question, x) for x in states]),
        eigenvalues=eigenvalues,
        stability=classify(eigenvalues, matrix_norm(np.array(jacobians), "fro")),
        special=tuple(special for _, _, special in entries if special is not None),
        rows=np.array(rows, dtype=np.int64),
        ends=(backward.end, forward.end),
        label=question.label,
        coordinates=question.coordinates,
    )


def _orbit(question: Question, x: Array) -> Array:
    """The points of the cycle that x = (a, p) stands for, shape (period, n)."""
    orbit = [x[:-1]]
    if question.period > 1:
        map = checked(question.family, (float(x[-1]),), question.curve.equations.dim)
        while len(orbit) < question.period:
            orbit.append(map.step(orbit[-1]))
    return np.array(orbit)


def _place(xs: list[Array], gap: int, x: Array, scale: Array) -> float:
    """Position of x between the stations gap - 1 and gap."""
    chord = (xs[gap] - xs[gap - 1]) / scale
    share = float((x - xs[gap - 1]) / scale @ chord / max(float(chord @ chord), 1e-300))
    return gap - 1 + float(np.clip(share, 1e-9, 1.0 - 1e-9))
