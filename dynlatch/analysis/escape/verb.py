"""The verb `escape_threshold`: which route answers, and the record it fills."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.activations import LOGISTIC, TANH, resolve
from dynlatch.analysis import scalar
from dynlatch.analysis.attractor import attracting, polish
from dynlatch.analysis.escape.monotone import (
    EXCESS,
    WITNESS_STEPS,
    Direction,
    Problem,
    Undecided,
    escape_length,
    is_extreme,
    problem,
    threshold,
)
from dynlatch.analysis.escape.result import EscapeOutcome, EscapeThreshold
from dynlatch.analysis.escape.witness import replay
from dynlatch.analysis.fixed_points.equations import equation_of
from dynlatch.analysis.structure import AdditiveForm, additive_form, contraction_factor, monotone_signs
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, coordinates, require_smooth
from dynlatch.networks import AdditiveNetwork
from dynlatch.randomness import Rng
from dynlatch.validation import Array, count, finite_array

DISTURBANCES = ("sequence", "constant", "impulse")
SCALAR = "exact scalar theory"


def escape_threshold(
    map: Map,
    attractor: Any,
    *,
    norm: float = np.inf,
    input_matrix: Any = None,
    steps: int | None = None,
    disturbance: str = "sequence",
    direction: Any = None,
    time_budget: float | None = None,
    rng: Rng = None,
) -> EscapeThreshold:
    """Largest b such that no input sequence with `|u_t| <= b` drives the state from `attractor` out of its basin.

    This is McGehee's intensity of attraction; for one tanh neuron it is the u* of Bengio, Simard and Frasconi. Escape means
    that the state does not come back once the input is switched off again. At b = u* itself nothing escapes.

    Exact today: dimension 1 (tanh, logistic, any non-decreasing activation with w > 0), sign-consistent weights under box
    inputs (inf-norm), and contractions (no other attractor). Elsewhere, and where convergence is too slow for simulation to
    decide, the outcome is `unavailable` and the bracket (0, inf). Exact means to rounding, not certified by intervals.

    Parameters
    ----------
    map : SmoothMap
    attractor : array_like, shape (n,), or member of a result
        Polished by Newton's method.
    norm : {inf, 2}
        How the size of the input at one time is measured.
    input_matrix : array_like, shape (n, m), optional
        None: the disturbance enters as the map's own input, `map.step(a, u)`. Given B, it is added to the state,
        `a' = M(a) + B u`, in the map's coordinates.
    steps : int, optional
        Inputs act during this many steps only; None is without limit. A finite horizon has a larger threshold.
    disturbance : {"sequence", "constant", "impulse"}
        Any sequence, one constant input, or a single step (the same as `steps=1`).
    direction : array_like, shape (m,), optional
        Only inputs along this direction. Not available yet.
    time_budget, rng
        For the searching routes; the exact ones need neither.

    Returns
    -------
    EscapeThreshold

    Raises
    ------
    InvalidInput
        On wrong shapes, an unknown norm or disturbance, an input matrix that is zero.
    NotAttracting
        If the point is not attracting.

    References
    ----------
    .. [1] Bengio, Y., Frasconi, P. and Simard, P. (1993), The problem of learning long-term dependencies in recurrent
       networks. ICNN, Fig. 3.
    .. [2] Meyer, K. J. and McGehee, R. P. (2022), Intensity: a metric approach to quantifying attractor robustness in ODEs.
       SIAM J. Appl. Dyn. Syst. 21(2).

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> neuron = dl.LatchNeuron(2.0)
    >>> up = analysis.fixed_points(neuron).attractors[1]
    >>> round(analysis.escape_threshold(neuron, up).lower, 12)
    0.532839975354
    """
    question = _question(map, attractor, norm, input_matrix, steps, disturbance)
    latch = _latch(question.form) if not _reads_output(question) else None
    if latch is not None and latch.outcome is scalar.LatchOutcome.NEUTRAL:
        return answer(question, EscapeOutcome.NEUTRAL, np.inf, np.inf, SCALAR)
    if contraction_factor(map) < 1.0:
        return answer(question, EscapeOutcome.MONOSTABLE, np.inf, np.inf, "the map is a contraction of the whole space")
    if direction is not None or not (norm == np.inf or question.width == 1):
        return unavailable(question)
    if latch is not None and question.width == 1:
        return _by_scalar_theory(question, latch)
    signs = None if question.form is None or not question.form.f.bounded else monotone_signs(question.form)
    return unavailable(question) if signs is None else _by_order(question, *signs)


class Question(NamedTuple):
    """What was asked, checked."""

    map: SmoothMap
    point: Array
    norm: float
    B: Array | None
    steps: int | None
    width: int  # number of inputs
    form: AdditiveForm | None  # with the matrix through which the disturbance enters


def _question(map: Map, attractor: Any, norm: float, input_matrix: Any, steps: int | None, disturbance: str) -> Question:
    smooth = require_smooth(map, "escape_threshold")
    if norm not in (2, np.inf):
        raise InvalidInput(f"`norm` must be inf or 2; got {norm!r}.")
    if disturbance not in DISTURBANCES:
        raise InvalidInput(f"`disturbance` must be one of {', '.join(DISTURBANCES)}; got {disturbance!r}.")
    horizon = None if steps is None else count("steps", steps, least=1)
    if disturbance == "impulse":
        if horizon not in (None, 1):
            raise InvalidInput(f"an impulse acts during one step; got `steps={steps}`.")
        horizon = 1
    B = None if input_matrix is None else _input_matrix(input_matrix, map.dim)
    width = map.input_dim if B is None else B.shape[1]
    form = additive_form(map)
    if width == 0 or (B is None and form is not None and not form.B.any()):
        raise InvalidInput("no input reaches this map: give `input_matrix` (the identity adds the disturbance to the state).")
    if form is not None and B is not None:
        form = form._replace(B=B)
    latch = _latch(form)
    neutral = latch is not None and latch.outcome is scalar.LatchOutcome.NEUTRAL
    found = (polish if neutral else attracting)(map, attractor, "escape_threshold")
    return Question(smooth, found.point, float(norm), B, horizon, width, form)


def _input_matrix(value: Any, n: int) -> Array:
    B = finite_array("input_matrix", value, ndim=2)
    if B.shape[0] != n or not B.any():
        raise InvalidInput(f"`input_matrix` must have shape ({n}, m) and a non-zero entry; got shape {B.shape}.")
    return B


def _latch(form: AdditiveForm | None) -> scalar.ScalarLatch | None:
    """The exact theory of the map, if it is one tanh or logistic unit that excites itself."""
    if form is None or len(form.W) > 1 or form.leak.any() or form.f not in (TANH, LOGISTIC) or not form.W[0, 0] > 0:
        return None
    return scalar.scalar_latch(float(form.W[0, 0]), float(form.c[0]), form.f.name)


def _by_scalar_theory(question: Question, latch: scalar.ScalarLatch) -> EscapeThreshold:
    """The closed forms: the upper attractor is lost by pushing down, the lower one by pushing up."""
    assert question.form is not None
    if latch.outcome is scalar.LatchOutcome.FOLD:
        return unavailable(question)
    if np.isinf(min(latch.thresholds)):
        return answer(question, EscapeOutcome.MONOSTABLE, np.inf, np.inf, SCALAR)
    activation = question.point if not _is_output(question) else question.form.W[0] * question.point + question.form.c
    upper = bool(activation[0] > latch.fixed_points[1])
    gain = float(question.form.B[0, 0])
    if question.steps is None:
        value = latch.thresholds[1 if upper else 0] / abs(gain)
    else:
        which = "upper" if upper else "lower"
        value = scalar.finite_horizon_threshold(latch.w, question.steps, latch.bias, which, latch.activation) / abs(gain)
    sign = -1.0 if upper else 1.0
    push = problem(question.map, question.point, np.array([sign]), np.array([sign * np.sign(gain)]), question.B)
    length = question.steps
    if length is None and _passage(latch, value * abs(gain)) < WITNESS_STEPS:
        length = escape_length(push, value * (1.0 + EXCESS))
    return answer(question, EscapeOutcome.EXACT, value, value, SCALAR, _constant(Direction(value, value, length, SCALAR), push))


def _passage(latch: scalar.ScalarLatch, threshold: float) -> float:
    """Steps through the bottleneck just above the threshold: pi / sqrt(curvature times excess)."""
    f = resolve(latch.activation)
    curvature = 0.5 * latch.w * abs(float(f.curvature(np.asarray(latch.critical_points[-1]))))
    return float(np.pi / np.sqrt(curvature * EXCESS * threshold))


def _by_order(question: Question, s: Array, r: Array) -> EscapeThreshold:
    """The exact route of monotone maps: the two extreme directions of the order, the easier one decides."""
    equation, u0 = equation_of(question.map)
    box = equation.box(None if u0 is None else (u0, u0))
    assert box is not None  # a bounded activation bounds the map
    assert question.form is not None
    gain = float(np.abs(question.form.B).max())  # sizes in units in which the input moves the state by about 1
    pushes = [problem(question.map, question.point, sign * s, sign * r / gain, question.B) for sign in (1.0, -1.0)]
    try:
        ways = [(threshold(push, question.steps), push) for push in pushes if not is_extreme(push, box)]
    except Undecided:
        return unavailable(question)
    if not ways:
        return answer(question, EscapeOutcome.MONOSTABLE, np.inf, np.inf, "the extreme orbits of a monotone map meet here")
    easiest, push = min(ways, key=lambda way: way[0].escaping)
    easiest = easiest._replace(safe=easiest.safe / gain, escaping=easiest.escaping / gain)
    push = push._replace(d=push.d * gain)
    if np.isinf(easiest.escaping):
        return answer(question, EscapeOutcome.UNREACHABLE, np.inf, np.inf, easiest.by)
    return answer(question, EscapeOutcome.EXACT, easiest.safe, easiest.escaping, easiest.by, _constant(easiest, push))


def _is_output(question: Question) -> bool:
    """Whether the state is the output of the unit, not its activation."""
    return coordinates(question.map) != AdditiveNetwork.coordinates


def _reads_output(question: Question) -> bool:
    """Whether the disturbance is added to the output of the unit, where the closed forms do not hold."""
    return question.B is not None and _is_output(question)


def _constant(way: Direction, push: Problem) -> Array | None:
    """The escaping input as a sequence: the extreme input of the size just above the threshold, at every step."""
    if way.steps is None:
        return None
    size = way.escaping * (1.0 + EXCESS) if way.escaping == way.safe else way.escaping
    return np.broadcast_to(size * push.d, (way.steps, len(push.d)))


def unavailable(question: Question) -> EscapeThreshold:
    """No bound yet."""
    return answer(question, EscapeOutcome.UNAVAILABLE, 0.0, np.inf, "")


def answer(
    question: Question, outcome: EscapeOutcome, lower: float, upper: float, by: str, witness: Array | None = None
) -> EscapeThreshold:
    """The record. A witness is replayed by the independent simulator first: one that fails takes the result with it."""
    destination = None
    if witness is not None:
        landing = replay(question.map, question.point, witness, norm=question.norm, input_matrix=question.B)
        if landing.returned:
            return unavailable(question)
        destination = landing.state
    assert lower <= upper
    return EscapeThreshold(
        lower=lower,
        upper=upper,
        exact=outcome is EscapeOutcome.EXACT,
        outcome=outcome,
        witness=witness,
        destination=destination,
        lower_method=by,
        upper_method=by,
        attractor=question.point,
        norm=question.norm,
        steps=question.steps,
        coordinates=coordinates(question.map),
    )
