"""Back-propagation through time: `W <- W - eta dC/dW`, with momentum; after every sequence, or after all of them.

Rumelhart, Hinton and Williams (1986); the gradient method of Bengio, Simard and Frasconi (1994), section V.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_slopes
from dynlatch.validation import Array


@dataclass(frozen=True)
class BackPropagation:
    """Gradient descent on the cost of each sequence as it is shown.

    Parameters
    ----------
    eta : float
        Learning rate; None takes the value for the task from `presets`.
    momentum : float
        Share of the last change that is added to this one.
    """

    eta: float | None = None
    momentum: float = 0.0

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_slopes(self, model)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.zeros_like(theta),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        from dynlatch.training.rules.back_propagation_kernel import learn

        learn(model.cell(), theta, show.lanes, show.work, *state, self.eta, self.momentum)
