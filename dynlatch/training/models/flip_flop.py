"""The trainable flip-flop on the minimal problem: one bit, its input weight w, and the inputs that set it.

Bengio, Frasconi and Simard (1993), section IV: `x_t = f(x_{t-1}, w u_t)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.flip_flop import FlipFlopCell
from dynlatch.maps import Map
from dynlatch.networks.flip_flop import FlipFlop
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import trained_part
from dynlatch.validation import Array, count, non_negative_number, positive_number, word


class Start(StrEnum):
    """The state of the flip-flop before the first step."""

    RANDOM = "random"
    LOW = "low"
    HIGH = "high"

    @property
    def sentence(self) -> str:
        return {
            Start.RANDOM: "A coin is tossed at every presentation; of test sequences, every other pair starts from +1.",
            Start.LOW: "It starts from -1.",
            Start.HIGH: "It starts from +1.",
        }[self]


STARTS = {Start.RANDOM: 0.0, Start.LOW: -1.0, Start.HIGH: 1.0}


@dataclass(frozen=True)
class FlipFlopLatch:
    """A flip-flop for `Latch(T, L)`: w and the 2L free inputs are trained, the weight of the noise is 1.

    Parameters
    ----------
    L : int
        Free inputs of each class.
    w : float
        First value of the input weight, positive: noise below 1/w cannot change the state.
    radius : float
        First free inputs are uniform on [-radius, radius].
    start : Start
        The state before the first step.

    Raises
    ------
    InvalidInput
        On a w that is not positive, a negative radius, or another start.

    Examples
    --------
    >>> from dynlatch.training.models import FlipFlopLatch
    >>> FlipFlopLatch(L=1).names
    ('w', 'u[-,1]', 'u[+,1]')
    """

    L: int = 3
    w: float = 2.0
    radius: float = 0.1
    start: Start = Start.RANDOM

    def __post_init__(self) -> None:
        object.__setattr__(self, "L", count("L", self.L, least=1))
        object.__setattr__(self, "w", positive_number("w", self.w))
        object.__setattr__(self, "radius", non_negative_number("radius", self.radius))
        object.__setattr__(self, "start", word("start", self.start, Start))

    @property
    def input_dim(self) -> int:
        return 2 * self.L + 1

    @property
    def names(self) -> tuple[str, ...]:
        """`u[-,t]` is the free input of class -1 at step t."""
        return ("w", *(f"u[{sign},{t}]" for sign in "-+" for t in range(1, self.L + 1)))

    @property
    def constants(self) -> Array:
        """The noise's weight."""
        return np.ones(1)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        columns = [np.concatenate([[self.w], stream.uniform(-self.radius, self.radius, 2 * self.L)]) for stream in streams]
        return np.array(columns).reshape(-1, 2 * self.L + 1).T.copy()

    def network(self, column: Array) -> Map:
        w, *inputs = trained_part(column, self.names)
        return FlipFlop(float(w), np.array([[*inputs, 1.0]]))

    def cell(self) -> FlipFlopCell:
        return FlipFlopCell(inputs=self.input_dim, trained=2 * self.L + 1, start=STARTS[self.start])

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        network = self.network(theta)
        n = len(sequences.lengths)
        coins = np.where(np.arange(n) // 2 % 2 == 0, -1.0, 1.0)
        x = (coins if self.start is Start.RANDOM else np.full(n, STARTS[self.start]))[:, None]
        for t, u in enumerate(sequences.inputs):
            x = np.where((t < sequences.lengths)[:, None], network.step(x, u), x)
        return x[:, 0]

    def column(self, network: Map) -> Array:
        if not isinstance(network, FlipFlop) or network.input_dim != self.input_dim or network.B[0, -1] != 1.0:
            raise InvalidInput(
                f"FlipFlopLatch(L={self.L}) makes a FlipFlop of {self.input_dim} inputs, the last with weight 1; "
                f"got {network!r}."
            )
        return np.concatenate([[network.w], network.B[0, :-1]])
