"""Back-propagation with clipped gradients: `g <- g threshold / |g|` where |g| is above the threshold, `W <- W - eta g`.

Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks", algorithm 1. It answers gradients
that explode; those that vanish stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import descend
from dynlatch.lanes.show import present
from dynlatch.lanes.trace import send_back
from dynlatch.lanes.wiring import gradient
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_slopes
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, positive_number


@dataclass(frozen=True)
class ClippedBackPropagation:
    """Gradient descent with steps no longer than `eta threshold`.

    Parameters
    ----------
    eta : float, optional
        Learning rate; None takes the value for the task from `presets`.
    threshold : float
        The largest norm of a gradient, over all trained weights.
    momentum : float
        Share of the last change that is added to this one.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import ClippedBackPropagation
    >>> ClippedBackPropagation(eta=0.1).threshold
    1.0
    """

    eta: float | None = None
    threshold: float = 1.0
    momentum: float = 0.0

    def __post_init__(self) -> None:
        if self.eta is not None:
            positive_number("eta", self.eta)
        object.__setattr__(self, "threshold", positive_number("threshold", self.threshold))
        share("momentum", self.momentum)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_slopes(self, model)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.zeros_like(theta),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        room = np.empty_like(theta)
        learn(model.cell(), theta, show.lanes, show.work, *state, room, self.eta, self.threshold, self.momentum)


@kernel
def learn(net, theta, show, work, change, g, eta, threshold, momentum):  # type: ignore[no-untyped-def]
    """Sequence by sequence, until every lane sleeps."""
    steps = present(net, theta, show, work)
    while steps > 0:
        send_back(net, theta, steps, show, work)
        gradient(net, steps, work.s, work.d, g)
        clip(g, net.trained, threshold)
        descend(theta, change, g, eta, momentum, net.trained, work.live)
        steps = present(net, theta, show, work)


@kernel
def clip(g, trained, threshold):  # type: ignore[no-untyped-def]
    """Scale every lane of g (P, L) whose norm over the trained weights is above the threshold to that norm."""
    for lane in range(g.shape[1]):
        largest = 0.0
        for p in range(trained):
            largest = max(largest, abs(g[p, lane]))
        if not largest > 0.0:
            continue
        square = 0.0
        for p in range(trained):  # scaled, so that the squares of an exploding gradient stay finite
            square += (g[p, lane] / largest) ** 2
        norm = largest * math.sqrt(square)
        if norm > threshold:
            for p in range(trained):
                g[p, lane] = g[p, lane] / norm * threshold
