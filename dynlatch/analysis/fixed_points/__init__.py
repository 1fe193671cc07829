"""Fixed points of a map, their multipliers, and how complete the list is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from dynlatch.activations import RELU
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.fixed_points.proof.rigorous import certify
from dynlatch.analysis.fixed_points.result import Completeness as Completeness
from dynlatch.analysis.fixed_points.result import FixedPoint as FixedPoint
from dynlatch.analysis.fixed_points.result import FixedPoints as FixedPoints
from dynlatch.analysis.fixed_points.routes import Listing, Question, by_proof, by_search, choose
from dynlatch.analysis.fixed_points.search import index_of, is_degenerate
from dynlatch.analysis.outcomes import Stability, classify
from dynlatch.analysis.structure import additive_form, at_kink, contraction_factor, is_odd
from dynlatch.errors import InvalidInput, MissingExtra, NotEnclosable
from dynlatch.linalg import matrix_norm, spectra
from dynlatch.maps import Map, coordinates, require_smooth
from dynlatch.randomness import Rng, generator
from dynlatch.validation import box_of, positive_number

METHODS = ("auto", "proof", "multistart")


def fixed_points(
    map: Map,
    *,
    method: str = "auto",
    bounds: tuple[Any, Any] | None = None,
    rng: Rng = None,
    time_budget: float | None = None,
) -> FixedPoints:
    """Fixed points `a = M(a)` of a map, with multipliers, stability and index.

    All of them, by proof, where that can be had: in one dimension (exact theory), for ReLU nets (activation regions), with
    up to 8 unknowns or directions (numerical rank of the weights up to 4, whatever the number of units) and, within a
    budget, up to 12 (Krawczyk's operator in outward-rounded interval arithmetic). Elsewhere Newton's method from starts of
    several families and walks along fibers, in rounds, which stop when two rounds bring nothing new, the indices sum to +1
    where they must, and the estimate of the unseen is below one half: a search, however good, proves nothing, and
    `completeness` says which it was. For gated nets the gate is divided out of the equation, which has no false solutions.

    Parameters
    ----------
    map : SmoothMap
        `WithInput(map, u0)` gives the fixed points under a constant input.
    method : {"auto", "proof", "multistart"}
        "auto" takes the surest route that applies, "proof" interval arithmetic whatever it takes (and, with the extra
        `rigorous`, certifies each point and its stability in ball arithmetic), "multistart" the search.
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,), optional
        Box to search. Required where structure does not bound the map (functions, symbolic maps, unbounded activations
        other than ReLU).
    rng : int, Generator or None
    time_budget : float, optional
        Seconds after which the work stops; what was found is returned.

    Returns
    -------
    FixedPoints

    Raises
    ------
    InvalidInput
        If `bounds` are needed and missing (of ReLU nets only "auto" needs none), or not a box.
    NotSmooth
        If the map has no derivatives.
    NotEnclosable
        If a proof is asked of a map without interval bounds.

    References
    ----------
    .. [1] Neumaier, A. (1990), Interval Methods for Systems of Equations, ch. 5.
    .. [2] Katz, G. E. and Reggia, J. A. (2018), Using directional fibers to locate fixed points of recurrent neural
       networks. IEEE TNNLS 29(8): forward-error bounds decide what is a point and what is the same point.
    .. [3] Chao, A. (1984), Nonparametric estimation of the number of classes in a population. Scand. J. Stat. 11.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> found = analysis.fixed_points(dl.AdditiveNetwork([[2.0, 0.0], [0.0, 2.0]]))
    >>> len(found), str(found.completeness), found.index_sum
    (9, 'proved', 1)
    >>> [str(s) for s in found.stability[:2]]
    ['attracting', 'saddle']
    """
    if method not in METHODS:
        raise InvalidInput(f"`method` must be one of {', '.join(METHODS)}; got {method!r}.")
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    random = generator(rng)
    # Huge weights overflow on the way; what is not finite is no fixed point, and nothing more.
    with np.errstate(over="ignore", invalid="ignore"):
        return _answer(_question(map, bounds), method, random, deadline)


def _answer(question: Question, method: str, random: np.random.Generator, deadline: float) -> FixedPoints:
    if not question.bounded and method != "auto":
        raise InvalidInput(
            f'method="{method}" searches a box, and nothing bounds this map: give `bounds=(lo, hi)`, or take "auto", which '
            "lists the activation regions of a ReLU net with proof."
        )
    if method == "proof":
        return _certified(question.map, _described(question, by_proof(question, deadline)))
    return _described(question, (choose if method == "auto" else by_search)(question, random, deadline))


def _question(map: Map, bounds: tuple[Any, Any] | None) -> Question:
    """What is asked, checked."""
    require_smooth(map, "fixed_points")
    equation, u0 = equation_of(map)
    own = equation.box(None if u0 is None else (u0, u0))
    form = additive_form(map)
    if bounds is not None:
        box = box_of(bounds, equation.dim)
        covers = own is not None and bool(np.all(box[0] <= own[0]) and np.all(box[1] >= own[1]))
        return Question(map, equation, u0, box, compact=covers, odd=False, bounded=True)
    if own is not None:
        return Question(map, equation, u0, own, compact=True, odd=is_odd(map), bounded=True)
    if form is not None and form.f is RELU:
        everywhere = np.full(equation.dim, np.inf)
        return Question(map, equation, u0, (-everywhere, everywhere), compact=False, odd=False, bounded=False)
    raise InvalidInput(
        f"the structure of {type(map).__name__} does not bound its fixed points: give `bounds=(lo, hi)`, each a number "
        f"or {equation.dim} numbers."
    )


def _described(question: Question, found: Listing) -> FixedPoints:
    """The record of a route's solutions: multipliers and residuals of the map itself, index and error of the equation."""
    map, equation, u0 = question.map, question.equation, question.u0
    points = np.asarray(equation.lift(found.x, u0))
    order = np.lexsort(points.T[::-1])
    points, x, error = points[order], found.x[order], found.errors[order]
    jacobians = require_smooth(map, "fixed_points").jacobian(points)
    eigenvalues = spectra(jacobians)
    stability = classify(eigenvalues, matrix_norm(jacobians, "fro"))
    degenerate = (is_degenerate(x, error) & ~found.verified[order]) | (found.dimension[order] > 0)
    undecided = degenerate | found.undecided[order] | at_kink(map, points)
    stability[undecided] = Stability.NEUTRAL
    index = np.where(undecided, 0, index_of(equation.jacobian(x, u0)))
    return FixedPoints(
        points=points,
        eigenvalues=eigenvalues,
        residuals=np.abs(map.step(points) - points).max(-1, initial=0.0),
        errors=error,
        stability=stability,
        index=index,
        completeness=_completeness(question, found, int(index.sum()), degenerate=bool(degenerate.any())),
        estimated_missing=found.unseen,
        dimension=found.dimension[order],
        certified=np.zeros(len(points), dtype=bool),
        unresolved=found.unresolved,
        coordinates=coordinates(map),
    )


def _certified(map: Map, found: FixedPoints) -> FixedPoints:
    """The same points with what ball arithmetic says of them, where the extra is installed and knows the units."""
    try:
        certificates = certify(map, found.points)
    except (MissingExtra, NotEnclosable):
        return found
    sure = certificates.verified & (certificates.unstable >= 0)
    stability = found.stability.copy()
    stability[sure] = Stability.SADDLE
    stability[sure & (certificates.unstable == 0)] = Stability.ATTRACTING
    stability[sure & (certificates.unstable == map.dim)] = Stability.REPELLING
    errors = np.where(sure, np.minimum(found.errors, certificates.radius), found.errors)
    return replace(found, certified=sure, stability=stability, errors=errors)


def _completeness(question: Question, found: Listing, index_sum: int, *, degenerate: bool) -> Completeness:
    if found.proved or (len(found.x) == 1 and question.compact and contraction_factor(question.map) < 1.0):
        return Completeness.PROVED
    if not found.ended:
        return Completeness.BUDGET
    if degenerate or len(found.unresolved):
        return Completeness.CLUSTER
    if not question.compact:
        return Completeness.NO_CHECKSUM
    return Completeness.CHECKSUM_PASSED if index_sum == 1 else Completeness.CHECKSUM_FAILED
