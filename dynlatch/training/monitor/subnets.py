"""The view of state networks under real inputs: attractors as of any map, and what the matrices keep under the quiet inputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.show import Lanes
from dynlatch.networks.subnets import SubnetNetwork
from dynlatch.training.contract import Architecture, Show, Task
from dynlatch.training.monitor.maps import MapView
from dynlatch.training.monitor.sighting import Sighting
from dynlatch.training.monitor.tables import log_norms
from dynlatch.validation import Array


class SubnetView:
    """The portrait of a `MapView` with tau_1, |det| and the second eigenvalue of A(u) for every quiet input u."""

    margin_words = MapView.margin_words

    def __init__(self, model: Architecture, task: Task, lanes: Lanes) -> None:
        self.model, self.map = model, MapView(model, task, lanes)
        self.inputs, self.coordinates = self.map.inputs, self.map.coordinates

    def gradient(self, theta: Array, show: Show, last: int) -> Array | None:
        return log_norms([self._network(column) for column in theta.T], show.lanes)

    def probe(self, show: Show, *, every: int, rows: int, last: int) -> None:
        """None: nothing is recorded while a rule trains."""

    def portrait(self, theta: Array, rows: NDArray[np.intp]) -> Sighting:
        u, networks = self.inputs, [self._network(column) for column in theta.T]
        kept = [np.stack([net.tau_1(u), net.abs_det(u), np.abs(net.second_eigenvalue(u))]) for net in networks]
        return self.map.portrait(theta, rows)._replace(coefficients=np.array(kept))

    def _network(self, column: Array) -> SubnetNetwork:
        network = self.model.network(column[: len(self.model.names)])
        assert isinstance(network, SubnetNetwork)
        return network
