"""What the tasks share: lengths, classes, and the checks of settings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.show import Criterion, Noise
from dynlatch.validation import Array

BY_SIGN = Criterion(amplitude=0.8, low=0.0, high=np.inf)
NO_NOISE = Noise(channel=0, first=1, std=0.0, half_width=0.0)


def lengths(shortest: int, longest: int, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """n lengths, uniform on shortest, ..., longest."""
    return rng.integers(shortest, longest, size=n, endpoint=True)


def alternating(n: int) -> Array:
    """n classes -1, +1, -1, ...: as many of one as of the other."""
    return np.where(np.arange(n) % 2 == 0, -1.0, 1.0)


def ended(inputs: Array, lengths: NDArray[np.int64]) -> Array:
    """`inputs` (T, n, m) with zeros after the end of every sequence."""
    after = np.arange(len(inputs))[:, None] >= lengths
    return np.where(after[..., None], 0.0, inputs)
