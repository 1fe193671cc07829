"""The latch benchmark's sequences and its net of three weights, in the readings that the surviving texts allow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.models import AnyWiring
from dynlatch.training.tasks import Latch
from dynlatch.training.tasks.common import ended, lengths

NAMES = ("w", "u-", "u+")  # the weights of `three_weights`, in order


@dataclass(frozen=True)
class VariedLatch:
    """`Latch` with lengths uniform on T/2, ..., T, as the 1994 paper draws them for all its tasks.

    Where all lengths are equal a unit with w < -1 answers right too: its sign alternates, but always as often.

    Parameters
    ----------
    longest : Latch
        The task whose sequences are cut; T at least twice its trained steps.
    """

    longest: Latch

    @property
    def T(self) -> int:
        return self.longest.T

    @property
    def input_dim(self) -> int:
        return self.longest.input_dim

    @property
    def criterion(self) -> Criterion:
        return self.longest.criterion

    @property
    def noise(self) -> Noise:
        return self.longest.noise

    @property
    def quiet_inputs(self) -> tuple[QuietInput, ...]:
        return self.longest.quiet_inputs

    def streak(self, n: int) -> int:
        """n in a row where the noise is drawn once, as in the papers' other tasks."""
        return n if self.longest.frozen else self.longest.streak(n)

    def concrete(self, rng: Rng) -> VariedLatch:
        """Itself: nothing is drawn for a trial."""
        return self

    def sample(self, n: int, rng: Rng) -> Sequences:
        stream = generator(rng)
        return self._cut(self.longest.sample(n, stream), stream)

    def training_set(self, n: int, rng: Rng) -> Sequences:
        stream = generator(rng)
        return self._cut(self.longest.training_set(n, stream), stream)

    def _cut(self, whole: Sequences, rng: np.random.Generator) -> Sequences:
        drawn = lengths(max(-(-self.T // 2), self.longest.L), self.T, len(whole.lengths), rng)
        return Sequences(ended(whole.inputs, drawn), drawn, whole.targets)


def three_weights(units: str, L: int = 1, radius: float = 0.5) -> AnyWiring:
    """w, the input of class -1 and that of class +1, each given in the first L steps; the noise's weight is 1.

    All three begin uniform on [-radius, radius].
    """
    noise = 2 * L
    channels = [(0, 1 + k, 1 + k // L, 0) for k in range(noise)]
    return AnyWiring(
        (units,),
        ((0, 0, 0, 1), *channels, (0, 1 + noise, 3, 0)),
        input_dim=noise + 1,
        fixed=(1.0,),
        radius=radius,
        start=-1.0 if units == "threshold" else 0.0,
    )
