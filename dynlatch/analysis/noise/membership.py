"""Which states lead back to the attractor when the noise is off."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.basins.descent import Fate, descend_all
from dynlatch.analysis.basins.rest import judge_rest
from dynlatch.analysis.basins.setup import scouted_system
from dynlatch.analysis.basins.system import System
from dynlatch.maps import Map
from dynlatch.validation import Array

QUICK_LOOKS, BETWEEN_LOOKS = 6, 3  # who enters a ball stays in it
FIRST_LOOK, PATIENCE = 256, 5000  # steps
SCOUTS = 512


class Basin:
    """The basin of one attractor, asked state by state.

    A state is inside once its orbit enters a ball around the attractor in which the map contracts (proved, where the map has
    interval bounds on its Jacobian). It is outside if the orbit enters another attractor's, leaves for infinity, or has come
    to neither after `PATIENCE` steps.

    Parameters
    ----------
    map : Map
    points : ndarray, shape (p, n)
        The attractor.
    visited : ndarray, shape (k, n)
        States that noise may lead to: the attractors in which they end are met beforehand.
    """

    def __init__(self, map: Map, points: Array, visited: Array) -> None:
        scouts = visited[np.unique(np.linspace(0, len(visited) - 1, SCOUTS).astype(int))]
        self.system: System = scouted_system(map, [points], None, scouts, PATIENCE)
        self.known = 1 + max((target.label for target in self._targets()), default=0)

    def _targets(self) -> list[Any]:
        return [*self.system.balls, *self.system.recurrent]

    def holds(self, states: Array) -> NDArray[np.bool_]:
        """Which of the states (..., n) are inside: shape (...)."""
        X = np.ascontiguousarray(states.reshape(-1, states.shape[-1]).T)
        inside = np.zeros(X.shape[1], dtype=bool)
        rows = np.arange(X.shape[1])
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for _ in range(QUICK_LOOKS):
                held = self.system.holding(X)
                inside[rows[held == 0]] = True
                rows, X = rows[held < 0], X[:, held < 0]
                if not len(rows):
                    return inside.reshape(states.shape[:-1])
                for _ in range(BETWEEN_LOOKS):
                    X = self.system.advance(X)
            inside[rows] = self._followed(X)
        return inside.reshape(states.shape[:-1])

    def _followed(self, X: Array) -> NDArray[np.bool_]:
        """The same for the few columns X that have come to no ball yet."""
        fate = Fate.of(X)
        descend_all(self.system, fate, FIRST_LOOK, np.inf)
        if len(fate.rows):
            self._meet(fate)
            descend_all(self.system, fate, PATIENCE, np.inf)
        return np.asarray(fate.labels == 0)

    def _meet(self, fate: Fate) -> None:
        """Attractors that turn up late are recognised from then on; who rests where nothing attracts is outside."""
        idle, met = judge_rest(self.system, fate.states, self.known)
        self.known += len(met)
        fate.rows, fate.states = fate.rows[~idle], fate.states[:, ~idle]
