"""The papers' parity net: one input, one hidden and one output unit, 7 weights.

`h_t = f(w1 u_t + w2 o_{t-1} + b1)`, `o_t = f(w3 h_t + w4 u_t + w5 o_{t-1} + b2)`: Bengio, Simard and Frasconi (1994) count the
weights, and this wiring of 7 is the one that can solve the task with units of -1 and +1: parity is an exclusive or of the input
and the last answer, so the hidden unit must know both before the output unit answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.wiring import Connection, Wiring, wire
from dynlatch.maps import Map
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import (
    kind,
    starting_output,
    uniform_columns,
    wired_column,
    wired_map,
    wired_outputs,
)
from dynlatch.validation import Array, finite_number, non_negative_number

H, O, U, ONE = range(4)
ORDERS = ("hidden first", "synchronous")
EVEN = {"tanh": -1.0, "threshold": -1.0, "logistic": 0.0}  # the answer before the first input


@dataclass(frozen=True)
class ParityNet:
    """Seven trained weights, from the input and the last answer through one hidden unit to the answer.

    Parameters
    ----------
    units : {"tanh", "threshold", "logistic"}
    order : {"hidden first", "synchronous"}
        With the hidden unit first, the output unit reads `h_t`; synchronous, it reads `h_{t-1}` like everything else that is
        recurrent, and the task cannot be solved.
    radius : float
        First weights are uniform on [-radius, radius].
    start : float, optional
        o_0: by default "even", -1 (0 for logistic units). From 0 the same rules learn much less.

    Raises
    ------
    InvalidInput
        On other units or orders, a negative radius, or a start outside the range of the units.

    Examples
    --------
    >>> from dynlatch.training.models import ParityNet
    >>> ParityNet().names
    ('w1', 'w2', 'b1', 'w3', 'w4', 'w5', 'b2')
    """

    units: str = "tanh"
    order: str = "hidden first"
    radius: float = 2.0
    start: float | None = None

    def __post_init__(self) -> None:
        kind(self.units, *EVEN)
        if self.order not in ORDERS:
            raise InvalidInput(f"`order` must be 'hidden first' or 'synchronous'; got {self.order!r}.")
        object.__setattr__(self, "radius", non_negative_number("radius", self.radius))
        start = EVEN[self.units] if self.start is None else finite_number("start", self.start)
        if not (0.0 if self.units == "logistic" else -1.0) <= start <= 1.0:
            raise InvalidInput(f"`start` is an answer of {self.units} units; got {start}.")
        object.__setattr__(self, "start", start)

    @property
    def input_dim(self) -> int:
        return 1

    @property
    def names(self) -> tuple[str, ...]:
        return "w1", "w2", "b1", "w3", "w4", "w5", "b2"

    @property
    def constants(self) -> Array:
        """None."""
        return np.empty(0)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        return uniform_columns(streams, 7, self.radius)

    def network(self, column: Array) -> Map:
        """In output coordinates: the state is the last answer, and h too where the order is synchronous."""
        return wired_map(self, column)

    def column(self, network: Map) -> Array:
        return wired_column(self, network)

    def cell(self) -> Wiring:
        return _cell(self.units, self.order, self.start)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return wired_outputs(self.cell(), theta, sequences)


@cache
def _cell(units: str, order: str, start: float) -> Wiring:
    to_hidden = [Connection(H, U, 0, 0), Connection(H, O, 1), Connection(H, ONE, 2, 0)]
    within = Connection(O, H, 3, 0 if order == "hidden first" else 1)
    to_output = [within, Connection(O, U, 4, 0), Connection(O, O, 5), Connection(O, ONE, 6, 0)]
    hidden = starting_output(units, None)
    return wire([*to_hidden, *to_output], kinds=[kind(units, units)] * 2, inputs=1, output=O, trained=7, start=[hidden, start])
