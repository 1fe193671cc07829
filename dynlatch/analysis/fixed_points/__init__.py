"""Fixed points of a map, their multipliers, and how complete the list is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis import scalar
from dynlatch.analysis.fixed_points.equations import Equation, equation_of
from dynlatch.analysis.fixed_points.result import Completeness as Completeness
from dynlatch.analysis.fixed_points.result import FixedPoint as FixedPoint
from dynlatch.analysis.fixed_points.result import FixedPoints as FixedPoints
from dynlatch.analysis.fixed_points.search import Found, index_of, is_degenerate, search
from dynlatch.analysis.outcomes import Stability, classify
from dynlatch.analysis.structure import additive_form, at_kink, contraction_factor
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box
from dynlatch.linalg import matrix_norm, spectra
from dynlatch.maps import Map, coordinates, require_smooth
from dynlatch.networks import AdditiveNetwork
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array, positive_number, shaped_array

METHODS = ("auto", "multistart")
EXACT_ERROR = 1e-12  # relative error of the exact scalar theory, except next to a fold, where sqrt(eps) is all there is


def fixed_points(
    map: Map,
    *,
    method: str = "auto",
    bounds: tuple[Any, Any] | None = None,
    rng: Rng = None,
    time_budget: float | None = None,
) -> FixedPoints:
    """Fixed points `a = M(a)` of a map, with multipliers, stability and index.

    Newton's method from starts of several families, in rounds, on an equation without false solutions (for gated nets the
    gate is divided out). The search stops when two rounds bring nothing new, the indices sum to +1 where they must, and the
    estimate of the unseen is below one half. It is statistical: only `completeness == "proved"` excludes further points
    (one dimension, and contractions of the whole space).

    Parameters
    ----------
    map : SmoothMap
        `WithInput(map, u0)` gives the fixed points under a constant input.
    method : {"auto", "multistart"}
        "auto" takes an exact route where there is one.
    bounds : tuple of array_like (lo, hi), each scalar or shape (n,), optional
        Box to search. Required where structure does not bound the map (ReLU, functions, symbolic maps).
    rng : int, Generator or None
    time_budget : float, optional
        Seconds after which the search returns what it has.

    Returns
    -------
    FixedPoints

    Raises
    ------
    InvalidInput
        If `bounds` are needed and missing, or not a box.
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Katz, G. E. and Reggia, J. A. (2018), Using directional fibers to locate fixed points of recurrent neural
       networks. IEEE TNNLS 29(8): forward-error bounds decide what is a point and what is the same point.
    .. [2] Chao, A. (1984), Nonparametric estimation of the number of classes in a population. Scand. J. Stat. 11.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> found = analysis.fixed_points(dl.LatchNeuron(2.0))
    >>> found.points.round(6).ravel()
    array([-1.915008,  0.      ,  1.915008])
    >>> [str(s) for s in found.stability], str(found.completeness)
    (['attracting', 'repelling', 'attracting'], 'proved')
    """
    if method not in METHODS:
        raise InvalidInput(f"`method` must be one of {', '.join(METHODS)}; got {method!r}.")
    require_smooth(map, "fixed_points")
    equation, u0 = equation_of(map)
    exact = _exact_scalar(map) if method == "auto" and bounds is None else None
    if exact is not None:
        return _describe(map, equation, u0, exact, EXACT_ERROR * np.abs(exact[:, 0]), Completeness.PROVED)
    box, compact = _region(map, equation, u0, bounds)
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    odd = bounds is None and _is_odd(map)
    found, ended = search(equation, u0, box, odd=odd, compact=compact, rng=generator(rng), deadline=deadline)
    described = _describe(map, equation, u0, found.points, found.errors, Completeness.NO_CHECKSUM, found.unseen)
    return replace(described, completeness=_completeness(map, described, found, ended=ended, compact=compact))


def _exact_scalar(map: Map) -> Array | None:
    """All fixed points of a one-dimensional tanh or logistic latch, shape (k, 1), from the exact theory."""
    form = additive_form(map)
    if form is None or len(form.W) > 1 or form.leak.any() or coordinates(map) != AdditiveNetwork.coordinates:
        return None
    if form.f not in (TANH, LOGISTIC) or not form.W[0, 0] > 0:
        return None
    return scalar.fixed_points(float(form.W[0, 0]), float(form.c[0]), form.f.name)[:, None]


def _region(map: Map, equation: Equation, u0: Array | None, bounds: tuple[Any, Any] | None) -> tuple[Box, bool]:
    """The box to search, and whether the indices over it must sum to +1."""
    own = equation.box(None if u0 is None else (u0, u0))
    if bounds is None:
        if own is None:
            raise InvalidInput(
                f"the structure of {type(map).__name__} does not bound its fixed points: give `bounds=(lo, hi)`, each a number "
                f"or {equation.dim} numbers."
            )
        return own, True
    try:
        lower, upper = bounds
        lo, hi = (shaped_array("bounds", np.broadcast_to(end, (equation.dim,)), (equation.dim,)) for end in (lower, upper))
    except (TypeError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"`bounds` must be (lo, hi), each a number or {equation.dim} numbers; got {bounds!r}.") from None
    if not np.all(lo < hi):
        raise InvalidInput("`bounds` must be (lo, hi) with lo < hi in every component.")
    covers = own is not None and bool(np.all(lo <= own[0]) and np.all(hi >= own[1]))
    return (lo, hi), covers


def _is_odd(map: Map) -> bool:
    """Whether M(-a) = -M(a), so that fixed points come in pairs."""
    form = additive_form(map)
    return form is not None and form.f.odd and not form.c.any()


def _completeness(map: Map, result: FixedPoints, found: Found, *, ended: bool, compact: bool) -> Completeness:
    if len(result) == 1 and contraction_factor(map) < 1.0:
        return Completeness.PROVED
    if not ended:
        return Completeness.BUDGET
    if found.degenerate.any():
        return Completeness.CLUSTER
    if not compact:
        return Completeness.NO_CHECKSUM
    return Completeness.CHECKSUM_PASSED if result.index_sum == 1 else Completeness.CHECKSUM_FAILED


def _describe(
    map: Map,
    equation: Equation,
    u0: Array | None,
    x: Array,
    errors: Array,
    completeness: Completeness,
    unseen: float = 0.0,
) -> FixedPoints:
    """The record of the solutions `x` (k, d): multipliers and residuals of the map itself, index and error of the equation."""
    points = np.asarray(equation.lift(x, u0))
    order = np.lexsort(points.T[::-1])
    points, x, error = points[order], x[order], errors[order]
    smooth = require_smooth(map, "fixed_points")
    jacobians = smooth.jacobian(points)
    eigenvalues = spectra(jacobians)
    stability = classify(eigenvalues, matrix_norm(jacobians, "fro"))
    undecided = is_degenerate(x, error) | at_kink(map, points)
    stability[undecided] = Stability.NEUTRAL
    return FixedPoints(
        points=points,
        eigenvalues=eigenvalues,
        residuals=np.abs(map.step(points) - points).max(-1, initial=0.0),
        errors=error,
        stability=stability,
        index=np.where(undecided, 0, index_of(equation.jacobian(x, u0))),
        completeness=completeness,
        estimated_missing=unseen,
        dimension=np.zeros(len(points), dtype=np.int64),
        unresolved=np.zeros((0, 2, points.shape[1])),
        coordinates=coordinates(map),
    )
