"""Attractors of many networks, followed while their weights change: warm Newton, and a search only where something is missing.

For a bounded map the signs of det(I - J) at the fixed points sum to 1 (its degree). Points known from the last look are solved
for again, and what an orbit of the run has come to is added; a fresh search from many starts is made at first, and where the
sum is broken. A pair born by a fold far from all of these keeps the sum, and is found when an orbit first goes there.

Each stage is one queue over all networks, so that packs are full; what is found of a network does not depend on the others.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.contraction import contracts, metrics
from dynlatch.lanes.known import AFTER, KNOWN, LABEL, PERIOD, SEARCHES, SIGN, add
from dynlatch.lanes.orbits import EARLY, follow
from dynlatch.lanes.solving import newton
from dynlatch.validation import Array

Numbers = NDArray[np.int64]


class Portrait(NamedTuple):
    """C networks under one input each: `known` what is known, and brought up to date."""

    code: Numbers
    w: Array  # (C, E + n)
    points: Array  # (C, M, r)
    facts: Numbers  # (C, M + 1, 4)


class Orbits(NamedTuple):
    """Where N orbits have gone."""

    case: Numbers  # (N,) the network
    starts: Array  # (N, r)
    steps: Numbers  # (N,) how many they took
    found: Numbers  # (N,) the place of the attractor that they are at; -1 for none
    back: Numbers  # (N,) if none: after how many steps they come back; 0 if they do not
    ends: Array  # (N, r)
    early: Array  # (N, 2, r) states on the way, or none


class Ends(NamedTuple):
    """Where the final states (C, E) belong."""

    place: Numbers  # of the attractor that the orbit goes to; -1 for none
    phase: Numbers  # the point of the cycle
    inside: NDArray[np.bool_]  # the reduced attracting set, in the adapted norm


def survey(portrait: Portrait, states: Array, starts: Array, probes: int, *, bounded: bool) -> Ends:
    """Bring what is known up to date, and place the final states (C, E, r).

    starts (K, r): where searches begin; the first `probes` of them are followed at every look. `bounded` says that the degree of
    the map is 1.
    """
    (C, E, _), facts = states.shape, portrait.facts
    _renew(portrait)
    followed = np.concatenate([states, np.broadcast_to(starts[:probes], (C, probes, starts.shape[1]))], axis=1)
    before = facts[:, -1, KNOWN].copy()
    orbits = _followed(portrait, np.repeat(np.arange(C), E + probes), followed.reshape(C * (E + probes), -1))
    _add_ends(portrait, orbits)
    known = facts[:, -1, KNOWN]
    # A sum that a search could not mend is not searched for again.
    broken = bounded & (_index_sums(facts) != 1) & (known != facts[:, -1, AFTER])
    missing = np.flatnonzero(broken | (known == 0) | (facts[:, -1, SEARCHES] == 0))
    if len(missing):
        _search(portrait, missing, starts)
    found, steps = (a.reshape(C, E + probes)[:, :E].copy() for a in (orbits.found, orbits.steps))
    again = np.nonzero((found < 0) & (facts[:, -1, KNOWN] > before)[:, None])
    if len(again[0]):
        once_more = _followed(portrait, again[0], states[again])
        found[again], steps[again] = once_more.found, once_more.steps
    return _placed(portrait, states, found, steps)


def _solved(portrait: Portrait, case: Numbers, period: Numbers, label: Numbers, x: Array) -> None:
    """Solve from x (N, r), and add what is new."""
    sign, stable = np.empty(len(x), dtype=np.int64), np.empty(len(x), dtype=np.int64)
    newton(portrait.code, portrait.w, case, period, x, sign, stable)
    add(portrait.code, portrait.w, case, period, label, x, sign, stable, portrait.points, portrait.facts)


def _renew(portrait: Portrait) -> None:
    """Solve for the known points again; those that are lost are dropped."""
    points, facts = portrait.points, portrait.facts
    case, m = np.nonzero(np.arange(points.shape[1]) < facts[:, -1, KNOWN, None])
    about, x = facts[case, m], points[case, m]
    facts[:, -1, KNOWN] = 0
    _solved(portrait, case, about[:, PERIOD].copy(), about[:, LABEL].copy(), x)


def _followed(portrait: Portrait, case: Numbers, starts: Array, early: int = 0) -> Orbits:
    (N, r), code = starts.shape, portrait.code
    orbits = Orbits(
        case, starts, *np.empty((3, N), dtype=np.int64), np.empty((N, r)), np.empty((N if early else 0, len(EARLY), r))
    )
    follow(code, portrait.w, case, starts, portrait.points, portrait.facts, *orbits[2:])
    return orbits


def _add_ends(portrait: Portrait, orbits: Orbits) -> None:
    """Add the fixed points and cycles that the orbits come to which arrive nowhere."""
    lost = np.flatnonzero((orbits.found < 0) & (orbits.back > 0))
    if len(lost):
        _solved(portrait, orbits.case[lost], orbits.back[lost], np.full(len(lost), -1), orbits.ends[lost])


def _index_sums(facts: Numbers) -> Numbers:
    counted = (np.arange(facts.shape[1] - 1) < facts[:, -1, KNOWN, None]) & (facts[:, :-1, PERIOD] == 1)
    return np.where(counted, facts[:, :-1, SIGN], 0).sum(-1)


def _search(portrait: Portrait, cases: Numbers, starts: Array) -> None:
    """Newton's method from every start, from a few steps on, and from where its orbit ends."""
    facts, (K, r) = portrait.facts, starts.shape
    facts[cases, -1, SEARCHES] += 1
    case, x = np.repeat(cases, K), np.tile(starts, (len(cases), 1))
    new, single = np.full(len(case), -1), np.ones(len(case), dtype=np.int64)
    _solved(portrait, case, single, new, x.copy())
    orbits = _followed(portrait, case, x, early=True)
    for k, after in enumerate(EARLY):
        under_way = np.flatnonzero(orbits.steps >= after)
        _solved(portrait, case[under_way], single[under_way], new[under_way], orbits.early[under_way, k])
    _add_ends(portrait, orbits)
    facts[cases, -1, AFTER] = facts[cases, -1, KNOWN]


def _placed(portrait: Portrait, states: Array, found: Numbers, steps: Numbers) -> Ends:
    code, w, points, facts = portrait
    case, e = np.nonzero(found >= 0)
    place, length = found[case, e], steps[case, e]
    period = facts[case, place, PERIOD]
    phase = -length % period
    # One norm for every point of every attractor that a final state goes to.
    used, which = np.unique(case * points.shape[1] + place, return_inverse=True)
    c, m = np.divmod(used, points.shape[1])
    turns = facts[c, m, PERIOD]
    first = np.cumsum(turns) - turns
    row = np.repeat(np.arange(len(used)), turns)
    P, known = np.empty((len(row), *points.shape[2:], points.shape[2])), np.empty(len(row), dtype=np.bool_)
    metrics(code, w, c[row], points[c[row], m[row]], turns[row], np.arange(len(row)) - first[row], P, known)
    inside = np.empty(len(case), dtype=np.bool_)
    contracts(code, w, case, states[case, e], length, period, phase, first[which], P, inside)
    ends = Ends(found, np.zeros_like(found), np.zeros(found.shape, dtype=np.bool_))
    ends.phase[case, e], ends.inside[case, e] = phase, inside & known[first[which]]
    return ends
