"""The 2-sequence problem in Gaussian noise: the first N inputs are all +1 or all -1, the others are noise of mean zero.

Hochreiter and Schmidhuber, Neural Computation 9 (1997), experiment 3a; NIPS 9 (1997), with N = 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import BY_SIGN, NO_NOISE, alternating, ended, lengths
from dynlatch.validation import count, non_negative_number


@dataclass(frozen=True)
class GaussianTwoSequence:
    """Class +1 begins with N inputs of +1, class -1 with N inputs of -1, exactly; noise follows. Classes alternate.

    Parameters
    ----------
    T : int
        Longest length.
    informative : int
        N: 3 and 1 in the papers.
    variance : float
        Of the noise.
    shortest : int, optional
        Least length, T / 1.1 by default, and at least N + 1.

    Raises
    ------
    InvalidInput
        If `shortest` is not above N or is above T, or the variance is negative.

    Examples
    --------
    >>> from dynlatch.training.tasks import GaussianTwoSequence
    >>> batch = GaussianTwoSequence(T=110).sample(2, rng=0)
    >>> batch.inputs[:3, :, 0].T.tolist(), batch.lengths.tolist()
    ([[-1.0, -1.0, -1.0], [1.0, 1.0, 1.0]], [109, 107])
    """

    T: int
    informative: int = 3
    variance: float = 0.2
    shortest: int | None = None

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "T", count("T", self.T, least=1))
        put(self, "informative", count("informative", self.informative, least=1))
        put(self, "variance", non_negative_number("variance", self.variance))
        usual = max(self.T * 10 // 11, self.informative + 1)
        put(self, "shortest", count("shortest", usual if self.shortest is None else self.shortest))
        if not self.informative < self._shortest <= self.T:
            raise InvalidInput(
                f"lengths must be above {self.informative} (`informative`) and at most `T`; got {self._shortest} to {self.T}."
            )

    @property
    def _shortest(self) -> int:
        assert self.shortest is not None
        return self.shortest

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
        return (QuietInput(np.zeros(1)),)

    def streak(self, n: int) -> int:
        """Every training sequence right once."""
        return n

    def concrete(self, rng: Rng) -> GaussianTwoSequence:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences."""
        n, stream = count("n", n, least=1), generator(rng)
        long, targets = lengths(self._shortest, self.T, n, stream), alternating(n)
        inputs = math.sqrt(self.variance) * stream.standard_normal((self.T, n))
        inputs[: self.informative] = targets
        return Sequences(ended(inputs[..., None], long), long, targets)

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences, their noise included."""
        return self.sample(n, rng)
