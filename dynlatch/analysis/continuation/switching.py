"""The verb `switch_branch`: from a special point onto the branch that leaves there."""

from __future__ import annotations

import time
from functools import partial

import numpy as np

from dynlatch.analysis.continuation.arclength import ContinuationEnd, Station, Trace, trace
from dynlatch.analysis.continuation.branch import Bifurcation, Branch, SpecialPoint
from dynlatch.analysis.continuation.equations import checked
from dynlatch.analysis.continuation.families import Family
from dynlatch.analysis.continuation.locate import Site, is_genuine, resolve_crossing
from dynlatch.analysis.continuation.verb import MAX_POINTS, Question, ask, assemble, interval
from dynlatch.errors import InvalidInput
from dynlatch.validation import Array, count, positive_number

LEAVING = 3e-3  # first step away from a bifurcation
BORN = {Bifurcation.PITCHFORK, Bifurcation.TRANSCRITICAL}


def switch_branch(
    family: Family,
    parameter_range: tuple[float, float],
    branch: Branch,
    special: SpecialPoint,
    *,
    max_points: int = MAX_POINTS,
    time_budget: float | None = None,
) -> Branch:
    """The branch that leaves `branch` at a special point: the other branch at a crossing, the doubled cycle at a flip.

    Parameters
    ----------
    family, parameter_range
        As for `continue_fixed_point`.
    branch : Branch
    special : SpecialPoint
        One of `branch.special`, a pitchfork, transcritical crossing or flip.
    max_points : int
    time_budget : float, optional

    Returns
    -------
    Branch
        Both halves of a crossing branch, through the special point; of a doubled cycle the half that holds every cycle once.

    Raises
    ------
    InvalidInput
        If nothing to follow branches off there: a fold, a Neimark-Sacker point (its closed curve is no fixed point), a point
        that was not resolved.

    Examples
    --------
    >>> import numpy as np
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> def logistic(r):
    ...     return dl.FunctionMap(lambda x, u: r * x * (1 - x), dim=1)
    >>> branch = analysis.continue_fixed_point(logistic, (2.5, 3.4), [0.6])
    >>> doubled = analysis.switch_branch(logistic, (2.5, 3.4), branch, branch.special[0])
    >>> doubled.period, round(float(doubled.parameters.min()), 9)
    (2, 3.0)
    """
    lo, hi = interval("parameter_range", parameter_range)
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    if not isinstance(branch, Branch) or not isinstance(special, SpecialPoint):
        raise InvalidInput("`branch` must be a Branch and `special` one of its points, `branch.special[i]`.")
    flip = special.kind is Bifurcation.FLIP
    if not (flip or special.kind in BORN) or not np.isfinite(special.error):
        raise InvalidInput(f"no branch of fixed points or cycles to follow at this point: {special}.")
    map = checked(family, (special.parameter,), None)
    period = branch.period * (2 if flip else 1)
    question = ask(family, map, lo, hi, period, count("max_points", max_points, least=2), deadline)
    return leave(question, branch, special)


def leave(question: Question, branch: Branch, special: SpecialPoint) -> Branch:
    """The branch across `branch` at the special point, whose curve `question` holds."""
    curve = question.curve
    x = np.append(special.point, special.parameter)
    if special.kind is Bifurcation.FLIP:
        t = np.append(special.direction, 0.0) / curve.scale
        halves = (0.0, 1.0)
    else:
        found = resolve_crossing(curve, x)
        if found is None:
            raise InvalidInput(f"the crossing at parameter {special.parameter} was not resolved.")
        along = _direction(branch, special, curve.scale)
        t = found.tangents[np.argmin(np.abs(found.tangents @ along))]
        halves = (-1.0, 1.0)
    t = t / np.linalg.norm(t)
    ways: list[Trace] = []
    for sign in halves:
        stopped = bool(ways) and ways[0].end is ContinuationEnd.INTERRUPTED
        limit = 1 if sign == 0.0 or stopped else question.max_points
        station = Station(x, sign * t, None)
        way = trace(
            curve, station, max_points=limit, deadline=question.deadline, genuine=partial(is_genuine, curve), step=LEAVING
        )
        if sign == 0.0 or stopped:
            way.end = ContinuationEnd.INTERRUPTED if stopped else ContinuationEnd.BIFURCATION
        ways.append(way)
    return assemble(question, ways[0], ways[1], Site(special, x))


def _direction(branch: Branch, special: SpecialPoint, scale: Array) -> Array:
    """Unit tangent (scaled) of the branch at its special point, from the rows around it."""
    x = np.column_stack([branch.points, branch.parameters]) / scale
    row = int(np.argmin(np.linalg.norm(x - np.append(special.point, special.parameter) / scale, axis=1)))
    chord = x[min(row + 1, len(x) - 1)] - x[max(row - 1, 0)]
    return np.asarray(chord / max(float(np.linalg.norm(chord)), 1e-300))
