"""Ring's rule: gradient descent on linear units, and a new unit for every weight that is pulled both ways.

Ring (1993), NIPS 5, equations 3 to 5. At every step, with the error `T - O` of the outputs, from the outputs upward,

    Dw_ij(t) = u_j(t - tau_i) e_i(t),   e_i = T_i - O_i, tau_i = 0 of an output; e_i = Dw_xy, tau_i = 1 + tau_x of L_xy,

and `w += eta Dw` for all weights at once. Of every Dw that is not zero the long-term mean and mean size are kept,

    m <- sigma Dw + (1 - sigma) m,   a <- sigma |Dw| + (1 - sigma) a,

and where `a > Theta (|m| + epsilon)` a unit L_ij is built, with weights zero; then the means of all connections into unit i
become m = 1 and a = 0. (In the surviving text the criterion is garbled. With this reading, which is that of Ring's thesis, the
published numbers of units are met; a factor N beside Theta would never build a unit for Reber's grammar.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.show import add_noise, asks_steps, awake, count, is_right, next_sequence, step_right
from dynlatch.training.answers import output_dim
from dynlatch.training.contract import Architecture, Show, State, Task
from dynlatch.training.models.transition_hierarchy import HierarchyCell
from dynlatch.training.rules.settings import share
from dynlatch.validation import Array, non_negative_number, positive_number


@dataclass(frozen=True)
class HigherOrderLearning:
    """Trains a `TransitionHierarchy`, and builds its units.

    A weight and the units above it share one error, so that a step changes their sum by `eta (1 + levels)` times it: above
    `eta = 2 / (1 + levels)` learning diverges.

    Parameters
    ----------
    eta : float, optional
        Learning rate; None takes the value for the task from `presets`.
    sigma : float
        Weight of the last change in the means, in (0, 1).
    theta, epsilon : float
        A unit is built where `a > theta (|m| + epsilon)`.

    Raises
    ------
    InvalidInput
        On a setting outside its range.

    Examples
    --------
    >>> from dynlatch.training.rules import HigherOrderLearning
    >>> HigherOrderLearning(eta=0.04, sigma=0.08).theta
    1.0
    """

    eta: float | None = None
    sigma: float = 0.2
    theta: float = 1.0
    epsilon: float = 0.1

    def __post_init__(self) -> None:
        if self.eta is not None:
            positive_number("eta", self.eta)
        share("sigma", positive_number("sigma", self.sigma))
        positive_number("theta", self.theta)
        non_negative_number("epsilon", self.epsilon)

    def refuses(self, model: Architecture, task: Task) -> str | None:
        cell = model.cell()
        if not isinstance(cell, HierarchyCell):
            return f"HigherOrderLearning trains TransitionHierarchy(); {type(model).__name__} is none."
        if len(cell.outputs) != output_dim(task):
            return (
                f"{type(task).__name__} asks for {output_dim(task)} outputs: take TransitionHierarchy with that `output_dim`."
            )
        return None

    def init(self, model: Architecture, theta: Array, show: Show, streams: Sequence[np.random.SeedSequence]) -> State:
        cell, lanes = model.cell(), theta.shape[1]
        return tuple(np.zeros((2, (len(cell.outputs) + cell.capacity) * cell.inputs, lanes)))

    def update(self, model: Architecture, theta: Array, state: State, show: Show) -> None:
        cell = model.cell()
        lanes, _, T, _ = show.lanes.inputs.shape
        learn(cell, _room(cell, T, lanes), theta, show.lanes, *state, self.eta, self.sigma, self.theta, self.epsilon)


@bundle
class Room(NamedTuple):
    """One trial at work: n units, m inputs."""

    w: Array  # (n, m)
    over: NDArray[np.int64]  # (n, m) the unit that modifies a weight, -1 if there is none
    under: NDArray[np.int64]  # (n, 2) unit and input of the connection that a unit modifies
    tau: NDArray[np.int64]  # (n,)
    built: NDArray[np.int64]  # (1,) units in use
    u: Array  # (T + 1, m, L)
    x: Array  # (T + 1, n)
    e: Array  # (n,)
    change: Array  # (n, m)


def _room(cell: HierarchyCell, T: int, lanes: int) -> Room:
    n, m = len(cell.outputs) + cell.capacity, cell.inputs
    return Room(
        w=np.zeros((n, m)),
        over=np.zeros((n, m), dtype=np.int64),
        under=np.zeros((n, 2), dtype=np.int64),
        tau=np.zeros(n, dtype=np.int64),
        built=np.zeros(1, dtype=np.int64),
        u=np.zeros((T + 1, m, lanes)),
        x=np.zeros((T + 1, n)),
        e=np.zeros(n),
        change=np.zeros((n, m)),
    )


@kernel
def learn(cell, room, theta, show, mean, size, eta, sigma, threshold, epsilon):  # type: ignore[no-untyped-def]
    """Lane after lane, sequence by sequence, until every lane sleeps."""
    for lane in range(theta.shape[1]):
        if not awake(show, lane):
            continue
        load(cell, room, theta, lane)
        while awake(show, lane):
            which, right = next_sequence(show, lane), True
            length = show.lengths[lane, which]
            for t in range(length):
                for j in range(cell.inputs):
                    room.u[t + 1, j, lane] = show.inputs[lane, which, t, j]
            add_noise(show, lane, length, room.u, show.noise.channel)
            for t in range(1, length + 1):
                activate(room, lane, t)
                right = errors(cell, room, show, lane, which, t, length) and right
                changes(room, lane, t)
                judge(room, mean, size, lane, sigma, threshold, epsilon)
                for i in range(room.built[0]):
                    room.w[i] += eta * room.change[i]
            count(show, lane, right)
        store(cell, room, theta, lane)


@kernel
def load(cell, room, theta, lane):  # type: ignore[no-untyped-def]
    """Weights and structure of a trial, from its column."""
    n, m = room.w.shape
    room.over[:], room.built[0] = -1, cell.outputs.size
    for i in range(n):
        for j in range(m):
            room.w[i, j] = theta[i * m + j, lane]
    for unit in range(cell.outputs.size, n):
        number = int(theta[n * m + unit - cell.outputs.size, lane])
        if number >= 0:
            build(room, number // m, number % m)


@kernel
def store(cell, room, theta, lane):  # type: ignore[no-untyped-def]
    """The column of a trial, from its weights and structure."""
    n, m = room.w.shape
    for i in range(n):
        for j in range(m):
            theta[i * m + j, lane] = room.w[i, j]
    for unit in range(cell.outputs.size, room.built[0]):
        theta[n * m + unit - cell.outputs.size, lane] = room.under[unit, 0] * m + room.under[unit, 1]


@kernel
def build(room, i, j):  # type: ignore[no-untyped-def]
    """One more unit, L_ij."""
    unit = room.built[0]
    room.over[i, j], room.under[unit, 0], room.under[unit, 1] = unit, i, j
    room.tau[unit] = 1 + room.tau[i]
    room.built[0] += 1


@kernel
def activate(room, lane, t):  # type: ignore[no-untyped-def]
    """All units at time t (equations 1 and 2); nothing came before the sequence."""
    room.x[0] = 0.0
    for i in range(room.built[0]):
        total = 0.0
        for j in range(room.w.shape[1]):
            given = room.u[t, j, lane]
            if given != 0.0:
                over = room.over[i, j]
                total += given * (room.w[i, j] + (room.x[t - 1, over] if over >= 0 else 0.0))
        room.x[t, i] = total
    room.x[t, room.built[0] :] = 0.0


@kernel
def errors(cell, room, show, lane, which, t, length):  # type: ignore[no-untyped-def]
    """`T - O` of every output that is asked at time t, 0 elsewhere; whether the answer is right."""
    x, outputs = room.x[t], cell.outputs
    room.e[: outputs.size] = 0.0
    if asks_steps(show):
        wanted = show.desired[lane, which, t - 1]
        for k in range(outputs.size):
            if wanted[k] == wanted[k]:
                room.e[k] = wanted[k] - x[k]
        return step_right(cell, show.criterion, wanted, x)
    if t < length:
        return True
    target = show.targets[lane, which]
    room.e[0] = show.criterion.amplitude * target - x[0]
    return is_right(show.criterion, x[0], target)


@kernel
def changes(room, lane, t):  # type: ignore[no-untyped-def]
    """Dw of every weight (equation 5), from the outputs upward."""
    for i in range(room.built[0]):
        if room.tau[i] > 0:
            room.e[i] = room.change[room.under[i, 0], room.under[i, 1]]
        then = t - room.tau[i]
        for j in range(room.w.shape[1]):
            room.change[i, j] = room.u[then, j, lane] * room.e[i] if then > 0 else 0.0


@kernel
def judge(room, mean, size, lane, sigma, threshold, epsilon):  # type: ignore[no-untyped-def]
    """The long-term means, and the units that they ask for."""
    n, m = room.w.shape
    for i in range(room.built[0]):
        for j in range(m):
            change, p = room.change[i, j], i * m + j
            if change == 0.0:
                continue
            mean[p, lane] = sigma * change + (1.0 - sigma) * mean[p, lane]
            size[p, lane] = sigma * abs(change) + (1.0 - sigma) * size[p, lane]
            torn = size[p, lane] > threshold * (abs(mean[p, lane]) + epsilon)
            if torn and room.over[i, j] < 0 and room.built[0] < n:
                build(room, i, j)
                room.change[room.built[0] - 1] = 0.0
                for other in range(m):
                    mean[i * m + other, lane], size[i * m + other, lane] = 1.0, 0.0
