"""The multi-level history compressor: a level is added when the one below stops improving.

Schmidhuber (1992), "Learning unambiguous reduced sequence descriptions", NIPS 4, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.maps import Map
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import trained_part
from dynlatch.training.models.history import HistoryCell, cell_of, column_of, drawn, names_of, network_of, outputs_of
from dynlatch.validation import Array, count, non_negative_number, positive_number


@dataclass(frozen=True)
class PredictorHierarchy:
    """Up to `levels` predictors, each fed with what the one below fails to predict; the highest in use answers.

    It begins with one. `HistoryCompression` freezes it, and adds the next, when it stops improving.

    Parameters
    ----------
    levels : int
        The most that there may be.
    hidden : int
        Hidden units of each.
    input_dim : int
    tolerance : float
        How far off a prediction may be.
    time_scale : float
        Steps since its last update that a level reads as 1.
    radius : float
        First weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        On a tolerance or time scale that is not positive, a negative radius, or less than one level or unit.

    Examples
    --------
    >>> import numpy as np
    >>> from dynlatch.training.models import PredictorHierarchy
    >>> model = PredictorHierarchy(levels=3, hidden=2)
    >>> len(model.network(model.initial([np.random.default_rng(0)])[:, 0]).levels)
    1
    """

    levels: int = 3
    hidden: int = 4
    input_dim: int = 1
    tolerance: float = 0.25
    time_scale: float = 100.0
    radius: float = 0.2

    def __post_init__(self) -> None:
        for name in ("levels", "hidden", "input_dim"):
            object.__setattr__(self, name, count(name, getattr(self, name), least=1))
        object.__setattr__(self, "tolerance", positive_number("tolerance", self.tolerance))
        object.__setattr__(self, "time_scale", positive_number("time_scale", self.time_scale))
        object.__setattr__(self, "radius", non_negative_number("radius", self.radius))

    @property
    def names(self) -> tuple[str, ...]:
        """`1.W[1,2]` is a weight of level 1; last, `levels`, the number in use."""
        return (*names_of(self.cell()), "levels")

    @property
    def constants(self) -> Array:
        """None."""
        return np.empty(0)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        weights = drawn(self.cell(), streams, self.radius)
        return np.concatenate([weights, np.ones((1, weights.shape[1]))])

    def network(self, column: Array) -> Map:
        """The levels in use as one discontinuous map."""
        return network_of(self.cell(), trained_part(column, self.names))

    def column(self, network: Map) -> Array:
        """Levels that are not in use get zero weights."""
        return column_of(self.cell(), self, network)

    def cell(self) -> HistoryCell:
        return cell_of(
            self.input_dim, self.hidden, self.levels, self.tolerance,
            collapses=False, gradual=False, time_scale=self.time_scale,
        )  # fmt: skip

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return outputs_of(network_of(self.cell(), theta), sequences)
