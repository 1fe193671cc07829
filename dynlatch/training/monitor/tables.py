"""The view of state networks whose inputs are symbols: what their transition matrices keep and forget. They have no Gamma."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.show import Lanes
from dynlatch.networks import stochastic
from dynlatch.networks.state_network import StateNetwork
from dynlatch.networks.subnets import SubnetNetwork
from dynlatch.training.contract import Architecture, Show, Task
from dynlatch.training.monitor.sample import sample
from dynlatch.training.monitor.sighting import NOWHERE, Sighting
from dynlatch.validation import Array


class TableView:
    """tau_1, |det| and the second eigenvalue of each transition matrix of every trial."""

    margin_words = ""
    coordinates = "probability p"

    def __init__(self, model: Architecture, task: Task, lanes: Lanes) -> None:
        self.model, self.sample, self.criterion = model, sample(lanes), lanes.criterion
        self.inputs = np.array([quiet.input for quiet in task.quiet_inputs], dtype=np.float64)

    def gradient(self, theta: Array, show: Show, last: int) -> Array | None:
        return log_norms([self._network(column) for column in theta.T], show.lanes)

    def probe(self, show: Show, *, every: int, rows: int, last: int) -> None:
        """None: nothing is recorded while a rule trains."""

    def _network(self, column: Array) -> StateNetwork:
        network = self.model.network(column[: len(self.model.names)])
        assert isinstance(network, StateNetwork)
        return network

    def portrait(self, theta: Array, rows: NDArray[np.intp]) -> Sighting:
        R, Q, C = len(rows), len(self.inputs), self.sample.classes
        networks = [self._network(theta[:, k]) for k in range(R)]
        columns = [np.stack([net.tau_1(), net.abs_det(), np.abs(net.second_eigenvalue())]) for net in networks]
        nothing = np.zeros((R, Q), dtype=np.int64)
        return Sighting(
            fixed_points=nothing,
            attractors=nothing,
            basin=np.full((R, Q, C), NOWHERE),
            phase=np.zeros((R, Q, C), dtype=np.int64),
            gamma=np.zeros((R, Q, C)),
            right=self.sample.right(self.model, self.criterion, theta, rows),
            margin=np.full(R, np.nan),
            final=np.zeros((R, C, 0)),
            points={},
            coefficients=np.array(columns),
        )


def log_norms(networks: Sequence[StateNetwork | SubnetNetwork], lanes: Lanes) -> Array:
    """(3, L): log|dp_T/dp_0| on the tangent space of the simplex, of each trial's first training sequence; no share: NaN."""
    out = np.full((3, len(networks)), np.nan)
    for k, network in enumerate(networks):
        out[0, k] = _log_norm(network.matrix(lanes.inputs[k, 0, : lanes.lengths[k, 0]]))
    return out


def _log_norm(matrices: Array) -> float:
    """ln |A_T ... A_1| in the Frobenius norm, of matrices (T, S, S)."""
    product, log = np.eye(matrices.shape[1]), 0.0
    for A in matrices:
        product = stochastic.on_tangent(A) @ product
        size = float(np.linalg.norm(product))
        if size == 0.0:
            return -np.inf
        product, log = product / size, log + np.log(size)
    return log
