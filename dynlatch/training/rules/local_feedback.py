"""Back-propagation for sequences (BPS): networks whose only recurrence is each unit's connection to itself.

A unit `x_i(t) = f_i(w_i x_i(t-1) + sum_j w_ij s_j(t))` keeps the traces of its own weights,

    z_ij(t) = w_i f_i'(t-1) z_ij(t-1) + s_j(t),    dC/dw_ij = sum_t d_i(t) z_ij(t),

and the errors d_i(t) are passed back within step t only. Gori, Bengio and De Mori (1989). Time and room are those of the
weights, whatever the length; the result is the gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.descent import descend
from dynlatch.lanes.show import present
from dynlatch.lanes.trace import glance
from dynlatch.lanes.traces import traced_gradient, tracks
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_plain_sums, needs_slopes
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, positive_number


@dataclass(frozen=True)
class LocalFeedback:
    """Gradient descent by traces that are local in time and space.

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
    >>> from dynlatch.training.models import Dense
    >>> from dynlatch.training.rules import LocalFeedback
    >>> from dynlatch.training.tasks import TwoSequence
    >>> print(LocalFeedback(eta=0.1).refuses(Dense(5), TwoSequence(T=10)))
    LocalFeedback needs units that are connected to themselves only; Dense has other loops: take LocalFeedbackNet or LatchNet.
    """

    eta: float | None = None
    momentum: float = 0.0

    def __post_init__(self) -> None:
        if self.eta is not None:
            positive_number("eta", self.eta)
        share("momentum", self.momentum)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        if (refused := needs_slopes(self, model) or needs_plain_sums(self, model)) is not None:
            return refused
        found = tracks(model.cell())
        if found is not None and np.all(found.through < 0):
            return None
        return (
            f"{type(self).__name__} needs units that are connected to themselves only; {type(model).__name__} has other loops: "
            "take LocalFeedbackNet or LatchNet."
        )

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.zeros_like(theta),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        net = model.cell()
        room = np.empty_like(theta), np.empty((len(net.weight), theta.shape[1]))
        learn(net, tracks(net), theta, show.lanes, show.work, *state, *room, self.eta, self.momentum)


@kernel
def learn(net, tracks, theta, show, work, change, g, z, eta, momentum):  # type: ignore[no-untyped-def]
    """Sequence by sequence, until every lane sleeps."""
    steps = present(net, theta, show, work)
    while steps > 0:
        glance(net, theta, steps, show, work)
        traced_gradient(net, tracks, theta, steps, work.s, work.d, z, g)
        descend(theta, change, g, eta, momentum, net.trained, work.live)
        steps = present(net, theta, show, work)
