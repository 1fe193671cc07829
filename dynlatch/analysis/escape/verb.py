"""The verb `escape_threshold`: exact theory where there is one, else the best of the lower and of the upper bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.escape.exact import ExactAnswer, exact_threshold
from dynlatch.analysis.escape.lower import lower_bound
from dynlatch.analysis.escape.lower.whole_space import attracts_everything
from dynlatch.analysis.escape.question import LowerBound, Question, UpperBound, ask, size
from dynlatch.analysis.escape.result import EscapeOutcome, EscapeThreshold
from dynlatch.analysis.escape.upper.bound import upper_bound
from dynlatch.analysis.escape.upper.jumps import jump
from dynlatch.analysis.escape.witness import replay
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates
from dynlatch.progress import stages
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array, positive_number

EFFORTS = ("default", "high")
AFTERMATH = 60  # steps of silence kept in the path after the witness
CLOSED = 0.97  # ratio of the bounds below which the reachable set is searched for a jump
OUTCOMES = {  # by whether there is a proof, and whether an escape
    (True, True): EscapeOutcome.BRACKET,
    (True, False): EscapeOutcome.NO_ESCAPE_FOUND,
    (False, True): EscapeOutcome.NOTHING_PROVED,
    (False, False): EscapeOutcome.UNKNOWN,
}


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
    generator_ = generator(rng)
    with stages(3, shown=progress) as enter:
        enter("inputs that escape")
        upper = upper_bound(question, effort=effort, rng=generator_, time_budget=budget)
        enter("proof that none smaller does")
        lower = lower_bound(question, np.inf if upper is None else upper.value, effort)
        found = _bracket(question, lower, upper)
        enter("jumps of the reachable set")
        seeks = effort == "high" and found.outcome is EscapeOutcome.BRACKET and steps is None and found.ratio < CLOSED
        place = jump(question, found.lower, found.upper, rng=generator_) if seeks else None
    return found if place is None else replace(found, jump=place)


def exact_escape_threshold(map: Map, attractor: Any) -> EscapeThreshold | None:
    """The threshold where theory gives it at once; None where only a bracket, which takes seconds, can be had."""
    question = ask(map, attractor)
    answer = exact_threshold(question)
    return None if answer is None else _exact(question, answer)


def _exact(question: Question, answer: ExactAnswer) -> EscapeThreshold:
    run = None if answer.witness is None else _run(question, answer.witness)
    return _record(question, EscapeOutcome(answer.reason), answer.value, answer.value, answer.method, answer.method, run)


def _bracket(question: Question, lower: LowerBound | None, upper: UpperBound | None) -> EscapeThreshold:
    """The record of two bounds; a sequence that the independent simulator does not confirm is no bound."""
    run = None if upper is None else _run(question, upper.inputs)
    below, proof = (0.0, "") if lower is None else (lower.value, lower.method)
    above, search = (np.inf, "") if upper is None or run is None else (size(upper.inputs, question.norm), upper.method)
    if below > above:
        raise AssertionError(f"a proof ({proof}: {below!r}) contradicts a simulation ({search}: {above!r}); please report it.")
    return _record(question, OUTCOMES[below > 0.0, run is not None], below, above, proof, search, run)


class Run(NamedTuple):
    """A witness with what it does: the states (T + 1 + tail, n), and where they come to rest."""

    inputs: Array
    path: Array
    destination: Array


def _run(question: Question, inputs: Array) -> Run | None:
    """The replay of a sequence; None if the state comes back after it."""
    landing = replay(question.system, question.attractor.points, inputs)
    if landing.returned:
        return None
    after = [landing.path[-1]]
    for _ in range(AFTERMATH):
        after.append(question.system.step(after[-1]))
    return Run(inputs, np.concatenate([landing.path, after[1:]]), landing.state)


def _record(
    question: Question,
    outcome: EscapeOutcome,
    lower: float,
    upper: float,
    lower_method: str,
    upper_method: str = "",
    run: Run | None = None,
) -> EscapeThreshold:
    return EscapeThreshold(
        lower=lower,
        upper=upper,
        exact=outcome is EscapeOutcome.EXACT,
        outcome=outcome,
        witness=None if run is None else run.inputs,
        destination=None if run is None else run.destination,
        path=None if run is None else run.path,
        jump=None,
        lower_method=lower_method,
        upper_method=upper_method,
        attractor=question.attractor.point,
        norm=question.norm,
        steps=question.steps,
        disturbance="constant" if question.constant else "sequence" if question.steps != 1 else "impulse",
        coordinates=coordinates(question.system),
    )
