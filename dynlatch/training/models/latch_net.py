"""The single latching neuron: `x_t = f(w x_{t-1} + u_t)`, where the first inputs of each class are trained.

Bengio, Frasconi and Simard (1993), Fig. 2; Bengio, Simard and Frasconi (1994), section III.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from dynlatch.lanes.wiring import Connection, Wiring, wire
from dynlatch.maps import Map
from dynlatch.networks.additive import AdditiveNetwork
from dynlatch.networks.readout import Readout
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import (
    additive_network,
    checked_column,
    kind,
    starting_output,
    trained_part,
    uniform_columns,
    wired_column,
    wired_map,
    wired_outputs,
)
from dynlatch.validation import Array, count, finite_number, non_negative_number


@dataclass(frozen=True)
class LatchNet:
    """One unit that excites itself; its inputs are the channels of the task `Latch`.

    The weights of the first 2L channels are the trained inputs, L for each class; the last channel, noise, has weight 1.

    Parameters
    ----------
    w0 : float
        w at the beginning; above 1 the unit can latch.
    L : int
        Trained inputs of each class.
    radius : float
        They begin uniform on [-radius, radius].
    train_w : bool
        Whether w is trained too, or stays at `w0`.
    units : {"tanh", "threshold"}
    start : float, optional
        Output at time 0: by default 0 for a tanh unit, -1 for a threshold unit.

    Raises
    ------
    InvalidInput
        On other units, a negative radius, or a start that is no output of the unit.

    Examples
    --------
    >>> from dynlatch.training.models import LatchNet
    >>> LatchNet(L=2).names
    ('w', 'u[-1,1]', 'u[-1,2]', 'u[+1,1]', 'u[+1,2]')
    """

    w0: float = 1.25
    L: int = 3
    radius: float = 0.1
    train_w: bool = True
    units: str = "tanh"
    start: float | None = None

    def __post_init__(self) -> None:
        kind(self.units, "tanh", "threshold")
        put = object.__setattr__
        put(self, "w0", finite_number("w0", self.w0))
        put(self, "L", count("L", self.L, least=1))
        put(self, "radius", non_negative_number("radius", self.radius))
        put(self, "train_w", bool(self.train_w))
        put(self, "start", starting_output(self.units, self.start))

    @property
    def input_dim(self) -> int:
        return 2 * self.L + 1

    @property
    def names(self) -> tuple[str, ...]:
        """`u[+1,t]` is the input of class +1 at step t."""
        inputs = tuple(f"u[{k},{t}]" for k in ("-1", "+1") for t in range(1, self.L + 1))
        return ("w", *inputs) if self.train_w else inputs

    @property
    def constants(self) -> Array:
        """The weight of the noise, after w if that is not trained."""
        return np.ones(1) if self.train_w else np.array([self.w0, 1.0])

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        u = uniform_columns(streams, 2 * self.L, self.radius)
        return np.concatenate([np.full((1, u.shape[1]), self.w0), u]) if self.train_w else u

    def network(self, column: Array) -> Map:
        """In its activation, `a_t = w f(a_{t-1}) + u_t`, for a tanh unit; in its output, -1 or 1, for a threshold unit."""
        if self.units == "threshold":
            return wired_map(self, column)
        trained = trained_part(column, self.names)
        w, u = (trained[0], trained[1:]) if self.train_w else (self.w0, trained)
        entering = np.append(u, 1.0)[None]
        return AdditiveNetwork(np.array([[w]]), None, self.units, entering, readout=Readout(np.eye(1), np.zeros(1)))

    def column(self, network: Map) -> Array:
        if self.units == "threshold":
            return wired_column(self, network)
        net = additive_network(self, network, 1)
        column = np.append(net.W[0], net.input_jacobian(np.zeros(1))[0, :-1])[0 if self.train_w else 1 :]
        return checked_column(self, column, net)

    def cell(self) -> Wiring:
        return _cell(self.L, self.train_w, self.units, self.start)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return wired_outputs(self.cell(), theta, sequences)


@cache
def _cell(L: int, train_w: bool, units: str, start: float) -> Wiring:
    free, noise = 2 * L, 2 * L + 1
    w, first = (0, 1) if train_w else (free, 0)
    channels = [Connection(0, 1 + k, first + k, 0) for k in range(free)]
    entering = Connection(0, 1 + free, noise, 0)
    trained = free + train_w
    return wire(
        [Connection(0, 0, w), *channels, entering],
        kinds=[kind(units, units)],
        inputs=free + 1,
        output=0,
        trained=trained,
        start=start,
    )
