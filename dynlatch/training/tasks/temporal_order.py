"""Temporal order: two or three widely separated symbols are X or Y; which came first is asked at the end.

Hochreiter and Schmidhuber, Neural Computation 9 (1997), experiments 6a and 6b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import NO_NOISE, at_end, lengths, one_hot, within
from dynlatch.validation import Array, count, positive_number

BEGIN, X, Y, END = 0, 1, 2, 3  # then the four distractors
SYMBOLS = 8
# Where the relevant symbols stand, in hundredths of the shortest length.
PLACES = {2: ((10, 20), (50, 60)), 3: ((10, 20), (33, 43), (66, 76))}


@dataclass(frozen=True)
class TemporalOrder:
    """Strings of 8 symbols, one input each: a first and a last one, X, Y, and four distractors, drawn at random.

    `relevant` symbols are X or Y, at random places in windows of a tenth of the length: for lengths 100 to 110 at steps 10-20
    and 50-60 (4 classes), or 10-20, 33-43 and 66-76 (8 classes). At the end the output of the class should be 1, the others 0.

    Parameters
    ----------
    T : int
        Longest length.
    relevant : {2, 3}
        2 is experiment 6a, 3 is 6b.
    shortest : int, optional
        Least length, T / 1.1 by default.
    tolerance : float
        An answer is right if every output is nearer to its target than this.

    Raises
    ------
    InvalidInput
        On another `relevant`, if `shortest` is below 10 or above T, or the tolerance is not positive.

    Examples
    --------
    >>> from dynlatch.training.tasks import TemporalOrder
    >>> TemporalOrder(T=110).output_dim, TemporalOrder(T=110, relevant=3).output_dim
    (4, 8)
    """

    T: int
    relevant: int = 2
    shortest: int | None = None
    tolerance: float = 0.3

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "T", count("T", self.T, least=1))
        put(self, "shortest", count("shortest", self.T * 10 // 11 if self.shortest is None else self.shortest))
        positive_number("tolerance", self.tolerance)
        if self.relevant not in PLACES:
            raise InvalidInput(f"`relevant` must be 2 (4 classes) or 3 (8 classes); got {self.relevant!r}.")
        if not 10 <= self._shortest <= self.T:
            raise InvalidInput(f"lengths must be from 10 (a place for every symbol) to `T`; got {self._shortest} to {self.T}.")

    @property
    def _shortest(self) -> int:
        assert self.shortest is not None
        return self.shortest

    @property
    def windows(self) -> tuple[tuple[int, int], ...]:
        """The first and the last step that each relevant symbol may stand at; steps count from 1."""
        scaled = [(low * self._shortest // 100, high * self._shortest // 100) for low, high in PLACES[self.relevant]]
        return tuple((max(low, 2), high) for low, high in scaled)

    @property
    def input_dim(self) -> int:
        return SYMBOLS

    @property
    def output_dim(self) -> int:
        return int(2**self.relevant)

    @property
    def criterion(self) -> Criterion:
        return within(self.tolerance)

    @property
    def noise(self) -> Noise:
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """Each distractor."""
        return tuple(QuietInput(row) for row in np.eye(SYMBOLS)[END + 1 :])

    def streak(self, n: int) -> int:
        """Every training sequence right once."""
        return n

    def concrete(self, rng: Rng) -> TemporalOrder:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences; every class is as likely."""
        n, stream = count("n", n, least=1), generator(rng)
        long, every = lengths(self._shortest, self.T, n, stream), np.arange(n)
        symbols = stream.integers(END + 1, SYMBOLS, size=(self.T, n))
        symbols[0], symbols[long - 1, every] = BEGIN, END
        which = np.zeros(n, dtype=np.int64)
        for low, high in self.windows:
            second = stream.integers(2, size=n)
            symbols[stream.integers(low, high, size=n, endpoint=True) - 1, every] = X + second
            which = 2 * which + second
        inputs = one_hot([symbols[: long[j], j] for j in range(n)], self.T, SYMBOLS, 0.0)
        wanted: Array = np.eye(self.output_dim)[which]
        return Sequences(inputs, long, np.zeros(n), at_end(wanted, long, self.T))

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences."""
        return self.sample(n, rng)
