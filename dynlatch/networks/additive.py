"""The papers' network: `a' = W f(a) + c + B u`, state in activation coordinates (before the nonlinearity).

Bengio, Simard and Frasconi (1994), eqs. 2-3, with the input entering through a matrix B.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dynlatch.activations import Activation, resolve
from dynlatch.intervals import Box, add, affine_image, as_box, multiply
from dynlatch.networks.common import batch_of, checked_names, expanded, input_weights, real, rows_times, spread
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array, finite_number, shaped_array, square_matrix


@dataclass(frozen=True, eq=False)
class AdditiveNetwork:
    """`a_t = W f(a_{t-1}) + c + B u_t`.

    Parameters
    ----------
    W : array_like, shape (n, n)
        Recurrent weights.
    bias : array_like, shape (n,), optional
        c; zero by default.
    activation : str or Activation
        f, applied to every unit.
    input_matrix : array_like, shape (n, m), optional
        B; the identity by default, so that the input is added to the state as in the papers.
    readout : tuple of (matrix (k, n), bias (k,)), optional
        A linear readout that belongs to the network. It reads `f(a)`, the units' outputs.

    Raises
    ------
    InvalidInput
        On wrong shapes, non-finite weights or an unknown activation.

    Examples
    --------
    >>> import dynlatch as dl
    >>> net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
    >>> dl.trajectory(net, [1.0, 1.0], steps=40)[-1].round(5)
    array([3.89717, 3.99675])
    """

    W: Array
    bias: Array | None = None
    activation: Activation | str = "tanh"
    input_matrix: Array | None = None
    readout: Readout | None = field(default=None, kw_only=True)

    # Set once from the above: c, B and f in the form that the formulas use.
    f: Activation = field(init=False, repr=False)
    c: Array = field(init=False, repr=False)
    B: Array | None = field(init=False, repr=False)

    coordinates = "activation a"

    def __post_init__(self) -> None:
        W = square_matrix("W", self.W)
        n = len(W)
        put = object.__setattr__
        put(self, "W", W)
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
        moved = self.f(real(a)) @ self.W.T + self.c
        if u is None:
            return moved
        return moved + (u if self.B is None else u @ self.B.T)

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`W diag f'(a)`: the input does not enter."""
        return spread(self.W * self.f.derivative(real(a))[..., None, :], batch_of(a, u), core=2)

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        """B, whatever the state."""
        B = np.eye(self.dim) if self.B is None else self.B.copy()
        return spread(B, batch_of(a, u), core=2)

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return spread((self.f.derivative(real(a)) * v) @ self.W.T, batch_of(a, v, u))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return spread(self.f.derivative(real(a)) * (v @ self.W), batch_of(a, v, u))

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., n)."""
        return spread(real(w) if self.B is None else real(w) @ self.B.T, batch_of(a, w, u))

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        return spread(real(v) if self.B is None else real(v) @ self.B, batch_of(a, v, u))

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
        v = spread(real(v), batch_of(a, u, v))
        factors: dict[str, tuple[Array, Array | None]] = {"W": (v, self.f(real(a))), "bias": (v, None)}
        if self.B is not None:
            factors["input_matrix"] = v, np.zeros(self.input_dim) if u is None else real(u)
        return factors

    def with_parameters(self, **arrays: Any) -> AdditiveNetwork:
        """The same network with the named parameters replaced."""
        return replace(self, **checked_names(self.parameters, arrays))

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        image = affine_image(self.W, *self.f.image(real(lo), real(hi)), self.c)
        if u is None:
            return image
        entering = as_box(u)
        return add(image, entering if self.B is None else affine_image(self.B, *entering))

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `W diag f'` over the box [lo, hi], shape (..., n, n), rounded outward."""
        slopes = self.f.slope_image(real(lo), real(hi))
        return multiply((self.W, self.W), (slopes[0][..., None, :], slopes[1][..., None, :]))

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """B, whatever the box."""
        B = self.input_jacobian(real(lo))
        return B, B

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


def LatchNeuron(w: float, bias: float = 0.0, activation: Activation | str = "tanh") -> AdditiveNetwork:
    """The papers' single unit `a' = w f(a) + c + u`: an `AdditiveNetwork` of dimension 1.

    Examples
    --------
    >>> import dynlatch as dl
    >>> dl.LatchNeuron(2.0).dim
    1
    """
    return AdditiveNetwork(np.array([[finite_number("w", w)]]), np.array([finite_number("bias", bias)]), activation)
