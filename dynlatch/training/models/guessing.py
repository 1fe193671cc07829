"""The two nets that random weights were guessed for: logistic units that begin at 0, weights uniform on [-100, 100].

Hochreiter and Schmidhuber (1997), "LSTM can solve hard long time lag problems"; Schmidhuber and Hochreiter (1996), "Guessing
can outperform many long time lag algorithms".
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.errors import InvalidInput
from dynlatch.training.models.blueprint import Blueprint, Drawn, biased, blueprint, every, full, layer, pairs, settle

ORDERS = {"synchronous": 1, "hidden first": 0}  # the delay with which the answer reads the hidden units


@dataclass(frozen=True)
class GuessingNetA1(Drawn):
    """A1: n hidden units and one answer, all connected to all and to the input; hidden units have biases.

    With one hidden unit it has the 7 weights of Bengio, Simard and Frasconi's parity net.

    Parameters
    ----------
    units_count : int
        n.
    order : {"synchronous", "hidden first"}
        Whether the answer reads the hidden units' last outputs, or those of the same step. With n = 1, no weights solve parity
        synchronously.
    radius : float
        Weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        On another order.

    Examples
    --------
    >>> from dynlatch.training.models import GuessingNetA1
    >>> len(GuessingNetA1(1).names), len(GuessingNetA1(3).names)
    (7, 23)
    """

    units_count: int = 1
    order: str = "synchronous"
    radius: float = 100.0

    def __post_init__(self) -> None:
        settle(self, "units_count")
        _known(self.order)

    def draw(self) -> Blueprint:
        h, u, y = every("h", self.units_count), ("u[0]",), ("y",)
        hidden = [*full(h, u, "B"), *full(h, h, "W", delay=1), *full(h, y, "A", delay=1), *biased(h, "b")]
        links = [*hidden, *full(y, u, "D"), *full(y, h, "V", delay=ORDERS[self.order]), *full(y, y, "R", delay=1)]
        return blueprint(layer("logistic", (*h, *y)), links, inputs=1, answers=y)


@dataclass(frozen=True)
class GuessingNetA2(Drawn):
    """A2: 10 hidden units that see the input, the answer and themselves; the answer sees every unit; all have biases.

    Parameters
    ----------
    units_count : int
        Hidden units.
    order : {"synchronous", "hidden first"}
        As of `GuessingNetA1`.
    radius : float
        Weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        On another order.

    Examples
    --------
    >>> from dynlatch.training.models import GuessingNetA2
    >>> len(GuessingNetA2().names)
    53
    """

    units_count: int = 10
    order: str = "synchronous"
    radius: float = 100.0

    def __post_init__(self) -> None:
        settle(self, "units_count")
        _known(self.order)

    def draw(self) -> Blueprint:
        h, u, y = every("h", self.units_count), ("u[0]",), ("y",)
        hidden = [*full(h, u, "B"), *pairs(h, h, "w", delay=1), *full(h, y, "A", delay=1), *biased(h, "b")]
        sees = [*full(y, u, "D"), *full(y, h, "V", delay=ORDERS[self.order]), *full(y, y, "R", delay=1), *biased(y, "c")]
        return blueprint(layer("logistic", (*h, *y)), [*hidden, *sees], inputs=1, answers=y)


def _known(order: str) -> None:
    if order not in ORDERS:
        raise InvalidInput(f"`order` must be 'synchronous' or 'hidden first'; got {order!r}.")
