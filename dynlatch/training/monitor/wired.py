"""The view of networks of weighted sums: everything compiled, many trials at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.known import KNOWN, LABEL, PERIOD, SIGN, STABLE, Known
from dynlatch.lanes.points import encoded, weights
from dynlatch.lanes.portraits import survey
from dynlatch.lanes.show import Lanes
from dynlatch.lanes.trace import Probe, memory_of, traceable
from dynlatch.lanes.units import LINEAR, LOGISTIC, TANH, THRESHOLD
from dynlatch.lanes.wiring import Wiring
from dynlatch.maps import FiniteMap
from dynlatch.training.contract import Architecture, Show, Task
from dynlatch.training.monitor.sample import final_states, sample
from dynlatch.training.monitor.sighting import Sighting, agreed, by_class, noise_factor
from dynlatch.training.monitor.tracer import gradient_of, room_for
from dynlatch.validation import Array

MOST = 48  # points kept of one network under one input
STARTS = 24
PROBES = 2  # starts that are followed at every portrait
WIDE = 3.0  # of the starts in activation coordinates
MOST_UNITS = 6  # of a threshold net whose states are all followed


def surveyed(net: Wiring) -> bool:
    """Whether the compiled search knows such networks: not those with linear units whose loop is not trained, integrators."""
    known = (TANH, LINEAR, LOGISTIC, THRESHOLD)
    carousel = (net.source == net.target) & (net.weight >= net.trained) & (net.kinds[net.target] == LINEAR)
    return bool(net.longest_delay <= 1 and len(net.gated) == 0 and np.isin(net.kinds, known).all() and not carousel.any())


class WiredView:
    """Attractors of every trial under the task's quiet inputs, followed from one portrait to the next."""

    def __init__(self, model: Architecture, task: Task, lanes: Lanes) -> None:
        net: Wiring = model.cell()
        self.net, self.model, self.sample, self.criterion = net, model, sample(lanes), lanes.criterion
        column = np.concatenate([np.zeros(len(model.names)), model.constants])
        self.coordinates = str(getattr(model.network(column[: len(model.names)]), "coordinates", "state"))
        self.before = self.coordinates.startswith("activation")
        self.memory = memory_of(net)
        self.smooth = THRESHOLD not in net.kinds
        self.bounded = self.smooth and LINEAR not in net.kinds
        self.traced = self.smooth and traceable(net)
        self.code = encoded(net, before=self.before)
        self.inputs = np.array([quiet.input for quiet in task.quiet_inputs], dtype=np.float64)
        B, Q, r = len(lanes.order), len(self.inputs), self.memory.size
        self.starts = self._starts(r)
        self.points, self.facts = np.zeros((B, Q, MOST, r)), np.zeros((B, Q, MOST + 1, 4), dtype=np.int64)

    def _starts(self, r: int) -> Array:
        if not self.smooth and r <= MOST_UNITS:
            return np.asarray(2.0 * ((np.arange(2**r)[:, None] >> np.arange(r)) & 1) - 1.0, dtype=np.float64)
        drawn = np.random.default_rng(0).uniform(-1.0, 1.0, (STARTS, r))
        return np.concatenate([np.zeros((1, r)), WIDE * drawn if self.before else drawn])

    def gradient(self, theta: Array, show: Show, last: int) -> Array | None:
        """Log-norm, share and horizon (3, L) of the sequences shown last, under the weights as they are."""
        return gradient_of(self.net, theta, show, last, before=self.before) if self.traced else None

    def probe(self, show: Show, *, every: int, rows: int, last: int) -> Probe | None:
        """Room to record presentations while a rule trains."""
        return room_for(self.net, show, every=every, rows=rows, last=last, before=self.before) if self.traced else None

    def portrait(self, theta: Array, rows: NDArray[np.intp]) -> Sighting:
        """The portrait of the trials `rows`, whose weights are the columns of theta."""
        total, output = final_states(self.net, theta, self.sample, rows)
        states = np.ascontiguousarray((total if self.before else output)[..., self.memory])
        (R, E, r), Q, C = states.shape, len(self.inputs), self.sample.classes
        w = np.stack([weights(self.net, theta, u) for u in self.inputs], axis=1).reshape(R * Q, -1)
        known = Known(self.points[rows].reshape(R * Q, MOST, r), self.facts[rows].reshape(R * Q, MOST + 1, 4))
        # Of a threshold net all states are followed.
        probes = PROBES if self.smooth else len(self.starts)
        final = np.repeat(states, Q, axis=0)
        ends, bound = survey(self.code, w, final, self.starts, probes, self._push(theta, Q), known, bounded=self.bounded)
        self.points[rows], self.facts[rows] = known.points.reshape(R, Q, MOST, r), known.facts.reshape(R, Q, MOST + 1, 4)
        place, phase, gamma = ends.reshape(R, Q, E, 3).transpose(3, 0, 2, 1)
        facts = self.facts[rows]
        label = np.where(place < 0, -1, facts[np.arange(R)[:, None, None], np.arange(Q), place.clip(0), LABEL])
        listed = np.arange(MOST) < facts[:, :, -1, KNOWN, None]
        return Sighting(
            fixed_points=(listed & (facts[:, :, :-1, PERIOD] == 1)).sum(-1),
            attractors=(listed & (facts[:, :, :-1, STABLE] == 1)).sum(-1),
            basin=agreed(by_class(label, C)),
            phase=agreed(by_class(phase, C)),
            gamma=by_class(gamma, C).mean(-1),
            right=self._right(theta, rows, output),
            margin=self._margins(theta, rows, place, bound.reshape(R, Q)),
            final=states[:, :: E // C],
            points=self._listed(rows, listed, facts),
            coefficients=np.empty((R, 3, 0)),
        )

    def _right(self, theta: Array, rows: NDArray[np.intp], output: Array) -> Array:
        """(R, C) the share of the sample answered right; `output` (R, E, n) stands at the ends."""
        if self.sample.desired.shape[2]:
            return self.sample.right(self.model, self.criterion, theta, rows)
        y = output[..., self.net.output] * self.sample.targets[rows]
        right = (self.criterion.low < y) & (y < self.criterion.high)
        return np.asarray(right.reshape(len(rows), self.sample.classes, -1).mean(-1))

    def _listed(self, rows: NDArray[np.intp], known: NDArray[np.bool_], facts: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        k, q, m = np.nonzero(known)
        about = facts[k, q, m]
        return {
            "row": k,
            "quiet": q,
            "label": about[:, LABEL],
            "period": about[:, PERIOD],
            "stable": about[:, STABLE] == 1,
            "sign": about[:, SIGN],
            "state": self.points[rows[k], q, m],
        }

    @property
    def margin_words(self) -> str:
        """What `margin` is."""
        if not self.smooth:
            return "the least total input in size, over the weights of the input, on the attractors of the final states: exact"
        if self._single:
            return "u*(w), exact; 0 where the unit does not latch"
        return "a lower bound on u*, r (1 - q) / |S B| in the adapted norm; 0 where nothing is shown" if self._additive else ""

    @property
    def _additive(self) -> bool:
        return self.before and bool((self.net.kinds == TANH).all())

    @property
    def _single(self) -> bool:
        return self.net.kinds.size == 1 and self.net.kinds[0] == TANH and self.before

    def _push(self, theta: Array, Q: int) -> Array:
        """Weights of the last input, the noise's, in every network under each of Q inputs; empty if there is no bound."""
        n, net = self.net.kinds.size, self.net
        if not self._additive or self._single:
            return np.empty((0, n))
        last, push = net.source == n + net.inputs - 1, np.zeros((n, theta.shape[1]))
        np.add.at(push, net.target[last], theta[net.weight[last]])
        return np.repeat(push.T, Q, axis=0)

    def _margins(self, theta: Array, rows: NDArray[np.intp], place: NDArray[np.int64], bound: Array) -> Array:
        if self._single:
            own = self.net.weight[(self.net.source == 0) & (self.net.delay == 1)]
            w = np.maximum(theta[own].sum(0), 1.0)
            return np.asarray(np.sqrt(w * (w - 1.0)) - np.arctanh(np.sqrt(1.0 - 1.0 / w)))
        if self.smooth:
            return bound.min(1) if self._additive else np.full(len(rows), np.nan)
        return np.array([self._finite_margin(theta[:, k], rows[k], place[k]) for k in range(len(rows))])

    def _finite_margin(self, column: Array, row: int, place: NDArray[np.int64]) -> float:
        """The least margin at the attractors that the final states go to; 0 if one goes to none."""
        if (place < 0).any():
            return 0.0
        network, least = self.model.network(column[: len(self.model.names)]), np.inf
        assert isinstance(network, FiniteMap)
        for q, u in enumerate(self.inputs):
            for m in np.unique(place[:, q]):
                x = self.points[row, q, m]
                for _ in range(self.facts[row, q, m, PERIOD]):
                    least = min(least, float(network.margin(x, u)))
                    x = network.step(x, u)
        return noise_factor(network) * least
