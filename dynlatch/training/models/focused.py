"""Context units that add up what the inputs say and forget it slowly, under a feed-forward answer.

Mozer (1989), "A focused back-propagation algorithm for temporal pattern recognition".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from dynlatch.lanes.wiring import Connection, Wiring, wire
from dynlatch.maps import Map
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import KINDS, wired_column, wired_map, wired_outputs
from dynlatch.training.models.local_feedback import answering, layer_names, looped_columns, reading
from dynlatch.validation import Array, count, non_negative_number


@dataclass(frozen=True)
class FocusedNet:
    """`c_i(t) = w_i c_i(t-1) + tanh(sum_k B_ik u_k(t) + b_i)`, answer `y = tanh(sum_i v_i c_i + c)`.

    Parameters
    ----------
    units_count : int
        Number of context units.
    input_dim : int
    radius : float
        First weights are uniform on [-radius, radius], the decays w_i on [0, 1].

    Raises
    ------
    InvalidInput
        On a negative radius, or less than one unit.

    Examples
    --------
    >>> from dynlatch.training.models import FocusedNet
    >>> len(FocusedNet(5).names)
    21
    """

    units_count: int = 5
    input_dim: int = 1
    radius: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "units_count", count("units_count", self.units_count, least=1))
        object.__setattr__(self, "input_dim", count("input_dim", self.input_dim, least=1))
        object.__setattr__(self, "radius", non_negative_number("radius", self.radius))

    @property
    def names(self) -> tuple[str, ...]:
        return layer_names(self.units_count, self.input_dim)

    @property
    def constants(self) -> Array:
        """The weight 1 with which a context unit reads its own input unit."""
        return np.ones(1)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        return looped_columns(streams, len(self.names), self.units_count, self.radius)

    def network(self, column: Array) -> Map:
        """In output coordinates: the context units, then the answer."""
        return wired_map(self, column)

    def column(self, network: Map) -> Array:
        return wired_column(self, network)

    def cell(self) -> Wiring:
        return _cell(self.units_count, self.input_dim)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return wired_outputs(self.cell(), theta, sequences)


@cache
def _cell(n: int, m: int) -> Wiring:
    units, trained = 2 * n + 1, 3 * n + n * m + 1
    context = [Connection(n + i, n + i, i) for i in range(n)] + [Connection(n + i, i, trained, 0) for i in range(n)]
    connections = [*reading(n, m, units), *context, *answering(n, m, n, units)]
    kinds = [KINDS["tanh"]] * n + [KINDS["linear"]] * n + [KINDS["tanh"]]
    return wire(connections, kinds=kinds, inputs=m, output=units - 1, trained=trained)
