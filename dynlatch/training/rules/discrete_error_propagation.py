"""Discrete error propagation: desired changes go back through units that have no derivative.

Bengio, Simard and Frasconi (1994), section V; Bengio and Frasconi (1994). A threshold unit is y = sign(a), a = sum_j w_j s_j.

1. g is the change of an output that is desired: at the end `target - y` of a wrong answer, before that what the units that
   read the output send back.
2. The change that is asked for is one of the two that the unit can make, drawn at random so that its mean is g:
   Dy = +2 with probability (g + 2) / 4, otherwise -2; or, three-valued, Dy = 2 sign(g) with probability |g| / 2, otherwise 0
   (g cut to [-2, 2]). Nothing is asked where g = 0, or where the unit already has the sign that is asked for.
3. The total input takes Dy to q: the step that just flips the unit, q = -a + eps sign(Dy), or the slope that a finite
   difference gives, q = sign(Dy) 2 / (eps + |a|).
4. `w_j += eta q s_j` (by step: / fan-in, so that eta = 1 flips a unit of +-1 inputs), and `w_j q` is sent to the source of s_j.

Where a unit has a derivative, q = f'(a) g, and w_j q is sent: the chain rule. Weights change after wrong answers only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import LARGEST
from dynlatch.lanes.gates import OVERFLOW
from dynlatch.lanes.random import states, uniform
from dynlatch.lanes.show import present
from dynlatch.lanes.units import THRESHOLD, slope
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_classes, needs_plain_sums
from dynlatch.validation import Array, positive_number, word


class Discretisation(StrEnum):
    """The changes that a threshold unit may be asked for."""

    TWO_VALUED = "two-valued"
    THREE_VALUED = "three-valued"

    @property
    def sentence(self) -> str:
        return {
            Discretisation.TWO_VALUED: "+2 or -2: a weak wish is answered by a change in a random direction.",
            Discretisation.THREE_VALUED: "+2, 0 or -2: a weak wish is answered by a rare change.",
        }[self]


class Slope(StrEnum):
    """What the total input of a threshold unit makes of the change it is asked for."""

    STEP = "step"
    GRADIENT = "gradient"

    @property
    def sentence(self) -> str:
        return {
            Slope.STEP: "The change that just flips the unit.",
            Slope.GRADIENT: "The slope 2 / (eps + |a|) of the finite difference.",
        }[self]


class Feedback(StrEnum):
    """What a unit sends back to the sources of its input."""

    PLAIN = "plain"
    NORMALISED = "normalised"

    @property
    def sentence(self) -> str:
        return {
            Feedback.PLAIN: "w_j q, as back-propagation does.",
            Feedback.NORMALISED: "w_j q / sum_k w_k^2 over the units read: the smallest changes that together make q.",
        }[self]


@dataclass(frozen=True)
class DiscreteErrorPropagation:
    """Training of threshold units, alone or mixed with units that have derivatives.

    Parameters
    ----------
    eta : float, optional
        Learning rate; this and the other settings left None take their values for the task from `presets`.
    margin : float, optional
        eps: how far beyond its threshold a flipped unit should be, positive.
    discretisation : Discretisation, optional
    slope : Slope, optional
    feedback : Feedback, optional

    Raises
    ------
    InvalidInput
        If eta or the margin is not positive, or on unknown words.

    Examples
    --------
    >>> from dynlatch.training.rules import DiscreteErrorPropagation
    >>> DiscreteErrorPropagation(eta=0.3, slope="gradient").slope
    <Slope.GRADIENT: 'gradient'>
    """

    eta: float | None = None
    margin: float | None = None
    discretisation: Discretisation | None = None
    slope: Slope | None = None
    feedback: Feedback | None = None

    def __post_init__(self) -> None:
        for name in ("eta", "margin"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, positive_number(name, getattr(self, name)))
        for name, words in (("discretisation", Discretisation), ("slope", Slope), ("feedback", Feedback)):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, word(name, getattr(self, name), words))

    def refuses(self, model: Architecture, task: Task) -> str | None:
        refused = needs_plain_sums(self, model) or needs_classes(self, task)
        if refused is None and THRESHOLD not in model.cell().kinds:
            name = type(model).__name__
            return f"DiscreteErrorPropagation trains threshold units, and this {name} has none: take units='threshold'."
        return refused

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.ascontiguousarray(states(streams).T),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        random = np.ascontiguousarray(state[0].T)
        learn(
            model.cell(), theta, show.lanes, show.work, random, self.eta, self.margin,
            self.discretisation == Discretisation.TWO_VALUED, self.slope == Slope.STEP, self.feedback == Feedback.NORMALISED,
        )  # fmt: skip
        state[0][:] = random.T


@kernel
def learn(net, theta, show, work, random, eta, margin, two_valued, by_step, normalised):  # type: ignore[no-untyped-def]
    """Sequence by sequence, until every lane sleeps."""
    change = np.empty(net.trained)
    while present(net, theta, show, work) > 0:
        for lane in range(theta.shape[1]):
            if work.live[lane] == 0.0 or not work.wrong[lane]:
                continue
            wish(net, show.criterion.amplitude, work, lane)
            change[:] = 0.0
            send_back(net, theta, work, lane, random, change, margin, two_valued, by_step, normalised)
            for p in range(net.trained):
                theta[p, lane] = min(max(theta[p, lane] + eta * change[p], -LARGEST), LARGEST)


@kernel
def wish(net, amplitude, work, lane):  # type: ignore[no-untyped-def]
    """d of the lane: the desired change of the output at the end, 0 elsewhere."""
    end, target = work.length[lane], work.target[lane]
    for t in range(end + 1):
        for i in range(net.kinds.size):
            work.d[t, i, lane] = 0.0
    aim = target if net.kinds[net.output] == THRESHOLD else amplitude * target
    work.d[end, net.output, lane] = aim - work.s[end, net.output, lane]


@kernel
def send_back(net, theta, work, lane, random, change, margin, two_valued, by_step, normalised):  # type: ignore[no-untyped-def]
    """From the end to the start: desired changes of outputs in d become changes of the weights."""
    kinds, first, source, weight, delay = net.kinds, net.first, net.source, net.weight, net.delay
    s, a, d, n = work.s, work.a, work.d, net.kinds.size
    for t in range(work.length[lane], 0, -1):
        for i in range(n - 1, -1, -1):
            g = d[t, i, lane]
            if g == 0.0:
                continue
            rate, size = 1.0, 1.0
            if kinds[i] == THRESHOLD:
                asked = draw(g, random, lane, two_valued)
                q = flipping(asked, a[t, i, lane], margin, by_step)
                rate = 1.0 / (first[i + 1] - first[i]) if by_step else 1.0
            else:
                q = slope(kinds[i], s[t, i, lane]) * g
            if q == 0.0:
                continue
            if normalised and kinds[i] == THRESHOLD:
                size = 0.0
                for e in range(first[i], first[i + 1]):
                    size += theta[weight[e], lane] ** 2 if source[e] < n else 0.0
            for e in range(first[i], first[i + 1]):
                p, j, before = weight[e], source[e], max(t - delay[e], 0)
                if p < net.trained:
                    change[p] += rate * q * s[before, j, lane]
                if j < n and size > 0.0:
                    sent = d[before, j, lane] + theta[p, lane] * q / size
                    d[before, j, lane] = min(max(sent, -OVERFLOW), OVERFLOW)


@kernel
def draw(g, random, lane, two_valued):  # type: ignore[no-untyped-def]
    """The discrete change that is asked for, with mean g cut to [-2, 2]."""
    g = min(max(g, -2.0), 2.0)
    drawn = uniform(random, lane)
    if two_valued:
        return 2.0 if drawn < 0.25 * (g + 2.0) else -2.0
    return np.sign(g) * 2.0 if drawn < 0.5 * abs(g) else 0.0


@kernel
def flipping(asked, a, margin, by_step):  # type: ignore[no-untyped-def]
    """The change of the total input a for the change of the output that is asked for; 0 if the unit has that sign already."""
    if asked == 0.0 or (asked > 0.0) == (a >= 0.0):
        return 0.0
    sign = 0.5 * asked
    return margin * sign - a if by_step else sign * 2.0 / (margin + abs(a))
