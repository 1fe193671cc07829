"""The adding problem: two numbers of a long sequence are marked; their sum is asked at the end.

Hochreiter and Schmidhuber, Neural Computation 9 (1997), experiment 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import NO_NOISE, at_end, ended, lengths, within
from dynlatch.validation import count, positive_number

FIRST = 10  # the first mark is on one of so many pairs


@dataclass(frozen=True)
class Adding:
    """Inputs are pairs of a number, uniform on [-1, 1], and a mark. The target at the end is `1/2 + (X1 + X2) / 4`.

    One of the first ten numbers, X1, is marked by 1, and one of the first `shortest/2 - 1` others, X2; the first and the last
    mark are -1, all others 0. The first number is 0 where it is X1 or X2.

    Parameters
    ----------
    T : int
        Longest length.
    shortest : int, optional
        Least length, T / 1.1 by default: the published lengths are T to 1.1 T for a T that is the shortest.
    tolerance : float
        An answer is right if it is nearer to its target than this.

    Raises
    ------
    InvalidInput
        If `shortest` is below 6 or above T, or the tolerance is not positive.

    Examples
    --------
    >>> from dynlatch.training.tasks import Adding
    >>> batch = Adding(T=110).sample(2, rng=0)
    >>> batch.inputs.shape, batch.lengths.tolist()
    ((110, 2, 2), [109, 107])
    """

    T: int
    shortest: int | None = None
    tolerance: float = 0.04

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "T", count("T", self.T, least=1))
        put(self, "shortest", count("shortest", self.T * 10 // 11 if self.shortest is None else self.shortest))
        positive_number("tolerance", self.tolerance)
        if not 6 <= self._shortest <= self.T:
            raise InvalidInput(
                f"lengths must be from 6 (two marks in the first half) to `T`; got {self._shortest} to {self.T}."
            )

    @property
    def _shortest(self) -> int:
        assert self.shortest is not None
        return self.shortest

    @property
    def input_dim(self) -> int:
        return 2

    @property
    def output_dim(self) -> int:
        return 1

    @property
    def criterion(self) -> Criterion:
        return within(self.tolerance)

    @property
    def noise(self) -> Noise:
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """An unmarked zero."""
        return (QuietInput(np.zeros(2)),)

    def streak(self, n: int) -> int:
        """Every training sequence right once."""
        return n

    def concrete(self, rng: Rng) -> Adding:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences."""
        n, stream = count("n", n, least=1), generator(rng)
        long, every = lengths(self._shortest, self.T, n, stream), np.arange(n)
        numbers, marks = stream.uniform(-1.0, 1.0, (self.T, n)), np.zeros((self.T, n))
        half = self._shortest // 2
        first = stream.integers(min(FIRST, half), size=n)
        second = stream.integers(half - 1, size=n)
        second += second >= first  # one of the others
        numbers[0, (first == 0) | (second == 0)] = 0.0  # its mark is taken
        marks[first, every] = marks[second, every] = 1.0
        marks[0], marks[long - 1, every] = -1.0, -1.0
        total = 0.5 + (numbers[first, every] + numbers[second, every]) / 4.0
        inputs = ended(np.stack([numbers, marks], axis=-1), long)
        return Sequences(inputs, long, np.zeros(n), at_end(total[:, None], long, self.T))

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences."""
        return self.sample(n, rng)
