"""The LSTM with a projected output, PyTorch's `nn.LSTM(..., proj_size=p)` (Sak, Senior and Beaufays 2014)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box, affine_image, as_box, matmul
from dynlatch.networks.common import batch_of, box_identity, checked_names, expanded, given, join, real, spread
from dynlatch.networks.lstm import LSTM, LSTMGates
from dynlatch.networks.readout import Readout, as_readout
from dynlatch.validation import Array, finite_array, shaped_array


@dataclass(frozen=True, eq=False)
class ProjectedLSTM:
    """`c' = f c + i g`, `h' = R (o tanh(c'))`; the state is (h, c), one after the other, of dimension p + n.

    The gates are those of `LSTM`, from the projected output h: `i, f, o = s(W x + b_i + U h + b_h)`, `g = tanh(...)`.

    Parameters
    ----------
    weight_ih : array_like, shape (4 n, m)
        Input weights of i, f, g, o below each other; m may be zero.
    weight_hh : array_like, shape (4 n, p)
        Recurrent weights of i, f, g, o below each other.
    weight_hr : array_like, shape (p, n)
        The projection R.
    bias_ih, bias_hh : array_like, shape (4 n,), optional
        None is no bias, and then it is none of `parameters`.
    readout : tuple of (matrix (k, p), bias (k,)), optional
        A linear readout that belongs to the network. It reads h.

    Raises
    ------
    InvalidInput
        On wrong shapes or non-finite weights.

    Notes
    -----
    An LSTM of n cells whose recurrence enters as if it were a further input: `inner` is that LSTM, with input (h, x) and
    recurrent weights zero, and every derivative is one of its own.

    Examples
    --------
    >>> import numpy as np
    >>> import dynlatch as dl
    >>> net = dl.ProjectedLSTM(np.zeros((8, 1)), np.ones((8, 1)), [[0.5, 0.5]])
    >>> net.dim, net.hidden_size
    (3, 2)
    >>> dl.trajectory(net, [0.5, 1.0, 0.0], steps=2)[-1].round(5)
    array([0.26898, 0.69965, 0.34032])
    """

    weight_ih: Array
    weight_hh: Array
    weight_hr: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None
    readout: Readout | None = field(default=None, kw_only=True)

    # Set once from the above.
    inner: LSTM = field(init=False, repr=False)

    coordinates = "(projected output h, cell c)"

    def __post_init__(self) -> None:
        put = object.__setattr__
        R = finite_array("weight_hr", self.weight_hr, ndim=2)
        p, n = R.shape
        if p == 0 or n == 0:
            raise InvalidInput(f"`weight_hr` must have shape (p, n) with at least one row and column; got {R.shape}.")
        W_hh = shaped_array("weight_hh", self.weight_hh, (4 * n, p))
        W_ih = finite_array("weight_ih", self.weight_ih, ndim=2)
        W_ih = shaped_array("weight_ih", W_ih, (4 * n, W_ih.shape[1]))
        inner = LSTM(np.hstack([W_hh, W_ih]), np.zeros((4 * n, n)), self.bias_ih, self.bias_hh)
        for name, value in {"weight_ih": W_ih, "weight_hh": W_hh, "weight_hr": R, "inner": inner}.items():
            put(self, name, value)
        put(self, "bias_ih", inner.bias_ih)
        put(self, "bias_hh", inner.bias_hh)
        put(self, "readout", as_readout(self.readout, p))

    @property
    def dim(self) -> int:
        return sum(self.weight_hr.shape)

    @property
    def hidden_size(self) -> int:
        """Number of cells, n."""
        return int(self.weight_hr.shape[1])

    @property
    def width(self) -> int:
        """Number of outputs, p."""
        return int(self.weight_hr.shape[0])

    @property
    def input_dim(self) -> int:
        return int(self.weight_ih.shape[1])

    def _inside(self, a: Array, u: Array | None) -> tuple[Array, Array]:
        """State and input of `inner`: its own output does not matter, h enters with x."""
        a = real(a)
        h, c = a[..., : self.width], a[..., self.width :]
        return join(np.zeros_like(c), c), join(h, np.zeros(self.input_dim) if u is None else real(u))

    def _beside(self, v: Array) -> Array:
        """A direction of the state of `inner`, from one of (h, c): zero for its own output."""
        c = v[..., self.width :]
        return join(np.zeros_like(c), c)

    def _entering(self, dh: Array) -> Array:
        """A direction of the input of `inner`, from one of h."""
        return join(dh, np.zeros((*dh.shape[:-1], self.input_dim)))

    def _lift(self, v: Array) -> Array:
        """Transposed projection: from gradients by (h', c') to those by (o tanh(c'), c')."""
        v = real(v)
        return join(v[..., : self.width] @ self.weight_hr, v[..., self.width :])

    def _project(self, full: Array) -> Array:
        """From (o tanh(c'), c') to (h', c')."""
        n = self.hidden_size
        return join(full[..., :n] @ self.weight_hr.T, full[..., n:])

    def _project_rows(self, J: Array) -> Array:
        n = self.hidden_size
        return np.concatenate([self.weight_hr @ J[..., :n, :], J[..., n:, :]], axis=-2)

    def gates(self, state: Array, u: Array | None = None) -> LSTMGates:
        """Input gate, forget gate, candidate and output gate in `state` (..., p + n) under input u, each (..., n)."""
        return self.inner.gates(*self._inside(state, u))

    def step(self, a: Array, u: Array | None = None) -> Array:
        return self._project(self.inner.step(*self._inside(a, u)))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        inside = self._inside(a, u)
        by_output = self.inner.input_jacobian(*inside)[..., : self.width]
        by_cell = self.inner.jacobian(*inside)[..., self.hidden_size :]
        return self._project_rows(np.concatenate([by_output, by_cell], axis=-1))

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._project_rows(self.inner.input_jacobian(*self._inside(a, u))[..., self.width :])

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        inside, v = self._inside(a, u), real(v)
        by_cell = self.inner.jvp(inside[0], self._beside(v), inside[1])
        return self._project(by_cell + self.inner.input_jvp(inside[0], self._entering(v[..., : self.width]), inside[1]))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        inside, full = self._inside(a, u), self._lift(v)
        by_cell = self.inner.vjp(inside[0], full, inside[1])[..., self.hidden_size :]
        return join(self.inner.input_vjp(inside[0], full, inside[1])[..., : self.width], by_cell)

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., p + n)."""
        state, x = self._inside(a, u)
        w = real(w)
        return self._project(self.inner.input_jvp(state, join(np.zeros((*w.shape[:-1], self.width)), w), x))

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        state, x = self._inside(a, u)
        return self.inner.input_vjp(state, self._lift(v), x)[..., self.width :]

    @property
    def parameters(self) -> dict[str, Array]:
        """The weights and, where there are some, the biases."""
        weights = {"weight_ih": self.weight_ih, "weight_hh": self.weight_hh, "weight_hr": self.weight_hr}
        return weights | given(bias_ih=self.bias_ih, bias_hh=self.bias_hh)

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to every parameter, shape `(..., *parameter.shape)`."""
        return expanded(self.parameter_factors(a, u, v))

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same as outer products `left right^T`; right is None for the biases."""
        state, x = self._inside(a, u)
        delta, _ = self.inner.parameter_factors(state, x, self._lift(v))["weight_ih"]
        output = self.inner.step(state, x)[..., : self.hidden_size]
        factors: dict[str, tuple[Array, Array | None]] = {
            "weight_ih": (delta, x[..., self.width :]),
            "weight_hh": (delta, x[..., : self.width]),
            "weight_hr": (real(v)[..., : self.width], output),
            "bias_ih": (delta, None),
            "bias_hh": (delta, None),
        }
        return {name: factors[name] for name in self.parameters}

    def with_parameters(self, **arrays: Any) -> ProjectedLSTM:
        """The same network with the named parameters replaced."""
        return replace(self, **checked_names(self.parameters, arrays))

    def _box_inside(self, lo: Array, hi: Array, u: Array | Box | None) -> tuple[Box, Box]:
        x = as_box(np.zeros(self.input_dim) if u is None else u)
        ends = [self._inside(a, entering) for a, entering in zip((lo, hi), x, strict=True)]
        return (ends[0][0], ends[1][0]), (ends[0][1], ends[1][1])

    def _box_project(self, full: Box) -> Box:
        """Bounds on (h', c') from a box of (o tanh(c'), c')."""
        n = self.hidden_size
        h = affine_image(self.weight_hr, full[0][..., :n], full[1][..., :n])
        return join(h[0], full[0][..., n:]), join(h[1], full[1][..., n:])

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        state, x = self._box_inside(real(lo), real(hi), u)
        return self._box_project(self.inner.enclose(*state, x))

    def _box_rows(self, J: Box) -> Box:
        """Bounds on the derivatives of (h', c'), given those of (o tanh(c'), c')."""
        n, R = self.hidden_size, self.weight_hr
        h = matmul((R, R), (J[0][..., :n, :], J[1][..., :n, :]))
        return np.concatenate([h[0], J[0][..., n:, :]], axis=-2), np.concatenate([h[1], J[1][..., n:, :]], axis=-2)

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the Jacobian over the box [lo, hi], shape (..., p + n, p + n), rounded outward."""
        state, x = self._box_inside(real(lo), real(hi), u)
        by_output, by_cell = self.inner.enclose_input_jacobian(*state, x), self.inner.enclose_jacobian(*state, x)
        n, p = self.hidden_size, self.width
        ends = [np.concatenate([by_output[k][..., :p], by_cell[k][..., n:]], axis=-1) for k in range(2)]
        return self._box_rows((ends[0], ends[1]))

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on `input_jacobian` over the box [lo, hi], shape (..., p + n, m), rounded outward."""
        state, x = self._box_inside(real(lo), real(hi), u)
        J = self.inner.enclose_input_jacobian(*state, x)
        return self._box_rows((J[0][..., self.width :], J[1][..., self.width :]))

    def output(self, a: Array) -> Array:
        """The part h of the state: what a readout or a further layer sees."""
        return np.array(real(a)[..., : self.width])

    def output_jvp(self, a: Array, v: Array) -> Array:
        """Derivative of `output` in the direction v: its part h."""
        return spread(real(v)[..., : self.width], batch_of(a, v))

    def output_vjp(self, a: Array, v: Array) -> Array:
        """Gradient of `v . output(a)`: v for h, zero for c."""
        v = real(v)
        return spread(join(v, np.zeros((*v.shape[:-1], self.hidden_size))), batch_of(a, v))

    def output_enclose(self, lo: Array, hi: Array) -> Box:
        """Interval image of `output`: the part h of the box."""
        return real(lo)[..., : self.width], real(hi)[..., : self.width]

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        """Derivative of `output`: the identity on h, zero on c."""
        return box_identity(real(lo), self.width)
