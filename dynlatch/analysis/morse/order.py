"""Strong components of the cell graph, and which of them lead to which.

Components are numbered so that every edge leads to a component of the same or a smaller number. Then one pass over the raw
edges by rising source carries sets of reachable things (as bits) up the order: no condensation is built.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.morse.cells import Transitions

Ints = NDArray[np.int32]

OUTSIDE = 0
ROWS_AT_ONCE = 1 << 16


class Components(NamedTuple):
    """Strong components of the cells, successors first. Component 0 is the outside of the bounds.

    labels (cells,) is the component of each cell; `recurrent` (components,) says which hold a cycle of the graph (more than
    one cell, or a cell that can stay). `sources`, `targets` are the edges between components: those to the outside, then the
    others by rising source.
    """

    labels: Ints
    recurrent: NDArray[np.bool_]
    sources: Ints
    targets: Ints

    @property
    def sinks(self) -> NDArray[np.bool_]:
        """Components of cells that nothing leaves (components,)."""
        closed = self.recurrent.copy()
        closed[self.sources] = False
        return closed


def components(graph: Transitions) -> Components:
    """Strong components by scipy.sparse.csgraph (Pearce's variant of Tarjan's algorithm)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    cells = len(graph.pointers) - 1
    matrix = csr_array((np.ones(len(graph.targets)), graph.targets, graph.pointers), shape=(cells, cells))
    count, found = connected_components(matrix, directed=True, connection="strong")
    labels = successors_first(found.astype(np.int32), int(count), graph) + np.int32(1)
    by_label = np.argsort(labels, kind="stable")
    sources = np.repeat(labels[by_label], np.diff(graph.pointers)[by_label])
    targets = labels[matrix[by_label].indices]
    between = sources != targets
    between[1:] &= (sources[1:] != sources[:-1]) | (targets[1:] != targets[:-1])
    recurrent = np.bincount(labels, minlength=count + 1) > 1
    recurrent[labels[graph.stays]] = True
    leavers = np.unique(labels[graph.leaves])
    return Components(
        labels,
        recurrent,
        np.concatenate([leavers, sources[between]]),
        np.concatenate([np.full_like(leavers, OUTSIDE), targets[between]]),
    )


def successors_first(labels: Ints, count: int, graph: Transitions) -> Ints:
    """The labels renumbered so that no edge leads to a larger one.

    SciPy numbers components in topological order, one way or the other, without promising it: checked here, sorted if not.
    """
    source = np.repeat(labels, np.diff(graph.pointers))
    target = labels[graph.targets]
    if np.all(source >= target):
        return labels
    if np.all(source <= target):
        return np.asarray(count - 1 - labels, dtype=np.int32)
    import networkx

    condensed: networkx.DiGraph = networkx.DiGraph()
    condensed.add_nodes_from(range(count))
    between = source != target
    condensed.add_edges_from(np.stack([source[between], target[between]], axis=1).tolist())
    rank = np.empty(count, dtype=np.int32)
    rank[list(networkx.topological_sort(condensed))] = np.arange(count - 1, -1, -1)
    return np.asarray(rank[labels])


class Reach(NamedTuple):
    """Which marks the components lead to, their own included.

    table (rows, marks): whether a component of row i leads to mark j; number (components,): how many marks each leads to;
    one (components,): the mark, where it is only one.
    """

    table: NDArray[np.bool_]
    number: NDArray[np.int64]
    one: NDArray[np.int64]


def reachable(graph: Components, marks: NDArray[np.int64], rows: NDArray[np.int64]) -> Reach:
    """Marks reached from each component; `marks` and `rows` (components,) are -1 where a component has none. 64 a pass."""
    from dynlatch.analysis.morse.kernels import carry

    count, asked = int(marks.max()) + 1, np.flatnonzero(rows >= 0)
    table = np.zeros((int(rows.max()) + 1, count), dtype=bool)
    number, one = np.zeros(len(marks), dtype=np.int64), np.full(len(marks), -1)
    for start in range(0, count, 64):
        here = np.flatnonzero((marks >= start) & (marks < start + 64))
        reach = np.zeros(len(marks), dtype=np.uint64)
        reach[here] = np.uint64(1) << (marks[here] - start).astype(np.uint64)
        carry(reach, graph.sources, graph.targets)
        met = np.bitwise_count(reach)
        one[met == 1] = start + np.log2(reach[met == 1]).astype(np.int64)
        number += met
        bits = np.arange(min(64, count - start), dtype=np.uint64)
        for part in np.array_split(asked, len(asked) // ROWS_AT_ONCE + 1):
            has = (reach[part, None] >> bits) & np.uint64(1) > 0
            np.logical_or.at(table[:, start : start + 64], rows[part], has)
    return Reach(table, number, one)


def period(graph: Transitions, cells: NDArray[np.int64]) -> int:
    """Greatest common divisor of the lengths of all cycles among the cells of one strong component.

    Every periodic orbit inside has a period that is a multiple of it.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    if graph.stays[cells].any():
        return 1
    every = len(graph.pointers) - 1
    matrix = csr_array((np.ones(len(graph.targets)), graph.targets, graph.pointers), shape=(every, every))
    inner = matrix[cells][:, cells].tocoo()
    small = csr_array((inner.data, (inner.row.astype(np.int32), inner.col.astype(np.int32))), shape=inner.shape)
    depth = dijkstra(small, indices=0, unweighted=True).astype(np.int64)
    return int(np.gcd.reduce(np.abs(depth[inner.row] + 1 - depth[inner.col])))
