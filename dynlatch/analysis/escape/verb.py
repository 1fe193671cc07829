"""The verb `escape_threshold`: exact theory where there is one, else the best of the lower and of the upper bounds."""

from __future__ import annotations

from typing import Any

import numpy as np

from dynlatch.analysis.escape.exact import ExactAnswer, exact_threshold
from dynlatch.analysis.escape.lower import lower_bound
from dynlatch.analysis.escape.lower.whole_space import attracts_everything
from dynlatch.analysis.escape.question import LowerBound, Question, UpperBound, ask, size
from dynlatch.analysis.escape.result import EscapeOutcome, EscapeThreshold
from dynlatch.analysis.escape.upper.bound import upper_bound
from dynlatch.analysis.escape.witness import replay
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates, trajectory
from dynlatch.progress import stages
from dynlatch.randomness import Rng
from dynlatch.validation import Array, positive_number

EFFORTS = ("default", "high")
AFTERMATH = 60  # steps of silence kept in the path after the witness
LONGEST_PATH = 100_000  # states of a witness's path beyond which only its end is kept


def escape_threshold(
    map: Map,
    attractor: Any,
    *,
    norm: float = np.inf,
    input_matrix: Any = None,
    steps: int | None = None,
    disturbance: str = "sequence",
    direction: Any = None,
    effort: str = "default",
    time_budget: float | None = None,
    rng: Rng = None,
    progress: bool = False,
) -> EscapeThreshold:
    """Largest b such that no input sequence with `|u_t| <= b` drives the state from `attractor` out of its basin.

    This is McGehee's intensity of attraction; for one tanh neuron it is the u* of Bengio, Simard and Frasconi. Escape means
    that the state does not come back once the input is switched off again. At b = u* itself nothing escapes.

    The answer is a bracket. `lower` is proved, rounding included; `upper` comes with an input sequence that escapes, replayed
    by a separate simulator. Where theory gives the number (one unit; sign-consistent weights under box inputs; their
    anti-monotone twins) both are that number, right to rounding.

    Parameters
    ----------
    map : Map
        Additive, leaky and Elman nets get the tightest lower bounds, gated nets and other maps with interval bounds simpler
        ones, any other map an upper bound only.
    attractor : array_like, shape (n,) or (p, n), or member of a result
        A fixed point or cycle, polished by Newton's method.
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
        Only inputs along this direction, of either sign and changing size.
    effort : {"default", "high"}
        Seconds, or up to about a minute for the last per cent of the bracket.
    time_budget : float, optional
        Seconds for the search of escaping inputs; the best found until then counts.
    rng : int, Generator or None
        Of the search.
    progress : bool
        Whether to draw a progress bar on stderr.

    Returns
    -------
    EscapeThreshold

    Raises
    ------
    InvalidInput
        On wrong shapes, an unknown norm, disturbance or effort, an input that reaches nothing.
    NotAttracting
        If the point is not attracting: an integrator has no attractor, and no threshold.

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
    if effort not in EFFORTS:
        raise InvalidInput(f"`effort` must be one of {', '.join(EFFORTS)}; got {effort!r}.")
    budget = None if time_budget is None else positive_number("time_budget", time_budget)
    question = ask(map, attractor, norm, input_matrix, steps, disturbance, direction)
    exact = exact_threshold(question)
    if exact is not None:
        return _exact(question, exact)
    if attracts_everything(question):
        return _record(question, EscapeOutcome.MONOSTABLE, np.inf, np.inf, "interval images of all states end at the attractor")
    with stages(2, shown=progress) as enter:
        enter("inputs that escape")
        upper = _believed(question, upper_bound(question, effort=effort, rng=rng, time_budget=budget))
        enter("proof that none smaller does")
        lower = lower_bound(question, np.inf if upper is None else upper.value, effort)
    return _bracket(question, lower, upper)


def _exact(question: Question, answer: ExactAnswer) -> EscapeThreshold:
    outcome = EscapeOutcome(answer.reason)
    witness = answer.witness
    if witness is not None and replay(question.system, question.attractor.point, witness).returned:
        witness = None
    return _record(question, outcome, answer.value, answer.value, answer.method, answer.method, witness)


def _believed(question: Question, found: UpperBound | None) -> UpperBound | None:
    """The bound with the norm that its witness has, if the independent simulator confirms that it escapes."""
    if found is None or replay(question.system, question.attractor.point, found.inputs).returned:
        return None
    return found._replace(value=size(found.inputs, question.norm))


def _bracket(question: Question, lower: LowerBound | None, upper: UpperBound | None) -> EscapeThreshold:
    if lower is None and upper is None:
        return _record(question, EscapeOutcome.UNKNOWN, 0.0, np.inf, "")
    if upper is None:
        assert lower is not None
        return _record(question, EscapeOutcome.NO_ESCAPE_FOUND, lower.value, np.inf, lower.method)
    if lower is None:
        return _record(question, EscapeOutcome.NOTHING_PROVED, 0.0, upper.value, "", upper.method, upper.inputs)
    if lower.value > upper.value:
        raise AssertionError(
            f"a proof ({lower.method}: {lower.value!r}) contradicts a simulation ({upper.method}: {upper.value!r}); please report."
        )
    return _record(question, EscapeOutcome.BRACKET, lower.value, upper.value, lower.method, upper.method, upper.inputs)


def _record(
    question: Question,
    outcome: EscapeOutcome,
    lower: float,
    upper: float,
    lower_method: str,
    upper_method: str = "",
    witness: Array | None = None,
) -> EscapeThreshold:
    path, destination = (None, None) if witness is None else _run(question, witness)
    return EscapeThreshold(
        lower=lower,
        upper=upper,
        exact=outcome is EscapeOutcome.EXACT,
        outcome=outcome,
        witness=witness,
        destination=destination,
        path=path,
        jump=np.nan,
        lower_method=lower_method,
        upper_method=upper_method,
        attractor=question.attractor.point,
        norm=question.norm,
        steps=question.steps,
        disturbance="constant" if question.constant else "sequence" if question.steps != 1 else "impulse",
        coordinates=coordinates(question.system),
    )


def _run(question: Question, witness: Array) -> tuple[Array, Array]:
    """The states under the witness and after it, and where they come to rest."""
    silence = np.zeros((AFTERMATH, question.width))
    path = trajectory(question.system, question.attractor.point, np.concatenate([witness, silence]))
    return path[-LONGEST_PATH:], replay(question.system, question.attractor.point, witness).state
