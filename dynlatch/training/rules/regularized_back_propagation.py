"""Back-propagation that is paid for carrying errors without loss: `W <- W - eta d(C + alpha Omega)/dW`.

    Omega = sum_t (|v(t)| / |d(t+1)| - 1)^2,     v_j(t) = f_j'(a_j(t)) sum_i w_ij d_i(t+1)

over t = 1, ..., T - 1: d(t+1) = dC/da(t+1) at the units that read something one step old, and v(t) what one step of these
connections makes of it. Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks", eq. 9
and 10, with their approximation of its gradient: only the immediate one is taken, d and f' being held constant,

    dOmega/dw_ij = sum_t 2 (|v| / |d| - 1) / (|v| |d|) d_i(t+1) f_j'(a_j(t)) v_j(t).
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
from dynlatch.lanes.units import slope
from dynlatch.lanes.wiring import Wiring, gradient
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.rules.common import needs_slopes
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, non_negative_number, positive_number


@dataclass(frozen=True)
class RegularizedBackPropagation:
    """Gradient descent on the cost of each sequence and on what is lost of the error on its way back.

    Parameters
    ----------
    eta : float, optional
        Learning rate; None takes the value for the task from `presets`.
    alpha : float
        Weight of Omega; 0 is plain back-propagation.
    momentum : float
        Share of the last change that is added to this one.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import RegularizedBackPropagation
    >>> RegularizedBackPropagation(eta=0.1, alpha=0.5).momentum
    0.0
    """

    eta: float | None = None
    alpha: float = 0.01
    momentum: float = 0.0

    def __post_init__(self) -> None:
        if self.eta is not None:
            positive_number("eta", self.eta)
        object.__setattr__(self, "alpha", non_negative_number("alpha", self.alpha))
        share("momentum", self.momentum)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        refused = needs_slopes(self, model)
        if refused is None and not _one_step_back(model.cell()):
            return (
                f"{type(self).__name__} needs plain connections with delays of 0 or 1, and {type(model).__name__} has others "
                "(gated, or longer): take Dense or ElmanNet, or another rule."
            )
        return refused

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        return (np.zeros_like(theta),)

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        room = np.empty_like(theta)
        learn(model.cell(), theta, show.lanes, show.work, *state, room, self.eta, self.alpha, self.momentum)


def _one_step_back(net: Wiring) -> bool:
    return bool(net.delay.max(initial=0) <= 1) and not len(net.gated)


@kernel
def learn(net, theta, show, work, change, g, eta, alpha, momentum):  # type: ignore[no-untyped-def]
    """Sequence by sequence, until every lane sleeps."""
    v = np.empty(net.kinds.size)
    steps = present(net, theta, show, work)
    while steps > 0:
        send_back(net, theta, steps, show, work)
        gradient(net, steps, work.s, work.d, g)
        for lane in range(theta.shape[1]):
            if work.live[lane] > 0.0:
                add_loss(net, theta, work.length[lane], work.s, work.d, alpha, v, g, lane)
        descend(theta, change, g, eta, momentum, net.trained, work.live)
        steps = present(net, theta, show, work)


@kernel
def add_loss(net, theta, length, s, d, alpha, v, g, lane):  # type: ignore[no-untyped-def]
    """`g += alpha dOmega/dW` in one lane; v (n,) is room. Steps where no error arrives, or none is carried on, say nothing."""
    for t in range(1, length):
        scale = largest(net, d, t + 1, lane)  # Omega does not depend on the size of d, which may be 1e-300
        if scale == 0.0:
            continue
        square = carry(net, theta, s, d, t, scale, v, lane)
        if square == 0.0:
            continue
        carried, arrived = math.sqrt(square), math.sqrt(arriving(net, d, t + 1, scale, lane))
        factor = alpha * 2.0 * (carried / arrived - 1.0) / (carried * arrived)
        for e in range(net.weight.size):
            j = net.source[e]
            if net.delay[e] == 1 and net.weight[e] < net.trained:
                through = slope(net.kinds[j], s[t, j, lane])
                g[net.weight[e], lane] += factor * d[t + 1, net.target[e], lane] / scale * through * v[j]


@kernel
def reads_the_past(net, i):  # type: ignore[no-untyped-def]
    """Whether unit i reads something one step old."""
    late = 0
    for e in range(net.first[i], net.first[i + 1]):
        late += net.delay[e] == 1
    return late > 0


@kernel
def largest(net, d, t, lane):  # type: ignore[no-untyped-def]
    """The largest |d_i(t)| of the units that read the past."""
    size = 0.0
    for i in range(net.kinds.size):
        if reads_the_past(net, i):
            size = max(size, abs(d[t, i, lane]))
    return size


@kernel
def arriving(net, d, t, scale, lane):  # type: ignore[no-untyped-def]
    """|d(t) / scale|^2 over the units that read the past."""
    square = 0.0
    for i in range(net.kinds.size):
        if reads_the_past(net, i):
            square += (d[t, i, lane] / scale) ** 2
    return square


@kernel
def carry(net, theta, s, d, t, scale, v, lane):  # type: ignore[no-untyped-def]
    """v(t) / scale and its square."""
    v[:] = 0.0
    for e in range(net.weight.size):
        if net.delay[e] == 1:
            v[net.source[e]] += theta[net.weight[e], lane] * (d[t + 1, net.target[e], lane] / scale)
    square = 0.0
    for j in range(v.size):
        v[j] *= slope(net.kinds[j], s[t, j, lane])
        square += v[j] ** 2
    return square
