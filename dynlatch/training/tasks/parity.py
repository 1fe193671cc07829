"""Parity: was the number of +1 in the sequence odd?

Bengio, Simard and Frasconi (1994), section V, and Bengio and Frasconi (1994).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import BY_SIGN, NO_NOISE, ended, lengths
from dynlatch.validation import Array, count, non_negative_number

ROUNDINGS = {"ceil": lambda T: -(-T // 2), "floor": lambda T: max(T // 2, 1)}


@dataclass(frozen=True)
class Parity:
    """Class +1 is an odd number of +1 among inputs -1 and +1, each a fair coin; -1 is an even one.

    Lengths are uniform on T/2, ..., T, or on those from `shortest`.

    Parameters
    ----------
    T : int
        Longest length.
    half_width : float
        Of the uniform noise that each input carries; 0 is clean parity.
    shortest : {"ceil", "floor"} or int
        Least length, or how T/2 is rounded. `floor`, at least 1, is the protocol behind the papers' tables: at T = 3 it makes a
        third of the sequences a single input long, a lesson in what one input does that gradient rules profit from.

    Raises
    ------
    InvalidInput
        On another `shortest`, or one above T, or a negative noise.

    Examples
    --------
    >>> from dynlatch.training.tasks import Parity
    >>> batch = Parity(T=4, half_width=0.0).sample(3, rng=0)
    >>> batch.inputs[:, :, 0].T.astype(int).tolist(), batch.lengths.tolist(), batch.targets.tolist()
    ([[-1, -1, 1, 1], [-1, -1, 1, 0], [-1, -1, 1, 0]], [4, 3, 3], [-1.0, 1.0, 1.0])
    """

    T: int
    half_width: float = 0.2
    shortest: str | int = "ceil"

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", count("T", self.T, least=1))
        object.__setattr__(self, "half_width", non_negative_number("half_width", self.half_width))
        if isinstance(self.shortest, str) and self.shortest not in ROUNDINGS:
            raise InvalidInput(f"`shortest` must be 'ceil' or 'floor' (of T/2), or a length; got {self.shortest!r}.")
        if not isinstance(self.shortest, str) and count("shortest", self.shortest, least=1) > self.T:
            raise InvalidInput(f"`T` must be at least the shortest length, {self.shortest} (`shortest`); got {self.T}.")

    @property
    def length_range(self) -> tuple[int, int]:
        """The shortest and the longest length that are drawn."""
        return ROUNDINGS[self.shortest](self.T) if isinstance(self.shortest, str) else self.shortest, self.T

    @property
    def input_dim(self) -> int:
        return 1

    @property
    def output_dim(self) -> int:
        return 1

    @property
    def criterion(self) -> Criterion:
        return BY_SIGN

    @property
    def noise(self) -> Noise:
        """None: the sequences carry theirs."""
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """+1, under which a solved network alternates between two states, and -1, under which it keeps either.

        Under zero input, which never occurs, a network that solves the problem may have one fixed point and nothing to latch.
        """
        return QuietInput(np.array([1.0]), (1, 2)), QuietInput(np.array([-1.0]))

    @property
    def symbols(self) -> tuple[float, ...]:
        """The threshold that turns an input into one of 2 symbols."""
        return (0.0,)

    def streak(self, n: int) -> int:
        """Every training sequence right once."""
        return n

    def concrete(self, rng: Rng) -> Parity:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences."""
        n, stream = count("n", n, least=1), generator(rng)
        long = lengths(*self.length_range, n, stream)
        symbols: Array = stream.choice([-1.0, 1.0], size=(self.T, n))
        noise = stream.uniform(-self.half_width, self.half_width, (self.T, n))
        odd = np.sum(ended(symbols[..., None], long) > 0.0, axis=(0, 2)) % 2 == 1
        return Sequences(ended((symbols + noise)[..., None], long), long, np.where(odd, 1.0, -1.0))

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences, their noise included."""
        return self.sample(n, rng)
