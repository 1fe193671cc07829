"""An architecture from a list of connections, for shapes that have no class of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.wiring import Connection, Wiring, wire
from dynlatch.maps import Map
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import KINDS, kind, uniform_columns, wired_column, wired_map, wired_outputs
from dynlatch.validation import Array, count, finite_array, non_negative_number


@dataclass(frozen=True)
class AnyWiring:
    """Units, and connections (target, source, weight, delay) between them.

    Sources are the n units 0, ..., n-1, then the inputs, then the constant one; units are computed in order. Connections that
    name the same weight share it. (target, source, weight, delay, gate, gate_delay) is a gated connection: it adds
    `w s_source(t - delay) s_gate(t - gate_delay)` to the total input of its target; the gate is a signal as the source is.

    Parameters
    ----------
    units : tuple of {"tanh", "linear", "logistic", "threshold", "relu", "exponential"}
    connections : tuple of (target, source, weight, delay) or (target, source, weight, delay, gate, gate_delay)
    input_dim : int
    output : int or tuple of int, optional
        The unit that answers, or several; the last one by default.
    fixed : tuple of float
        Values of the weights with the highest numbers, which are not trained.
    radius : float
        First weights are uniform on [-radius, radius].
    start : float or tuple of float
        Outputs at time 0.

    Raises
    ------
    InvalidInput
        On connections that join what does not exist, or weights whose numbers have gaps.

    Examples
    --------
    The net of Hochreiter and Schmidhuber's random search on parity (1997): one hidden unit with a bias and one output unit,
    each connected to both and to the input.

    >>> from dynlatch.training.models import AnyWiring
    >>> H, O, U, ONE = range(4)
    >>> to_hidden = (H, U, 0, 0), (H, H, 1, 1), (H, O, 2, 1), (H, ONE, 3, 0)
    >>> to_output = (O, U, 4, 0), (O, H, 5, 0), (O, O, 6, 1)
    >>> A1 = AnyWiring(("logistic", "logistic"), to_hidden + to_output, radius=100.0)
    >>> len(A1.names)
    7
    """

    units: tuple[str, ...]
    connections: tuple[tuple[int, int, int, int] | tuple[int, int, int, int, int | None, int], ...]
    input_dim: int = 1
    output: int | tuple[int, ...] | None = None
    fixed: tuple[float, ...] = ()
    radius: float = 1.0
    start: float | tuple[float, ...] = 0.0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "units", tuple(self.units))
        for name in self.units:
            kind(name, *KINDS)
        put(self, "input_dim", count("input_dim", self.input_dim))
        put(self, "connections", tuple(Connection(*c) for c in self.connections))
        put(self, "fixed", tuple(finite_array("fixed", self.fixed, ndim=1).tolist()))
        put(self, "radius", non_negative_number("radius", self.radius))
        put(self, "output", _outputs(self.output, len(self.units)))
        numbers = {c[2] for c in self.connections}
        if not self.units or numbers != set(range(len(numbers))) or len(self.fixed) > len(numbers):
            raise InvalidInput(f"units, and weights numbered 0, 1, ... are needed; got {self!r}.")
        self.cell()

    @property
    def _answering(self) -> int | tuple[int, ...]:
        assert self.output is not None
        return self.output

    @property
    def names(self) -> tuple[str, ...]:
        """`weight[p]`."""
        weights = 1 + max(c[2] for c in self.connections)
        return tuple(f"weight[{p}]" for p in range(weights - len(self.fixed)))

    @property
    def constants(self) -> Array:
        """The fixed weights."""
        return np.array(self.fixed, dtype=np.float64)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        return uniform_columns(streams, len(self.names), self.radius)

    def network(self, column: Array) -> Map:
        """In output coordinates: the units that are read with a delay, and the answer."""
        return wired_map(self, column)

    def column(self, network: Map) -> Array:
        return wired_column(self, network)

    def cell(self) -> Wiring:
        return wire(
            [Connection(*c) for c in self.connections],
            kinds=[KINDS[name] for name in self.units],
            inputs=self.input_dim,
            output=self._answering,
            trained=len(self.names),
            start=self.start,
        )

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return wired_outputs(self.cell(), theta, sequences)


def _outputs(output: int | tuple[int, ...] | None, units: int) -> int | tuple[int, ...]:
    if isinstance(output, Sequence):
        return tuple(count("output", i) for i in output)
    return units - 1 if output is None else count("output", output)
