"""`fatal_shock`: exact where the map keeps an order, else a search from above and a proof from below."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.escape.lower.whole_space import attracts_everything
from dynlatch.analysis.escape.question import ask
from dynlatch.analysis.escape.shock.aftermath import aftermath
from dynlatch.analysis.escape.shock.proof import ball_distance, one_cell, proof_of, proved_distance
from dynlatch.analysis.escape.shock.result import FatalShock, ShockOutcome
from dynlatch.analysis.escape.shock.search import (
    COARSE,
    FINE,
    Arena,
    Bracket,
    arena,
    closer,
    first_escapes,
    gone,
    narrowed,
    starting_rays,
)
from dynlatch.analysis.structure import AdditiveForm, additive_form, contraction_factor, monotone_signs
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, coordinates
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array, finite_array

NUDGES = (0.0, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6)  # beyond the boundary's bracket, until the independent replay escapes
HUGE = 1e8  # shocks, in units of the attractor, beyond which nothing changes any more for bounded units


class Effort(NamedTuple):
    """Rays looked at, those improved, rounds of that; cells flown in the proof, relative gap at which it ends."""

    rays: int
    kept: int
    rounds: int
    cells: int
    gap: float


EFFORTS = {"default": Effort(64, 10, 40, 3000, 1e-3), "high": Effort(512, 48, 120, 100_000, 1e-4)}
BRANCHED = 3  # shocks of up to so many components are cut into cells


def fatal_shock(
    map: Map,
    attractor: Any,
    *,
    norm: float = np.inf,
    input_matrix: Any = None,
    effort: str = "default",
    rng: Rng = None,
) -> FatalShock:
    """The least displacement of the state, once and for all, from which it does not come back to `attractor`.

    It is the distance from the attractor to the boundary of its basin: the threshold of an impulse, always above that of
    repeated inputs (`escape_threshold`). For a tanh neuron of weight 2 it is 1.915, the distance to the
    saddle at 0; u* is 0.533.

    Exact (to rounding) for order-preserving and order-reversing networks of bounded units, where the state is displaced by a
    box (inf-norm). Elsewhere `lower` is proved by interval bounds, for any norm; `upper` is the least fatal shock found.

    Parameters
    ----------
    map : Map
        Without derivatives only rays are searched; without interval bounds nothing is proved (`lower` is 0).
    attractor : array_like, shape (n,), a cycle (p, n), or member of a result
        Of a cycle, the point at which the least shock is fatal.
    norm : {inf, 2}
    input_matrix : array_like, shape (n, m), optional
        B: the state is displaced by `B s`, and the norm is that of s; the identity by default.
    effort : {"default", "high"}
        How much work the search and the proof may take.
    rng : int, Generator or None
        Of the directions of the search, in more than two dimensions.

    Returns
    -------
    FatalShock

    Raises
    ------
    InvalidInput
        On wrong shapes, an unknown norm or effort, an input matrix that is zero.
    NotAttracting
        If the point is not attracting.

    References
    ----------
    .. [1] Halekotte, L. and Feudel, U. (2020), Minimal fatal shocks in multistable complex networks. Sci. Rep. 10: 11783.
    .. [2] Klinshov, V. V., Nekorkin, V. I. and Kurths, J. (2016), Stability threshold approach for complex dynamical systems.
       New J. Phys. 18: 013004.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> neuron = dl.LatchNeuron(2.0)
    >>> shock = analysis.fatal_shock(neuron, [1.915008])
    >>> round(shock.upper, 6), shock.destination.round(6)
    (1.915008, array([-1.915008]))
    """
    if effort not in EFFORTS:
        raise InvalidInput(f"`effort` must be one of {', '.join(EFFORTS)}; got {effort!r}.")
    B = np.eye(map.dim) if input_matrix is None else finite_array("input_matrix", input_matrix, ndim=2)
    question = ask(map, attractor, norm, B, 1, "impulse")
    case = _Case(map, question.attractor, B, question.norm, EFFORTS[effort])
    if contraction_factor(map) < 1.0 or attracts_everything(question):
        return _answer(case, ShockOutcome.MONOSTABLE, np.inf, np.inf, None, "every state comes back", "")
    form = additive_form(map)
    order = None if form is None or (question.norm == 2 and B.shape[1] > 1) else _order(form._replace(B=B))
    if order is not None and case.attractor.period == 1:
        found = _by_order(case, order)
        if found is not None:
            return found
    return _bracketed(case, generator(rng))


class _Case(NamedTuple):
    map: Map
    attractor: Attractor
    B: Array
    norm: float
    effort: Effort


class _Fatal(NamedTuple):
    """A fatal shock, replayed: its bracket, what happens after it, and the point of the cycle it displaces."""

    value: float
    shock: Array
    path: Array
    destination: Array | None
    phase: int


def _order(form: AdditiveForm) -> Array | None:
    """The shock (m,) of size 1 that pushes the state up in an order that the map keeps or reverses; None without one."""
    if not form.f.bounded:
        return None
    signs = monotone_signs(form)
    if signs is None and not form.leak.any():
        # An order-reversing map sends the states between two ordered ones between their images, too. Shocks keep the order.
        signs = monotone_signs(form._replace(W=_coupled(form)))
    return None if signs is None else signs[1]


def _coupled(form: AdditiveForm) -> Array:
    return np.asarray(-form.W)


def _by_order(case: _Case, up: Array) -> FatalShock | None:
    """Whatever lies between two ordered states of the basin is in the basin: the two extreme corners decide."""
    rays = np.stack([up, -up])
    place = arena(case.map, case.attractor.points, 0, case.B, case.norm, rays)
    found = first_escapes(place, rays)
    if not len(found.rays):
        if gone(place, HUGE * place.unit * rays).any():
            return None
        return _answer(case, ShockOutcome.UNREACHABLE, np.inf, np.inf, None, "extreme states of the order come back", "")
    found = narrowed(place, found, FINE)
    fatal = _replayed(case, found, 0)
    if fatal is None:
        return None
    value = float(found.lo.min())
    how = "extreme states of the order, by bisection"
    return _answer(case, ShockOutcome.EXACT, value, value, fatal, how, how)


def _bracketed(case: _Case, rng: np.random.Generator) -> FatalShock:
    fatal: _Fatal | None = None
    for phase in range(case.attractor.period):
        found = _searched(case, phase, rng, np.inf if fatal is None else fatal.value)
        fatal = found if found is not None else fatal
    upper = np.inf if fatal is None else fatal.value
    lower, how = _proved(case, upper)
    outcome = ShockOutcome.NONE_FOUND if fatal is None else ShockOutcome.BRACKETED
    return _answer(case, outcome, lower, upper, fatal, how, "" if fatal is None else "search along the boundary")


def _searched(case: _Case, phase: int, rng: np.random.Generator, below: float) -> _Fatal | None:
    """The least fatal shock of one point of the attractor, if it is smaller than `below`."""
    effort = case.effort
    rays = starting_rays(case.B.shape[1], effort.rays, rng, case.norm)
    place = arena(case.map, case.attractor.points, phase, case.B, case.norm, rays)
    found = _nearest_first(first_escapes(place, rays), effort.kept)
    if not len(found.rays):
        return None
    found = narrowed(place, found, COARSE)
    if isinstance(case.map, SmoothMap) and case.B.shape[1] > 1:
        found = closer(place, found, effort.rounds)
    found = _nearest_first(found, 3)
    fatal = _replayed(case, narrowed(place, _opened(place, found), FINE), phase)
    return fatal if fatal is not None and fatal.value < below else None


def _nearest_first(found: Bracket, most: int) -> Bracket:
    return found.take(np.argsort(found.hi, kind="stable")[:most])


def _opened(place: Arena, found: Bracket) -> Bracket:
    """The lower ends moved down to where the state is seen to come back."""
    lo = found.lo.copy()
    for width in (0.0, 1e-8, 1e-6, 1e-4):
        lo = np.minimum(lo, found.hi * (1.0 - width))
        still = gone(place, found.rays * lo[:, None])
        if not still.any():
            break
        lo = np.where(still, 0.0, lo) if width == 1e-4 else lo
    return Bracket(found.rays, lo, found.hi)


def _replayed(case: _Case, found: Bracket, phase: int) -> _Fatal | None:
    """The nearest bracket whose upper end, or a hair more, is fatal in an independent replay."""
    points = case.attractor.points
    for ray, size in sorted(zip(found.rays, found.hi, strict=True), key=lambda pair: float(pair[1])):
        for nudge in NUDGES:
            shock = ray * (size * (1.0 + nudge))
            path, destination, back = aftermath(case.map, points, points[phase] + case.B @ shock)
            if not back:
                return _Fatal(float(np.linalg.norm(shock, case.norm)), shock, path, destination, phase)
    return None


def _proved(case: _Case, upper: float) -> tuple[float, str]:
    """Lower bound and method: the least of the points of the cycle."""
    bounds = []
    for phase in range(case.attractor.period):
        proof = proof_of(case.map, case.attractor, phase, case.B, case.norm)
        if proof is None:
            return 0.0, ""
        best = min(ball_distance(proof, phase), upper)
        best = one_cell(proof, best, upper) if best < upper else best
        if np.isfinite(upper) and case.B.shape[1] <= BRANCHED:
            best = proved_distance(proof, best, upper, case.effort.gap, case.effort.cells)
        bounds.append(best)
    return min(bounds), "cells of shocks that flow into the contraction ball"


def _answer(
    case: _Case, outcome: ShockOutcome, lower: float, upper: float, fatal: _Fatal | None, lower_method: str, upper_method: str
) -> FatalShock:
    assert lower <= upper
    n = case.map.dim
    return FatalShock(
        lower=lower,
        upper=upper,
        exact=outcome is ShockOutcome.EXACT,
        outcome=outcome,
        shock=None if fatal is None else fatal.shock,
        displacement=None if fatal is None else np.asarray(case.B @ fatal.shock),
        path=np.zeros((0, n)) if fatal is None else fatal.path,
        destination=None if fatal is None else fatal.destination,
        lower_method=lower_method,
        upper_method=upper_method,
        attractor=case.attractor.points[0 if fatal is None else fatal.phase],
        norm=case.norm,
        coordinates=coordinates(case.map),
    )
