"""The neural sequence chunker: an automatizer that predicts its input, and a chunker that sees what it fails to predict.

Schmidhuber (1992), "Learning complex, extended sequences using the principle of history compression", Neural Computation 4;
"Learning unambiguous reduced sequence descriptions", NIPS 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dynlatch.maps import Map
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import trained_part
from dynlatch.training.models.history import HistoryCell, cell_of, column_of, drawn, names_of, network_of, outputs_of
from dynlatch.validation import Array, count, non_negative_number, positive_number, word


class Surprise(StrEnum):
    """How strongly an input that was predicted so well updates the next level."""

    YES_OR_NO = "yes or no"
    BY_INFORMATION = "by information"

    @property
    def sentence(self) -> str:
        return {
            Surprise.YES_OR_NO: "In full where a component is off by more than the tolerance, else not at all.",
            Surprise.BY_INFORMATION: "By 1 - P(u) / P(what was expected), Gaussian with the tolerance as standard deviation.",
        }[self]


@dataclass(frozen=True)
class Chunker:
    """Two nets. The automatizer reads every input, predicts the next one and the hidden units of the chunker, and answers.

    Parameters
    ----------
    hidden : int
        Hidden units of each of the two.
    input_dim : int
    tolerance : float
        How far off a prediction may be.
    surprise : Surprise
        Yes or no; or by information, the continuous version.
    time_scale : float
        Steps since its last update that the chunker reads as 1.
    radius : float
        First weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        On a tolerance or time scale that is not positive, a negative radius, or less than one unit.

    Examples
    --------
    >>> from dynlatch.training.models import Chunker
    >>> len(Chunker(2, input_dim=1).names)
    42
    """

    hidden: int = 4
    input_dim: int = 1
    tolerance: float = 0.25
    surprise: Surprise = Surprise.YES_OR_NO
    time_scale: float = 100.0
    radius: float = 0.2

    def __post_init__(self) -> None:
        object.__setattr__(self, "hidden", count("hidden", self.hidden, least=1))
        object.__setattr__(self, "input_dim", count("input_dim", self.input_dim, least=1))
        object.__setattr__(self, "tolerance", positive_number("tolerance", self.tolerance))
        object.__setattr__(self, "surprise", word("surprise", self.surprise, Surprise))
        object.__setattr__(self, "time_scale", positive_number("time_scale", self.time_scale))
        object.__setattr__(self, "radius", non_negative_number("radius", self.radius))

    @property
    def names(self) -> tuple[str, ...]:
        """`0.W[1,2]`, the automatizer's; `1.W[1,2]`, the chunker's."""
        return names_of(self.cell())

    @property
    def constants(self) -> Array:
        """The number of levels."""
        return np.full(1, 2.0)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        return drawn(self.cell(), streams, self.radius)

    def network(self, column: Array) -> Map:
        """The two nets as one discontinuous map (smooth, if the surprise is by information)."""
        return network_of(self.cell(), np.concatenate([trained_part(column, self.names), self.constants]))

    def column(self, network: Map) -> Array:
        return column_of(self.cell(), self, network)[:-1]

    def cell(self) -> HistoryCell:
        return cell_of(
            self.input_dim, self.hidden, 2, self.tolerance,
            collapses=True, gradual=self.surprise is Surprise.BY_INFORMATION, time_scale=self.time_scale,
        )  # fmt: skip

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        return outputs_of(network_of(self.cell(), theta), sequences)
