"""A problem of two classes whose answer should be 0 or 1, for logistic output units.

Hochreiter and Schmidhuber (1997): right is an absolute error at the end below 0.1 (NIPS 9) or 0.2 (Neural Computation 9).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences, Task
from dynlatch.training.tasks.common import at_end, within
from dynlatch.validation import positive_number


@dataclass(frozen=True)
class ZeroOne:
    """Another task's sequences, with target 1 for class +1 and 0 for class -1.

    Parameters
    ----------
    classes : Task
        The task of two classes.
    tolerance : float
        An answer is right if it is nearer to its target than this.

    Raises
    ------
    InvalidInput
        If the task asks more than one output, or the tolerance is not positive.

    Examples
    --------
    >>> from dynlatch.training.tasks import Parity, ZeroOne
    >>> batch = ZeroOne(Parity(T=1, half_width=0.0)).sample(3, rng=1)
    >>> batch.inputs.ravel().tolist(), batch.desired.ravel().tolist()
    ([-1.0, 1.0, 1.0], [0.0, 1.0, 1.0])
    """

    classes: Task
    tolerance: float = 0.1

    def __post_init__(self) -> None:
        positive_number("tolerance", self.tolerance)
        if not isinstance(self.classes, Task) or not np.all(self.classes.sample(2, generator(0)).targets):
            raise InvalidInput(f"`classes` must be a task of two classes, such as Parity(T=20); got {self.classes!r}.")

    @property
    def T(self) -> int:
        return self.classes.T

    @property
    def input_dim(self) -> int:
        return self.classes.input_dim

    @property
    def output_dim(self) -> int:
        return 1

    @property
    def criterion(self) -> Criterion:
        return within(self.tolerance)

    @property
    def noise(self) -> Noise:
        return self.classes.noise

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        return self.classes.quiet_inputs

    def streak(self, n: int) -> int:
        """As in the task of classes."""
        return self.classes.streak(n)

    def concrete(self, rng: Rng) -> ZeroOne:
        """The task of one trial, with what is drawn once drawn."""
        return replace(self, classes=self.classes.concrete(generator(rng)))

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences."""
        return _zero_one(self.classes.sample(n, generator(rng)), self.T)

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """The training set of the task of classes."""
        return _zero_one(self.classes.training_set(n, generator(rng)), self.T)


def _zero_one(classes: Sequences, T: int) -> Sequences:
    return replace(classes, desired=at_end((classes.targets[:, None] + 1.0) / 2.0, classes.lengths, T))
