"""Pseudo-arclength continuation of a curve `H(x) = 0`, H from R^(N+1) to R^N (Keller 1977; Doedel, Keller and Kernevez 1991).

Predictor along the tangent, corrector by Newton's method across it. A step is taken back and halved when the corrector fails,
when the curve turns by more than some degrees (it might have jumped to another branch), or when more than one event lies in
it. Lengths are measured in x / scale.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

import numpy as np

from dynlatch.analysis.continuation.equations import UnevenFamily
from dynlatch.errors import DynlatchError, NotSmooth
from dynlatch.validation import Array

FIRST_STEP, LONGEST, SHORTEST = 0.01, 0.05, 1e-7
TURN = 0.97  # least cosine between successive tangents
NEWTON_STEPS = 8
ACCURACY = 1e-12
HALVINGS = 45
RETRIES = 4  # other step lengths tried where a step ends on a bifurcation to rounding


class ContinuationEnd(StrEnum):
    """Why a branch ends where it does."""

    RANGE = "end of the range"
    CLOSED = "closed curve"
    BIFURCATION = "bifurcation"
    STEP = "step too small"
    POINTS = "point limit"
    BUDGET = "budget"
    INTERRUPTED = "interrupted"
    UNDEFINED = "undefined"

    @property
    def sentence(self) -> str:
        return {
            ContinuationEnd.RANGE: "The parameter reached the end of its range.",
            ContinuationEnd.CLOSED: "The branch came back to where it began: it is a closed curve.",
            ContinuationEnd.BIFURCATION: "The branch begins at a bifurcation of another one.",
            ContinuationEnd.STEP: "No step, however small, met the equations again: a kink, a singularity, a continuum of "
            "fixed points, or a point where several branches cross.",
            ContinuationEnd.POINTS: "The limit on the number of points was reached: `max_points` lets it go on.",
            ContinuationEnd.BUDGET: "The time budget was spent.",
            ContinuationEnd.INTERRUPTED: "Ctrl-C: what had been followed by then is kept.",
            ContinuationEnd.UNDEFINED: "The family gives no map, or no finite value, beyond.",
        }[self]


class Curve(Protocol):
    """The equations, and what to watch along their solution."""

    @property
    def scale(self) -> Array: ...
    def residual(self, x: Array) -> Array: ...
    def jacobian(self, x: Array) -> Array: ...
    def outside(self, x: Array) -> tuple[int, float] | None:
        """Which unknown has left its range, and the end it passed; None inside."""

    def watch(self, x: Array, tangent: Array) -> Any:
        """What is looked at along the curve; None where it is undecided to rounding."""

    def events(self, before: Any, after: Any) -> list[str]:
        """What happened between two points."""


class Station(NamedTuple):
    """A point of the curve: unknowns, unit tangent (in x / scale), what the curve watches."""

    x: Array
    tangent: Array
    seen: Any


class Passage(NamedTuple):
    """A step in which one event lies."""

    kind: str
    before: Station
    after: Station


@dataclass
class Trace:
    """The stations in order, the events with the number of the station before them, and why it ended."""

    stations: list[Station]
    passages: list[tuple[int, Passage]]
    end: ContinuationEnd


def correct(curve: Curve, guess: Array, normal: Array) -> tuple[Array, int] | None:
    """The point of the curve in the plane through `guess` normal to `normal` (both scaled), and the steps it took."""
    scale, x = curve.scale, guess * curve.scale
    with np.errstate(all="ignore"):
        for count in range(1, NEWTON_STEPS + 1):
            matrix = np.vstack([curve.jacobian(x) * scale, normal])
            target = np.append(-curve.residual(x), normal @ (guess - x / scale))
            if not (np.isfinite(matrix).all() and np.isfinite(target).all()):
                return None
            try:
                change = np.linalg.solve(matrix, target) * scale
            except np.linalg.LinAlgError:
                return None
            x = x + change
            if np.abs(change / scale).max() <= ACCURACY * (1.0 + np.abs(x / scale).max()):
                return x, count
    return None


def tangent_at(curve: Curve, x: Array, along: Array) -> Array | None:
    """The unit tangent (scaled) on the side of `along`; None where the curve has no tangent."""
    matrix = np.vstack([curve.jacobian(x) * curve.scale, along])
    try:
        with np.errstate(all="ignore"):
            t = np.linalg.solve(matrix, np.append(np.zeros(len(x) - 1), 1.0))
    except np.linalg.LinAlgError:
        return None
    size = float(np.linalg.norm(t))
    return t / size if np.isfinite(size) and size > 0 else None


def trace(
    curve: Curve,
    start: Station,
    *,
    max_points: int,
    deadline: float,
    step: float = FIRST_STEP,
    genuine: Callable[[Passage], bool] = lambda passage: True,
) -> Trace:
    """Follow the curve from `start` in the direction of its tangent.

    `genuine` may refuse an event: what looks like one may be a jump to another branch, which a shorter step avoids.
    """
    way = Trace([start], [], ContinuationEnd.POINTS)
    try:
        way.end = _walk(curve, way, max_points, deadline, step, genuine)
    except KeyboardInterrupt:
        way.end = ContinuationEnd.INTERRUPTED
    return way


def _walk(
    curve: Curve, way: Trace, max_points: int, deadline: float, h: float, genuine: Callable[[Passage], bool]
) -> ContinuationEnd:
    """Append stations and passages to `way`; returns why it ended."""
    stations, start = way.stations, way.stations[0]
    decided = start  # the last station at which every multiplier is off the unit circle: events are told from there
    retries = 0
    while len(stations) < max_points:
        if time.monotonic() > deadline:
            return ContinuationEnd.BUDGET
        here = stations[-1]
        h = min(h, LONGEST * (1.0 + float(np.sqrt(np.mean(np.square(here.x[: len(here.x) - 1]))))))
        following, count, trouble = _tried(curve, here, h)
        kinds = [] if following is None else _events(curve, decided, following)
        undecided = following is not None and following.seen is None and here.seen is not None and retries < RETRIES
        doubtful = False
        if following is not None and kinds and h > 1e3 * SHORTEST:
            doubtful = len(kinds) > 1 or not genuine(Passage(kinds[0], decided, following))
        if following is None or undecided or doubtful:
            h, retries = (0.83 * h, retries + 1) if undecided else (0.5 * h, retries)
            if h < SHORTEST:
                return trouble
            continue
        retries = 0
        gone = curve.outside(following.x)
        if gone is not None:
            _finish(curve, way, decided, following, *gone)
            return ContinuationEnd.RANGE
        way.passages += [(len(stations) - 1, Passage(kind, decided, following)) for kind in dict.fromkeys(kinds)]
        stations.append(following)
        decided = decided if following.seen is None else following
        if _closed(curve, start, here, following, len(stations)):
            return ContinuationEnd.CLOSED
        h *= 1.5 if count <= 3 else (1.0 if count <= 5 else 0.7)
    return ContinuationEnd.POINTS


def _tried(curve: Curve, here: Station, h: float) -> tuple[Station | None, int, ContinuationEnd]:
    """A step, or why there is none."""
    try:
        return *_step(curve, here, h), ContinuationEnd.STEP
    except (UnevenFamily, NotSmooth):
        raise
    except DynlatchError:
        return None, 0, ContinuationEnd.UNDEFINED


def neighbour(curve: Curve, here: Station) -> Station | None:
    """A station one short step along the tangent, inside the range or not; None if there is none."""
    return _tried(curve, here, FIRST_STEP)[0]


def _finish(curve: Curve, way: Trace, decided: Station, beyond: Station, unknown: int, value: float) -> None:
    """The last station, on the end of the range, and what happens up to it.

    What happens on the end itself, to rounding, is told by the station beyond; whoever locates it leaves out what lies outside.
    """
    inside, gap = way.stations[-1], len(way.stations) - 1
    last = _at_end(curve, inside, beyond, unknown, value) or _close_to_end(curve, inside, beyond, unknown, value)
    told = beyond if last.seen is None else last
    way.passages += [(gap, Passage(kind, decided, told)) for kind in dict.fromkeys(_events(curve, decided, told))]
    if last is not inside:
        way.stations.append(last)


def _step(curve: Curve, here: Station, h: float) -> tuple[Station | None, int]:
    guess = here.x / curve.scale + h * here.tangent
    corrected = correct(curve, guess, here.tangent)
    if corrected is None:
        return None, 0
    x, count = corrected
    strayed = float(np.linalg.norm(x / curve.scale - guess))
    tangent = tangent_at(curve, x, here.tangent)
    if tangent is None or tangent @ here.tangent < TURN or strayed > 0.3 * h:
        return None, count
    return Station(x, tangent, curve.watch(x, tangent)), count


def _events(curve: Curve, before: Station, after: Station) -> list[str]:
    return [] if before.seen is None or after.seen is None else curve.events(before.seen, after.seen)


def _at_end(curve: Curve, inside: Station, beyond: Station, unknown: int, value: float) -> Station | None:
    """The point where the curve meets the end of the range: one unknown held fixed."""
    normal = (np.arange(len(inside.x)) == unknown).astype(np.float64)
    share = (value - inside.x[unknown]) / (beyond.x[unknown] - inside.x[unknown])
    guess = (inside.x + share * (beyond.x - inside.x)) / curve.scale
    guess[unknown] = value / curve.scale[unknown]
    try:
        corrected = correct(curve, guess, normal)
    except DynlatchError:
        return None
    if corrected is None or share <= 0.0:
        return None
    x = corrected[0]
    x[unknown] = value
    tangent = tangent_at(curve, x, inside.tangent)
    return None if tangent is None else Station(x, tangent, curve.watch(x, tangent))


def _close_to_end(curve: Curve, inside: Station, beyond: Station, unknown: int, value: float) -> Station:
    """The last station before the end that halving finds: on the end itself branches cross, or the curve turns."""
    side, far = np.sign(inside.x[unknown] - value), beyond
    for _ in range(HALVINGS):
        middle = _between(curve, inside, far, 0.5) or _between(curve, inside, far, 0.4)
        if middle is None:
            break
        inside, far = (middle, far) if np.sign(middle.x[unknown] - value) in (side, 0.0) else (inside, middle)
    x = inside.x.copy()
    if abs(x[unknown] - value) <= 1e-9 * curve.scale[unknown]:
        x[unknown] = value
    return inside._replace(x=x)


def _between(curve: Curve, before: Station, after: Station, share: float) -> Station | None:
    """A station between two; None where branches cross just there."""
    chord = (after.x - before.x) / curve.scale
    length = float(np.linalg.norm(chord))
    corrected = correct(curve, before.x / curve.scale + share * chord, chord / length) if length > 0 else None
    tangent = None if corrected is None else tangent_at(curve, corrected[0], before.tangent)
    return None if corrected is None or tangent is None else Station(corrected[0], tangent, curve.watch(corrected[0], tangent))


def _closed(curve: Curve, start: Station, here: Station, following: Station, number: int) -> bool:
    """Whether the step from `here` to `following` passes the start again, in the same direction."""
    if number < 6 or following.tangent @ start.tangent < 0.9:
        return False
    before, after = ((station.x - start.x) / curve.scale for station in (here, following))
    length = float(np.linalg.norm(after - before))
    return bool(before @ start.tangent < 0.0 <= after @ start.tangent and np.linalg.norm(after) <= 1.2 * length)


def halve(curve: Curve, passage: Passage, times: int, same: Callable[[Any, Any], bool]) -> tuple[Station, Station]:
    """The stations just before and just after an event: the step is halved `times` times."""
    before, after = passage.before, passage.after
    for _ in range(times):
        station = _between(curve, before, after, 0.5)
        if station is None:
            break
        if station.seen is None:
            return station, station
        before, after = (station, after) if same(before.seen, station.seen) else (before, station)
    return before, after
