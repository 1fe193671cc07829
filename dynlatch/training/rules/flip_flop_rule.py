"""The rule of the trainable flip-flop: desired changes of states and inputs are found from cases, not from derivatives.

Bengio, Frasconi and Simard (1993), section IV. With x_t = f(x_{t-1}, v_t) (eqs. 7 and 8), the state in {-1, +1} and a wrong
final state, the desired change Df = d - x_T goes back in time (eq. 11),

    Dx = Df if |v| < 1, otherwise 0,

so that it ends at the event: the last step that set the state. On the way the wanted inputs are (eqs. 12 and 13, lost in the
surviving text, reconstructed from eq. 8), for Df = +2, and the mirror image for -2,

    |v| < 1, x < 0   v* = 1 + k     set the state here
    v <= -1, x < 0   v* = 1 + k     set it here instead of resetting it
    v <= -1, x >= 0  v* = -1 + k    do not reset it

Each way is weighted by its probability of being the one: 1/2 for the event, 1/2 for the steps that only kept the state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.flip_flop import FlipFlopCell, run, wanted_input, wanted_state
from dynlatch.lanes.random import states, uniform
from dynlatch.lanes.show import add_noise, awake, count, is_right, next_sequence
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_classes
from dynlatch.validation import Array, positive_number, word

NOTHING, TRAINED, _ = range(3)  # the readings of `Share`, for the kernel
LEAST = 0.01  # w stays above: a flip-flop that no input reaches cannot learn


class Share(StrEnum):
    """What the half of the keeping steps is divided by: the paper's "0.5/n" can be read in three ways."""

    NOTHING = "nothing"
    TRAINED = "trained steps"
    ALL = "all steps"

    @property
    def sentence(self) -> str:
        return {
            Share.NOTHING: "Each keeping step with trained inputs has weight 1/2: learning time does not depend on T.",
            Share.TRAINED: "The weight 1/2 is divided by the number of keeping steps with trained inputs.",
            Share.ALL: "The weight 1/2 is divided by the number of all keeping steps: learning slows down as T grows.",
        }[self]


@dataclass(frozen=True)
class FlipFlopRule:
    """Changes the trained inputs and the input weight w of a flip-flop where its final state was wrong.

    Parameters
    ----------
    k : float
        How far beyond a threshold the wanted input lies, 0 < k < 2 (the positive constants of eq. 13).
    rate : float
        Share of the way to the wanted input that one correction goes, times the weights, cut at the whole way.
    share : Share
        What the weight of the keeping steps is divided by.

    Raises
    ------
    InvalidInput
        If k or the rate is not positive, k is not below 2, or on another share.

    Examples
    --------
    >>> from dynlatch.training.rules import FlipFlopRule
    >>> FlipFlopRule(share="all steps").share.sentence
    'The weight 1/2 is divided by the number of all keeping steps: learning slows down as T grows.'
    """

    k: float = 0.3
    rate: float = 1.0
    share: Share = Share.NOTHING

    def __post_init__(self) -> None:
        object.__setattr__(self, "k", positive_number("k", self.k))
        object.__setattr__(self, "rate", positive_number("rate", self.rate))
        object.__setattr__(self, "share", word("share", self.share, Share))
        if self.k >= 2.0:
            raise InvalidInput(f"`k` must be below 2, the distance of the two thresholds; got {self.k}.")

    def refuses(self, model: Architecture, task: Task) -> str | None:
        if isinstance(model.cell(), FlipFlopCell):
            return needs_classes(self, task)
        return f"FlipFlopRule trains the flip-flop, FlipFlopLatch(); {type(model).__name__} is none."

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.ascontiguousarray(states(streams).T),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        random = np.ascontiguousarray(state[0].T)
        learn(model.cell(), theta, show.lanes, random, self.k, self.rate, list(Share).index(self.share))
        state[0][:] = random.T


@kernel
def learn(cell, theta, show, random, k, rate, share):  # type: ignore[no-untyped-def]
    """Lane after lane, sequence by sequence, until every lane sleeps."""
    lanes, longest = theta.shape[1], show.inputs.shape[2]
    s = np.zeros((longest + 1, cell.inputs, lanes))
    x, v = np.zeros(longest + 1), np.zeros(longest + 1)
    for lane in range(lanes):
        while awake(show, lane):
            which = next_sequence(show, lane)
            length, target = show.lengths[lane, which], show.targets[lane, which]
            for t in range(length):
                for channel in range(cell.inputs):
                    s[t + 1, channel, lane] = show.inputs[lane, which, t, channel]
            add_noise(show, lane, length, s, show.noise.channel)
            x[0] = cell.start
            if cell.start == 0.0:
                x[0] = 1.0 if uniform(random, lane) < 0.5 else -1.0
            run(theta, lane, s, length, x, v)
            right = is_right(show.criterion, x[length], target)
            count(show, lane, right)
            if not right:
                correct(cell.trained - 1, theta, lane, s, length, x, v, target, k, rate, share)


@kernel
def correct(free, theta, lane, s, length, x, v, target, k, rate, share):  # type: ignore[no-untyped-def]
    """Back from the wrong final state to the event, `t`; then the inputs on the way, and the event itself, are changed."""
    df, t, kept, trained, w = target - x[length], length, 0, 0, theta[0, lane]
    while t > 0 and wanted_state(df, x[t - 1], v[t]) != 0.0:
        kept += 1
        trained += 1 if _size(free, s, t, lane) > 0.0 else 0
        t -= 1
    half = 0.5 if t > 0 else 1.0
    among = 1 if share == NOTHING else trained if share == TRAINED else kept
    for quiet in range(t + 1, length + 1):
        dv = wanted_input(df, x[quiet - 1], v[quiet], k)
        _move(free, theta, lane, s, quiet, min(1.0, rate * half / among) * dv / w)
    if t > 0 and _size(free, s, t, lane) > 0.0:
        _move(free, theta, lane, s, t, min(1.0, 0.5 * rate) * wanted_input(df, x[t - 1], v[t], k) / w)
    elif t > 0:  # noise: it should have set nothing, whatever the state before
        theta[0, lane] = max(LEAST, w + min(1.0, 0.5 * rate) * (0.5 * df * (k - 1.0) / v[t] - 1.0) * w)


@kernel
def _size(free, s, t, lane):  # type: ignore[no-untyped-def]
    """The squared length of the inputs at time t whose weights are trained; 0 where there is nothing to train."""
    total = 0.0
    for channel in range(free):
        total += s[t, channel, lane] * s[t, channel, lane]
    return total


@kernel
def _move(free, theta, lane, s, t, du):  # type: ignore[no-untyped-def]
    """The smallest change of trained weights that changes the input at time t by du."""
    size = _size(free, s, t, lane)
    if size > 0.0:
        for channel in range(free):
            theta[1 + channel, lane] += du * s[t, channel, lane] / size
