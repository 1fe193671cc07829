"""The view of any other map: followed from the final states with a small budget, a network at a time.

Networks with longer delays, gated connections, rectified or exponential units, nets that grow, and state networks under real
inputs. Slow: about a second a trial and portrait. What is not followed is not known: attractors that neither a final state nor
the starts come to.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch import analysis
from dynlatch.errors import DynlatchError
from dynlatch.lanes.show import Lanes
from dynlatch.lanes.trace import Probe, traceable
from dynlatch.lanes.units import THRESHOLD
from dynlatch.lanes.wiring import Wiring
from dynlatch.maps import Map, SmoothMap, WithInput
from dynlatch.training.contract import Architecture, Sequences, Show, Task
from dynlatch.training.monitor.resting import Rest, rests
from dynlatch.training.monitor.sample import sample
from dynlatch.training.monitor.sighting import Sighting, agreed, by_class
from dynlatch.training.monitor.tracer import gradient_of, room_for
from dynlatch.validation import Array

STARTS = 6  # states that are followed beside the final ones
SAME = 1e-2  # how far an attractor moves between two portraits and keeps its label, over 1 + its size


class Followed(NamedTuple):
    """One trial under one quiet input."""

    rests: list[Rest]
    labels: list[int]  # of the rests
    at: NDArray[np.int64]  # (E,) the rest that each final state comes to, or NOWHERE, NEUTRAL
    gamma: Array  # (E,) 1 in the reduced attracting set


class MapView:
    """Where the final states come to rest, by simulation; what neither attracts nor repels is called neutral.

    There is no latch margin: the column says what is shown to hold, and of a map that is known by its steps alone no lower
    bound on u* is shown in the time of a portrait (`analysis.escape_threshold` of gated nets often has the lower end 0 after
    20 s). An upper bound, from pushes that carry a state away, would be cheap, but it never shows that a state outlasts the
    noise. Ask `escape_threshold` or `retention` of the trained network.
    """

    margin_words = ""

    def __init__(self, model: Architecture, task: Task, lanes: Lanes) -> None:
        self.model, self.sample, self.criterion, self.cell = model, sample(lanes), lanes.criterion, model.cell()
        self.inputs = np.array([quiet.input for quiet in task.quiet_inputs], dtype=np.float64)
        network = model.network(model.initial([np.random.default_rng(0)])[:, 0])
        self.coordinates = str(getattr(network, "coordinates", "state"))
        wired = isinstance(self.cell, Wiring)
        self.traced = wired and bool((self.cell.kinds != THRESHOLD).all()) and traceable(self.cell)
        self.known: dict[tuple[int, int], list[tuple[int, Array]]] = {}  # of row and quiet input: labels and states
        self.born: dict[tuple[int, int], int] = {}  # of row and quiet input: the next label

    def gradient(self, theta: Array, show: Show, last: int) -> Array | None:
        """As in `WiredView`, where the wiring can be traced."""
        before = self.coordinates.startswith("activation")
        return gradient_of(self.cell, theta, show, last, before=before) if self.traced else None

    def probe(self, show: Show, *, every: int, rows: int, last: int) -> Probe | None:
        before = self.coordinates.startswith("activation")
        return room_for(self.cell, show, every=every, rows=rows, last=last, before=before) if self.traced else None

    def portrait(self, theta: Array, rows: NDArray[np.intp]) -> Sighting:
        """The portrait of the trials `rows`, whose weights are the columns of theta."""
        C, names = self.sample.classes, len(self.model.names)
        networks = [self.model.network(column) for column in theta[:names].T]
        final = [final_states(net, self.sample.sequences(row)) for net, row in zip(networks, rows.tolist(), strict=True)]
        seen = [
            [self._follow(net, states, row, q) for q in range(len(self.inputs))]
            for net, states, row in zip(networks, final, rows.tolist(), strict=True)
        ]
        label = np.array([[one.at for one in quiet] for quiet in seen]).transpose(0, 2, 1)
        gamma = np.array([[one.gamma for one in quiet] for quiet in seen]).transpose(0, 2, 1)
        size = max(len(states[0]) for states in final)
        return Sighting(
            fixed_points=np.array([[sum(len(r.cycle) == 1 for r in one.rests) for one in quiet] for quiet in seen]),
            attractors=np.array([[len(one.rests) for one in quiet] for quiet in seen]),
            basin=agreed(by_class(label, C)),
            phase=np.zeros((len(rows), len(self.inputs), C), dtype=np.int64),
            gamma=by_class(gamma, C).mean(-1),
            right=self.sample.right(self.model, self.criterion, theta, rows),
            margin=np.full(len(rows), np.nan),
            final=np.array([wide(states, size)[:: len(states) // C] for states in final]),
            points=listed(seen, size),
            coefficients=np.empty((len(rows), 3, 0)),
        )

    def _follow(self, network: Map, states: Array, row: int, q: int) -> Followed:
        still, known = WithInput(network, self.inputs[q]), self.known.get((row, q), [])
        same_size = [point for _, point in known if len(point) == network.dim]
        drawn = np.random.default_rng(0).uniform(-1.0, 1.0, (STARTS, network.dim))
        found, at = rests(still, np.concatenate([states, drawn, *(point[None] for point in same_size)]))
        labels = self._labels(found, known, (row, q))
        self.known[row, q] = [(label, rest.cycle[0]) for label, rest in zip(labels, found, strict=True)]
        own = at[: len(states)]
        inside = np.array([float(k >= 0 and in_gamma(still, found[k], x)) for k, x in zip(own, states, strict=True)])
        return Followed(found, labels, np.array([labels[k] if k >= 0 else k for k in own.tolist()], dtype=np.int64), inside)

    def _labels(self, found: list[Rest], known: list[tuple[int, Array]], place: tuple[int, int]) -> list[int]:
        """The label of the attractor that was here at the last portrait, or a new one."""
        labels: list[int] = []
        for rest in found:
            near = [
                label for label, point in known
                if label not in labels and point.shape == rest.cycle[0].shape
                and np.abs(rest.cycle - point).max(-1).min() <= SAME * (1.0 + np.abs(point).max())
            ]  # fmt: skip
            if not near:
                self.born[place] = self.born.get(place, 0) + 1
            labels.append(near[0] if near else self.born[place] - 1)
        return labels


def starting_state(network: Map) -> Array:
    """(n,) the state that a network starts in: its own `start`, zero where it has none."""
    return np.asarray(getattr(network, "start", np.zeros(network.dim)), dtype=np.float64)


def final_states(network: Map, given: Sequences) -> Array:
    """(E, n) the states at the ends of the sequences, from the state the network starts in."""
    x = np.repeat(starting_state(network)[None], len(given.lengths), axis=0)
    for t, u in enumerate(given.inputs):
        x = np.where((t < given.lengths)[:, None], network.step(x, u), x)
    return x


def in_gamma(map: Map, rest: Rest, x: Array) -> bool:
    """Whether x lies in the reduced attracting set; no, where that cannot be decided."""
    if not isinstance(map, SmoothMap):
        return False
    try:
        cycle = rest.cycle[0] if len(rest.cycle) == 1 else rest.cycle
        return bool(analysis.reduced_attracting_set(map, cycle, x[None], max_steps=200).member[0])
    except DynlatchError:
        return False


def wide(states: Array, size: int) -> Array:
    """States of a net that is smaller than others, with NaN for what it lacks."""
    return np.pad(states, [(0, 0)] * (states.ndim - 1) + [(0, size - states.shape[-1])], constant_values=np.nan)


def listed(seen: list[list[Followed]], size: int) -> dict[str, NDArray[Any]]:
    """One row an attractor."""
    rows = [
        (k, q, label, len(rest.cycle), True, 1, wide(rest.cycle[0], size))
        for k, quiet in enumerate(seen)
        for q, one in enumerate(quiet)
        for rest, label in zip(one.rests, one.labels, strict=True)
    ]
    names = ("row", "quiet", "label", "period", "stable", "sign")
    columns = {name: np.array([row[i] for row in rows], dtype=np.int64) for i, name in enumerate(names)}
    return {
        **columns,
        "stable": columns["stable"].astype(np.bool_),
        "state": np.array([row[6] for row in rows]).reshape(-1, size),
    }
