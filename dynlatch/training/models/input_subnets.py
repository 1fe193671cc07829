"""State networks whose transitions depend on real inputs: `P(q_t = i | q_{t-1} = j, u_t)` from softmax subnets.

Bengio and Frasconi, NIPS 1993 and 1994: one subnet for each state j, here a linear one,

    P(i | j, u) = exp(b_ij + w_ij . u) / sum over i' in S_j of exp(b_i'j + w_i'j . u).

Inputs are not turned into symbols. A sequence is swept as if each of its steps had a symbol of its own (`lanes.state_network`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.lanes.packs import NARROW
from dynlatch.lanes.softmax_states import transitions
from dynlatch.lanes.state_network import Passage, forward, take
from dynlatch.maps import Map
from dynlatch.networks.readout import Readout
from dynlatch.networks.subnets import SubnetNetwork
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import trained_part
from dynlatch.training.models.topology import TWO_CHAINS, TWO_STATES, Topology
from dynlatch.validation import Array, count

TOPOLOGIES = {"two-chains": TWO_CHAINS, "two-states": TWO_STATES}


@bundle
class SubnetCell(NamedTuple):
    """The allowed transitions in arrays, those from state j at `first[j]` to `first[j + 1] - 1`."""

    first: NDArray[np.int64]  # (S + 1,)
    target: NDArray[np.int64]  # (E,)
    start: int  # the state at time 0
    finals: NDArray[np.int64]  # (2,) the state that answers class -1, and class +1
    inputs: int  # m
    trained: int  # (1 + m) E: the biases of all transitions, then their weights of each input


@dataclass(frozen=True)
class InputSubnets:
    """A state network with a linear softmax subnet of the inputs for each state.

    Parameters
    ----------
    topology : Topology or {"two-chains", "two-states"}
        The transitions that there are, by name those of the 2-sequence problem and of parity. Thresholds mean nothing here.
    input_dim : int
        m.

    Raises
    ------
    InvalidInput
        On an unknown topology, or no inputs.

    Examples
    --------
    >>> from dynlatch.training.models import InputSubnets
    >>> InputSubnets("two-states").names
    ('b(0|0)', 'b(1|0)', 'b(0|1)', 'b(1|1)', 'w(0|0,0)', 'w(1|0,0)', 'w(0|1,0)', 'w(1|1,0)')
    """

    topology: Topology | str = "two-chains"
    input_dim: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "input_dim", count("input_dim", self.input_dim, least=1))
        if not isinstance(self.topology, Topology) and self.topology not in TOPOLOGIES:
            raise InvalidInput(f"`topology` must be a Topology or one of {', '.join(TOPOLOGIES)}; got {self.topology!r}.")

    @property
    def states(self) -> Topology:
        """The transitions that there are."""
        return self.topology if isinstance(self.topology, Topology) else TOPOLOGIES[self.topology]

    @property
    def names(self) -> tuple[str, ...]:
        """`b(i|j)` is the bias of state i after state j, `w(i|j,f)` its weight of input f."""
        edges = self.states.edges
        biases = (f"b({i}|{j})" for j, i in edges)
        return (*biases, *(f"w({i}|{j},{f})" for f in range(self.input_dim) for j, i in edges))

    @property
    def constants(self) -> Array:
        return np.zeros(0)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        """Standard normal biases and weights."""
        drawn = np.array([stream.standard_normal(len(self.names)) for stream in streams])
        return np.ascontiguousarray(drawn.reshape(-1, len(self.names)).T)

    def network(self, column: Array) -> Map:
        values = trained_part(column, self.names).reshape(1 + self.input_dim, -1)
        S, (j, i) = self.states.states, np.array(self.states.edges).T
        biases, weights, readout = np.full((S, S), -np.inf), np.zeros((S, S, self.input_dim)), np.zeros((1, S))
        biases[i, j], weights[i, j] = values[0], values[1:].T
        readout[0, self.states.finals] = -1.0, 1.0
        return SubnetNetwork(biases, weights, readout=Readout(readout, np.zeros(1)), first=self.states.start)

    def column(self, network: Map) -> Array:
        """The biases and weights of the allowed transitions of a network that makes no others."""
        j, i = np.array(self.states.edges).T
        allowed = np.zeros((self.states.states,) * 2, dtype=bool)
        allowed[i, j] = True
        if (
            not isinstance(network, SubnetNetwork)
            or network.weights.shape != (*allowed.shape, self.input_dim)
            or np.any(np.isfinite(network.biases) != allowed)
        ):
            raise InvalidInput(f"{network!r} is no network of {self!r}: take one that its `network` gave.")
        return np.concatenate([network.biases[i, j], network.weights[i, j].T.ravel()])

    def cell(self) -> SubnetCell:
        return _cell(self.states, self.input_dim)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        """P(class +1) - P(class -1) at the end of each sequence."""
        cell, out = self.cell(), np.empty(len(sequences.lengths))
        column = np.ascontiguousarray(trained_part(theta, self.names)[:, None])
        inputs = np.ascontiguousarray(sequences.inputs.transpose(1, 0, 2))[None]
        answers(cell, column, inputs, sequences.lengths.astype(np.int64), passage(cell, len(sequences.inputs)), out)
        return out


@cache
def _cell(topology: Topology, inputs: int) -> SubnetCell:
    first = np.concatenate([[0], np.cumsum([len(row) for row in topology.successors])]).astype(np.int64)
    target = np.array([i for _, i in topology.edges], dtype=np.int64)
    finals = np.array(topology.finals, dtype=np.int64)
    return SubnetCell(first, target, topology.start, finals, inputs, (1 + inputs) * len(target))


def passage(cell: SubnetCell, T: int) -> Passage:
    """Room for sequences of at most T steps, each with a transition matrix of its own."""
    S = len(cell.first) - 1
    W = -(-S // NARROW) * NARROW
    return Passage(
        onward=np.zeros((T, W, W)),
        back=np.zeros((T, W, W)),
        symbols=np.arange(T),
        counts=np.zeros(T * len(cell.target)),
        alpha=np.zeros((T + 1, W)),
        beta=np.zeros((2, W)),
        pairs=np.zeros((T, W, W)),
    )


@kernel
def answers(cell, theta, inputs, lengths, run, out):  # type: ignore[no-untyped-def]
    """out (n,): P(class +1) - P(class -1) at the end of each sequence of inputs (1, n, T, m)."""
    table = np.empty(run.counts.size)
    for which in range(lengths.size):
        T = lengths[which]
        transitions(cell, theta, 0, inputs, 0, which, T, table)
        take(cell, table, run)
        forward(cell, run, T)
        out[which] = run.alpha[T, cell.finals[1]] - run.alpha[T, cell.finals[0]]
