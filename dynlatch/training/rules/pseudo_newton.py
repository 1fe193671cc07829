"""The pseudo-Newton rule, `W <- W - eta g / (h + mu)`, with `g = sum_t dC/dw_t` and `h = sum_t d2C/dw_t^2`.

Becker and LeCun (1988), on line; h is the diagonal of the Gauss-Newton matrix, recomputed for each sequence and never negative.
Bengio, Simard and Frasconi (1994), section V.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import descend
from dynlatch.lanes.instances import bend, summed_curvature
from dynlatch.lanes.show import present
from dynlatch.lanes.trace import send_back
from dynlatch.lanes.wiring import curvature, gradient
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_slopes
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, positive_number


@dataclass(frozen=True)
class PseudoNewton:
    """Steps that are longer where the cost is flat.

    Parameters
    ----------
    eta : float, optional
        Learning rate; None takes the value for the task from `presets`.
    mu : float, optional
        Added to the curvature: the step is never longer than `eta / mu` times the gradient. None takes it from `presets`.
    momentum : float
        Share of the last change that is added to this one.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import PseudoNewton
    >>> PseudoNewton(eta=0.1, mu=0.1).momentum
    0.0
    """

    eta: float | None = None
    mu: float | None = None
    momentum: float = 0.0

    def __post_init__(self) -> None:
        for name in ("eta", "mu"):
            if getattr(self, name) is not None:
                positive_number(name, getattr(self, name))
        share("momentum", self.momentum)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        return needs_slopes(self, model)

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.zeros_like(theta),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        learn(
            model.cell(), theta, show.lanes, show.work, *state, *np.empty((2, *theta.shape)), self.eta, self.mu, self.momentum
        )


@kernel
def learn(net, theta, show, work, change, g, h, eta, mu, momentum):  # type: ignore[no-untyped-def]
    """Sequence by sequence, until every lane sleeps."""
    steps = present(net, theta, show, work)
    while steps > 0:
        send_back(net, theta, steps, show, work)
        bend(net, steps, show, work)
        curvature(net, theta, steps, work.s, work.h)
        gradient(net, steps, work.s, work.d, g)
        summed_curvature(net, steps, work.s, work.h, h)
        descend(theta, change, g / (h + mu), eta, momentum, net.trained, work.live)
        steps = present(net, theta, show, work)
