"""The gated recurrent unit whose reset gate acts before the recurrent product, as first published (Cho et al. 2014).

Keras has it as `GRU(reset_after=False)`, ONNX as `linear_before_reset = 0`. PyTorch's and Flax's is `GRU`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.intervals import Box, add, affine_image, as_box, blend, matmul, multiply
from dynlatch.networks.common import (
    add_to_diagonal,
    batch_of,
    box_identity,
    box_parts,
    checked_names,
    expanded,
    given,
    input_weights,
    join,
    optional_bias,
    parts,
    real,
    rows_times,
    spread,
)
from dynlatch.networks.gru import GRUGates
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array, shaped_array, square_matrix


class _Slopes(NamedTuple):
    # h' = z h + (1 - z) n, n = tanh(net + U_n (r h)): z; dh'/dnet for z and n; what r lets pass; d(r h)/dnet for r.
    kept: Array
    update: Array
    candidate: Array
    passed: Array
    reset: Array


@dataclass(frozen=True, eq=False)
class ResetBeforeGRU:
    """`h' = (1 - z) n + z h` with the gates

    `r = s(W_r x + U_r h + b_r)`, `z = s(W_z x + U_z h + b_z)`, `n = tanh(W_n x + U_n (r h) + b_n)`, where s is the
    logistic function.

    Parameters
    ----------
    weight_ih : array_like, shape (3 n, m)
        W_r, W_z, W_n below each other; m may be zero.
    weight_hh : array_like, shape (2 n, n)
        U_r, U_z below each other, which read h.
    weight_hn : array_like, shape (n, n)
        U_n, which reads r h.
    bias : array_like, shape (3 n,), optional
        b_r, b_z, b_n. None is no bias, and then it is none of `parameters`.
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
    >>> net = dl.ResetBeforeGRU(np.zeros((3, 1)), [[0.0], [0.0]], [[4.0]])
    >>> dl.trajectory(net, [0.1], steps=60)[-1].round(5)
    array([0.9575])
    """

    weight_ih: Array
    weight_hh: Array
    weight_hn: Array
    bias: Array | None = None
    readout: Readout | None = field(default=None, kw_only=True)

    # Set once from the above: zero where no bias was given.
    b: Array = field(init=False, repr=False)

    coordinates = "output h"

    def __post_init__(self) -> None:
        W_hn = square_matrix("weight_hn", self.weight_hn)
        n = len(W_hn)
        rows = 3 * n
        bias = optional_bias("bias", self.bias, rows)
        put = object.__setattr__
        put(self, "weight_hh", shaped_array("weight_hh", self.weight_hh, (2 * n, n)))
        put(self, "weight_hn", W_hn)
        put(self, "weight_ih", input_weights("weight_ih", self.weight_ih, rows))
        put(self, "bias", bias)
        put(self, "b", np.zeros(rows) if bias is None else bias)
        put(self, "readout", as_readout(self.readout, n))

    @property
    def dim(self) -> int:
        return len(self.weight_hn)

    @property
    def hidden_size(self) -> int:
        """Number of units, n."""
        return len(self.weight_hn)

    @property
    def input_dim(self) -> int:
        return int(self.weight_ih.shape[1])

    def _nets(self, h: Array, u: Array | None) -> tuple[Array, Array, Array]:
        """What enters r, z and n before their nonlinearities."""
        n = self.dim
        reset, update, candidate = parts(self.b if u is None else real(u) @ self.weight_ih.T + self.b, 3)
        own = h @ self.weight_hh.T
        reset = reset + own[..., :n]
        return reset, update + own[..., n:], candidate + (LOGISTIC(reset) * h) @ self.weight_hn.T

    def gates(self, h: Array, u: Array | None = None) -> GRUGates:
        """Reset gate, update gate and candidate in state h under input u, each (..., n)."""
        reset, update, candidate = self._nets(real(h), u)
        return GRUGates(LOGISTIC(reset), LOGISTIC(update), TANH(candidate))

    def step(self, a: Array, u: Array | None = None) -> Array:
        h = real(a)
        _, update, candidate = self._nets(h, u)
        # 1 - z as s(-net): the subtraction would lose it where the gate saturates.
        return LOGISTIC(-update) * TANH(candidate) + LOGISTIC(update) * h

    def _slopes(self, a: Array, u: Array | None) -> _Slopes:
        h = real(a)
        reset, update, candidate = self._nets(h, u)
        return _Slopes(
            LOGISTIC(update),
            (h - TANH(candidate)) * LOGISTIC.derivative(update),
            LOGISTIC(-update) * TANH.derivative(candidate),
            LOGISTIC(reset),
            h * LOGISTIC.derivative(reset),
        )

    def _chain(self, slopes: _Slopes, W: Array, through: Array) -> Array:
        """Derivative by what enters the gates through W, `through` being that of `r h` beyond the reset gate's."""
        reset, update, candidate = np.split(W, 3)
        inner = slopes.reset[..., None] * reset + through
        return slopes.update[..., None] * update + slopes.candidate[..., None] * (candidate + self.weight_hn @ inner)

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        n, eye = self.dim, np.eye(self.dim)
        own = np.concatenate([self.weight_hh, np.zeros((n, n))])
        return slopes.kept[..., None] * eye + self._chain(slopes, own, slopes.passed[..., None] * eye)

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._chain(self._slopes(a, u), self.weight_ih, np.zeros((self.dim, self.input_dim)))

    def _forward(self, slopes: _Slopes, nets: Array, passed: Array) -> Array:
        """Change of h', given that of what enters the gates (..., 3 n) and of what the reset gate lets pass (..., n)."""
        reset, update, candidate = parts(nets, 3)
        inner = (slopes.reset * reset + passed) @ self.weight_hn.T
        return slopes.update * update + slopes.candidate * (candidate + inner)

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        v, n = real(v), self.dim
        nets = v @ self.weight_hh.T
        return slopes.kept * v + self._forward(slopes, join(nets, np.zeros(n)), slopes.passed * v)

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., n)."""
        return self._forward(self._slopes(a, u), real(w) @ self.weight_ih.T, np.zeros(self.dim))

    def _back(self, slopes: _Slopes, v: Array) -> tuple[Array, Array]:
        """Gradients of `v . step` with respect to what enters the gates (..., 3 n), and to r h (..., n)."""
        v = real(v)
        candidate = slopes.candidate * v
        inner = candidate @ self.weight_hn
        return join(slopes.reset * inner, slopes.update * v, candidate), inner

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        delta, inner = self._back(slopes, v)
        n = self.dim
        return slopes.kept * real(v) + slopes.passed * inner + delta[..., : 2 * n] @ self.weight_hh

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        return self._back(self._slopes(a, u), v)[0] @ self.weight_ih

    @property
    def parameters(self) -> dict[str, Array]:
        """The weights and, where there is one, the bias."""
        return given(weight_ih=self.weight_ih, weight_hh=self.weight_hh, weight_hn=self.weight_hn, bias=self.bias)

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to every parameter, shape `(..., *parameter.shape)`."""
        return expanded(self.parameter_factors(a, u, v))

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same as outer products `left right^T`; right is None for the bias."""
        slopes = self._slopes(a, u)
        delta, _ = self._back(slopes, v)
        n, h = self.dim, real(a)
        factors: dict[str, tuple[Array, Array | None]] = {
            "weight_ih": (delta, np.zeros(self.input_dim) if u is None else real(u)),
            "weight_hh": (delta[..., : 2 * n], h),
            "weight_hn": (delta[..., 2 * n :], slopes.passed * h),
            "bias": (delta, None),
        }
        return {name: factors[name] for name in self.parameters}

    def with_parameters(self, **arrays: Any) -> ResetBeforeGRU:
        """The same network with the named parameters replaced."""
        return replace(self, **checked_names(self.parameters, arrays))

    def _box_nets(self, h: Box, u: Array | Box | None) -> tuple[Box, Box, Box]:
        shift = (self.b, self.b) if u is None else affine_image(self.weight_ih, *as_box(u), self.b)
        entering = box_parts(shift, 3)
        reset, update = box_parts(affine_image(self.weight_hh, *h), 2)
        reset = add(entering[0], reset)
        inner = affine_image(self.weight_hn, *multiply(LOGISTIC.image(*reset), h))
        return reset, add(entering[1], update), add(entering[2], inner)

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        h = real(lo), real(hi)
        _, update, candidate = self._box_nets(h, u)
        return blend(LOGISTIC.image(*update), TANH.image(*candidate), h)

    def _box_chain(self, h: Box, u: Array | Box | None, W: Array, identity: Array) -> Box:
        """Bounds on the derivative by what enters through W; `identity` is that of h itself by the same variables."""
        reset, update, candidate = self._box_nets(h, u)
        W_r, W_z, W_n = np.split(W, 3)
        n_lo, n_hi = TANH.image(*candidate)
        by_update = multiply(add(h, (-n_hi, -n_lo)), LOGISTIC.slope_image(*update))
        taken = LOGISTIC.image(-update[1], -update[0])
        by_candidate = multiply(taken, TANH.slope_image(*candidate))
        inner = rows_times(multiply(h, LOGISTIC.slope_image(*reset)), W_r)
        inner = add(inner, rows_times(LOGISTIC.image(*reset), identity))
        U = self.weight_hn
        through = add((W_n, W_n), matmul((U, U), inner))
        scaled = multiply((by_candidate[0][..., None], by_candidate[1][..., None]), through)
        return add(rows_times(by_update, W_z), scaled)

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the Jacobian over the box [lo, hi], shape (..., n, n), rounded outward."""
        h, n = (real(lo), real(hi)), self.dim
        own = np.concatenate([self.weight_hh, np.zeros((n, n))])
        kept = LOGISTIC.image(*self._box_nets(h, u)[1])
        return add_to_diagonal(self._box_chain(h, u, own, np.eye(n)), kept)

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `input_jacobian` over the box [lo, hi], shape (..., n, m), rounded outward."""
        return self._box_chain((real(lo), real(hi)), u, self.weight_ih, np.zeros((self.dim, self.input_dim)))

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
