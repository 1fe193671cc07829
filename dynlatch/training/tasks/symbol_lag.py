"""A symbol, then a string of others that say nothing about it: which was it? The task of the sequence chunker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import BY_SIGN, NO_NOISE, alternating, one_hot
from dynlatch.validation import count, finite_number


@dataclass(frozen=True)
class SymbolLag:
    """`a b1 ... bL` against `x b1 ... bL`, one input for each symbol; which it was is asked at the end.

    Schmidhuber (1992), Neural Computation 4: the two strings in random order, L = 20. The b's can be predicted from each other,
    so that a history compressor soon sees nothing but the first symbol. The more of them are drawn, the less there is to
    compress. There the strings are one stream without beginning and end; here other strings can come before the one that is
    asked, so that its first symbol has to replace an older one.

    Parameters
    ----------
    T : int
        Length of every sequence.
    strings : int
        How many strings it consists of, all of the length L + 1 = T / strings, at least 3; asked is the last one.
    drawn : float
        Probability with which a b is drawn from all b's instead.

    Raises
    ------
    InvalidInput
        If T is no multiple of `strings`, strings are shorter than 3, or a probability is outside [0, 1].

    Examples
    --------
    >>> from dynlatch.training.tasks import SymbolLag
    >>> batch = SymbolLag(T=4).sample(2, rng=0)
    >>> batch.inputs[:, 1].argmax(axis=1).tolist()  # a or x, then b1, b2, b3
    [1, 2, 3, 4]
    """

    T: int
    strings: int = 1
    drawn: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", count("T", self.T, least=3))
        object.__setattr__(self, "strings", count("strings", self.strings, least=1))
        object.__setattr__(self, "drawn", finite_number("drawn", self.drawn))
        if not 0.0 <= self.drawn <= 1.0:
            raise InvalidInput(f"`drawn` is a probability; got {self.drawn}.")
        if self.T % self.strings or 3 * self.strings > self.T:
            raise InvalidInput(f"`T` must be a multiple of `strings`, {self.strings}, and at least 3 times it; got {self.T}.")

    @property
    def lag(self) -> int:
        """L, the steps from the symbol that is asked to the question."""
        return self.T // self.strings - 1

    @property
    def input_dim(self) -> int:
        return self.lag + 2

    @property
    def criterion(self) -> Criterion:
        return BY_SIGN

    @property
    def noise(self) -> Noise:
        """None: the strings carry theirs."""
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """No symbol: a pause."""
        return (QuietInput(np.zeros(self.input_dim)),)

    def streak(self, n: int) -> int:
        """Every training sequence right once."""
        return n

    def concrete(self, rng: Rng) -> SymbolLag:
        """Itself: nothing is drawn once for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences, those that are asked alternating."""
        n, stream, L = count("n", n, least=1), generator(rng), self.lag
        shape = (n, self.strings, L)
        first = stream.integers(2, size=(n, self.strings, 1))
        targets = alternating(n)
        first[:, -1, 0] = targets > 0.0
        between = np.where(stream.random(shape) < self.drawn, stream.integers(L, size=shape), np.arange(L))
        symbols = np.concatenate([first, 2 + between], axis=2).reshape(n, self.T)
        return Sequences(one_hot(list(symbols), self.T, L + 2, 0.0), np.full(n, self.T, dtype=np.int64), targets)

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences."""
        return self.sample(n, rng)
