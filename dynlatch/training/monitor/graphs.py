"""The view of other finite maps, as the flip-flop is: attractors and basins from the transition graph, exactly; no gradient."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.finite import FiniteAttractors, finite_attractors
from dynlatch.lanes.show import Lanes
from dynlatch.training.contract import Architecture, Show, Task
from dynlatch.training.monitor.sample import sample
from dynlatch.training.monitor.sighting import Sighting, agreed, by_class, noise_factor
from dynlatch.validation import Array


class GraphView:
    """Transition graphs under the quiet inputs; the label of an attractor is the row of its first state."""

    margin_words = "the least input that can change the state at the attractors of the final states: exact"

    def __init__(self, model: Architecture, task: Task, lanes: Lanes) -> None:
        self.model, self.sample, self.criterion = model, sample(lanes), lanes.criterion
        self.inputs = np.array([quiet.input for quiet in task.quiet_inputs], dtype=np.float64)
        self.coordinates = "state x"

    def gradient(self, theta: Array, show: Show, last: int) -> Array | None:
        return None

    def probe(self, show: Show, *, every: int, rows: int, last: int) -> None:
        """None: there is no gradient to record."""

    def portrait(self, theta: Array, rows: NDArray[np.intp]) -> Sighting:
        seen, C = [self._one(theta[:, k], row) for k, row in enumerate(rows)], self.sample.classes
        points = [
            {"row": k, "quiet": q, "label": int(cycle[0]), "period": len(cycle), "stable": True, "sign": 1,
             "state": graph.states[cycle[0]]}
            for k, (graphs, *_) in enumerate(seen) for q, graph in enumerate(graphs) for cycle in graph.cycles
        ]  # fmt: skip
        label, phase = (np.array([one[i] for one in seen]) for i in (1, 2))
        return Sighting(
            fixed_points=np.array([[int((g.periods == 1).sum()) for g in graphs] for graphs, *_ in seen]),
            attractors=np.array([[len(g) for g in graphs] for graphs, *_ in seen]),
            basin=agreed(by_class(label, C)),
            phase=agreed(by_class(phase, C)),
            gamma=np.ones((len(rows), len(self.inputs), C)),
            right=self.sample.right(self.model, self.criterion, theta, rows),
            margin=np.array([one[3] for one in seen]),
            final=np.array([one[4] for one in seen]),
            points={name: np.array([point[name] for point in points]) for name in points[0]},
            coefficients=np.empty((len(rows), 3, 0)),
        )

    def _one(
        self, column: Array, row: int
    ) -> tuple[list[FiniteAttractors], NDArray[np.int64], NDArray[np.int64], float, Array]:
        """Graphs, labels (E, Q) and phases of the final states, the margin, the final states."""
        network = self.model.network(column[: len(self.model.names)])
        graphs = [finite_attractors(network, u) for u in self.inputs]
        given = self.sample.sequences(row)
        x = np.repeat(graphs[0].states[:1], len(given.lengths), axis=0)
        for t, u in enumerate(given.inputs):
            x = np.where((t < given.lengths)[:, None], network.step(x, u), x)
        ends = np.stack([graph.basin(x) for graph in graphs], axis=1)
        label = np.stack([np.array([c[0] for c in g.cycles])[ends[:, q]] for q, g in enumerate(graphs)], axis=1)
        margin = noise_factor(network) * min(float(g.margins[ends[:, q]].min()) for q, g in enumerate(graphs))
        return graphs, label, np.zeros_like(label), margin, x[:: len(x) // self.sample.classes]
