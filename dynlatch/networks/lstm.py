"""The long short-term memory, in PyTorch's layout (`nn.LSTM`: gates i, f, g, o below each other).

Hochreiter and Schmidhuber (1997) with the forget gate of Gers, Schmidhuber and Cummins (2000).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.intervals import Box, add, affine_image, as_box, multiply
from dynlatch.networks.common import (
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
    rows_times,
    spread,
    sum_of_gates,
)
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array


class LSTMGates(NamedTuple):
    """Values of the gates, each (..., n)."""

    input: Array
    forget: Array
    candidate: Array
    output: Array


class _Slopes(NamedTuple):
    # c' = f c + i g and h' = o tanh(c'): dc'/dnet for the gates i, f, g; dh'/dc'; dh'/dnet for o; dc'/dc = f.
    cell: tuple[Array, Array, Array]
    squash: Array
    output: Array
    forget: Array


@dataclass(frozen=True, eq=False)
class LSTM:
    """`c' = f c + i g`, `h' = o tanh(c')`; the state is (h, c), one after the other, of dimension 2 n.

    `i, f, o = s(W x + b_i + U h + b_h)` and `g = tanh(...)`, each with its own rows of the weights; s is the logistic
    function.

    Parameters
    ----------
    weight_ih : array_like, shape (4 n, m)
        Input weights of i, f, g, o below each other; m may be zero.
    weight_hh : array_like, shape (4 n, n)
        Recurrent weights of i, f, g, o below each other.
    bias_ih, bias_hh : array_like, shape (4 n,), optional
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
    >>> net = dl.LSTM(np.zeros((4, 1)), [[0.0], [0.0], [4.0], [0.0]])
    >>> net.dim, net.hidden_size
    (2, 1)
    >>> dl.trajectory(net, [0.0, 1.0], steps=2)[-1].round(5)
    array([0.27345, 0.61395])
    """

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None
    readout: Readout | None = field(default=None, kw_only=True)

    # Set once from the above: the sum of the biases that were given.
    b: Array = field(init=False, repr=False)

    coordinates = "(output h, cell c)"

    def __post_init__(self) -> None:
        W_hh = gate_weights("weight_hh", self.weight_hh, 4)
        rows, n = W_hh.shape
        total = np.zeros(rows)
        put = object.__setattr__
        put(self, "weight_hh", W_hh)
        put(self, "weight_ih", input_weights("weight_ih", self.weight_ih, rows))
        for name in ("bias_ih", "bias_hh"):
            bias = optional_bias(name, getattr(self, name), rows)
            put(self, name, bias)
            total = total if bias is None else total + bias
        put(self, "b", total)
        put(self, "readout", as_readout(self.readout, n))

    @property
    def dim(self) -> int:
        return 2 * self.hidden_size

    @property
    def hidden_size(self) -> int:
        """Number of cells, n; the state has 2 n components."""
        return int(self.weight_hh.shape[1])

    @property
    def input_dim(self) -> int:
        return int(self.weight_ih.shape[1])

    def _nets(self, h: Array, u: Array | None) -> tuple[Array, ...]:
        """What enters the gates i, f, g, o before their nonlinearities."""
        net = h @ self.weight_hh.T + self.b
        return parts(net if u is None else net + real(u) @ self.weight_ih.T, 4)

    def gates(self, state: Array, u: Array | None = None) -> LSTMGates:
        """Input gate, forget gate, candidate and output gate in `state` (..., 2 n) under input u, each (..., n)."""
        i, f, g, o = self._nets(parts(real(state), 2)[0], u)
        return LSTMGates(LOGISTIC(i), LOGISTIC(f), TANH(g), LOGISTIC(o))

    def step(self, a: Array, u: Array | None = None) -> Array:
        a = real(a)
        gates = self.gates(a, u)
        cell = gates.forget * parts(a, 2)[1] + gates.input * gates.candidate
        return join(gates.output * np.tanh(cell), cell)

    def _slopes(self, a: Array, u: Array | None) -> _Slopes:
        h, c = parts(real(a), 2)
        i, f, g, o = self._nets(h, u)
        forget, entering, candidate = LOGISTIC(f), LOGISTIC(i), TANH(g)
        cell = forget * c + entering * candidate
        return _Slopes(
            (candidate * LOGISTIC.derivative(i), c * LOGISTIC.derivative(f), entering * TANH.derivative(g)),
            LOGISTIC(o) * TANH.derivative(cell),
            LOGISTIC.derivative(o) * np.tanh(cell),
            forget,
        )

    def _chain(self, slopes: _Slopes, W: Array) -> tuple[Array, Array]:
        """Derivatives (h' rows, c' rows) with respect to what enters the gates through the weights W."""
        n = self.hidden_size
        cell = sum_of_gates(slopes.cell, W[: 3 * n])
        return slopes.squash[..., None] * cell + slopes.output[..., None] * W[3 * n :], cell

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        n, i = self.hidden_size, np.arange(self.hidden_size)
        J = np.zeros((*slopes.squash.shape[:-1], 2 * n, 2 * n))
        J[..., :n, :n], J[..., n:, :n] = self._chain(slopes, self.weight_hh)
        J[..., i, n + i] = slopes.squash * slopes.forget
        J[..., n + i, n + i] = slopes.forget
        return J

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return np.concatenate(self._chain(self._slopes(a, u), self.weight_ih), axis=-2)

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        dh, dc = parts(real(v), 2)
        return _forward(slopes, dh @ self.weight_hh.T, slopes.forget * dc)

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., 2 n)."""
        return _forward(self._slopes(a, u), real(w) @ self.weight_ih.T, np.zeros(self.hidden_size))

    def _back(self, slopes: _Slopes, v: Array) -> tuple[Array, Array]:
        """Gradients of `v . step` with respect to what enters the gates (..., 4 n), and to c' (..., n)."""
        on_output, on_cell = parts(real(v), 2)
        cell = on_cell + slopes.squash * on_output
        return join(*(k * cell for k in slopes.cell), slopes.output * on_output), cell

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        slopes = self._slopes(a, u)
        delta, cell = self._back(slopes, v)
        return join(delta @ self.weight_hh, slopes.forget * cell)

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        return self._back(self._slopes(a, u), v)[0] @ self.weight_ih

    @property
    def parameters(self) -> dict[str, Array]:
        """The weights and, where there are some, the biases."""
        return given(weight_ih=self.weight_ih, weight_hh=self.weight_hh, bias_ih=self.bias_ih, bias_hh=self.bias_hh)

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to every parameter, shape `(..., *parameter.shape)`."""
        return expanded(self.parameter_factors(a, u, v))

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same as outer products `left right^T`; right is None for the biases."""
        delta, _ = self._back(self._slopes(a, u), v)
        factors: dict[str, tuple[Array, Array | None]] = {
            "weight_ih": (delta, np.zeros(self.input_dim) if u is None else real(u)),
            "weight_hh": (delta, parts(real(a), 2)[0]),
            "bias_ih": (delta, None),
            "bias_hh": (delta, None),
        }
        return {name: factors[name] for name in self.parameters}

    def with_parameters(self, **arrays: Any) -> LSTM:
        """The same network with the named parameters replaced."""
        return replace(self, **checked_names(self.parameters, arrays))

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        h, c = box_parts((real(lo), real(hi)), 2)
        i, f, g, o = self._box_nets(h, u)
        cell = self._box_cell(i, f, g, c)
        hidden = multiply(LOGISTIC.image(*o), TANH.image(*cell))
        return join(hidden[0], cell[0]), join(hidden[1], cell[1])

    def _box_nets(self, h: Box, u: Array | Box | None) -> list[Box]:
        net = affine_image(self.weight_hh, *h, self.b)
        return box_parts(net if u is None else add(net, affine_image(self.weight_ih, *as_box(u))), 4)

    def _box_cell(self, i: Box, f: Box, g: Box, c: Box) -> Box:
        """Next cell, from what enters the gates and the cell."""
        return add(multiply(LOGISTIC.image(*f), c), multiply(LOGISTIC.image(*i), TANH.image(*g)))

    def _box_chain(self, lo: Array, hi: Array, u: Array | Box | None, W: Array) -> tuple[Box, Box, Box, Box]:
        """Bounds on the derivatives (h' rows, c' rows) by what enters through W, on dh'/dc' and on the forget gate."""
        h, c = box_parts((real(lo), real(hi)), 2)
        i, f, g, o = self._box_nets(h, u)
        cell = self._box_cell(i, f, g, c)
        by_gate = (
            multiply(TANH.image(*g), LOGISTIC.slope_image(*i)),
            multiply(c, LOGISTIC.slope_image(*f)),
            multiply(LOGISTIC.image(*i), TANH.slope_image(*g)),
        )
        squash = multiply(LOGISTIC.image(*o), TANH.slope_image(*cell))
        output = multiply(LOGISTIC.slope_image(*o), TANH.image(*cell))
        n = self.hidden_size
        cells = box_sum_of_gates(by_gate, W[: 3 * n])
        through = multiply((squash[0][..., None], squash[1][..., None]), cells)
        return add(through, rows_times(output, W[3 * n :])), cells, squash, LOGISTIC.image(*f)

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the Jacobian over the box [lo, hi], shape (..., 2 n, 2 n), rounded outward."""
        hidden, cells, squash, forget = self._box_chain(lo, hi, u, self.weight_hh)
        through = multiply(squash, forget)
        eye = np.eye(self.hidden_size)
        ends = []
        for k in range(2):
            beside = np.concatenate([through[k][..., None] * eye, forget[k][..., None] * eye], axis=-2)
            ends.append(np.concatenate([np.concatenate([hidden[k], cells[k]], axis=-2), beside], axis=-1))
        return ends[0], ends[1]

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `input_jacobian` over the box [lo, hi], shape (..., 2 n, m), rounded outward."""
        hidden, cells, _, _ = self._box_chain(lo, hi, u, self.weight_ih)
        return np.concatenate([hidden[0], cells[0]], axis=-2), np.concatenate([hidden[1], cells[1]], axis=-2)

    def output(self, a: Array) -> Array:
        """The half h of the state: what a readout or a further layer sees."""
        return np.array(parts(real(a), 2)[0])

    def output_jvp(self, a: Array, v: Array) -> Array:
        """Derivative of `output` in the direction v: its half h."""
        return spread(parts(real(v), 2)[0], batch_of(a, v))

    def output_vjp(self, a: Array, v: Array) -> Array:
        """Gradient of `v . output(a)`: v for h, zero for c."""
        v = real(v)
        return spread(join(v, np.zeros_like(v)), batch_of(a, v))

    def output_enclose(self, lo: Array, hi: Array) -> Box:
        """Interval image of `output`: the half h of the box."""
        return parts(real(lo), 2)[0], parts(real(hi), 2)[0]

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        """Derivative of `output`: the identity on h, zero on c."""
        return box_identity(real(lo), self.hidden_size)


def _forward(slopes: _Slopes, nets: Array, kept: Array) -> Array:
    """Change of (h', c'), given that of what enters the gates (..., 4 n) and of what the forget gate keeps (..., n)."""
    i, f, g, o = parts(nets, 4)
    cell = kept + slopes.cell[0] * i + slopes.cell[1] * f + slopes.cell[2] * g
    return join(slopes.squash * cell + slopes.output * o, cell)
