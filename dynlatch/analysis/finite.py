"""Maps on finitely many states: a graph with one edge from every state tells their attractors and basins exactly.

Under a constant input every state of such a map leads to exactly one other. The graph falls into components; each holds one
cycle, which is an attractor, and the rest of the component is the remainder of its basin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.maps import FiniteMap, Map, coordinates
from dynlatch.results import Result
from dynlatch.validation import Array, shaped_array

if TYPE_CHECKING:
    import networkx
    from matplotlib.axes import Axes

SHOWN = 20


@dataclass(frozen=True, eq=False)
class FiniteAttractors(Result):
    """The attractors of a finite map under a constant input, and the basin of each: exact, nothing is searched.

    Attractors are sorted by the number of their first state; each cycle begins with its lowest state.

    Attributes
    ----------
    states : ndarray, shape (K, n)
        All states, sorted lexicographically.
    successors : int ndarray, shape (K,)
        The row of `states` that each leads to.
    labels : int ndarray, shape (K,)
        The attractor that each state ends in.
    times : int ndarray, shape (K,)
        Steps until it is reached; 0 on the attractor.
    cycles : tuple of int ndarrays, each (period,)
        Rows of `states`, in the order in which they are visited.
    margins : ndarray, shape (k,)
        The least `margin` along each cycle: at an attractor, inputs that stay smaller than this (every component, at every
        step, on top of `input`) change nothing; larger ones may change the next state, and need not lead to another basin.
    input : ndarray, shape (m,)
        The constant input.
    coordinates : str
    """

    states: Array
    successors: NDArray[np.int64]
    labels: NDArray[np.int64]
    times: NDArray[np.int64]
    cycles: tuple[NDArray[np.int64], ...]
    margins: Array
    input: Array
    coordinates: str

    @property
    def periods(self) -> NDArray[np.int64]:
        """Length of each cycle, shape (k,); 1 is a fixed point."""
        return np.array([len(cycle) for cycle in self.cycles], dtype=np.int64)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of states in each basin, shape (k,)."""
        return np.bincount(self.labels, minlength=len(self.cycles))

    @property
    def points(self) -> tuple[Array, ...]:
        """The states of each cycle, (period, n)."""
        return tuple(self.states[cycle] for cycle in self.cycles)

    def basin(self, states: Array) -> NDArray[np.int64]:
        """The attractor that each of `states` (..., n) ends in.

        Raises
        ------
        InvalidInput
            If one of them is no state of the map.
        """
        return self.labels[rows_of(self.states, states)]

    def __len__(self) -> int:
        return len(self.cycles)

    def summary(self) -> str:
        entering = np.array2string(self.input, precision=4, separator=", ")
        k, K = len(self), len(self.states)
        lines = [
            f"{k} attractor{'s' * (k != 1)} on {K} states ({self.coordinates}) under the input {entering}: exact",
            f"{'':>4} {'period':>6} {'basin':>7} {'share':>6} {'slowest':>7} {'margin':>9}  states",
        ]
        lines += [self._row(i) for i in range(min(k, SHOWN))]
        return "\n".join(lines if k <= SHOWN else [*lines, f"     ... and {k - SHOWN} more"])

    def _row(self, i: int) -> str:
        cycle, size = self.cycles[i], self.sizes[i]
        slowest = self.times[self.labels == i].max()
        shown = " -> ".join(_word(self.states[row]) for row in cycle[:6]) + (" -> ..." if len(cycle) > 6 else "")
        share = size / len(self.states)
        return f"{i:>4} {len(cycle):>6} {size:>7} {share:>6.0%} {slowest:>7} {self.margins[i]:>9.4g}  {shown}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """The transition graph: each basin a tree round its cycle."""
        from dynlatch.analysis.plots.finite import plot_finite

        return plot_finite(self, ax=ax)


def transition_graph(map: Map, u: Any = None) -> networkx.DiGraph:
    """The graph of a finite map under the constant input `u`: node k is row k of `map.states`, with one edge to its successor.

    Parameters
    ----------
    map : FiniteMap
        A threshold network, the flip-flop.
    u : array_like, shape (m,), optional
        The input; zero by default.

    Returns
    -------
    networkx.DiGraph
        Node attribute `state`, a tuple.

    Raises
    ------
    InvalidInput
        If the map has no `states`, or leads out of them.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> sorted(analysis.transition_graph(dl.ThresholdNetwork([[-1.0]])).edges)
    [(0, 1), (1, 0)]
    """
    import networkx

    finite, entering = _checked(map, u)
    successors = _successors(finite, entering)
    graph: networkx.DiGraph = networkx.DiGraph()
    graph.add_nodes_from((k, {"state": tuple(map_float(state))}) for k, state in enumerate(finite.states))
    graph.add_edges_from(enumerate(successors.tolist()))
    return graph


def finite_attractors(map: Map, u: Any = None, *, channels: Sequence[int] | None = None) -> FiniteAttractors:
    """All attractors of a finite map under the constant input `u`, with their basins, from its transition graph.

    Parameters
    ----------
    map : FiniteMap
        A threshold network, the flip-flop.
    u : array_like, shape (m,), optional
        The input; zero by default.
    channels : sequence of int, optional
        The inputs whose disturbance `margins` bound; all by default.

    Returns
    -------
    FiniteAttractors

    Raises
    ------
    InvalidInput
        If the map has no `states`, or leads out of them.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> found = analysis.finite_attractors(dl.ThresholdNetwork([[1.5]]))
    >>> found.periods, found.margins
    (array([1, 1]), array([1.5, 1.5]))
    """
    finite, entering = _checked(map, u)
    graph = transition_graph(finite, entering)
    successors = _successors(finite, entering)
    cycles = _cycles(graph, successors)
    labels, times = _basins(graph, cycles)
    margins = [float(np.min(finite.margin(finite.states[cycle], entering, channels))) for cycle in cycles]
    return FiniteAttractors(finite.states, successors, labels, times, cycles, np.array(margins), entering, coordinates(finite))


def rows_of(table: Array, states: Any) -> NDArray[np.int64]:
    """The row of `table` (K, n), sorted lexicographically, that each of `states` (..., n) is."""
    wanted = np.asarray(states, dtype=np.float64)
    if wanted.shape[-1:] != table.shape[1:]:
        raise InvalidInput(f"states of this map have {table.shape[1]} components; got shape {wanted.shape}.")
    number = {tuple(row): k for k, row in enumerate(table.tolist())}
    rows = [number.get(tuple(state), -1) for state in wanted.reshape(-1, table.shape[1]).tolist()]
    if -1 in rows:
        raise InvalidInput(f"{wanted.reshape(-1, table.shape[1])[rows.index(-1)]} is no state of this map (see its `states`).")
    return np.array(rows, dtype=np.int64).reshape(wanted.shape[:-1])


def _checked(map: Map, u: Any) -> tuple[FiniteMap, Array]:
    if not isinstance(map, FiniteMap):
        raise InvalidInput(f"{type(map).__name__} has no finite set of `states`: use `fixed_points` and `basins`.")
    return map, shaped_array("u", np.zeros(map.input_dim) if u is None else u, (map.input_dim,))


def _successors(map: FiniteMap, u: Array) -> NDArray[np.int64]:
    return rows_of(map.states, map.step(map.states, u))


def _cycles(graph: networkx.DiGraph, successors: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Each attracting component, followed from its lowest state."""
    import networkx

    cycles = []
    for first in sorted(min(component) for component in networkx.attracting_components(graph)):
        cycle = [first]
        while successors[cycle[-1]] != first:
            cycle.append(int(successors[cycle[-1]]))
        cycles.append(np.array(cycle, dtype=np.int64))
    return tuple(cycles)


def _basins(graph: networkx.DiGraph, cycles: tuple[NDArray[np.int64], ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The attractor of every state and the steps to it: the states met going back from each cycle, nearest first."""
    labels = np.full(len(graph), -1, dtype=np.int64)
    times = np.zeros(len(graph), dtype=np.int64)
    for i, cycle in enumerate(cycles):
        front, steps = cycle.tolist(), 0
        while front:
            labels[front], times[front] = i, steps
            front = [k for node in front for k in graph.predecessors(node) if labels[k] < 0]
            steps += 1
    return labels, times


def map_float(values: Array) -> list[float]:
    """Array entries as Python floats."""
    return [float(v) for v in values]


def _word(state: Array) -> str:
    """+-+ for a state of signs, otherwise its numbers."""
    if np.isin(state, (-1.0, 1.0)).all():
        return "".join("+" if x > 0 else "-" for x in state)
    return "(" + ", ".join(f"{x:.4g}" for x in state) + ")"
