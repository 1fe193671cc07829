"""The minimal problem: may a single unit learn inputs that latch one bit against noise?

Bengio, Frasconi and Simard (1993), Fig. 2; Bengio, Simard and Frasconi (1994), section III.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dynlatch.analysis import Gaussian, Uniform, feasibility_ceiling
from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import NO_NOISE, alternating
from dynlatch.validation import Array, count, non_negative_number

CLOSE = Criterion(amplitude=0.8, low=0.4, high=1.2)  # |y - 0.8 d| < 0.4
PAIRS = 30  # right in a row, both classes each, before a bit counts as latched against fresh noise
USUAL = 0.2  # standard deviation of the papers' noise, or its variance: they do not say


@dataclass(frozen=True)
class Latch:
    """Two sequences, one of each class; what tells them apart is trained.

    In the first L steps the unit receives trained numbers, L for each class: step t of class k has a 1 in the channel of the
    pair (k, t), whose weight is that number. The last of the 2L + 1 channels is noise in the steps after. Right is an output y
    with `|y - 0.8 d| < 0.4`. All sequences have length T.

    Parameters
    ----------
    T : int
        Length, at least L.
    L : int
        Trained inputs of each class: 3 in the papers' text, 4 in one of their captions.
    std, variance : float, optional
        Of Gaussian noise. The papers give one number without saying which of the two it is: give it under the name that you
        mean. By default a standard deviation of 0.2, and 0 where `half_width` is given.
    half_width : float
        Of uniform noise, as the flip-flop has it.
    frozen : bool
        Whether the noise of each training sequence is drawn once, rather than anew at every presentation.

    Raises
    ------
    InvalidInput
        If T is below L, a noise is negative, or std and variance contradict each other.

    Examples
    --------
    >>> from dynlatch.training.tasks import Latch
    >>> task = Latch(T=20, variance=0.04)
    >>> task.std, task.input_dim
    (0.2, 7)

    The unit cannot be right more often than this, whatever its inputs, since the noise alone undoes the rest:

    >>> round(task.ceiling(w=1.25), 3)
    0.948
    """

    T: int
    L: int = 3
    std: float | None = None
    variance: float | None = None
    half_width: float = 0.0
    frozen: bool = False

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "L", count("L", self.L, least=1))
        put(self, "T", count("T", self.T, least=1))
        put(self, "half_width", non_negative_number("half_width", self.half_width))
        std = _std(self.std, self.variance, 0.0 if self.half_width > 0.0 else USUAL)
        put(self, "std", std)
        put(self, "variance", std**2 if self.variance is None else float(self.variance))
        if self.L > self.T:
            raise InvalidInput(f"`T` must be at least the number of trained inputs, {self.L} (`L`); got {self.T}.")

    @property
    def input_dim(self) -> int:
        return 2 * self.L + 1

    @property
    def output_dim(self) -> int:
        return 1

    @property
    def criterion(self) -> Criterion:
        return CLOSE

    @property
    def noise(self) -> Noise:
        """Drawn anew at every presentation, unless it is frozen."""
        if self.frozen:
            return NO_NOISE
        return Noise(channel=2 * self.L, first=self.L + 1, std=self._std, half_width=self.half_width)

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        return (QuietInput(np.zeros(self.input_dim)),)

    @property
    def _std(self) -> float:
        assert self.std is not None
        return self.std

    def streak(self, n: int) -> int:
        """Both classes right 30 times in a row where the noise is fresh; otherwise every sequence right once.

        Any 2n - 1 presentations in a row hold a whole round through n sequences; n could be the end of one round and the
        beginning of the next, and so the same sequence twice.
        """
        return 2 * n - 1 if self.frozen else 2 * PAIRS

    def concrete(self, rng: Rng) -> Latch:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences with noise, classes alternating."""
        quiet, stream = self._quiet(n), generator(rng)
        shape = (self.T - self.L, quiet.inputs.shape[1])
        noise = self._std * stream.standard_normal(shape) + stream.uniform(-self.half_width, self.half_width, shape)
        quiet.inputs[self.L :, :, -1] = noise
        return quiet

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences, classes alternating; with noise where it is frozen."""
        return self.sample(n, rng) if self.frozen else self._quiet(n)

    def ceiling(self, w: float) -> float:
        """How often the sign of `x_t = tanh(w x_{t-1} + noise)` is right at time T after perfect inputs.

        No choice of the inputs can be right more often (`analysis.feasibility_ceiling`).

        Raises
        ------
        InvalidInput
            If the noise is Gaussian and uniform at once.
        """
        if self._std > 0.0 and self.half_width > 0.0:
            raise InvalidInput("the ceiling is known for Gaussian or uniform noise: set `std` or `half_width` to 0.")
        law = Uniform(self.half_width) if self.half_width > 0.0 else Gaussian(self._std)
        return feasibility_ceiling(w, law, self.T, inputs=self.L)

    def _quiet(self, n: int) -> Sequences:
        n = count("n", n, least=1)
        targets = alternating(n)
        inputs: Array = np.zeros((self.T, n, self.input_dim))
        for t in range(self.L):
            inputs[t, np.arange(n), np.where(targets > 0.0, self.L, 0) + t] = 1.0
        return Sequences(inputs, np.full(n, self.T, dtype=np.int64), targets)


def _std(std: float | None, variance: float | None, usual: float) -> float:
    """The standard deviation that is meant."""
    if variance is None:
        return usual if std is None else non_negative_number("std", std)
    root = math.sqrt(non_negative_number("variance", variance))
    if std is not None and not math.isclose(non_negative_number("std", std), root, rel_tol=1e-12):
        raise InvalidInput(
            f"`std` = {std} and `variance` = {variance} contradict each other: give one, and None for the other."
        )
    return root if std is None else float(std)
