"""Networks of discrete states whose outputs are supervised: input-output HMMs, and plain HMMs, which have no input.

Bengio and Frasconi, NIPS 7 (1994), with lookup tables, and outputs of the states alone (a Moore machine). With `phi_ij,t =
P(q_t = i | q_{t-1} = j, u_t)` and `b_i(y) = P(y_t = y | q_t = i)`, which is 1 where no output is asked at step t:

    alpha_i,t = b_i(y_t) sum_j phi_ij,t alpha_j,t-1 / c_t      c_t such that the sum is 1: P(y_t | what was asked before)
    beta_j,t-1 = sum_i phi_ij,t b_i(y_t) beta_i,t / c_t        P(transition) = alpha_j,t-1 phi_ij,t b_i(y_t) beta_i,t / c_t

Shapes: S states, E allowed transitions, K symbols, R outputs; parameters (K E + S R,): transitions, then emissions.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.bundles import bundle
from dynlatch.lanes.compiling import kernel
from dynlatch.maps import Map
from dynlatch.networks.readout import Readout
from dynlatch.networks.state_network import StateNetwork
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import trained_part
from dynlatch.training.models.state_network import StateTables
from dynlatch.training.models.topology import TWO_STATES, Topology
from dynlatch.validation import Array, count


@bundle
class EmittingCell(NamedTuple):
    """The allowed transitions in arrays, those from state j at `first[j]` to `first[j + 1] - 1`."""

    first: NDArray[np.int64]  # (S + 1,)
    target: NDArray[np.int64]  # (E,)
    thresholds: Array  # (K - 1,)
    start: int  # the state at time 0, which puts nothing out
    symbols: int  # K
    outputs: int  # R
    trained: int  # K E + S R


@dataclass(frozen=True)
class InputOutputHMM:
    """A state network each of whose states has its own distribution over outputs; a plain HMM has no thresholds.

    Parameters
    ----------
    topology : Topology
        The transitions that there are, and how inputs become symbols. Its final states mean nothing here.
    output_symbols : int
        R. Class -1 is output 0 and class +1 output 1.

    Examples
    --------
    >>> from dynlatch.training.models import InputOutputHMM
    >>> InputOutputHMM().names[-1], len(InputOutputHMM().names)
    ('P(y=1|1)', 12)
    """

    topology: Topology = field(default=TWO_STATES)
    output_symbols: int = 2

    def __post_init__(self) -> None:
        object.__setattr__(self, "output_symbols", count("output_symbols", self.output_symbols, least=2))

    @property
    def input_dim(self) -> int:
        return 1

    @property
    def names(self) -> tuple[str, ...]:
        """`P(i|j,k)`, state i after state j under symbol k, then `P(y=r|i)`, output r in state i."""
        emissions = (f"P(y={r}|{i})" for i in range(self.topology.states) for r in range(self.output_symbols))
        return (*self._transitions.names, *emissions)

    @property
    def constants(self) -> Array:
        return np.zeros(0)

    @property
    def _transitions(self) -> StateTables:
        return StateTables(self.topology)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        """Every distribution uniform on its simplex."""
        return np.concatenate([self._transitions.initial(streams), np.stack([self._emissions(s) for s in streams], axis=1)])

    def _emissions(self, stream: np.random.Generator) -> Array:
        drawn = stream.standard_exponential((self.topology.states, self.output_symbols))
        return np.asarray((drawn / drawn.sum(1, keepdims=True)).ravel())

    def network(self, column: Array) -> Map:
        """The distribution over states, read by the probabilities of the outputs."""
        values = trained_part(column, self.names)
        states = self._transitions.network(values)
        assert isinstance(states, StateNetwork)
        emissions = values[len(self._transitions.names) :].reshape(-1, self.output_symbols)
        return StateNetwork(states.tables, states.thresholds, readout=Readout(emissions.T, np.zeros(self.output_symbols)))

    def column(self, network: Map) -> Array:
        """The probabilities of the allowed transitions, and of the outputs."""
        transitions = self._transitions.column(network)
        assert isinstance(network, StateNetwork)
        if network.readout is None or network.readout.matrix.shape != (self.output_symbols, self.topology.states):
            raise InvalidInput(f"{network!r} has no readout of {self.output_symbols} outputs: take one that `network` gave.")
        return np.concatenate([transitions, network.readout.matrix.T.ravel()])

    def cell(self) -> EmittingCell:
        return _cell(self.topology, self.output_symbols)

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        """P(class +1) - P(class -1) at the end of each sequence."""
        cell, values = self.cell(), trained_part(theta, self.names)
        n, T = len(sequences.lengths), len(sequences.inputs)
        scores = np.empty(n)
        symbols = symbols_of(cell, sequences.inputs[:, :, 0].T)
        log_likelihoods(cell, values, symbols, asked_at_end(np.ones(n), sequences.lengths, T), sequences.lengths, scores)
        return np.asarray(2.0 * np.exp(scores) - 1.0)


def symbols_of(cell: EmittingCell, inputs: Array) -> NDArray[np.int64]:
    """Inputs of any shape as symbols: the number of thresholds below each."""
    return np.searchsorted(cell.thresholds, np.ascontiguousarray(inputs), side="left").astype(np.int64)


def asked_at_end(targets: Array, lengths: NDArray[np.int64], T: int) -> NDArray[np.int64]:
    """The output asked at each step, shape (n, T): that of the class at the end of each sequence, -1 for none before."""
    asked = np.full((len(targets), T), -1, dtype=np.int64)
    asked[np.arange(len(targets)), lengths - 1] = targets > 0.0
    return asked


@cache
def _cell(topology: Topology, outputs: int) -> EmittingCell:
    sizes = [len(row) for row in topology.successors]
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    target = np.array([i for _, i in topology.edges], dtype=np.int64)
    trained = topology.symbols * len(target) + topology.states * outputs
    return EmittingCell(first, target, np.array(topology.thresholds), topology.start, topology.symbols, outputs, trained)


@kernel
def log_likelihoods(cell, theta, symbols, asked, lengths, scores):  # type: ignore[no-untyped-def]
    """scores (n,): log P(what is asked | inputs) of the sequences of symbols and asked outputs (n, T)."""
    alpha, chance = np.empty((symbols.shape[1] + 1, cell.first.size - 1)), np.empty(symbols.shape[1] + 1)
    for which in range(lengths.size):
        scores[which] = forward(cell, theta, symbols[which], asked[which], lengths[which], alpha, chance)


@kernel
def expect(cell, theta, symbols, asked, lengths, counts, scores):  # type: ignore[no-untyped-def]
    """The E-step: counts (P,) + how often each transition and each output is expected; scores as in `log_likelihoods`.

    A sequence that is impossible counts nothing.
    """
    states, longest = cell.first.size - 1, symbols.shape[1]
    alpha, chance, beta = np.empty((longest + 1, states)), np.empty(longest + 1), np.empty((2, states))
    for which in range(lengths.size):
        T = lengths[which]
        scores[which] = forward(cell, theta, symbols[which], asked[which], T, alpha, chance)
        if scores[which] > -math.inf:
            backward(cell, theta, symbols[which], asked[which], T, alpha, chance, beta, counts)


@kernel
def forward(cell, theta, symbols, asked, T, alpha, chance):  # type: ignore[no-untyped-def]
    """alpha (T + 1, S), and chance (T + 1,) of what is asked at each step; the sum of its logarithms."""
    first, target, edges, R, score = cell.first, cell.target, cell.target.size, cell.outputs, 0.0
    states, emissions = first.size - 1, cell.symbols * edges
    for i in range(states):
        alpha[0, i] = 1.0 if i == cell.start else 0.0
    for t in range(T):
        for i in range(states):
            alpha[t + 1, i] = 0.0
        for j in range(states):
            for e in range(first[j], first[j + 1]):
                alpha[t + 1, target[e]] += theta[symbols[t] * edges + e] * alpha[t, j]
        chance[t + 1] = 1.0
        if asked[t] < 0:
            continue
        total = 0.0
        for i in range(states):
            alpha[t + 1, i] *= theta[emissions + i * R + asked[t]]
            total += alpha[t + 1, i]
        if total <= 0.0:
            return -math.inf
        for i in range(states):
            alpha[t + 1, i] /= total
        chance[t + 1] = total
        score += math.log(total)
    return score


@kernel
def backward(cell, theta, symbols, asked, T, alpha, chance, beta, counts):  # type: ignore[no-untyped-def]
    """Add the expected transitions and outputs of one sequence to the counts; beta (2, S) is room."""
    first, target, edges, R = cell.first, cell.target, cell.target.size, cell.outputs
    states, emissions = first.size - 1, cell.symbols * edges
    for i in range(states):
        beta[T % 2, i] = 1.0
    for t in range(T, 0, -1):
        now, base = t % 2, symbols[t - 1] * edges
        for i in range(states):
            if asked[t - 1] >= 0:
                p = emissions + i * R + asked[t - 1]
                counts[p] += alpha[t, i] * beta[now, i]
                beta[now, i] *= theta[p] / chance[t]
        for j in range(states):
            total = 0.0
            for e in range(first[j], first[j + 1]):
                onto = theta[base + e] * beta[now, target[e]]
                counts[base + e] += alpha[t - 1, j] * onto
                total += onto
            beta[1 - now, j] = total
