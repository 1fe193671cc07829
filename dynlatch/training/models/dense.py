"""The papers' fully connected net, `x_t = f(W x_{t-1} + e_0 u_t)`: every weight of W is trained, the last unit is the answer.

Bengio, Simard and Frasconi (1994), eq. 1 and section V: 5 units, 25 free parameters; the input is added to the first unit.
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
from dynlatch.validation import Array, count, non_negative_number


@dataclass(frozen=True)
class Dense:
    """n fully connected units, each connected to all with a delay of one step; n^2 trained weights and no bias.

    Parameters
    ----------
    units_count : int
        n; the input enters the first with weight 1, the answer is the last one's output.
    units : {"tanh", "threshold", "logistic"}
    radius : float
        First weights are uniform on [-radius, radius].
    start : float, optional
        Output of every unit at time 0: by default 0 for tanh, -1 for threshold and 1/2 for logistic units.

    Raises
    ------
    InvalidInput
        On other units, a negative radius, or a start that is no output of such units.

    Examples
    --------
    >>> from dynlatch.training.models import Dense
    >>> len(Dense(5).names)
    25
    """

    units_count: int = 5
    units: str = "tanh"
    radius: float = 1.0
    start: float | None = None

    def __post_init__(self) -> None:
        kind(self.units, "tanh", "threshold", "logistic")
        object.__setattr__(self, "units_count", count("units_count", self.units_count, least=1))
        object.__setattr__(self, "radius", non_negative_number("radius", self.radius))
        object.__setattr__(self, "start", starting_output(self.units, self.start))

    @property
    def input_dim(self) -> int:
        return 1

    @property
    def names(self) -> tuple[str, ...]:
        """`W[i,j]` is the weight from unit j to unit i."""
        return tuple(f"W[{i},{j}]" for i in range(self.units_count) for j in range(self.units_count))

    @property
    def constants(self) -> Array:
        """The input's weight."""
        return np.ones(1)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        return uniform_columns(streams, self.units_count**2, self.radius)

    def network(self, column: Array) -> Map:
        """In activation coordinates, `a_t = W f(a_{t-1}) + e_0 u_t`, read out at the last unit; threshold units in outputs."""
        if self.units == "threshold":
            return wired_map(self, column)
        W = trained_part(column, self.names).reshape(self.units_count, self.units_count)
        identity = np.eye(self.units_count)
        return AdditiveNetwork(
            W, activation=self.units, input_matrix=identity[:, :1], readout=Readout(identity[-1:], np.zeros(1))
        )

    def column(self, network: Map) -> Array:
        if self.units == "threshold":
            return wired_column(self, network)
        net = additive_network(self, network, self.units_count)
        return checked_column(self, net.W.ravel(), net)

    def cell(self) -> Wiring:
        return _cell(self.units_count, self.units, self.start)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return wired_outputs(self.cell(), theta, sequences)


@cache
def _cell(n: int, units: str, start: float | None) -> Wiring:
    between = [Connection(i, j, i * n + j) for i in range(n) for j in range(n)]
    entering = Connection(0, n, n * n, delay=0)
    kinds = [kind(units, units)] * n
    return wire([*between, entering], kinds=kinds, inputs=1, output=n - 1, trained=n * n, start=starting_output(units, start))
