"""Networks of discrete states, `P(q_t = i | q_{t-1} = j, u_t)`, with the transitions that a topology allows.

Bengio and Frasconi, NIPS 1993: inputs are symbols, one transition matrix for each; the class is read from which of two final
states is the more likely at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.state_network import StateCell, answers, passage, take
from dynlatch.maps import Map
from dynlatch.networks.readout import Readout
from dynlatch.networks.state_network import StateNetwork
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import trained_part
from dynlatch.training.models.topology import TWO_STATES, Topology
from dynlatch.validation import Array

IMPOSSIBLE = -700.0  # the activation of a probability of zero: exp(-700) is 1e-304


@dataclass(frozen=True)
class StateTables:
    """A state network whose parameters are its transition probabilities (lookup tables).

    Parameters
    ----------
    topology : Topology
        `TWO_CHAINS` for the 2-sequence problem, `TWO_STATES` for parity.

    Examples
    --------
    >>> from dynlatch.training.models.state_network import StateTables
    >>> from dynlatch.training.models.topology import TWO_CHAINS
    >>> len(StateTables(TWO_CHAINS).names)
    39
    """

    topology: Topology = field(default=TWO_STATES)

    @property
    def input_dim(self) -> int:
        return 1

    @property
    def names(self) -> tuple[str, ...]:
        """`P(i|j,k)` is the probability of state i after state j under symbol k."""
        return _names(self.topology, "P")

    @property
    def constants(self) -> Array:
        return np.zeros(0)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        """Every row uniform on its simplex (Dirichlet law with all parameters one)."""
        return _columns([_rows_summed(self.topology, s.standard_exponential(len(self.names))) for s in streams], self.names)

    def network(self, column: Array) -> Map:
        return _network(self.topology, trained_part(column, self.names))

    def column(self, network: Map) -> Array:
        """The probabilities of the allowed transitions of a state network that makes no others."""
        return _probabilities(self, self.topology, network)

    def cell(self) -> StateCell:
        return _cell(self.topology, False)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        """P(class +1) - P(class -1) at the end of each sequence."""
        return _outputs(self.cell(), trained_part(theta, self.names), sequences)


@dataclass(frozen=True)
class SoftmaxStates:
    """A state network whose parameters are the activations of softmax subnets, one for each state j:
    `P(i | j, k) = exp a_ijk / sum over i' in S_j of exp a_i'jk`, linear in the symbol given as a one-hot vector.

    Parameters
    ----------
    topology : Topology
        `TWO_CHAINS` for the 2-sequence problem, `TWO_STATES` for parity.
    """

    topology: Topology = field(default=TWO_STATES)

    @property
    def input_dim(self) -> int:
        return 1

    @property
    def names(self) -> tuple[str, ...]:
        """`a(i|j,k)` is the activation of state i after state j under symbol k."""
        return _names(self.topology, "a")

    @property
    def constants(self) -> Array:
        return np.zeros(0)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        """Standard normal activations."""
        return _columns([stream.standard_normal(len(self.names)) for stream in streams], self.names)

    def network(self, column: Array) -> Map:
        return _network(self.topology, self._softmax(trained_part(column, self.names)))

    def column(self, network: Map) -> Array:
        """Activations of mean zero in each row; a probability of zero becomes one of exp(-700)."""
        with np.errstate(divide="ignore"):
            logs = np.maximum(np.log(_probabilities(self, self.topology, network)), IMPOSSIBLE)
        owner, sizes = _rows(self.topology)
        return np.asarray(logs - (np.bincount(owner, logs) / sizes)[owner])

    def cell(self) -> StateCell:
        return _cell(self.topology, True)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        """P(class +1) - P(class -1) at the end of each sequence."""
        return _outputs(self.cell(), self._softmax(trained_part(theta, self.names)), sequences)

    def _softmax(self, activations: Array) -> Array:
        owner, sizes = _rows(self.topology)
        largest = np.full(len(sizes), -np.inf)
        np.maximum.at(largest, owner, activations)
        return _rows_summed(self.topology, np.exp(activations - largest[owner]))


def _rows(topology: Topology) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The row (symbol and state) that each parameter belongs to, and the number of parameters of each row."""
    sizes = np.tile(np.array([len(row) for row in topology.successors], dtype=np.int64), topology.symbols)
    return np.repeat(np.arange(len(sizes)), sizes), sizes


def _rows_summed(topology: Topology, weights: Array) -> Array:
    """`weights` divided by the sums of their rows."""
    owner, _ = _rows(topology)
    return np.asarray(weights / np.bincount(owner, weights)[owner])


def _columns(drawn: list[Array], names: Sequence[str]) -> Array:
    return np.ascontiguousarray(np.array(drawn).reshape(-1, len(names)).T)


def _names(topology: Topology, letter: str) -> tuple[str, ...]:
    return tuple(f"{letter}({i}|{j},{k})" for k in range(topology.symbols) for j, i in topology.edges)


def _network(topology: Topology, probabilities: Array) -> StateNetwork:
    j, i = np.array(topology.edges).T
    tables = np.zeros((topology.symbols, topology.states, topology.states))
    tables[:, i, j] = probabilities.reshape(topology.symbols, -1)
    weights = np.zeros((1, topology.states))
    weights[0, topology.finals] = -1.0, 1.0
    return StateNetwork(tables, np.array(topology.thresholds), readout=Readout(weights, np.zeros(1)))


def _probabilities(model: Any, topology: Topology, network: Map) -> Array:
    shape = (topology.symbols, topology.states, topology.states)
    if not isinstance(network, StateNetwork) or network.tables.shape != shape:
        raise InvalidInput(f"{type(model).__name__} needs a StateNetwork with tables of shape {shape}; got {network!r}.")
    j, i = np.array(topology.edges).T
    kept = network.tables[:, i, j]
    if np.any(network.thresholds != topology.thresholds) or not np.allclose(kept.sum(-1), topology.states):
        raise InvalidInput("the StateNetwork has other thresholds, or transitions that the topology does not allow.")
    return kept.ravel()


@cache
def _cell(topology: Topology, logits: bool) -> StateCell:
    sizes = [len(row) for row in topology.successors]
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    target = np.array([i for _, i in topology.edges], dtype=np.int64)
    finals = np.array(topology.finals, dtype=np.int64)
    trained = topology.symbols * len(target)
    return StateCell(first, target, np.array(topology.thresholds), topology.start, finals, trained, logits)


def _outputs(cell: StateCell, probabilities: Array, sequences: Sequences) -> Array:
    """The answers (n,)."""
    run = passage(cell, len(sequences.inputs))
    take(cell, probabilities, run)
    out = np.empty(len(sequences.lengths))
    answers(cell, run, np.ascontiguousarray(sequences.inputs.transpose(1, 0, 2))[None], sequences.lengths.astype(np.int64), out)
    return out
