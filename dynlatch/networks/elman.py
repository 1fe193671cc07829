"""The Elman network, PyTorch's `nn.RNN`: `h' = f(W_hh h + W_ih x + b)`, state in output coordinates.

Elman (1990). In the coordinates `a = W_hh h + W_ih x + b` it is the additive network, its input one step later.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dynlatch.activations import Activation, resolve
from dynlatch.intervals import Box, add, affine_image, as_box, multiply
from dynlatch.networks.common import (
    batch_of,
    box_identity,
    checked_names,
    expanded,
    given,
    input_weights,
    optional_bias,
    real,
    rows_times,
    spread,
)
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array, square_matrix


@dataclass(frozen=True, eq=False)
class ElmanNetwork:
    """`h_t = f(W_hh h_{t-1} + W_ih x_t + b)`.

    Parameters
    ----------
    W_hh : array_like, shape (n, n)
        Recurrent weights.
    W_ih : array_like, shape (n, m)
        Input weights; m may be zero.
    bias : array_like, shape (n,), optional
        b, the sum of PyTorch's two; None is no bias, and then it is none of `parameters`.
    activation : str or Activation
        f, applied to every unit.
    readout : tuple of (matrix (k, n), bias (k,)), optional
        A linear readout that belongs to the network. It reads h.

    Raises
    ------
    InvalidInput
        On wrong shapes, non-finite weights or an unknown activation.

    Examples
    --------
    >>> import dynlatch as dl
    >>> net = dl.ElmanNetwork([[2.0]], [[1.0]], None)
    >>> dl.trajectory(net, [0.1], steps=30)[-1].round(6)
    array([0.957504])
    """

    W_hh: Array
    W_ih: Array
    bias: Array | None = None
    activation: Activation | str = "tanh"
    readout: Readout | None = field(default=None, kw_only=True)

    # Set once from the above: b and f in the form that the formulas use.
    f: Activation = field(init=False, repr=False)
    b: Array = field(init=False, repr=False)

    coordinates = "output h"

    def __post_init__(self) -> None:
        W = square_matrix("W_hh", self.W_hh)
        n = len(W)
        bias = optional_bias("bias", self.bias, n)
        put = object.__setattr__
        put(self, "W_hh", W)
        put(self, "W_ih", input_weights("W_ih", self.W_ih, n))
        put(self, "bias", bias)
        put(self, "f", resolve(self.activation))
        put(self, "b", np.zeros(n) if bias is None else bias)
        put(self, "readout", as_readout(self.readout, n))

    @property
    def dim(self) -> int:
        return len(self.W_hh)

    @property
    def hidden_size(self) -> int:
        """Number of units, n."""
        return len(self.W_hh)

    @property
    def input_dim(self) -> int:
        return int(self.W_ih.shape[1])

    def _net(self, h: Array, u: Array | None) -> Array:
        """What enters the units before the nonlinearity."""
        net = real(h) @ self.W_hh.T + self.b
        return net if u is None else net + real(u) @ self.W_ih.T

    def step(self, a: Array, u: Array | None = None) -> Array:
        return self.f(self._net(a, u))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`diag f'(net) W_hh`."""
        return self.f.derivative(self._net(a, u))[..., None] * self.W_hh

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`diag f'(net) W_ih`."""
        return self.f.derivative(self._net(a, u))[..., None] * self.W_ih

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return self.f.derivative(self._net(a, u)) * (v @ self.W_hh.T)

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return (self.f.derivative(self._net(a, u)) * v) @ self.W_hh

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., n)."""
        return self.f.derivative(self._net(a, u)) * (real(w) @ self.W_ih.T)

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        return (self.f.derivative(self._net(a, u)) * v) @ self.W_ih

    @property
    def parameters(self) -> dict[str, Array]:
        """W_hh, W_ih and, where there is one, the bias."""
        return given(W_hh=self.W_hh, W_ih=self.W_ih, bias=self.bias)

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to every parameter, shape `(..., *parameter.shape)`."""
        return expanded(self.parameter_factors(a, u, v))

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same as outer products `left right^T`; right is None for the bias."""
        delta = self.f.derivative(self._net(a, u)) * v
        entering = np.zeros(self.input_dim) if u is None else real(u)
        factors: dict[str, tuple[Array, Array | None]] = {"W_hh": (delta, real(a)), "W_ih": (delta, entering)}
        return factors if self.bias is None else {**factors, "bias": (delta, None)}

    def with_parameters(self, **arrays: Any) -> ElmanNetwork:
        """The same network with the named parameters replaced."""
        return replace(self, **checked_names(self.parameters, arrays))

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        return self.f.image(*self._net_box(lo, hi, u))

    def _net_box(self, lo: Array, hi: Array, u: Array | Box | None) -> Box:
        net = affine_image(self.W_hh, real(lo), real(hi), self.b)
        return net if u is None else add(net, affine_image(self.W_ih, *as_box(u)))

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `diag f'(net) W_hh` over the box [lo, hi], shape (..., n, n), rounded outward."""
        slopes = self.f.slope_image(*self._net_box(lo, hi, u))
        return multiply((slopes[0][..., None], slopes[1][..., None]), (self.W_hh, self.W_hh))

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `diag f'(net) W_ih` over the box [lo, hi], shape (..., n, m), rounded outward."""
        return rows_times(self.f.slope_image(*self._net_box(lo, hi, u)), self.W_ih)

    def output(self, a: Array) -> Array:
        """The state itself: what a readout or a further layer sees."""
        return np.array(a, dtype=np.float64)

    def output_jvp(self, a: Array, v: Array) -> Array:
        """Derivative of `output` in the direction v: v."""
        return spread(real(v), batch_of(a, v))

    def output_vjp(self, a: Array, v: Array) -> Array:
        """Gradient of `v . output(a)`: v."""
        return spread(real(v), batch_of(a, v))

    def output_enclose(self, lo: Array, hi: Array) -> Box:
        """Interval image of `output`: the box itself."""
        return real(lo), real(hi)

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        """Derivative of `output`: the identity."""
        return box_identity(real(lo), self.dim)
