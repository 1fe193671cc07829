"""Real-time recurrent learning, `W <- W - eta sum_t dC/dx(t) q(t)`, with the influences `q = dx/dW` carried forward in time.

Williams and Zipser (1989). Weights change at the end of a sequence, so that the step is that of back-propagation, up
to rounding: in time O(n E P) a step for P weights and E connections instead of O(E), and without the past being kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import descend
from dynlatch.lanes.influence import carried_gradient, influences
from dynlatch.lanes.show import present
from dynlatch.lanes.trace import glance
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_slopes
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, positive_number


@dataclass(frozen=True)
class RealTimeRecurrentLearning:
    """Gradient descent without looking back.

    Parameters
    ----------
    eta : float, optional
        Learning rate; None takes the value for the task from `presets`.
    momentum : float
        Share of the last change that is added to this one.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import RealTimeRecurrentLearning
    >>> RealTimeRecurrentLearning(eta=0.1).momentum
    0.0
    """

    eta: float | None = None
    momentum: float = 0.0

    def __post_init__(self) -> None:
        if self.eta is not None:
            positive_number("eta", self.eta)
        share("momentum", self.momentum)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_slopes(self, model)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.zeros_like(theta),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        net = model.cell()
        room = np.empty_like(theta), influences(net)
        learn(net, theta, show.lanes, show.work, *state, *room, self.eta, self.momentum)


@kernel
def learn(net, theta, show, work, change, g, q, eta, momentum):  # type: ignore[no-untyped-def]
    """Sequence by sequence, until every lane sleeps."""
    steps = present(net, theta, show, work)
    while steps > 0:
        glance(net, theta, steps, show, work)
        carried_gradient(net, theta, steps, work.s, work.d, q, g)
        descend(theta, change, g, eta, momentum, net.trained, work.live)
        steps = present(net, theta, show, work)
