"""Back-propagation through time, `W <- W - eta dC/dW`.

Rumelhart, Hinton and Williams (1986); the gradient method of Bengio, Simard and Frasconi (1994), section V.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import clear, descend, gather
from dynlatch.lanes.show import present
from dynlatch.lanes.trace import send_back
from dynlatch.lanes.wiring import gradient
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_slopes
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, count, positive_number


@dataclass(frozen=True)
class BackPropagation:
    """Gradient descent on the cost of each sequence as it is shown, or of several at a time.

    Parameters
    ----------
    eta : float, optional
        Learning rate; None takes the value for the task from `presets`.
    momentum : float
        Share of the last change that is added to this one.
    batch : int
        Sequences whose gradients are summed before a step: 1 is on-line, the size of the training set is batch learning.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import BackPropagation
    >>> BackPropagation(eta=0.1).batch
    1
    """

    eta: float | None = None
    momentum: float = 0.0
    batch: int = 1

    def __post_init__(self) -> None:
        if self.eta is not None:
            positive_number("eta", self.eta)
        share("momentum", self.momentum)
        count("batch", self.batch, least=1)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_slopes(self, model)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return np.zeros_like(theta), np.zeros_like(theta)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        learn(
            model.cell(), theta, show.lanes, show.work, *state, np.empty_like(theta), np.empty_like(show.work.live),
            self.eta, self.momentum, self.batch,
        )  # fmt: skip


@kernel
def learn(net, theta, show, work, change, total, g, due, eta, momentum, batch):  # type: ignore[no-untyped-def]
    """Sequence by sequence, until every lane sleeps."""
    steps = present(net, theta, show, work)
    while steps > 0:
        send_back(net, theta, steps, show, work)
        gradient(net, steps, work.s, work.d, g)
        gather(total, g, work.live, show.presentations, batch, due)
        descend(theta, change, total, eta, momentum, net.trained, due)
        clear(total, due)
        steps = present(net, theta, show, work)
