"""Truncated back-propagation: errors flow within a step, and back in time only along connections that are not trained.

A trained connection with a delay still learns, `dC/dw_ij = sum_t d_i(t) s_j(t - delay)`, but hands no error back. This is one
definition of two published rules:

* for a net with a constant error carousel, the truncated gradient of Hochreiter and Schmidhuber (1997): an error that arrives
  at the total input of a gate or cell is not followed further, one inside a cell is, forever;
* for Elman's net (1990), his training one step back: the hidden units' last outputs are taken as an input.

It costs no more than the forward run. It is not the gradient of the cost: `gradient_decay`, `audit` and the monitor see the
whole one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import clear, descend, gather
from dynlatch.lanes.show import present
from dynlatch.lanes.trace import glance
from dynlatch.lanes.wiring import Wiring, backward, gradient
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_slopes
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, count, positive_number


@dataclass(frozen=True)
class TruncatedBackPropagation:
    """Descent along the truncated gradient of each sequence as it is shown, or of several at a time.

    Parameters
    ----------
    eta : float, optional
        Learning rate; None takes the value for the task from `presets`.
    momentum : float
        Share of the last change that is added to this one.
    batch : int
        Sequences whose gradients are summed before a step.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import TruncatedBackPropagation
    >>> TruncatedBackPropagation(eta=1.0).batch
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
            model.cell(), truncated(model.cell()), theta, show.lanes, show.work, *state, np.empty_like(theta),
            np.empty_like(show.work.live), self.eta, self.momentum, self.batch,
        )  # fmt: skip


@kernel
def learn(net, kept, theta, show, work, change, total, g, due, eta, momentum, batch):  # type: ignore[no-untyped-def]
    """Sequence by sequence, until every lane sleeps; errors go back through the wiring `kept`."""
    steps = present(net, theta, show, work)
    while steps > 0:
        glance(net, theta, steps, show, work)
        backward(kept, theta, steps, work.s, work.d)
        gradient(net, steps, work.s, work.d, g)
        gather(total, g, work.live, show.presentations, batch, due)
        descend(theta, change, total, eta, momentum, net.trained, due)
        clear(total, due)
        steps = present(net, theta, show, work)


def truncated(net: Wiring) -> Wiring:
    """The wiring without the ways back that errors do not take: only the arrays of the sweep back are changed."""
    leaving, departing = _kept(net.leaving, net.departing, net.trained)
    gated_leaving, gated_departing = _kept(net.gated_leaving, net.gated_departing, net.trained)
    return net._replace(leaving=leaving, departing=departing, gated_leaving=gated_leaving, gated_departing=gated_departing)


def _kept(leaving: NDArray[np.int64], departing: NDArray[np.int64], trained: int) -> tuple[NDArray[np.int64], ...]:
    """Of what units send (weight, target, delay, ...), that within a step and that by constants."""
    kept = (departing[:, 0] >= trained) | (departing[:, 2] == 0)
    before = np.concatenate([[0], np.cumsum(kept)])
    return before[leaving], np.ascontiguousarray(departing[kept])
