"""The ways to the fixed points of a map, from the surest to the most general; `choose` takes the first that applies.

1. The exact theory of one unit.
2. Enumeration of the activation regions of a piecewise-linear net.
3. Branch and bound with interval arithmetic, where there are few enough unknowns.
4. A search from many starts.

A proof that its budget cuts short is completed by the search.
"""

from __future__ import annotations

import time
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.activations import RELU, TANH, Activation
from dynlatch.analysis import scalar, structure
from dynlatch.analysis.fixed_points.equations import EnclosedEquation
from dynlatch.analysis.fixed_points.piecewise_linear import REGIONS, enumerate_fixed_points
from dynlatch.analysis.fixed_points.proof import bias_rounding, proof_dimension, prove
from dynlatch.analysis.fixed_points.proof.branch_and_bound import DEFAULT_BOXES, Proof
from dynlatch.analysis.fixed_points.search import search
from dynlatch.analysis.fixed_points.search.solutions import merge_radius, same_point
from dynlatch.analysis.structure import additive_form
from dynlatch.errors import NotEnclosable
from dynlatch.intervals import EPS, Box
from dynlatch.maps import Map, coordinates
from dynlatch.networks import ElmanNetwork
from dynlatch.validation import Array

EXACT_ERROR = 1e-12  # relative error of the exact scalar theory away from folds
FOLD_ROOM = 1e6  # a bias closer to a fold than so many times its rounding is left to interval arithmetic
ALWAYS, TRIED = 8, 12  # unknowns up to which a proof is attempted: with every box it takes, and within a budget
TRIED_BOXES, GATED_BOXES = 300_000, 30_000
ENTRIES = 5e8  # of the tableaux that an enumeration of regions may fill before the search takes over
SHARE, LARGER_SHARE = 0.5, 0.8  # of the time budget, for a proof that may not end, and for one that nearly always does


class Question(NamedTuple):
    """Which solutions are sought: of the equation of `map` under the input u0, in `box`.

    `compact`: the box holds every solution of a bounded map. `odd`: solutions come in pairs x, -x. `bounded`: a box was
    given or follows from the structure; otherwise all of space is meant.
    """

    map: Map
    equation: EnclosedEquation
    u0: Array | None
    box: Box
    compact: bool
    odd: bool
    bounded: bool


class Listing(NamedTuple):
    """What a route found: solutions x (k, d) of the equation, what is known of each (k,), and of the rest.

    1. `errors` are bounds where `proved`, else estimates; infinite at a degenerate solution.
    2. `dimension` is 0 for a point, d > 0 for a representative of a continuum.
    3. `undecided` solutions sit where the map has no derivative.
    4. `verified` solutions are proved to be there, alone and not degenerate, however large their errors.
    5. `unresolved` (m, 2, d) boxes may hold more; `unseen` estimates how many more there are.
    6. `proved`: there are no others. `ended`: the route was not cut short.
    """

    x: Array
    errors: Array
    dimension: NDArray[np.int64]
    undecided: NDArray[np.bool_]
    verified: NDArray[np.bool_]
    unresolved: Array
    unseen: float
    proved: bool
    ended: bool


def choose(question: Question, rng: np.random.Generator, deadline: float) -> Listing:
    """The surest route that applies."""
    for route in (one_unit, regions):
        listing = route(question, deadline)
        if listing is not None:
            return listing
    proof = _affordable_proof(question, deadline)
    if proof is not None and proof.proved:
        return proof
    return _completed(proof, by_search(question, rng, deadline))


def one_unit(question: Question, deadline: float = np.inf) -> Listing | None:
    """The exact theory of a tanh or logistic latch; None for other maps, and next to a fold, which rounding hides."""
    map = question.map
    form = structure.one_unit(map)
    if form is None or not question.compact or bias_rounding(map, form).any():
        return None
    w, c = float(form.W[0, 0]), float(form.c[0])
    doubt = _fold_doubt(w, c, form.f)
    if doubt is None:
        return None
    x = scalar.fixed_points(w, c, form.f.name)
    size = np.abs(x)
    critical = scalar.critical_point(w, form.f) if scalar.can_latch(w, form.f) else 0.0
    return _listing(x[:, None], EXACT_ERROR * size + doubt * np.abs(size - critical), proved=True)


def _fold_doubt(w: float, c: float, f: Activation) -> float | None:
    """Relative rounding error of the distance g of the bias from the nearest fold; None where it is not small.

    The points lie at distances from the critical ones that grow with g at most linearly, so their relative error is no larger.
    """
    half = scalar.half_width(w, f)
    off = c if f is TANH else c + 0.5 * w
    exact = f is TANH or Fraction(c) + Fraction(w) / 2 == Fraction(off)
    if not scalar.can_latch(w, f):
        # The slope is largest in the middle, w f'(0) <= 1: a bias that is not known exactly matters most there.
        rest = 1.0 - w * float(f.derivative(np.zeros(1))[0])
        return 0.0 if exact else 8.0 * EPS * (abs(c) + w) / rest if rest > 1e-3 else None
    error = 8.0 * EPS * (half + (0.0 if exact else abs(c) + w))
    gap = abs(half - abs(off))
    return error / gap if error < gap / FOLD_ROOM else None


def regions(question: Question, deadline: float) -> Listing | None:
    """All fixed points of a ReLU net; None for other nets, and for a box with too many regions to look at."""
    form = additive_form(question.map)
    if form is None or form.f is not RELU:
        return None
    slack = bias_rounding(question.map, form)
    budget = int(np.clip(ENTRIES / (len(form.W) + 1) ** 2, 1000, REGIONS))
    found = enumerate_fixed_points(form.W, (form.c - slack, form.c + slack), regions=budget, deadline=deadline)
    if not found.ended and question.bounded:
        return None
    x = np.maximum(found.points, 0.0) if _in_outputs(question.map) else found.points
    lo, hi = question.box
    inside = np.all((x >= lo - found.errors[:, None]) & (x <= hi + found.errors[:, None]), axis=-1)
    listing = _listing(x[inside], found.errors[inside], proved=found.complete, ended=found.ended)
    certain = found.certain[inside] & (found.dimension[inside] == 0)
    return listing._replace(
        errors=np.where(certain, listing.errors, np.inf),
        verified=certain & ~found.kinks[inside].any(-1),
        dimension=found.dimension[inside],
        undecided=np.asarray(found.kinks[inside].any(-1)),
        unresolved=_orthants(found.unresolved, question),
    )


def _orthants(patterns: NDArray[np.int8], question: Question) -> Array:
    """Regions of activation as boxes of states."""
    below = 0.0 if _in_outputs(question.map) else -np.inf
    lo = np.where(patterns == 1, 0.0, below)
    hi = np.where(patterns == 0, 0.0, np.inf)
    return np.stack([np.maximum(lo, question.box[0]), np.minimum(hi, question.box[1])], axis=1)


def by_proof(question: Question, deadline: float, boxes: int = DEFAULT_BOXES) -> Listing:
    """Branch and bound, whatever it takes within the budget.

    Raises
    ------
    NotEnclosable
        If the map has no interval bounds.
    """
    return _of_proof(prove(question.map, question.equation, question.u0, question.box, boxes=boxes, deadline=deadline))


def by_search(question: Question, rng: np.random.Generator, deadline: float) -> Listing:
    """Many starts; nothing is proved."""
    found, ended = search(
        question.equation,
        question.u0,
        question.box,
        odd=question.odd,
        compact=question.compact,
        rng=rng,
        deadline=deadline,
    )
    listing = _listing(found.points, found.errors, ended=ended)
    return listing._replace(dimension=found.dimension, unseen=found.unseen)


def _affordable_proof(question: Question, deadline: float) -> Listing | None:
    """A proof where the unknowns are few enough for one to be likely; None elsewhere."""
    if not np.all(np.isfinite(question.box)):
        return None
    unknowns = proof_dimension(question.map, question.equation)
    additive = additive_form(question.map) is not None
    if unknowns > (TRIED if additive else ALWAYS):
        return None
    boxes = DEFAULT_BOXES if additive and unknowns <= ALWAYS else TRIED_BOXES if additive else GATED_BOXES
    now = time.monotonic()
    try:
        share = LARGER_SHARE if boxes == DEFAULT_BOXES else SHARE
        return by_proof(question, now + share * (deadline - now), boxes)
    except NotEnclosable:
        return None


def _completed(proof: Listing | None, found: Listing) -> Listing:
    """What the search found beside the points that an unfinished proof had verified."""
    if proof is None:
        return found
    both = np.concatenate([proof.x, found.x])
    errors = np.concatenate([proof.errors, found.errors])
    finite = np.where(np.isfinite(errors), errors, 0.0)
    group = same_point(both, merge_radius(both, finite))
    known = np.isin(group, group[: len(proof.x)])
    known[: len(proof.x)] = False  # the verified points stay, what they verify again goes
    keep = ~known
    return Listing(
        x=both[keep],
        errors=errors[keep],
        dimension=np.concatenate([proof.dimension, found.dimension])[keep],
        undecided=np.concatenate([proof.undecided, found.undecided])[keep],
        verified=np.concatenate([proof.verified, found.verified])[keep],
        # Where the search came to rest, what an unfinished proof had not looked at says nothing more.
        unresolved=proof.unresolved if proof.ended or not found.ended else proof.unresolved[:0],
        unseen=found.unseen,
        proved=False,
        ended=found.ended,
    )


def _of_proof(proof: Proof) -> Listing:
    listing = _listing(proof.points, proof.radius, proved=proof.complete, ended=proof.ended)
    return listing._replace(unresolved=proof.unresolved, verified=np.ones(len(proof.points), dtype=bool))


def _listing(x: Array, errors: Array, *, proved: bool = False, ended: bool = True) -> Listing:
    k, d = x.shape
    return Listing(
        x=x,
        errors=errors,
        dimension=np.zeros(k, dtype=np.int64),
        undecided=np.zeros(k, dtype=bool),
        verified=np.zeros(k, dtype=bool),
        unresolved=np.zeros((0, 2, d)),
        unseen=0.0,
        proved=proved,
        ended=ended,
    )


def _in_outputs(map: Map) -> bool:
    return coordinates(map) == ElmanNetwork.coordinates
