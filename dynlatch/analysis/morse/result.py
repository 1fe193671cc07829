"""What `morse_graph` returns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points import FixedPoints
from dynlatch.analysis.morse.cells import Grid
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    import networkx
    from matplotlib.axes import Axes

OUTSIDE = "outside"
UNKNOWN = -1
SHOWN = 40


class MorseKind(StrEnum):
    """What a Morse set is in the order of all of them."""

    ATTRACTOR = "attractor"
    SADDLE = "saddle"
    REPELLER = "repeller"
    UNDECIDED = "undecided"

    @property
    def sentence(self) -> str:
        return {
            MorseKind.ATTRACTOR: "Nothing leaves it, so it contains an attractor.",
            MorseKind.SADDLE: "It holds an unstable fixed point, and orbits lead on from it.",
            MorseKind.REPELLER: "Its fixed points repel in every direction.",
            MorseKind.UNDECIDED: "No unstable fixed point of it is known, yet orbits may lead on: it may hold a cycle, a "
            "larger recurrent set, an attractor that the cells are too wide to enclose, or nothing.",
        }[self]


@dataclass(frozen=True, eq=False)
class MorseGraph(Result):
    """The recurrent sets of a map in a box, and which lead to which: a Conley-Morse graph.

    Morse sets are sorted lexicographically by the centre of the smallest box that holds them.

    Attributes
    ----------
    lo, hi : ndarray, shape (n,)
        The bounds.
    cells : int32 ndarray, shape of the grid
        Morse set of each cell; -1 for the others, through which every orbit only passes.
    destinations : int32 ndarray, shape of the grid
        Where every orbit from the cell ends, if it is one and the same Morse set for all of them; -1 where it can be several
        or leave the bounds. Cells that lead to an attractor only are certified parts of its basin.
    kinds : object ndarray of MorseKind, shape (k,)
    sizes : int ndarray, shape (k,)
        Number of cells.
    boxes : ndarray, shape (k, 2, n)
        Smallest box that holds the set: lower and upper corner.
    index : int ndarray, shape (k,)
        Sum of sign det(I - J) over the fixed points inside: the fixed point index, if they are all known.
    unstable_dimension : int ndarray, shape (k,)
        Of the fixed point, where exactly one is inside (its Conley index is then a sphere of that dimension); otherwise -1.
    period : int ndarray, shape (k,)
        Every periodic orbit inside has a period divisible by this number.
    edges : int ndarray, shape (e, 2)
        Transitive reduction of "leads to"; `k` stands for the outside of the bounds.
    fixed_points : FixedPoints or None
        Those inside the bounds; None for a map without derivatives.
    members : int ndarray
        Morse set of each fixed point; -1 if its cell is in none, which a proved graph rules out for true fixed points.
    proved : bool
        Whether the images of cells are rounded outward: then every orbit in the bounds follows the graph, and every recurrent
        point is in a Morse set. Otherwise the images are estimated from samples of the Jacobian.
    coordinates : str
    """

    lo: Array
    hi: Array
    cells: NDArray[np.int32]
    destinations: NDArray[np.int32]
    kinds: NDArray[np.object_]
    sizes: NDArray[np.int64]
    boxes: Array
    index: NDArray[np.int64]
    unstable_dimension: NDArray[np.int64]
    period: NDArray[np.int64]
    edges: NDArray[np.int64]
    fixed_points: FixedPoints | None
    members: NDArray[np.int64]
    proved: bool
    coordinates: str

    @property
    def resolution(self) -> tuple[int, ...]:
        """Cells along each axis."""
        return self.cells.shape

    @property
    def attractors(self) -> NDArray[np.int64]:
        """Numbers of the Morse sets that nothing leaves."""
        return np.flatnonzero(self.kinds == MorseKind.ATTRACTOR)

    @property
    def leaves(self) -> bool:
        """Whether some orbit may leave the bounds from a Morse set."""
        return bool((self.edges == len(self)).any())

    @property
    def graph(self) -> networkx.DiGraph:
        """Nodes 0 .. k - 1 and, where something leads there, "outside"; edges of the transitive reduction.

        Node attributes: `kind`, `cells` (their numbers in C order), `box`, `index`, `unstable_dimension`, `period`,
        `fixed_points` (rows of `self.fixed_points`).
        """
        import networkx

        graph: networkx.DiGraph = networkx.DiGraph()
        inside = np.flatnonzero(self.cells.ravel() >= 0)
        inside = inside[np.argsort(self.cells.ravel()[inside], kind="stable")]
        for i, numbers in enumerate(np.split(inside, np.cumsum(self.sizes)[:-1]) if len(self) else []):
            graph.add_node(
                i,
                kind=self.kinds[i],
                cells=numbers,
                box=self.boxes[i],
                index=int(self.index[i]),
                unstable_dimension=int(self.unstable_dimension[i]),
                period=int(self.period[i]),
                fixed_points=np.flatnonzero(self.members == i),
            )
        graph.add_edges_from(tuple(OUTSIDE if end == len(self) else int(end) for end in edge) for edge in self.edges)
        return graph

    def morse_set(self, states: Array) -> NDArray[np.int64]:
        """Morse set of the cell that holds each state (..., n); -1 for none, and outside the bounds."""
        return self._at(self.cells, states)

    def destination(self, states: Array) -> NDArray[np.int64]:
        """The one Morse set in which the orbit of each state (..., n) must end; -1 where that is not certain."""
        return self._at(self.destinations, states)

    def _at(self, field: NDArray[np.int32], states: Array) -> NDArray[np.int64]:
        states = np.asarray(states, dtype=np.float64)
        place = [
            np.searchsorted(Grid(self.lo, self.hi, field.shape).edges(d), states[..., d], side="right") - 1
            for d in range(field.ndim)
        ]
        size = np.array(field.shape)
        inside = np.all((states >= self.lo) & (states <= self.hi), axis=-1)
        clipped = tuple(np.clip(p, 0, k - 1) for p, k in zip(place, size, strict=True))
        return np.asarray(np.where(inside, field[clipped], -1), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.kinds)

    def summary(self) -> str:
        count = Counter(str(kind) for kind in self.kinds)
        kinds = ", ".join(f"{n} {word}" for word, n in sorted(count.items())) or "none"
        how = "cell images by interval arithmetic: proved" if self.proved else "cell images estimated from samples: not proved"
        grid = " x ".join(str(k) for k in self.resolution)
        lines = [
            f"{len(self)} Morse sets in {self.coordinates}: {kinds}",
            f"{grid} cells; {how}. {np.mean(self.destinations >= 0):.1%} of the cells have one possible destination.",
            f"{'':>4} {'kind':<10} {'cells':>8} {'index':>5} {'unstable':>8} {'period':>6}  {'leads to':<14} box",
        ]
        for i in range(min(len(self), SHOWN)):
            lines.append(self._row(i))
        if len(self) > SHOWN:
            lines.append(f"     ... and {len(self) - SHOWN} more")
        lost = int((self.members < 0).sum())
        if lost:
            lines.append(f"{lost} fixed point{'s' * (lost != 1)} in no Morse set: choose a higher resolution.")
        return "\n".join(lines)

    def _row(self, i: int) -> str:
        onward = ", ".join(OUTSIDE if j == len(self) else str(j) for a, j in self.edges if a == i) or "-"
        unstable = "-" if self.unstable_dimension[i] == UNKNOWN else str(self.unstable_dimension[i])
        box = " x ".join(f"[{low:.4g}, {high:.4g}]" for low, high in self.boxes[i].T)
        head = f"{i:>4} {self.kinds[i]:<10} {self.sizes[i]:>8} {self.index[i]:>+5d} {unstable:>8} {self.period[i]:>6}"
        return f"{head}  {onward:<14} {box}"

    def plot(self, ax: Axes | None = None) -> Axes:
        """Morse sets and certified basins in phase space; on a figure of its own also their order (Hasse diagram)."""
        from dynlatch.analysis.plots.morse import plot_morse

        return plot_morse(self, ax=ax)
