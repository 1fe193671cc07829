"""What `switching_thresholds` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    import networkx as nx
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class SwitchingThresholds(Result):
    """How large inputs must be to switch one attractor into another.

    Attributes
    ----------
    attractors : tuple of ndarray, shape (p, n) each
    lower : ndarray, shape (k,)
        Inputs smaller than `lower[i]` drive the state from attractor i to none of the others (proved).
    upper : ndarray, shape (k, k)
        Inputs of size `upper[i, j]` switch i to j, directly or in stages; infinite where none was found, 0 on the diagonal.
    direct : ndarray, shape (k, k)
        The same without stages: sizes of the witnesses.
    via : int ndarray, shape (k, k)
        The attractor at which the way from i to j is split in two stages; -1 for one stage.
    witnesses : tuple of ndarray, shape (T, m) each
        Inputs that switch i to j directly are `witnesses[i * k + j]`; T = 0 where there are none.
    norm : float
        inf or 2, of the input at each time.
    coordinates : str
    """

    attractors: tuple[Array, ...]
    lower: Array
    upper: Array
    direct: Array
    via: NDArray[np.int64]
    witnesses: tuple[Array, ...]
    norm: float
    coordinates: str

    def __len__(self) -> int:
        return len(self.attractors)

    @property
    def points(self) -> Array:
        """The first point (k, n) of every attractor."""
        return np.stack([orbit[0] for orbit in self.attractors])

    def witness(self, i: int, j: int) -> Array | None:
        """Inputs (T, m) that switch i to j directly; None if none were found."""
        found = self.witnesses[i * len(self) + j]
        return found if len(found) else None

    def route(self, i: int, j: int) -> tuple[int, ...] | None:
        """The attractors visited on the cheapest way found from i to j, both included; None if there is no way."""
        if not np.isfinite(self.upper[i, j]):
            return None
        k = int(self.via[i, j])
        if k < 0:
            return (i, j)
        first, second = self.route(i, k), self.route(k, j)
        assert first is not None
        assert second is not None
        return first + second[1:]

    def graph(self) -> nx.DiGraph:
        """Attractors as nodes (`point`, `lower`), direct switches as edges (`cost`)."""
        import networkx as nx

        graph = nx.DiGraph()
        for i, orbit in enumerate(self.attractors):
            graph.add_node(i, point=orbit[0], lower=float(self.lower[i]))
        k = len(self)
        graph.add_edges_from(
            (i, j, {"cost": float(self.direct[i, j])})
            for i in range(k)
            for j in range(k)
            if i != j and np.isfinite(self.direct[i, j])
        )
        return graph

    def summary(self) -> str:
        k = len(self)
        size = "largest entry" if np.isinf(self.norm) else "2-norm"
        lines = [
            f"inputs that switch one of {k} attractors to another ({size} of the input at each time)",
            "  rows: from; columns: to; *: cheaper, or only, in stages; -: no way found",
            "  " + f"{'':>4} {'none below':>11} " + "".join(f"{j:>11}" for j in range(k)),
        ]
        for i in range(k):
            cells = "".join(f"{self._cell(i, j):>11}" for j in range(k))
            lines.append(f"  {i:>4} {self.lower[i]:>11.5g} {cells}")
        lines.append(f"  attractors ({self.coordinates}):")
        lines += [f"  {i:>4} {_shown(orbit)}" for i, orbit in enumerate(self.attractors)]
        return "\n".join(lines)

    def _cell(self, i: int, j: int) -> str:
        if i == j:
            return "."
        if not np.isfinite(self.upper[i, j]):
            return "-"
        return f"{self.upper[i, j]:.5g}" + ("*" if self.via[i, j] >= 0 else " ")

    def plot(self, ax: Axes | None = None) -> Axes:
        """The directed graph of switches."""
        from dynlatch.analysis.plots.switching import plot_switching

        return plot_switching(self, ax=ax)


def _shown(orbit: Array) -> str:
    point = np.array2string(orbit[0], precision=4, suppress_small=True, threshold=6, edgeitems=3)
    return point if len(orbit) == 1 else f"{point}, a cycle of period {len(orbit)}"
