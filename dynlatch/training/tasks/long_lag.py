"""The long lag without noise: the last symbol is the first one again, and one and the same string stands between.

Hochreiter and Schmidhuber, Neural Computation 9 (1997), experiments 2a and 2b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import NO_NOISE, next_symbols, within
from dynlatch.validation import count, positive_number

BETWEEN = ("in order", "random")


@dataclass(frozen=True)
class LongLag:
    """Predict the next symbol of `x a_1 ... a_{p-1} x` and `y a_1 ... a_{p-1} y`; the p + 1 symbols have one input each.

    Between first and last symbol nothing says which of the two it is. The lag is p = T.

    Parameters
    ----------
    T : int
        p: the symbols that are shown, all but the last.
    between : {"in order", "random"}
        `in order` is experiment 2a, where all but the last symbol can be predicted from the one before. `random` is 2b: each
        symbol between is drawn anew from a_1, ..., a_{p-1}, and only the last one is asked.
    tolerance : float
        An answer is right if every output is nearer to its target than this.

    Raises
    ------
    InvalidInput
        If T is below 2, `between` is another word, or the tolerance is not positive.

    Examples
    --------
    >>> from dynlatch.training.tasks import LongLag
    >>> batch = LongLag(T=3).sample(2, rng=0)
    >>> batch.inputs.argmax(axis=-1).T.tolist(), batch.desired.argmax(axis=-1).T.tolist()
    ([[2, 0, 1], [3, 0, 1]], [[0, 1, 2], [0, 1, 3]])
    """

    T: int
    between: str = "in order"
    tolerance: float = 0.25

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", count("T", self.T, least=2))
        positive_number("tolerance", self.tolerance)
        if self.between not in BETWEEN:
            raise InvalidInput(f"`between` must be 'in order' or 'random'; got {self.between!r}.")

    @property
    def input_dim(self) -> int:
        return self.T + 1

    @property
    def output_dim(self) -> int:
        return self.T + 1

    @property
    def criterion(self) -> Criterion:
        return within(self.tolerance)

    @property
    def noise(self) -> Noise:
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """No symbol: a pause."""
        return (QuietInput(np.zeros(self.input_dim)),)

    def streak(self, n: int) -> int:
        """Every training sequence right once."""
        return n

    def concrete(self, rng: Rng) -> LongLag:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences, x and y alternating."""
        n, stream = count("n", n, least=1), generator(rng)
        drawn = next_symbols([self._string(j % 2, stream) for j in range(n)], self.T, self.T + 1)
        if self.between == "random":
            assert drawn.desired is not None
            drawn.desired[:-1] = np.nan
        return drawn

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences; two hold all there is where the symbols are in order."""
        return self.sample(n, rng)

    def _string(self, second: int, rng: np.random.Generator) -> NDArray[np.int64]:
        p, ends = self.T, [self.T - 1 + second]
        middle = np.arange(p - 1) if self.between == "in order" else rng.integers(p - 1, size=p - 1)
        return np.concatenate([ends, middle, ends])
