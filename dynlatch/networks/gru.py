"""The gated recurrent unit, in PyTorch's layout (`nn.GRU`: gates r, z, n below each other).

Cho et al. (2014), in the variant of PyTorch and cuDNN, where the reset gate acts after the recurrent product.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.intervals import Box, add, affine_image, as_box, blend, multiply
from dynlatch.networks.common import (
    add_to_diagonal,
    batch_of,
    box_identity,
    box_parts,
    box_sum_of_gates,
    checked_names,
    expanded,
    gate_weights,
    given,
    input_weights,
    join,
    optional_bias,
    parts,
    real,
    spread,
    sum_of_gates,
)
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array


class GRUGates(NamedTuple):
    """Values of the gates, each (..., n)."""

    reset: Array
    update: Array
    candidate: Array


class _Nets(NamedTuple):
    # What enters each gate before its nonlinearity, and W_hn h + b_hn, which the reset gate multiplies.
    reset: Array
    update: Array
    candidate: Array
    recurrent: Array


class _BoxNets(NamedTuple):
    # The same, as boxes.
    reset: Box
    update: Box
    candidate: Box
    recurrent: Box


class _Slopes(NamedTuple):
    # h' = z h + ...: derivatives of h' with respect to what W_hh h and W_ih x add to the gates (r, z, n).
    update: Array
    recurrent: tuple[Array, ...]
    entering: tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class GRU:
    """`h' = (1 - z) n + z h` with the gates

    `r = s(W_ir x + b_ir + W_hr h + b_hr)`, `z = s(W_iz x + b_iz + W_hz h + b_hz)`,
    `n = tanh(W_in x + b_in + r (W_hn h + b_hn))`, where s is the logistic function.

    Parameters
    ----------
    weight_ih : array_like, shape (3 n, m)
        W_ir, W_iz, W_in below each other; m may be zero.
    weight_hh : array_like, shape (3 n, n)
        W_hr, W_hz, W_hn below each other.
    bias_ih, bias_hh : array_like, shape (3 n,), optional
        None is no bias, and then it is none of `parameters`.
    readout : tuple of (matrix (k, n), bias (k,)), optional
        A linear readout that belongs to the network. It reads h.

    Raises
    ------
    InvalidInput
        On wrong shapes or non-finite weights.

    Examples
    --------
    >>> import numpy as np
    >>> import dynlatch as dl
    >>> net = dl.GRU(np.zeros((3, 1)), [[0.0], [0.0], [4.0]])
    >>> dl.trajectory(net, [0.1], steps=60)[-1].round(5)
    array([0.9575])
    """

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None
    readout: Readout | None = field(default=None, kw_only=True)

    # Set once from the above: zero where no bias was given.
    b_ih: Array = field(init=False, repr=False)
    b_hh: Array = field(init=False, repr=False)

    coordinates = "output h"

    def __post_init__(self) -> None:
        W_hh = gate_weights("weight_hh", self.weight_hh, 3)
        rows, n = W_hh.shape
        put = object.__setattr__
        put(self, "weight_hh", W_hh)
        put(self, "weight_ih", input_weights("weight_ih", self.weight_ih, rows))
        for name in ("ih", "hh"):
            bias = optional_bias(f"bias_{name}", getattr(self, f"bias_{name}"), rows)
            put(self, f"bias_{name}", bias)
            put(self, f"b_{name}", np.zeros(rows) if bias is None else bias)
        put(self, "readout", as_readout(self.readout, n))

    @property
    def dim(self) -> int:
        return int(self.weight_hh.shape[1])

    @property
    def hidden_size(self) -> int:
        """Number of units, n."""
        return int(self.weight_hh.shape[1])

    @property
    def input_dim(self) -> int:
        return int(self.weight_ih.shape[1])

    def _nets(self, h: Array, u: Array | None) -> _Nets:
        own = parts(h @ self.weight_hh.T + self.b_hh, 3)
        entering = parts(self.b_ih if u is None else real(u) @ self.weight_ih.T + self.b_ih, 3)
        reset = entering[0] + own[0]
        return _Nets(reset, entering[1] + own[1], entering[2] + LOGISTIC(reset) * own[2], own[2])

    def gates(self, h: Array, u: Array | None = None) -> GRUGates:
        """Reset gate, update gate and candidate in state h under input u, each (..., n)."""
        nets = self._nets(real(h), u)
        return GRUGates(LOGISTIC(nets.reset), LOGISTIC(nets.update), TANH(nets.candidate))

    def step(self, a: Array, u: Array | None = None) -> Array:
        h = real(a)
        nets = self._nets(h, u)
        # 1 - z as s(-net): the subtraction would lose it where the gate saturates.
        return LOGISTIC(-nets.update) * TANH(nets.candidate) + LOGISTIC(nets.update) * h

    def _slopes(self, a: Array, u: Array | None) -> _Slopes:
        h = real(a)
        nets = self._nets(h, u)
        candidate = LOGISTIC(-nets.update) * TANH.derivative(nets.candidate)
        reset = candidate * nets.recurrent * LOGISTIC.derivative(nets.reset)
        update = (h - TANH(nets.candidate)) * LOGISTIC.derivative(nets.update)
        recurrent = candidate * LOGISTIC(nets.reset)
        return _Slopes(LOGISTIC(nets.update), (reset, update, recurrent), (reset, update, candidate))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        J = sum_of_gates(slopes.recurrent, self.weight_hh)
        i = np.arange(self.dim)
        J[..., i, i] += slopes.update
        return J

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return sum_of_gates(self._slopes(a, u).entering, self.weight_ih)

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        reset, update, candidate = parts(v @ self.weight_hh.T, 3)
        k = slopes.recurrent
        return slopes.update * v + k[0] * reset + k[1] * update + k[2] * candidate

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        return slopes.update * v + join(*(k * v for k in slopes.recurrent)) @ self.weight_hh

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., n)."""
        reset, update, candidate = parts(real(w) @ self.weight_ih.T, 3)
        k = self._slopes(a, u).entering
        return k[0] * reset + k[1] * update + k[2] * candidate

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        return join(*(k * v for k in self._slopes(a, u).entering)) @ self.weight_ih

    @property
    def parameters(self) -> dict[str, Array]:
        """The weights and, where there are some, the biases."""
        return given(weight_ih=self.weight_ih, weight_hh=self.weight_hh, bias_ih=self.bias_ih, bias_hh=self.bias_hh)

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to every parameter, shape `(..., *parameter.shape)`."""
        return expanded(self.parameter_factors(a, u, v))

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same as outer products `left right^T`; right is None for the biases."""
        slopes = self._slopes(a, u)
        hidden = join(*(k * v for k in slopes.recurrent))
        entering = join(*(k * v for k in slopes.entering))
        factors: dict[str, tuple[Array, Array | None]] = {
            "weight_ih": (entering, np.zeros(self.input_dim) if u is None else real(u)),
            "weight_hh": (hidden, real(a)),
            "bias_ih": (entering, None),
            "bias_hh": (hidden, None),
        }
        return {name: factors[name] for name in self.parameters}

    def with_parameters(self, **arrays: Any) -> GRU:
        """The same network with the named parameters replaced."""
        return replace(self, **checked_names(self.parameters, arrays))

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        nets = self._box_nets(real(lo), real(hi), u)
        return blend(LOGISTIC.image(*nets.update), TANH.image(*nets.candidate), (real(lo), real(hi)))

    def _box_nets(self, lo: Array, hi: Array, u: Array | Box | None) -> _BoxNets:
        own = box_parts(affine_image(self.weight_hh, lo, hi, self.b_hh), 3)
        shift = (self.b_ih, self.b_ih) if u is None else affine_image(self.weight_ih, *as_box(u), self.b_ih)
        entering = box_parts(shift, 3)
        reset = add(entering[0], own[0])
        candidate = add(entering[2], multiply(LOGISTIC.image(*reset), own[2]))
        return _BoxNets(reset, add(entering[1], own[1]), candidate, own[2])

    def _box_slopes(self, lo: Array, hi: Array, u: Array | Box | None) -> tuple[Box, tuple[Box, ...], tuple[Box, ...]]:
        """Bounds on the slopes: of the kept part, of the recurrent gates (r, z, n), of the entering ones."""
        nets = self._box_nets(lo, hi, u)
        taken = LOGISTIC.image(-nets.update[1], -nets.update[0])
        candidate = multiply(taken, TANH.slope_image(*nets.candidate))
        reset = multiply(multiply(candidate, nets.recurrent), LOGISTIC.slope_image(*nets.reset))
        n_lo, n_hi = TANH.image(*nets.candidate)
        update = multiply(add((lo, hi), (-n_hi, -n_lo)), LOGISTIC.slope_image(*nets.update))
        recurrent = multiply(candidate, LOGISTIC.image(*nets.reset))
        return LOGISTIC.image(*nets.update), (reset, update, recurrent), (reset, update, candidate)

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the Jacobian over the box [lo, hi], shape (..., n, n), rounded outward."""
        kept, recurrent, _ = self._box_slopes(real(lo), real(hi), u)
        return add_to_diagonal(box_sum_of_gates(recurrent, self.weight_hh), kept)

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `input_jacobian` over the box [lo, hi], shape (..., n, m), rounded outward."""
        return box_sum_of_gates(self._box_slopes(real(lo), real(hi), u)[2], self.weight_ih)

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
