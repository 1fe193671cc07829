"""Networks whose only recurrence is each unit's connection to itself, under a feed-forward answer.

Gori, Bengio and De Mori (1989), "BPS: a learning algorithm for capturing the dynamic nature of speech".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from dynlatch.lanes.wiring import Connection, Wiring, wire
from dynlatch.maps import Map
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import KINDS, kind, uniform_columns, wired_column, wired_map, wired_outputs
from dynlatch.validation import Array, count, non_negative_number


@dataclass(frozen=True)
class LocalFeedbackNet:
    """n units with self-loops that read the inputs, and one unit that reads them.

    `X_i(t) = w_i X_i(t-1) + sum_k B_ik u_k(t) + b_i`, answer `y = tanh(sum_i v_i tanh(X_i) + c)`. With the loop outside the
    nonlinearity a unit forgets exponentially for |w_i| < 1 and diverges beyond: it cannot latch. The other variant has the
    loop around it, `x_i(t) = tanh(w_i x_i(t-1) + ...)` and `y = tanh(sum_i v_i x_i + c)`, and latches for w_i > 1.

    Parameters
    ----------
    units_count : int
        n.
    input_dim : int
    loop : {"linear", "tanh"}
        What the self-loop goes around.
    radius : float
        First weights are uniform on [-radius, radius], those of the self-loops on [0, 1].

    Raises
    ------
    InvalidInput
        On another loop, a negative radius, or less than one unit.

    Examples
    --------
    >>> from dynlatch.training.models import LocalFeedbackNet
    >>> LocalFeedbackNet(1).names
    ('w[0]', 'B[0,0]', 'b[0]', 'v[0]', 'c')
    """

    units_count: int = 5
    input_dim: int = 1
    loop: str = "linear"
    radius: float = 1.0

    def __post_init__(self) -> None:
        kind(self.loop, "linear", "tanh")
        object.__setattr__(self, "units_count", count("units_count", self.units_count, least=1))
        object.__setattr__(self, "input_dim", count("input_dim", self.input_dim, least=1))
        object.__setattr__(self, "radius", non_negative_number("radius", self.radius))

    @property
    def names(self) -> tuple[str, ...]:
        return layer_names(self.units_count, self.input_dim)

    @property
    def constants(self) -> Array:
        """The weight 1 between X_i and its nonlinearity, where the loop is linear."""
        return np.ones(1) if self.loop == "linear" else np.empty(0)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        return looped_columns(streams, len(self.names), self.units_count, self.radius)

    def network(self, column: Array) -> Map:
        """In output coordinates: the units with loops, then the answer."""
        return wired_map(self, column)

    def column(self, network: Map) -> Array:
        return wired_column(self, network)

    def cell(self) -> Wiring:
        return _cell(self.units_count, self.input_dim, self.loop)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return wired_outputs(self.cell(), theta, sequences)


def layer_names(n: int, m: int) -> tuple[str, ...]:
    """Names of self-loops, input weights, biases and the weights of the answer."""
    inputs = [f"B[{i},{k}]" for i in range(n) for k in range(m)]
    each = [[f"{name}[{i}]" for i in range(n)] for name in "wbv"]
    return (*each[0], *inputs, *each[1], *each[2], "c")


def looped_columns(streams: Sequence[np.random.Generator], weights: int, loops: int, radius: float) -> Array:
    """First weights, one column a stream: the self-loops, which come first, uniform on [0, 1]."""
    theta = uniform_columns(streams, weights, 1.0)
    theta[:loops] = 0.5 + 0.5 * theta[:loops]
    theta[loops:] *= radius
    return theta


def reading(n: int, m: int, units: int) -> list[Connection]:
    """Inputs and biases of n units, in a network of `units` units: weights as in `layer_names`."""
    inputs = [Connection(i, units + k, n + i * m + k, 0) for i in range(n) for k in range(m)]
    return inputs + [Connection(i, units + m, n + n * m + i, 0) for i in range(n)]


def answering(n: int, m: int, first: int, units: int) -> list[Connection]:
    """Connections of the last unit, which reads the n units from `first` on."""
    begin = 2 * n + n * m
    read = [Connection(units - 1, first + i, begin + i, 0) for i in range(n)]
    return [*read, Connection(units - 1, units + m, begin + n, 0)]


@cache
def _cell(n: int, m: int, loop: str) -> Wiring:
    linear = loop == "linear"
    units = 2 * n + 1 if linear else n + 1
    trained = 3 * n + n * m + 1
    loops = [Connection(i, i, i) for i in range(n)]
    squashing = [Connection(n + i, i, trained, 0) for i in range(n)] if linear else []
    connections = [*loops, *reading(n, m, units), *squashing, *answering(n, m, units - 1 - n, units)]
    kinds = [KINDS[loop]] * n + [KINDS["tanh"]] * (units - n)
    return wire(connections, kinds=kinds, inputs=m, output=units - 1, trained=trained)
