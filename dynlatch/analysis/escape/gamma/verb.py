"""The verb `gamma_threshold`."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.analysis.escape.gamma.frame import Frame, frames_of, setting_of
from dynlatch.analysis.escape.gamma.lower import lower_bound
from dynlatch.analysis.escape.gamma.result import GammaOutcome, GammaThreshold
from dynlatch.analysis.escape.gamma.search import constant_threshold, leaves, upper_bound
from dynlatch.analysis.escape.gamma.unit import exact_unit, unit_witness
from dynlatch.analysis.escape.question import LowerBound, Question, UpperBound, ask
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array

EFFORTS = ("default", "high")
SCALAR = "exact scalar theory: the critical point in closed form"


def gamma_threshold(
    map: Map,
    attractor: Any,
    *,
    norm: float = np.inf,
    input_matrix: Any = None,
    steps: int | None = None,
    effort: str = "default",
    rng: Rng = None,
) -> GammaThreshold:
    """Largest b such that under every input sequence with `|u_t| <= b` from `attractor`, every step shrinks gradients.

    Step t has size `|S_{t+1} M'(a_t, u_{t+1}) S_t^-1|_2` in a norm `|S_j v|_2` adapted to the attractor. As long as all sizes
    are below 1, and a_t stays in a compact set, as it does below the threshold, `|da_t/da_0| <= cond(S) lambda^t` with
    lambda < 1: the corrected form of Theorem 4 of Bengio, Simard and Frasconi. With eigenvalues in place of a norm, or
    with factors that approach 1, that theorem is false.

    The threshold depends on the norm. It is the adapted norm, of a few rates (see `adapted_metrics`), that constant inputs
    take longest to leave; the record says which. The answer is a bracket: `lower` is proved, rounding included, for input
    sequences of any length (so for `steps` too); `upper` comes with inputs that lead to a step of size 1 or more, found again
    by a plain simulation. One tanh or logistic unit that excites itself has u*_Gamma in closed form; where it latches this
    is u*.

    Parameters
    ----------
    map : SmoothMap
        Lower bounds need interval bounds on its Jacobian; the tight ones an additive, leaky or Elman net.
    attractor : array_like, shape (n,) or (p, n), or member of a result
        A fixed point or cycle, polished by Newton's method.
    norm : {inf, 2}
        How the size of the input at one time is measured.
    input_matrix : array_like, shape (n, m), optional
        None: the disturbance enters as the map's own input. Given B, it is added to the state, `a' = M(a) + B u`.
    steps : int, optional
        Inputs act during this many steps only; None is without limit.
    effort : {"default", "high"}
    rng : int, Generator or None
        Of the search.

    Returns
    -------
    GammaThreshold

    Raises
    ------
    InvalidInput
        On wrong shapes, an unknown norm or effort, an input that reaches nothing.
    NotAttracting
        If the point is not attracting.
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Bengio, Y., Simard, P. and Frasconi, P. (1994), Learning long-term dependencies with gradient descent is difficult.
       IEEE Trans. Neural Networks 5(2), Theorem 4.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> neuron = dl.LatchNeuron(2.0)
    >>> up = analysis.fixed_points(neuron).attractors[1]
    >>> round(analysis.gamma_threshold(neuron, up).lower, 12)
    0.532839975354
    """
    if effort not in EFFORTS:
        raise InvalidInput(f"`effort` must be one of {', '.join(EFFORTS)}; got {effort!r}.")
    question = ask(map, attractor, norm, input_matrix, steps)
    setting = setting_of(question)
    frames = frames_of(setting)
    if setting.form is not None and question.steps is None:
        exact = exact_unit(setting.form, setting.attractor, question.norm)
        if exact is not None:
            return _exact(question, frames[0], exact)
    random = generator(rng)
    frame = max(frames, key=lambda one: constant_threshold(one, question.steps, random.spawn(1)[0]))
    upper = upper_bound(frame, question.steps, effort, random)
    lower = lower_bound(frame, np.inf if upper is None else upper.value, effort)
    return _bracket(question, frame, lower, upper)


def _exact(question: Question, frame: Frame, value: float) -> GammaThreshold:
    form = frame.setting.form
    assert form is not None
    if np.isinf(value):
        return _record(question, frame, GammaOutcome.NEVER_LEAVES, LowerBound(value, SCALAR), UpperBound(value, _none(), ""))
    inputs = unit_witness(form, frame.setting.attractor, question.norm, value)
    witness = UpperBound(value, _none() if inputs is None else inputs, SCALAR)
    return _record(question, frame, GammaOutcome.EXACT, LowerBound(value, SCALAR), witness)


def _none() -> Array:
    return np.empty((0, 0))


def _bracket(question: Question, frame: Frame, lower: LowerBound | None, upper: UpperBound | None) -> GammaThreshold:
    if lower is not None and upper is not None and lower.value > upper.value:
        raise AssertionError(
            f"a proof ({lower.method}: {lower.value!r}) contradicts a simulation ({upper.method}: {upper.value!r}); "
            "please report."
        )
    if lower is not None and np.isinf(lower.value):
        outcome = GammaOutcome.NEVER_LEAVES
    elif lower is None:
        outcome = GammaOutcome.UNKNOWN if upper is None else GammaOutcome.NOTHING_PROVED
    else:
        outcome = GammaOutcome.NO_EXIT_FOUND if upper is None else GammaOutcome.BRACKET
    return _record(question, frame, outcome, lower or LowerBound(0.0, ""), upper or UpperBound(np.inf, _none(), ""))


def _record(question: Question, frame: Frame, outcome: GammaOutcome, lower: LowerBound, upper: UpperBound) -> GammaThreshold:
    witness = upper.inputs if upper.inputs.size else None
    path, sizes, found = (None, None, None) if witness is None else _run(frame, witness)
    return GammaThreshold(
        lower=lower.value,
        upper=upper.value,
        exact=outcome is GammaOutcome.EXACT,
        outcome=outcome,
        witness=witness,
        path=path,
        step_sizes=sizes,
        exit=found,
        factors=frame.factors,
        lower_method=lower.method,
        upper_method=upper.method,
        attractor=frame.setting.attractor.points,
        norm=question.norm,
        steps=question.steps,
        coordinates=frame.setting.coordinates,
    )


def _run(frame: Frame, witness: Array) -> tuple[Array, Array, Array]:
    """States and sizes of steps under the witness, and the state where it leaves Gamma."""
    states = [frame.setting.attractor.point]
    for u in witness:
        states.append(frame.setting.system.step(states[-1], u))
    path = np.stack(states)
    inputs = np.concatenate([witness, np.zeros((1, witness.shape[1]))])
    found = leaves(frame, witness)
    assert found is not None
    return path, frame.sizes(path, np.arange(len(path)), inputs), found.state
