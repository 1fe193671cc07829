"""The gap task: predict the next symbol of a string whose first symbol, X or Y, comes once more after a gap.

Mozer, NIPS 4 (1992), tables 1 and 3; Ring, NIPS 5 (1993), table 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import NO_NOISE, most_likely, next_symbols
from dynlatch.validation import count


@dataclass(frozen=True)
class Gap:
    """`X A B C D X E F G H I J K` and the same with Y, at T = 12 and a gap of 4. Each symbol has one input and one output.

    The T - 1 letters after the first symbol are the same at every gap, so that gaps can be compared. Right is a string whose
    every next symbol has the largest output.

    Parameters
    ----------
    T : int
        The symbols that are shown, all but the last: 12 in the papers.
    gap : int
        Letters between the two X, 0 to T - 1.

    Raises
    ------
    InvalidInput
        If T is below 2, or the gap does not fit.

    Examples
    --------
    >>> from dynlatch.training.tasks import Gap
    >>> batch = Gap(T=4, gap=2).sample(2, rng=0)
    >>> batch.inputs.argmax(axis=-1).T.tolist(), batch.desired.argmax(axis=-1).T.tolist()
    ([[3, 0, 1, 3], [4, 0, 1, 4]], [[0, 1, 3, 2], [0, 1, 4, 2]])
    """

    T: int
    gap: int = 4

    def __post_init__(self) -> None:
        object.__setattr__(self, "T", count("T", self.T, least=2))
        object.__setattr__(self, "gap", count("gap", self.gap))
        if self.gap >= self.T:
            raise InvalidInput(f"`gap` must be below T = {self.T}, the number of symbols that are shown; got {self.gap}.")

    @property
    def input_dim(self) -> int:
        return self.T + 1

    @property
    def output_dim(self) -> int:
        return self.T + 1

    @property
    def criterion(self) -> Criterion:
        return most_likely(among=1)

    @property
    def noise(self) -> Noise:
        return NO_NOISE

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        """No symbol: a pause."""
        return (QuietInput(np.zeros(self.input_dim)),)

    def streak(self, n: int) -> int:
        """Both strings right: any 2n - 1 presentations in a row hold a whole round through n sequences."""
        return 2 * n - 1

    def concrete(self, rng: Rng) -> Gap:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences, X and Y alternating; nothing is drawn."""
        return next_symbols([self._string(j % 2) for j in range(count("n", n, least=1))], self.T, self.T + 1)

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences; two hold all there is."""
        return self.sample(n, rng)

    def _string(self, second: int) -> NDArray[np.int64]:
        letters, trigger = np.arange(self.T - 1), [self.T - 1 + second]
        return np.concatenate([trigger, letters[: self.gap], trigger, letters[self.gap :]])
