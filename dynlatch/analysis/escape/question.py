"""What was asked of `escape_threshold`, checked once; every route reads it, and the bounds they answer with."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor, attracting, polish
from dynlatch.analysis.escape.witness import at_rest
from dynlatch.analysis.scalar import LatchOutcome, scalar_latch
from dynlatch.analysis.structure import ActivationForm, activation_form, one_unit
from dynlatch.disturbances import Disturbed, Steered
from dynlatch.errors import InvalidInput, NotAttracting, NotSmooth
from dynlatch.maps import Map
from dynlatch.validation import Array, count, finite_array

NEUTRAL = 1e-13  # distance of a multiplier from the unit circle that rounding hides
DISTURBANCES = ("sequence", "constant", "impulse")


class Question(NamedTuple):
    """The system whose input is the disturbance, the attractor it starts from, and how inputs are measured.

    `system.step(a, u)` takes disturbances u (..., m); `form` are its activations where it is additive, leaky or Elman.
    """

    system: Map
    attractor: Attractor
    norm: float  # inf or 2, of u at each time
    steps: int | None  # how long inputs act; None is without limit
    constant: bool  # whether only constant inputs are allowed
    form: ActivationForm | None

    @property
    def width(self) -> int:
        """Number of inputs m."""
        return self.system.input_dim

    @property
    def smooth(self) -> bool:
        """Whether the system has derivatives."""
        return bool(np.isfinite(self.attractor.multipliers).all())


class LowerBound(NamedTuple):
    """No admissible sequence with `|u_t| <= value` drives the state out of the basin: proved, rounding included."""

    value: float
    method: str


class UpperBound(NamedTuple):
    """An input sequence (T, m) of norm `value` that drives the state out for good."""

    value: float
    inputs: Array
    method: str


def size(inputs: Array, norm: float) -> float:
    """Largest norm of an input (T, m) at one time."""
    return float(np.linalg.norm(inputs, norm, axis=-1).max(initial=0.0))


def ask(
    map: Map,
    attractor: Any,
    norm: float = np.inf,
    input_matrix: Any = None,
    steps: int | None = None,
    disturbance: str = "sequence",
    direction: Any = None,
) -> Question:
    """The arguments of `escape_threshold`, checked.

    Raises
    ------
    InvalidInput
        On wrong shapes, an unknown norm or disturbance, an input that reaches nothing.
    NotAttracting
        If the point is not attracting.
    """
    if np.ndim(norm) or norm not in (2, np.inf):
        raise InvalidInput(f"`norm` must be inf or 2; got {norm!r}.")
    if disturbance not in DISTURBANCES:
        raise InvalidInput(f"`disturbance` must be one of {', '.join(DISTURBANCES)}; got {disturbance!r}.")
    horizon = None if steps is None else count("steps", steps, least=1)
    if disturbance == "impulse":
        if horizon not in (None, 1):
            raise InvalidInput(f"an impulse acts during one step; got `steps={steps}`.")
        horizon = 1
    found = _attractor(map, attractor)
    system = _system(map, input_matrix, direction, float(norm))
    form = activation_form(system)
    if form is not None and not form.B.any():
        raise InvalidInput("the inputs never reach the state: the product of the input weights and the input matrix is zero.")
    return Question(system, found, float(norm), horizon, disturbance == "constant", form)


def _attractor(map: Map, given: Any) -> Attractor:
    try:
        found = polish(map, given, "escape_threshold")
    except NotSmooth:
        return at_rest(map, given)
    if found.spectral_radius < 1.0 - NEUTRAL or _is_neutral_unit(map):
        return found
    if found.spectral_radius <= 1.0 + NEUTRAL:
        raise NotAttracting(
            "`attractor` is neutral: its largest multiplier has modulus 1 to rounding, as in an integrator, so that "
            "linearisation does not say whether it attracts at all."
        )
    return attracting(map, given, "escape_threshold")


def _is_neutral_unit(map: Map) -> bool:
    """Whether the map is one unit at the threshold of latching (w = 1), whose only fixed point attracts all the same."""
    form = one_unit(map)
    if form is None:
        return False
    return scalar_latch(float(form.W[0, 0]), float(form.c[0]), form.f.name).outcome is LatchOutcome.NEUTRAL


def _system(map: Map, input_matrix: Any, direction: Any, norm: float) -> Map:
    if input_matrix is not None:
        B = finite_array("input_matrix", input_matrix, ndim=2)
        if B.shape[0] != map.dim or not B.any():
            raise InvalidInput(
                f"`input_matrix` must have shape ({map.dim}, m) and rank at least 1; got shape {B.shape}"
                + (" with only zeros." if B.shape[0] == map.dim and B.size else ".")
            )
        map = Disturbed(map, B)
    if map.input_dim == 0:
        raise InvalidInput("no input reaches this map: give `input_matrix` (the identity adds the disturbance to the state).")
    if direction is None:
        return map
    d = finite_array("direction", direction)
    if d.shape != (map.input_dim,) or not d.any():
        raise InvalidInput(f"`direction` must be a non-zero vector of {map.input_dim} inputs; got shape {d.shape}.")
    d = d / np.abs(d).max()  # the 2-norm of huge numbers overflows
    return Steered(map, (d / np.linalg.norm(d, norm))[:, None])
