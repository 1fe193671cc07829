"""Temporal transition hierarchies: linear outputs, and units that are added to change single weights a step later.

Ring (1993), "Learning sequential tasks by incrementally adding higher orders", NIPS 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.maps import Map
from dynlatch.networks.transition_hierarchy import HigherOrderNetwork
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import trained_part
from dynlatch.validation import Array, count


class HierarchyCell(NamedTuple):
    """The shape of a transition hierarchy; theta holds the weights (k + capacity, m), then which of them each unit modifies."""

    inputs: int  # m
    outputs: NDArray[np.int64]  # (k,): 0, ..., k - 1
    capacity: int  # higher units that there may be


@dataclass(frozen=True)
class TransitionHierarchy:
    """`x_i(t) = sum_j u_j(t) (w_ij + x_l(t-1))` for outputs and higher units; unit l modifies w_ij if it was built for it.

    It begins with the outputs alone and weights zero; `HigherOrderLearning` builds the units. No unit reads another, so that
    nothing is remembered for longer than there are levels.

    Parameters
    ----------
    capacity : int
        Higher units that there may be.
    input_dim, output_dim : int

    Raises
    ------
    InvalidInput
        On numbers below 1, or a capacity below 0.

    Examples
    --------
    >>> import numpy as np
    >>> from dynlatch.training.models import TransitionHierarchy
    >>> model = TransitionHierarchy(capacity=1, input_dim=2)
    >>> model.names
    ('w[0,0]', 'w[0,1]', 'w[1,0]', 'w[1,1]', 'modifies[1]')
    >>> model.network(np.array([0.0, 1.0, 0.5, 0.5, 1.0])).modifies  # unit 1 modifies the weight of output 0 from input 1
    array([[0, 1]])
    """

    capacity: int = 40
    input_dim: int = 1
    output_dim: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "capacity", count("capacity", self.capacity))
        for name in ("input_dim", "output_dim"):
            object.__setattr__(self, name, count(name, getattr(self, name), least=1))

    @property
    def names(self) -> tuple[str, ...]:
        """The weights; then of each higher unit the number of the weight that it modifies, -1 for one that is not built."""
        n, k = self.output_dim + self.capacity, self.output_dim
        weights = [f"w[{i},{j}]" for i in range(n) for j in range(self.input_dim)]
        return (*weights, *(f"modifies[{i}]" for i in range(k, n)))

    @property
    def constants(self) -> Array:
        """None."""
        return np.empty(0)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        column = np.concatenate([np.zeros(len(self.names) - self.capacity), np.full(self.capacity, -1.0)])
        return np.repeat(column[:, None], len(streams), axis=1)

    def network(self, column: Array) -> Map:
        """The outputs and the units that are built."""
        values, m, k = trained_part(column, self.names), self.input_dim, self.output_dim
        end = (k + self.capacity) * m
        built = values[end:][values[end:] >= 0.0].astype(np.int64)
        weights = values[:end].reshape(-1, m)[: k + len(built)]
        return HigherOrderNetwork(weights, np.stack(np.divmod(built, m), axis=1), k)

    def column(self, network: Map) -> Array:
        m, k = self.input_dim, self.output_dim
        fits = isinstance(network, HigherOrderNetwork) and (network.input_dim, network.outputs) == (m, k)
        if not fits or not isinstance(network, HigherOrderNetwork) or network.dim > k + self.capacity:
            raise InvalidInput(f"{network!r} is no network of {self!r}: take one that its `network` gave.")
        column = self.initial([np.random.default_rng(0)])[:, 0]
        column[: network.W.size] = network.W.ravel()
        first = (k + self.capacity) * m
        column[first : first + len(network.modifies)] = network.modifies @ [m, 1]
        return column

    def cell(self) -> HierarchyCell:
        return HierarchyCell(self.input_dim, np.arange(self.output_dim), self.capacity)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        network, (T, n, _) = self.network(theta), sequences.inputs.shape
        x, found = np.zeros((n, network.dim)), np.zeros((T, n, self.output_dim))
        for t, u in enumerate(sequences.inputs):
            x = network.step(x, u)
            found[t] = x[:, : self.output_dim]
        return found if sequences.desired is not None else found[sequences.lengths - 1, np.arange(n), 0]
