"""The leaky network: `a' = (1 - alpha) a + alpha (W f(a) + c + B u)`.

The Euler step of length `alpha = dt / tau` of the rate equation `tau da/dt = -a + W f(a) + c + B u` of computational
neuroscience (Sompolinsky, Crisanti and Sommers 1988; Song, Yang and Wang 2016). `alpha = 1` is the additive network.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dynlatch.activations import Activation, resolve
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box, add, affine_image, as_box, multiply, one_minus
from dynlatch.networks.common import batch_of, checked_names, expanded, input_weights, real, rows_times, spread
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array, finite_array, shaped_array, square_matrix


@dataclass(frozen=True, eq=False)
class LeakyNetwork:
    """`a_t = (1 - alpha) a_{t-1} + alpha (W f(a_{t-1}) + c + B u_t)`.

    Parameters
    ----------
    W : array_like, shape (n, n)
        Recurrent weights.
    alpha : float or array_like, shape (n,)
        Step over time constant, `0 < alpha <= 1`, for all units or for each. A setting, not one of `parameters`.
    bias : array_like, shape (n,), optional
        c; zero by default.
    activation : str or Activation
        f, applied to every unit.
    input_matrix : array_like, shape (n, m), optional
        B; the identity by default.
    readout : tuple of (matrix (k, n), bias (k,)), optional
        A linear readout that belongs to the network. It reads `f(a)`, the units' outputs.

    Raises
    ------
    InvalidInput
        On wrong shapes, non-finite weights, an unknown activation, or alpha outside (0, 1].

    Examples
    --------
    >>> import dynlatch as dl
    >>> net = dl.LeakyNetwork([[1.3, 2.6], [3.7, 0.3]], alpha=0.2)
    >>> dl.trajectory(net, [1.0, 1.0], steps=200)[-1].round(5)
    array([3.89717, 3.99675])
    """

    W: Array
    alpha: Array | float
    bias: Array | None = None
    activation: Activation | str = "tanh"
    input_matrix: Array | None = None
    readout: Readout | None = field(default=None, kw_only=True)

    # Set once from the above: alpha per unit, c, B and f in the form that the formulas use.
    rate: Array = field(init=False, repr=False)
    f: Activation = field(init=False, repr=False)
    c: Array = field(init=False, repr=False)
    B: Array | None = field(init=False, repr=False)

    coordinates = "activation a"

    def __post_init__(self) -> None:
        W = square_matrix("W", self.W)
        n = len(W)
        put = object.__setattr__
        put(self, "W", W)
        put(self, "rate", _rates(self.alpha, n))
        put(self, "f", resolve(self.activation))
        put(self, "c", shaped_array("bias", np.zeros(n) if self.bias is None else self.bias, (n,)))
        put(self, "B", None if self.input_matrix is None else input_weights("input_matrix", self.input_matrix, n))
        put(self, "readout", as_readout(self.readout, n))

    @property
    def dim(self) -> int:
        return len(self.W)

    @property
    def input_dim(self) -> int:
        return self.dim if self.B is None else self.B.shape[1]

    def step(self, a: Array, u: Array | None = None) -> Array:
        a = real(a)
        drive = self.f(a) @ self.W.T + self.c
        if u is not None:
            drive = drive + (u if self.B is None else u @ self.B.T)
        return (1.0 - self.rate) * a + self.rate * drive

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`diag(1 - alpha) + diag(alpha) W diag f'(a)`: the input does not enter."""
        moved = self.rate[:, None] * self.W * self.f.derivative(real(a))[..., None, :]
        return spread(np.diag(1.0 - self.rate) + moved, batch_of(a, u), core=2)

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`diag(alpha) B`, whatever the state."""
        B = np.eye(self.dim) if self.B is None else self.B
        return spread(self.rate[:, None] * B, batch_of(a, u), core=2)

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        moved = (self.f.derivative(real(a)) * v) @ self.W.T
        return spread((1.0 - self.rate) * v + self.rate * moved, batch_of(a, v, u))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        back = self.f.derivative(real(a)) * ((self.rate * v) @ self.W)
        return spread((1.0 - self.rate) * v + back, batch_of(a, v, u))

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., n)."""
        entering = real(w) if self.B is None else real(w) @ self.B.T
        return spread(self.rate * entering, batch_of(a, w, u))

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        scaled = self.rate * v
        return spread(scaled if self.B is None else scaled @ self.B, batch_of(a, v, u))

    @property
    def parameters(self) -> dict[str, Array]:
        """W, the bias and, where there is one, the input matrix."""
        own = {"W": self.W, "bias": self.c}
        return own if self.B is None else {**own, "input_matrix": self.B}

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to every parameter, shape `(..., *parameter.shape)`."""
        return expanded(self.parameter_factors(a, u, v))

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same as outer products `left right^T`; right is None for the bias."""
        scaled = spread(self.rate * v, batch_of(a, u, v))
        factors: dict[str, tuple[Array, Array | None]] = {"W": (scaled, self.f(real(a))), "bias": (scaled, None)}
        if self.B is not None:
            factors["input_matrix"] = scaled, np.zeros(self.input_dim) if u is None else real(u)
        return factors

    def with_parameters(self, **arrays: Any) -> LeakyNetwork:
        """The same network with the named parameters replaced."""
        return replace(self, **checked_names(self.parameters, arrays))

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        lo, hi = real(lo), real(hi)
        drive = affine_image(self.W, *self.f.image(lo, hi), self.c)
        if u is not None:
            entering = as_box(u)
            drive = add(drive, entering if self.B is None else affine_image(self.B, *entering))
        rate = self.rate, self.rate
        return add(multiply(one_minus(rate), (lo, hi)), multiply(rate, drive))

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the Jacobian over the box [lo, hi], shape (..., n, n), rounded outward."""
        slopes = self.f.slope_image(real(lo), real(hi))
        recurrent = multiply((self.W, self.W), (slopes[0][..., None, :], slopes[1][..., None, :]))
        stay = one_minus((self.rate, self.rate))
        return add((np.diag(stay[0]), np.diag(stay[1])), multiply((self.rate[:, None], self.rate[:, None]), recurrent))

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `diag(alpha) B`, whatever the box."""
        B = np.eye(self.dim) if self.B is None else self.B
        bounds = rows_times((self.rate, self.rate), B)
        batch = batch_of(real(lo))
        return spread(bounds[0], batch, core=2), spread(bounds[1], batch, core=2)

    def output(self, a: Array) -> Array:
        """The units' outputs f(a): what a readout or a further layer sees."""
        return self.f(real(a))

    def output_jvp(self, a: Array, v: Array) -> Array:
        """Derivative of `output` in the direction v."""
        return self.f.derivative(real(a)) * v

    def output_vjp(self, a: Array, v: Array) -> Array:
        """Gradient of `v . output(a)`."""
        return self.f.derivative(real(a)) * v

    def output_enclose(self, lo: Array, hi: Array) -> Box:
        """Interval image of `output`."""
        return self.f.image(real(lo), real(hi))

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        """Bounds on the derivative of `output`, diag f'(a)."""
        return rows_times(self.f.slope_image(real(lo), real(hi)), np.eye(self.dim))


def _rates(alpha: Any, n: int) -> Array:
    rates = finite_array("alpha", alpha)
    if rates.ndim:
        rates = shaped_array("alpha", rates, (n,))
    outside = rates[(rates <= 0.0) | (rates > 1.0)]
    if outside.size:
        raise InvalidInput(f"`alpha` must be above 0 and at most 1 (step / time constant); got {outside[0]}.")
    return shaped_array("alpha", np.broadcast_to(rates, (n,)), (n,))
