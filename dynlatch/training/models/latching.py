"""Initial weights that latch: every unit that feeds back to itself begins as a latch of its own.

Bengio, Frasconi and Simard (1993), ICNN, section III.D: a unit with self-connection w keeps a bit if w exceeds 1/f'(0), which
is 1 for tanh and 4 for logistic units; the latter then need a bias of -w/2, so that both bits are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.units import LOGISTIC, TANH
from dynlatch.lanes.wiring import Wiring
from dynlatch.maps import Map
from dynlatch.training.contract import Architecture, Sequences
from dynlatch.validation import Array, finite_number

GAIN = {TANH: 1.0, LOGISTIC: 4.0}  # 1/f'(0)


@dataclass(frozen=True)
class Latching:
    """Another architecture, whose trained self-connections begin at `w / f'(0)`.

    Parameters
    ----------
    model : Architecture
        A net of weighted sums with trained self-connections over one step.
    w : float
        Above 1. The inputs that a unit stands grow with it (`training.prior.latch_weight`), and the gradient through a latched
        unit falls.

    Raises
    ------
    InvalidInput
        If w is not above 1, or no unit of the model feeds back to itself by a trained weight.

    Examples
    --------
    >>> import numpy as np
    >>> from dynlatch.training.models import Dense, Latching
    >>> net = Latching(Dense(2), w=1.5)
    >>> net.network(net.initial([np.random.default_rng(0)])[:, 0]).W.diagonal()
    array([1.5, 1.5])
    """

    model: Architecture
    w: float = 1.25

    def __post_init__(self) -> None:
        if finite_number("w", self.w) <= 1.0:
            raise InvalidInput(f"`w` must be above 1, in units of 1/f'(0), for a bit to be kept; got {self.w}.")
        if not isinstance(self.model, Architecture) or not isinstance(self.model.cell(), Wiring) or not len(self._loops[0]):
            raise InvalidInput(f"{self.model!r} has no trained self-connections: take a net such as Dense(5).")

    @property
    def _loops(self) -> tuple[NDArray[np.intp], Array]:
        """Rows of theta, and their first values: of self-connections, and of the biases of logistic units with one."""
        net: Wiring = self.model.cell()
        n, rows, values = len(net.kinds), [], []
        gain = np.array([GAIN.get(int(kind), np.nan) for kind in net.kinds])
        trained = (net.weight < net.trained) & np.isfinite(gain[net.target])
        loops = np.flatnonzero(trained & (net.source == net.target) & (net.delay == 1))
        for e in loops:
            rows.append(net.weight[e])
            values.append(self.w * gain[net.target[e]])
        looped = (net.kinds == LOGISTIC) & np.isin(np.arange(n), net.target[loops])
        for e in np.flatnonzero(trained & (net.source == n + net.inputs) & looped[net.target]):
            rows.append(net.weight[e])
            values.append(-0.5 * self.w * GAIN[LOGISTIC])
        return np.array(rows, dtype=np.intp), np.array(values, dtype=np.float64)

    @property
    def input_dim(self) -> int:
        return self.model.input_dim

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.names

    @property
    def constants(self) -> Array:
        return self.model.constants

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        """As the model draws them, but for the self-connections."""
        theta = self.model.initial(streams)
        rows, values = self._loops
        theta[rows] = values[:, None]
        return theta

    def network(self, column: Array) -> Map:
        return self.model.network(column)

    def cell(self) -> Wiring:
        cell: Wiring = self.model.cell()
        return cell

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return self.model.outputs(theta, sequences)

    def column(self, network: Map) -> Array:
        return self.model.column(network)
