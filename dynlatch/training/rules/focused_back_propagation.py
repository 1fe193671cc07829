"""Focused back-propagation: context units that add up what feed-forward units say, and forget it slowly.

With `c_i(t) = v_i c_i(t-1) + f(net_i(t))` and net_i from the inputs only, the traces

    alpha_ij(t) = v_i alpha_ij(t-1) + f'(net_i(t)) s_j(t),    beta_i(t) = v_i beta_i(t-1) + c_i(t-1)

give `dC/dw_ij = sum_t d_i(t) alpha_ij(t)` and `dC/dv_i = sum_t d_i(t) beta_i(t)` from the errors d_i(t) at the context units,
passed back within step t only. Mozer (1989). It is BPS (`local_feedback`) with a layer below the loops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.traces import tracks
from dynlatch.lanes.units import LINEAR
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_plain_sums, needs_slopes
from dynlatch.training.rules.local_feedback import learn
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, positive_number


@dataclass(frozen=True)
class FocusedBackPropagation:
    """Gradient descent for networks with context units.

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
    >>> from dynlatch.training.rules import FocusedBackPropagation
    >>> FocusedBackPropagation(eta=0.1).momentum
    0.0
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
        net = model.cell()
        found = tracks(net)
        if found is not None and np.all(net.kinds[found.loop >= 0] == LINEAR):
            return None
        return (
            f"{type(self).__name__} needs linear context units over feed-forward ones; {type(model).__name__} has other loops: "
            "take FocusedNet."
        )

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.zeros_like(theta),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        net = model.cell()
        room = np.empty_like(theta), np.empty((len(net.weight), theta.shape[1]))
        learn(net, tracks(net), theta, show.lanes, show.work, *state, *room, self.eta, self.momentum)
