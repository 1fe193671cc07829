"""The laws that noise may follow: independent in every input channel and at every step, symmetric about zero."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.validation import Array, non_negative_number


@dataclass(frozen=True)
class Gaussian:
    """Normal noise of standard deviation `std` in every input channel.

    Papers that write "noise s" may mean the variance: `Gaussian.from_variance(s)`.

    Parameters
    ----------
    std : float
        At least 0; 0 is no noise.

    Examples
    --------
    >>> from dynlatch.analysis import Gaussian
    >>> Gaussian.from_variance(0.04)
    Gaussian(std=0.2)
    """

    std: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "std", non_negative_number("std", self.std))

    @classmethod
    def from_variance(cls, variance: float) -> Gaussian:
        """Normal noise of that variance."""
        return cls(math.sqrt(non_negative_number("variance", variance)))

    @property
    def width(self) -> float:
        """The standard deviation."""
        return self.std

    def scaled(self, factor: float) -> Gaussian:
        """The law of `factor` times the noise."""
        return Gaussian(factor * self.std)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Independent samples."""
        return self.std * rng.standard_normal(shape)


@dataclass(frozen=True)
class Uniform:
    """Noise that is uniform on `[-half_width, half_width]` in every input channel.

    Parameters
    ----------
    half_width : float
        At least 0; 0 is no noise.
    """

    half_width: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "half_width", non_negative_number("half_width", self.half_width))

    @property
    def width(self) -> float:
        """The half width."""
        return self.half_width

    def scaled(self, factor: float) -> Uniform:
        """The law of `factor` times the noise."""
        return Uniform(factor * self.half_width)

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        """Independent samples."""
        return rng.uniform(-self.half_width, self.half_width, shape)


Noise = Gaussian | Uniform


def noise_law(noise: Noise) -> Noise:
    """`noise` itself; a bare number is refused, since it may be a standard deviation, a variance or a half width."""
    if not isinstance(noise, (Gaussian, Uniform)):
        raise InvalidInput(
            f"`noise` must be analysis.Gaussian(std) or analysis.Uniform(half_width); got {type(noise).__name__}."
        )
    return noise
