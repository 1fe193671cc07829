"""The Reber grammar and its embedding: predict which symbols may come next.

Reber (1967); Cleeremans, Servan-Schreiber and McClelland (1989); Fahlman, NIPS 3 (1991); Hochreiter and Schmidhuber, Neural
Computation 9 (1997), experiment 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import NO_NOISE, most_likely, next_symbols
from dynlatch.validation import count

SYMBOLS = "BTSXVPE"
# Each state's two ways on, equally likely: the symbol and the state after it; the string ends in state 5 by an E.
ARCS = {
    0: (("T", 1), ("P", 2)),
    1: (("S", 1), ("X", 3)),
    2: (("T", 2), ("V", 4)),
    3: (("X", 2), ("S", 5)),
    4: (("P", 3), ("V", 5)),
}
LEAST, LEAST_EMBEDDED = 4, 8  # symbols shown of the shortest strings, BTXSE and BTBTXSETE


@dataclass(frozen=True)
class Reber:
    """Strings of Reber's grammar, 7 symbols with one input and one output each.

    At every step one or two symbols are possible. Right is a string whose every next symbol is among the two largest outputs.

    Parameters
    ----------
    T : int
        Longest length: longer strings (of more than T + 1 symbols, the last one is not shown) are drawn anew.

    Raises
    ------
    InvalidInput
        If T is below 4, the shortest length.

    Examples
    --------
    >>> import numpy as np
    >>> from dynlatch.training.tasks.reber import string
    >>> string(np.random.default_rng(0))
    'BPVVE'
    """

    T: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", count("T", self.T, least=LEAST))

    @property
    def input_dim(self) -> int:
        return len(SYMBOLS)

    @property
    def output_dim(self) -> int:
        return len(SYMBOLS)

    @property
    def criterion(self) -> Criterion:
        return most_likely(among=2)

    @property
    def noise(self) -> Noise:
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """Symbols that may repeat: S and T."""
        return tuple(QuietInput(np.eye(len(SYMBOLS))[SYMBOLS.index(symbol)]) for symbol in "ST")

    def streak(self, n: int) -> int:
        """Every training string right once."""
        return n

    def concrete(self, rng: Rng) -> Reber:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n strings."""
        stream = generator(rng)
        return next_symbols([_within(self.T, string, stream) for _ in range(count("n", n, least=1))], self.T, len(SYMBOLS))

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n strings."""
        return self.sample(n, rng)


@dataclass(frozen=True)
class EmbeddedReber:
    """`B T <Reber string> T E` and `B P <Reber string> P E`: the second symbol comes again as the last but one.

    Asked is every symbol that can be known, B after the second, and the last three; right is a string where each has the
    largest output. The published criterion asks of the other steps too whether both symbols that are possible have the largest
    outputs. Among the two largest outputs, as in `Reber`, would be met without memory, by T and P.

    Parameters
    ----------
    T : int
        Longest length: longer strings are drawn anew.

    Raises
    ------
    InvalidInput
        If T is below 8, the shortest length.
    """

    T: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", count("T", self.T, least=LEAST_EMBEDDED))

    @property
    def input_dim(self) -> int:
        return len(SYMBOLS)

    @property
    def output_dim(self) -> int:
        return len(SYMBOLS)

    @property
    def criterion(self) -> Criterion:
        return most_likely(among=1)

    @property
    def noise(self) -> Noise:
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """Symbols that may repeat: S and T."""
        return Reber(self.T).quiet_inputs

    def streak(self, n: int) -> int:
        """Every training string right once."""
        return n

    def concrete(self, rng: Rng) -> EmbeddedReber:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n strings."""
        stream = generator(rng)
        drawn = next_symbols([_within(self.T, embedded, stream) for _ in range(count("n", n, least=1))], self.T, len(SYMBOLS))
        assert drawn.desired is not None
        step = np.arange(self.T)[:, None]
        open_end = (step == 0) | ((step > 1) & (step < drawn.lengths - 3))  # where two symbols are possible
        drawn.desired[open_end] = np.nan
        return drawn

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n strings."""
        return self.sample(n, rng)


def string(rng: np.random.Generator) -> str:
    """One string of the grammar."""
    symbols, state = ["B"], 0
    while state in ARCS:
        symbol, state = ARCS[state][rng.integers(2)]
        symbols.append(symbol)
    return "".join([*symbols, "E"])


def embedded(rng: np.random.Generator) -> str:
    """One string of the embedded grammar."""
    branch = "TP"[rng.integers(2)]
    return "B" + branch + string(rng) + branch + "E"


def _within(T: int, draw: Callable[[np.random.Generator], str], rng: np.random.Generator) -> NDArray[np.int64]:
    """A string with at most T symbols and a last one, as numbers."""
    while True:
        symbols = draw(rng)
        if len(symbols) <= T + 1:
            return np.array([SYMBOLS.index(symbol) for symbol in symbols], dtype=np.int64)
