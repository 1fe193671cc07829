"""The 2-sequence problem: the first N inputs say which of two prototypes it was; the answer is asked at the end.

Bengio, Simard and Frasconi (1994), section V, and Bengio and Frasconi (1994).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import Criterion, Noise
from dynlatch.randomness import Rng, generator
from dynlatch.training.contract import QuietInput, Sequences
from dynlatch.training.tasks.common import BY_SIGN, NO_NOISE, alternating, ended, lengths
from dynlatch.validation import Array, count, finite_array, non_negative_number

Pair: TypeAlias = tuple[tuple[float, ...], tuple[float, ...]]
APART = 1.0  # how far prototypes "sep" differ in some step


@dataclass(frozen=True)
class TwoSequence:
    """Which of two prototypes began the sequence?

    Inputs are `u_t = p_c[t] + noise` for t = 1, ..., N and noise after; noise is uniform and part of each sequence. Classes
    alternate; lengths are uniform on max(ceil(T/2), shortest), ..., T.

    Parameters
    ----------
    T : int
        Longest length.
    prototypes : {"bits", "rand", "sep", "const", "alt", "same"} or two sequences of N numbers
        Of class -1 and class +1. Drawn for each trial: `bits` are two distinct corners of the cube {-1, 1}^N, `rand` two points
        uniform in it, `sep` the same at least 1 apart in some step. Given: `const` is - - - against + + +, `alt` is + - +
        against - + -, `same` agrees in the first step, + + - against + - +.
    informative : int, optional
        N: 3, or the length of the given prototypes.
    shortest : int, optional
        Least length, N + 1 by default. The nets of the papers take the input into one unit and read another, one step later:
        at length N the last informative input never reaches the answer, and prototypes that differ only there cannot be told
        apart. The protocol behind the papers' tables has 3 for N = 3.
    half_width : float
        Of the noise.

    Raises
    ------
    InvalidInput
        If T is below `shortest`, `shortest` below N, the prototypes are unknown or equal, or the noise is negative.

    Examples
    --------
    >>> from dynlatch.training.tasks import TwoSequence
    >>> batch = TwoSequence(T=10).sample(4, rng=0)
    >>> batch.inputs.shape, batch.lengths.tolist(), batch.targets.tolist()
    ((10, 4, 1), [5, 5, 6, 9], [-1.0, 1.0, -1.0, 1.0])
    """

    T: int
    prototypes: str | Pair = "bits"
    informative: int | None = None
    shortest: int | None = None
    half_width: float = 0.2

    def __post_init__(self) -> None:
        put = object.__setattr__
        if not isinstance(self.prototypes, str):
            put(self, "prototypes", _pair(self.prototypes))
        N = count("informative", _usual(self.informative, self.prototypes), least=1)
        put(self, "informative", N)
        put(self, "shortest", count("shortest", N + 1 if self.shortest is None else self.shortest, least=N))
        put(self, "T", count("T", self.T, least=1))
        put(self, "half_width", non_negative_number("half_width", self.half_width))
        _check(self)

    @property
    def N(self) -> int:
        """Number of informative steps."""
        return _number(self.informative)

    @property
    def length_range(self) -> tuple[int, int]:
        """The shortest and the longest length that are drawn."""
        return max(-(-self.T // 2), _number(self.shortest)), self.T

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

    @property
    def symbols(self) -> tuple[float, ...]:
        """Thresholds that turn an input into a symbol: 3 symbols for prototypes of -1 and +1, otherwise 8 bins."""
        binary = self.prototypes not in ("rand", "sep")
        if not isinstance(self.prototypes, str):
            binary = bool(np.all(np.abs(self.prototypes) == 1.0))
        return (-0.5, 0.5) if binary else tuple(np.linspace(-1.0, 1.0, 9)[1:-1].tolist())

    def streak(self, n: int) -> int:
        """Every training sequence right once."""
        return n

    def concrete(self, rng: Rng) -> TwoSequence:
        """The task of one trial, its prototypes drawn."""
        if not isinstance(self.prototypes, str):
            return self
        pair = PROTOTYPES[self.prototypes](self.N, generator(rng))
        return replace(self, prototypes=_pair(pair))

    def sample(self, n: int, rng: Rng) -> Sequences:
        """n sequences; their prototypes are drawn first where the task does not hold them."""
        n, stream = count("n", n, least=1), generator(rng)
        pair = np.array(self.concrete(stream).prototypes)
        long = lengths(*self.length_range, n, stream)
        targets = alternating(n)
        inputs = stream.uniform(-self.half_width, self.half_width, (self.T, n))
        inputs[: self.N] += pair[(targets > 0).astype(int)].T
        return Sequences(ended(inputs[..., None], long), long, targets)

    def training_set(self, n: int, rng: Rng) -> Sequences:
        """n sequences, their noise included."""
        return self.sample(n, rng)


def _bits(N: int, rng: np.random.Generator) -> Array:
    while True:
        pair = rng.choice([-1.0, 1.0], size=(2, N))
        if np.any(pair[0] != pair[1]):
            return pair


def _rand(N: int, rng: np.random.Generator) -> Array:
    return rng.uniform(-1.0, 1.0, (2, N))


def _sep(N: int, rng: np.random.Generator) -> Array:
    while True:
        pair = _rand(N, rng)
        if np.abs(pair[0] - pair[1]).max() > APART:
            return pair


def _const(N: int, rng: np.random.Generator) -> Array:
    return np.array([-np.ones(N), np.ones(N)])


def _alt(N: int, rng: np.random.Generator) -> Array:
    return np.array([alternating(N), -alternating(N)]) * -1.0


def _same(N: int, rng: np.random.Generator) -> Array:
    return np.array([[1.0, *alternating(N - 1)], [1.0, *-alternating(N - 1)]])[::-1]


PROTOTYPES: dict[str, Callable[[int, np.random.Generator], Array]] = {
    "bits": _bits,
    "rand": _rand,
    "sep": _sep,
    "const": _const,
    "alt": _alt,
    "same": _same,
}


def _number(setting: int | None) -> int:
    """A setting that is filled in when the task is made."""
    assert setting is not None
    return setting


def _usual(informative: int | None, prototypes: Any) -> int:
    """N where it is not given."""
    if informative is not None:
        return informative
    return 3 if isinstance(prototypes, str) else len(prototypes[0])


def _pair(value: Any) -> Pair:
    """Two prototypes as tuples, so that tasks can be compared."""
    array = finite_array("prototypes", value, ndim=2)
    if len(array) != 2 or array.shape[1] == 0 or np.array_equal(array[0], array[1]):
        raise InvalidInput(f"`prototypes` must be two different sequences of N numbers; got {array.tolist()}.")
    first, second = (tuple(row.tolist()) for row in array)
    return first, second


def _check(task: TwoSequence) -> None:
    """That the settings fit together."""
    N, shortest, prototypes = task.N, _number(task.shortest), task.prototypes
    if isinstance(prototypes, str) and prototypes not in PROTOTYPES:
        raise InvalidInput(f"`prototypes` must be one of {', '.join(PROTOTYPES)}, or two sequences; got {prototypes!r}.")
    if prototypes == "same" and N < 2:
        raise InvalidInput("prototypes 'same' differ after the first step: take `informative` of at least 2.")
    if not isinstance(prototypes, str) and len(prototypes[0]) != N:
        raise InvalidInput(f"`informative` is {N}, but the prototypes have {len(prototypes[0])} steps: leave it out.")
    if shortest > task.T:
        raise InvalidInput(f"`T` must be at least the shortest length, {shortest} (`shortest`); got {task.T}.")
