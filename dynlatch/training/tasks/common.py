"""What the tasks share: lengths, classes, strings of symbols, and targets at any step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dynlatch.lanes.show import Criterion, Noise
from dynlatch.training.contract import Sequences
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


def within(tolerance: float) -> Criterion:
    """Right is every asked output within `tolerance` of its target."""
    return Criterion(amplitude=1.0, low=0.0, high=np.inf, tolerance=tolerance)


def most_likely(among: int) -> Criterion:
    """Right is that the output of the symbol that followed is one of the `among` largest, at every step that is asked."""
    return Criterion(amplitude=1.0, low=0.0, high=np.inf, among=among)


def at_end(values: Array, lengths: NDArray[np.int64], T: int) -> Array:
    """Targets (T, n, k) with `values` (n, k) asked at the end of each sequence, and nothing before."""
    n, k = values.shape
    desired = np.full((T, n, k), np.nan)
    desired[lengths - 1, np.arange(n)] = values
    return desired


def one_hot(strings: Sequence[NDArray[np.int64]], T: int, symbols: int, nothing: float) -> Array:
    """A channel for each symbol, shape (T, n, symbols): 1 in that of string j's t-th symbol; `nothing` after its end."""
    out = np.full((T, len(strings), symbols), nothing)
    for j, string in enumerate(strings):
        out[: len(string), j] = 0.0
        out[np.arange(len(string)), j, string] = 1.0
    return out


def next_symbols(strings: Sequence[NDArray[np.int64]], T: int, symbols: int) -> Sequences:
    """Every symbol but the last is shown, and the next one asked."""
    shown = one_hot([string[:-1] for string in strings], T, symbols, 0.0)
    asked = one_hot([string[1:] for string in strings], T, symbols, np.nan)
    steps = np.array([len(string) - 1 for string in strings], dtype=np.int64)
    return Sequences(shown, steps, np.zeros(len(strings)), asked)
