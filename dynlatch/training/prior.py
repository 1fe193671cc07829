"""Prior knowledge in networks: weights that latch, and proofs that a net computes an automaton.

Bengio, Frasconi and Simard (1993), ICNN, section III.D; Frasconi, Gori, Maggini and Soda (1995), "Unified integration of
explicit knowledge and learning by example in recurrent networks"; Omlin and Giles (1996), "Constructing deterministic
finite-state automata in recurrent neural networks".

The proof is by induction over boxes. A box of states is kept for every state of the automaton. Where the interval image of
each, under every input within the noise of a symbol, lies in the box of the state that follows, strings of all lengths are
followed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from dynlatch.analysis import scalar_latch
from dynlatch.errors import InvalidInput
from dynlatch.networks.wired import WiredNetwork
from dynlatch.training.automata import Automaton
from dynlatch.validation import Array, non_negative_number, positive_number

SIGNS = -1.0, 1.0  # of the input, for symbols 0 and 1
ROUNDS = 60  # of images: boxes that are still growing then grow for ever, or too slowly to be of use
WIDER = 0.01  # by how much of its width a box is widened where it grew, so that growth ends soon
PRECISION = 4e-3  # of the noise that is stood
STRINGS, STEPS = 64, 200  # random strings that a net may fail on
LARGEST = 1e6  # w for inputs of any practical size


def latch_weight(bound: float, activation: str = "tanh") -> float:
    """The least self-connection w with which a unit keeps its bit under every input of size up to `bound`.

    The unit `a' = w f(a) + u` latches for w above 1/f'(0), and keeps its bit exactly if |u| never exceeds u*(w)
    (`analysis.scalar_latch`), which grows with w: the condition that rules become under in Frasconi et al. (1995).

    Parameters
    ----------
    bound : float
        What all other weights together can add, |u|.
    activation : {"tanh", "logistic"}
        Of a logistic unit the bias is taken to be -w/2, which makes its two bits alike.

    Raises
    ------
    InvalidInput
        If the bound is not positive, or the activation another one.

    Examples
    --------
    >>> from dynlatch.training.prior import latch_weight
    >>> round(latch_weight(0.532839975353552), 9)  # u* at w = 2, Fig. 3 of the ICNN paper
    2.0
    """
    positive_number("bound", bound)
    if activation not in ("tanh", "logistic"):
        raise InvalidInput(f"`activation` must be 'tanh' or 'logistic'; got {activation!r}.")
    if activation == "logistic":  # w f(a) - w/2 = (w/2) tanh(a/2): half of everything
        return 4.0 * latch_weight(bound / 2.0)
    return float(brentq(lambda w: scalar_latch(w).thresholds[1] - bound, 1.0 + 1e-9, LARGEST, xtol=1e-13, rtol=1e-14))


@dataclass(frozen=True, eq=False)
class AutomatonProof:
    """What was found about a net and an automaton.

    Attributes
    ----------
    proved : bool
        Whether the net answers every string as the automaton, whatever its length and the noise within the bound.
    noise : float
        How far each input may be from -1 or +1.
    low, high : ndarray, shape (states, n)
        A box for each state of the automaton that holds the net's state after every string that ends there; NaN for states
        that no string reaches.
    margin : float
        The least answer, times its sign: above 0 if proved.
    """

    proved: bool
    noise: float
    low: Array
    high: Array
    margin: float


def prove_automaton(network: WiredNetwork, automaton: Automaton, noise: float = 0.0) -> AutomatonProof:
    """Whether a net answers all strings as an automaton, by boxes that are rounded outward.

    Parameters
    ----------
    network : WiredNetwork
        Of one input, below 0 for symbol 0, and one answer, above 0 for accepted strings. It begins at its `start`.
    automaton : Automaton
        Of two symbols.
    noise : float
        Every input is within so much of -1 or +1.

    Raises
    ------
    InvalidInput
        If the net has another number of inputs or answers, or the noise is negative.

    Examples
    --------
    >>> import numpy as np
    >>> from dynlatch.training.automata import TOMITA
    >>> from dynlatch.training.models import SecondOrderAutomaton
    >>> from dynlatch.training.prior import prove_automaton
    >>> model = SecondOrderAutomaton(TOMITA[4])
    >>> net = model.network(model.initial([np.random.default_rng(0)])[:, 0])
    >>> prove_automaton(net, TOMITA[4], noise=0.1).proved
    True
    """
    _check(network, automaton)
    non_negative_number("noise", noise)
    shape = (automaton.states, network.dim)
    low, high = np.full(shape, np.nan), np.full(shape, np.nan)
    for symbol in range(2):  # the first step begins at a point
        grown = _image(network, network.start, network.start, symbol, noise)
        _join(low, high, automaton.after[automaton.start][symbol], *grown)
    for _ in range(ROUNDS):
        if not _round(network, automaton, noise, low, high):
            margin = _margin(network, automaton, low, high)
            return AutomatonProof(margin > 0.0, noise, low, high, margin)
    return AutomatonProof(False, noise, low, high, _margin(network, automaton, low, high))


def _round(network: WiredNetwork, automaton: Automaton, noise: float, low: Array, high: Array) -> bool:
    """The image of every box, under both symbols, joined to the box that follows; whether any grew."""
    known, grew = np.flatnonzero(~np.isnan(low).any(axis=1)), False
    for symbol in range(2):
        below, above = _image(network, low[known], high[known], symbol, noise)
        for k, state in enumerate(known):
            grew |= _join(low, high, automaton.after[state][symbol], below[k], above[k])
    return grew


def _image(network: WiredNetwork, low: Array, high: Array, symbol: int, noise: float) -> tuple[Array, Array]:
    ends = np.array([SIGNS[symbol] - noise]), np.array([SIGNS[symbol] + noise])
    return network.enclose(low, high, ends)


def _join(low: Array, high: Array, state: int, below: Array, above: Array) -> bool:
    """Let the box of `state` hold [below, above] too; whether it grew."""
    if np.isnan(low[state]).any():
        low[state], high[state] = below, above
        return True
    if np.all(below >= low[state]) and np.all(above <= high[state]):
        return False
    room = WIDER * (np.maximum(high[state], above) - np.minimum(low[state], below))
    low[state] = np.where(below < low[state], below - room, low[state])
    high[state] = np.where(above > high[state], above + room, high[state])
    return True


def _margin(network: WiredNetwork, automaton: Automaton, low: Array, high: Array) -> float:
    answer = int(network.readout.matrix[0].argmax())
    accepting = np.isin(np.arange(automaton.states), automaton.accepting)
    return float(np.nanmin(np.where(accepting, low[:, answer], -high[:, answer])))


class NoiseTolerance(NamedTuple):
    """How much noise on each input a net stands, between two bounds.

    With noise up to `lower` every string is answered as by the automaton (proved). `witness` (T,) are inputs no further than
    `upper` from -1 and +1 after which the answer is wrong; None where none was found, and then `upper` is infinite.
    """

    lower: float
    upper: float
    witness: Array | None


def noise_tolerance(network: WiredNetwork, automaton: Automaton, *, rng: int = 0) -> NoiseTolerance:
    """The largest noise that `prove_automaton` finds harmless, and the least with which a string was found that goes wrong.

    The strings are random, with noise that takes as much as it can off every input.

    Parameters
    ----------
    network, automaton
        As in `prove_automaton`.
    rng : int
        Of the strings.

    Returns
    -------
    NoiseTolerance
        `lower` is 0 where not even clean strings are proved.
    """
    _check(network, automaton)
    strings = np.random.default_rng(rng).integers(2, size=(STEPS, STRINGS))
    lower = _largest(lambda noise: prove_automaton(network, automaton, noise).proved)
    kept = _largest(lambda noise: _failing(network, automaton, strings, noise) is None)
    witness = _failing(network, automaton, strings, kept + PRECISION)
    upper = kept + PRECISION if witness is not None else float("inf")
    assert lower <= upper, "a proof and a counterexample contradict each other"
    return NoiseTolerance(lower, upper, witness)


def _largest(holds: Callable[[float], bool]) -> float:
    """The largest noise in [0, 1] at which something holds, to within PRECISION; 0 if it never does."""
    low, high = 0.0, 1.0
    while high - low > PRECISION:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _failing(network: WiredNetwork, automaton: Automaton, strings: NDArray[np.int64], noise: float) -> Array | None:
    """The inputs, up to the first wrong answer, of the string of `strings` (T, n) that goes wrong first; None if none does."""
    inputs = (2.0 * strings - 1.0) * (1.0 - noise)
    states = np.full(strings.shape[1], automaton.start)
    a, after = np.repeat(network.start[None], len(states), axis=0), np.array(automaton.after)
    for t, symbols in enumerate(strings):
        a, states = network.step(a, inputs[t][:, None]), after[states, symbols]
        accepted = a @ network.readout.matrix[0] > 0.0
        wrong = np.flatnonzero(accepted != np.isin(states, automaton.accepting))
        if len(wrong):
            return np.asarray(inputs[: t + 1, wrong[0]], dtype=np.float64)
    return None


def _check(network: WiredNetwork, automaton: Automaton) -> None:
    if not isinstance(network, WiredNetwork) or network.input_dim != 1 or len(network.readout.matrix) != 1:
        raise InvalidInput(f"a WiredNetwork with one input and one answer is needed; got {network!r}.")
    if automaton.symbols != 2:
        raise InvalidInput(f"one input tells two symbols apart; the automaton has {automaton.symbols}.")
