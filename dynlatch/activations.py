"""Activation functions: f, f', f'', f^-1, the exact range of f and f' on an interval, and the slope of the secant.

`resolve("tanh")` gives the built-in of that name; a user's own is an `Activation` built from its functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from dynlatch.errors import InvalidInput, NotEnclosable, NotSmooth
from dynlatch.validation import Array

Function: TypeAlias = Callable[[Array], Array]
Secant: TypeAlias = Callable[[Array, Array], Array]

# Libm and NumPy's vectorised functions are within 4 ulp; the composed ones here (logistic, softplus) within 8.
ULPS = 8
LARGEST = float(np.finfo(np.float64).max)  # the lower end of what overflows


@dataclass(frozen=True)
class Activation:
    """A non-decreasing scalar function applied to every unit.

    Parameters
    ----------
    name : str
    function, derivative, second_derivative : callable
        f, f', f'' on arrays of any shape.
    limits : tuple of float
        Infimum and supremum of f over the real line (infinite where f is unbounded).
    inverse : callable, optional
        f^-1 on the open interval `limits`.
    secant : callable, optional
        `(f(y) - f(x)) / (y - x)` without cancellation; by default the quotient, and f' of the midpoint where x and y
        are close.
    slope_peak : float, optional
        Where f' is largest, when f' rises before it and falls after it; `inf` when f' never falls.
        Needed only for `slope_image`.
    odd : bool
        Whether f(-x) = -f(x).

    Examples
    --------
    >>> import numpy as np
    >>> import dynlatch as dl
    >>> softsign = dl.Activation("softsign", lambda x: x / (1 + abs(x)), lambda x: (1 + abs(x)) ** -2.0, limits=(-1, 1))
    >>> dl.AdditiveNetwork([[3.0]], activation=softsign).step(np.array([1.0]))
    array([1.5])
    """

    name: str
    function: Function
    derivative: Function
    second_derivative: Function | None = None
    limits: tuple[float, float] = (-np.inf, np.inf)
    inverse: Function | None = None
    secant: Secant | None = None
    slope_peak: float | None = None
    odd: bool = False

    def __call__(self, x: Array) -> Array:
        return self.function(x)

    @property
    def bounded(self) -> bool:
        """Whether f has finite limits on both sides."""
        return bool(np.isfinite(self.limits).all())

    def curvature(self, x: Array) -> Array:
        """f''; by central differences of f' where the activation does not give it."""
        if self.second_derivative is not None:
            return self.second_derivative(x)
        h = 6e-6 * np.maximum(1.0, np.abs(x))
        return (self.derivative(x + h) - self.derivative(x - h)) / (2 * h)

    def invert(self, y: Array) -> Array:
        """f^-1(y).

        Raises
        ------
        InvalidInput
            If f has no inverse, or y is outside the open range of f.
        """
        if self.inverse is None:
            raise InvalidInput(f"the activation {self.name!r} has no inverse.")
        y = np.asarray(y, dtype=np.float64)
        if not np.all((y > self.limits[0]) & (y < self.limits[1])):
            raise InvalidInput(f"the inverse of {self.name!r} is defined on the open interval {self.limits} only.")
        return self.inverse(y)

    def image(self, lo: Array, hi: Array) -> tuple[Array, Array]:
        """Range of f on [lo, hi], rounded outward and kept within `limits`: f is non-decreasing, so its ends decide."""
        below, above = _outward(self.function(lo), self.function(hi))
        return np.maximum(below, self.limits[0]), np.minimum(above, self.limits[1])

    def slope_image(self, lo: Array, hi: Array) -> tuple[Array, Array]:
        """Range of f' on [lo, hi], rounded outward: the ends give the least, the peak (if inside) the largest."""
        if self.slope_peak is None:
            raise NotEnclosable(f"the range of the slope of {self.name!r} needs `slope_peak`, where f' is largest.")
        ends = self.derivative(lo), self.derivative(hi)
        nearest = np.clip(self.slope_peak, lo, hi)
        below, above = _outward(np.minimum(*ends), np.maximum(np.maximum(*ends), self.derivative(nearest)))
        return np.maximum(below, 0.0), above

    def secant_slope(self, x: Array, y: Array) -> Array:
        """Slope of the chord of f from x to y; f'(x) where they coincide."""
        x, y = np.broadcast_arrays(np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64))
        if self.secant is not None:
            return self.secant(x, y)
        gap = y - x
        near = np.abs(gap) <= 1e-5 * np.maximum(1.0, np.abs(x))
        quotient = (self.function(y) - self.function(x)) / np.where(near, 1.0, gap)
        return np.where(near, self.derivative(0.5 * (x + y)), quotient)


def _outward(lo: Array, hi: Array) -> tuple[Array, Array]:
    with np.errstate(over="ignore"):
        return np.minimum(lo - _margin(lo), LARGEST), hi + _margin(hi)


def _margin(x: Array) -> Array:
    return np.where(np.isfinite(x), ULPS * np.spacing(np.abs(x)) + np.finfo(np.float64).tiny, 0.0)


def _sech2(x: Array) -> Array:
    # 4 e^-2|x| / (1 + e^-2|x|)^2: unlike 1 - tanh^2 it keeps its digits where tanh saturates.
    e = np.exp(-2.0 * np.abs(x))
    return np.asarray(4.0 * e / (1.0 + e) ** 2)


def _one_minus_product(x: Array, y: Array) -> Array:
    # 1 - tanh(x) tanh(y) without cancellation: 1 - tanh(z) = 2 e^-2z / (1 + e^-2z) for z >= 0.
    a, b = np.abs(x), np.abs(y)
    gap_a, gap_b = (2.0 * np.exp(-2.0 * z) / (1.0 + np.exp(-2.0 * z)) for z in (a, b))
    same_sign = gap_a + (1.0 - gap_a) * gap_b
    return np.where(np.sign(x) * np.sign(y) >= 0, same_sign, 1.0 + np.tanh(a) * np.tanh(b))


def _tanh_secant(x: Array, y: Array) -> Array:
    # tanh y - tanh x = tanh(y - x) (1 - tanh x tanh y)
    gap = y - x
    small = np.abs(gap) < 1e-8
    return np.asarray(np.where(small, 1.0, np.tanh(gap) / np.where(small, 1.0, gap)) * _one_minus_product(x, y))


def _logistic(x: Array) -> Array:
    e = np.exp(-np.abs(x))
    return np.asarray(np.where(x >= 0, 1.0, e) / (1.0 + e))


def _logistic_slope(x: Array) -> Array:
    return np.asarray(0.25 * _sech2(0.5 * x))


def _softplus(x: Array) -> Array:
    return np.asarray(np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x))))


def _softplus_secant(x: Array, y: Array) -> Array:
    # log((1 + e^y) / (1 + e^x)) = log1p(logistic(x) expm1(y - x)), taken upward from the smaller end
    low, high, gap = np.minimum(x, y), np.maximum(x, y), np.abs(y - x)
    small = gap < 1e-8
    safe = np.where(small, 1.0, np.minimum(gap, 30.0))
    near = np.log1p(_logistic(low) * np.expm1(safe)) / safe
    far = (_softplus(high) - _softplus(low)) / np.where(gap < 30.0, 1.0, gap)
    return np.asarray(np.where(small, _logistic(0.5 * (x + y)), np.where(gap < 30.0, near, far)))


def _exponential(x: Array) -> Array:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(x))


def _exponential_secant(x: Array, y: Array) -> Array:
    # e^y - e^x = e^y (-expm1(x - y)), taken downward from the larger end, whose half does not overflow first
    gap, root = np.abs(y - x), _exponential(0.5 * np.maximum(x, y))
    small = gap < 1e-8
    fall = -np.expm1(-gap) / np.where(small, 1.0, gap)
    with np.errstate(over="ignore"):
        return np.asarray(np.where(small, _exponential(0.5 * (x + y)), root * fall * root))


def _relu_secant(x: Array, y: Array) -> Array:
    gap = y - x
    same = gap == 0
    rise = np.maximum(y, 0.0) - np.maximum(x, 0.0)
    return np.asarray(np.where(same, x > 0, rise / np.where(same, 1.0, gap)), dtype=np.float64)


def _no_derivative(x: Array) -> Array:
    raise NotSmooth("threshold units have no derivative: use a verb that needs none, or a smooth activation.")


TANH = Activation(
    "tanh",
    np.tanh,
    _sech2,
    lambda x: -2.0 * np.tanh(x) * _sech2(x),
    limits=(-1.0, 1.0),
    inverse=np.arctanh,
    secant=_tanh_secant,
    slope_peak=0.0,
    odd=True,
)
LOGISTIC = Activation(
    "logistic",
    _logistic,
    _logistic_slope,
    lambda x: -np.tanh(0.5 * x) * _logistic_slope(x),
    limits=(0.0, 1.0),
    inverse=lambda y: np.log(y) - np.log1p(-y),
    secant=lambda x, y: 0.25 * _tanh_secant(0.5 * x, 0.5 * y),
    slope_peak=0.0,
)
RELU = Activation(
    "relu",
    lambda x: np.maximum(x, 0.0),
    lambda x: (np.asarray(x) > 0).astype(np.float64),
    lambda x: np.zeros_like(x, dtype=np.float64),
    limits=(0.0, np.inf),
    inverse=lambda y: y,
    secant=_relu_secant,
    slope_peak=np.inf,
)
SOFTPLUS = Activation(
    "softplus",
    _softplus,
    _logistic,
    _logistic_slope,
    limits=(0.0, np.inf),
    inverse=lambda y: y + np.log(-np.expm1(-y)),
    secant=_softplus_secant,
    slope_peak=np.inf,
)
EXPONENTIAL = Activation(
    "exponential",
    _exponential,
    _exponential,
    _exponential,
    limits=(0.0, np.inf),
    inverse=np.log,
    secant=_exponential_secant,
    slope_peak=np.inf,
)
LINEAR = Activation(
    "linear",
    lambda x: np.asarray(x, dtype=np.float64),
    lambda x: np.ones_like(x, dtype=np.float64),
    lambda x: np.zeros_like(x, dtype=np.float64),
    inverse=lambda y: y,
    secant=lambda x, y: np.ones_like(x, dtype=np.float64),
    slope_peak=np.inf,
    odd=True,
)
# +1 for x >= 0 and -1 below: the flip-flop's convention (eq. 8 of the 1993 paper).
THRESHOLD = Activation(
    "threshold",
    lambda x: np.where(np.asarray(x) >= 0, 1.0, -1.0),
    _no_derivative,
    _no_derivative,
    limits=(-1.0, 1.0),
)

ACTIVATIONS = (TANH, LOGISTIC, RELU, SOFTPLUS, EXPONENTIAL, LINEAR, THRESHOLD)


def resolve(activation: str | Activation) -> Activation:
    """The built-in activation of that name, or the user's own, unchanged."""
    if isinstance(activation, Activation):
        return activation
    for known in ACTIVATIONS:
        if known.name == activation:
            return known
    names = ", ".join(known.name for known in ACTIVATIONS)
    raise InvalidInput(f"unknown activation {activation!r}: choose one of {names}, or pass an Activation of your own.")
