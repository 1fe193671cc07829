"""Which proof fits which map: few directions, a network of units, or any equation with interval bounds."""

from __future__ import annotations

import numpy as np

from dynlatch.analysis.fixed_points.equations import EnclosedEquation
from dynlatch.analysis.fixed_points.proof.branch_and_bound import DEFAULT_BOXES, Boxes, Proof, enclosures, krawczyk, proof_of
from dynlatch.analysis.fixed_points.proof.enclosed import Enclosed
from dynlatch.analysis.fixed_points.proof.gates import Gated, has_form
from dynlatch.analysis.fixed_points.proof.low_rank import factors, low_rank
from dynlatch.analysis.fixed_points.proof.units import Units
from dynlatch.analysis.structure import AdditiveForm, additive_form
from dynlatch.intervals import EPS, Box, affine_image
from dynlatch.maps import Map, WithInput, coordinates
from dynlatch.networks import ElmanNetwork
from dynlatch.validation import Array


def prove(
    map: Map,
    equation: EnclosedEquation,
    u0: Array | None,
    box: Box,
    *,
    boxes: int = DEFAULT_BOXES,
    deadline: float = np.inf,
) -> Proof:
    """Every solution of the equation of `map` in `box`, with proof.

    Parameters
    ----------
    map : Map
    equation, u0
        As `equation_of(map)` gives them. The proof speaks of the equation's x, in its coordinates.
    box : tuple of ndarray (lo, hi), each shape (d,)
        Closed; must be finite.
    boxes, deadline
        As in `krawczyk`.

    Raises
    ------
    NotEnclosable
        If the map, a layer or an activation has no interval bounds.
    """
    form = additive_form(map)
    if form is None:
        problem = Gated(equation, u0) if has_form(equation) else _enclosed(equation, u0)
        return krawczyk(problem, box, boxes=boxes, deadline=deadline)
    outputs = coordinates(map) == ElmanNetwork.coordinates
    slack = bias_rounding(map, form)
    inner = box
    if outputs:
        inner = affine_image(form.W, *box, form.c)
        inner = inner[0] - slack, inner[1] + slack
    found = low_rank(form.W, form.c, form.f, inner, slack=slack, boxes=boxes, deadline=deadline)
    if found is None:
        found = krawczyk(Units(form.W, form.c, form.f, slack=slack), inner, boxes=boxes, deadline=deadline)
    return _in_outputs(found, form, box) if outputs else found


def proof_dimension(map: Map, equation: EnclosedEquation) -> int:
    """Number of directions that a proof has to search: the numerical rank of the weights where that is low."""
    form = additive_form(map)
    parts = None if form is None or not form.f.bounded else factors(form.W)
    return equation.dim if parts is None else parts.U.shape[1]


def _enclosed(equation: EnclosedEquation, u0: Array | None) -> Enclosed:
    u = None if u0 is None else (u0, u0)
    return Enclosed(
        equation.dim,
        lambda lo, hi: equation.enclose(lo, hi, u),
        lambda lo, hi: equation.enclose_jacobian(lo, hi, u),
    )


def bias_rounding(map: Map, form: AdditiveForm) -> Array:
    """How far c may be from the bias plus `B u0`, which were added in float64."""
    size = np.abs(form.c)
    rounding = np.zeros_like(size)
    while isinstance(map, WithInput):
        size = size + np.abs(form.B) @ np.abs(map.u0)
        rounding = 4.0 * (form.B.shape[1] + 4) * EPS * size
        map = map.map
    return rounding


def _in_outputs(found: Proof, form: AdditiveForm, box: Box) -> Proof:
    """The proof in coordinates a = W h + b told in h = f(a)."""
    tight, left = (
        Boxes(*form.f.image(*part)) for part in (enclosures(found), Boxes(found.unresolved[:, 0], found.unresolved[:, 1]))
    )
    tight = tight.take(np.all((tight.lo <= box[1]) & (tight.hi >= box[0]), axis=-1))
    left = Boxes(np.fmax(left.lo, box[0]), np.fmin(left.hi, box[1]))
    left = left.take(np.all(left.lo <= left.hi, axis=-1))
    return proof_of(tight, left, found.boxes, ended=found.ended)
