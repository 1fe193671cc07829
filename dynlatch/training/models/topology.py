"""Which transitions a state network has, and how its inputs become symbols: the networks of Bengio and Frasconi, NIPS 1993."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.validation import count, finite_array


@dataclass(frozen=True)
class Topology:
    """Which transitions there are, and how inputs become symbols.

    Parameters
    ----------
    successors : sequence of sequences of int
        `successors[j]` are the states that may follow state j (the sets S_j of the paper), under every symbol.
    thresholds : sequence of float
        Ascending; the symbol of an input is the number of thresholds below it.
    finals : pair of int
        The state that answers class -1, and the one that answers class +1.
    start : int
        The state at time 0.

    Raises
    ------
    InvalidInput
        If a state that is named does not exist, a state has no successor, or thresholds do not ascend.
    """

    successors: tuple[tuple[int, ...], ...]
    thresholds: tuple[float, ...]
    finals: tuple[int, int]
    start: int = 0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "successors", tuple(tuple(sorted({int(i) for i in row})) for row in self.successors))
        put(self, "thresholds", tuple(finite_array("thresholds", self.thresholds, ndim=1).tolist()))
        put(self, "finals", tuple(int(i) for i in self.finals))
        _check(self)

    @property
    def states(self) -> int:
        return len(self.successors)

    @property
    def symbols(self) -> int:
        return len(self.thresholds) + 1

    @property
    def edges(self) -> tuple[tuple[int, int], ...]:
        """Every allowed transition (from, to), in the order of the parameters."""
        return tuple((j, i) for j, row in enumerate(self.successors) for i in row)


def _check(topology: Topology) -> None:
    S = topology.states
    named = [i for row in topology.successors for i in row] + [*topology.finals, topology.start]
    if not S or not all(topology.successors) or not all(0 <= i < S for i in named):
        raise InvalidInput(f"every state needs successors, and states are 0 to {S - 1}: got {topology}.")
    if len(topology.finals) != 2 or topology.finals[0] == topology.finals[1]:
        raise InvalidInput(f"`finals` must be two different states, of class -1 and class +1; got {topology.finals}.")
    if np.any(np.diff(topology.thresholds) <= 0):
        raise InvalidInput(f"`thresholds` must ascend; got {topology.thresholds}.")


def two_chains(length: int = 3, thresholds: Sequence[float] = (-0.5, 0.5)) -> Topology:
    """The papers' network for the 2-sequence problem: from an initial state into one of two left-to-right chains.

    7 states for chains of 3; symbols are "low", "quiet" and "high". The initial state has a self-loop: the chains are as long
    as the prototypes, and without it the first input would have to decide. The last state of a chain is absorbing.
    """
    n = count("length", length, least=1)
    chains = [(j, j + 1) if j % n else (j,) for j in range(1, 2 * n + 1)]
    return Topology(((0, 1, n + 1), *chains), tuple(thresholds), (n, 2 * n))


def fully_connected(states: int, thresholds: Sequence[float], finals: tuple[int, int]) -> Topology:
    """Every state may follow every other."""
    n = count("states", states, least=2)
    return Topology((tuple(range(n)),) * n, tuple(thresholds), finals)


TWO_CHAINS = two_chains()
TWO_STATES = fully_connected(2, (0.0,), (0, 1))  # parity: state 0 is "even"
