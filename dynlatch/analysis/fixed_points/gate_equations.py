"""Equations with the gate divided out: the candidate of a GRU, the cell balance of an LSTM (see `equations`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.trapping import unit_box
from dynlatch.intervals import EPS, Box, add, affine_image, multiply
from dynlatch.networks import GRU, LSTM
from dynlatch.networks.common import box_identity, box_parts, box_sum_of_gates, parts, rows_times, sum_of_gates
from dynlatch.validation import Array


@dataclass(frozen=True, eq=False)
class Candidate:
    """`n(h) = h` for a GRU: the update gate divided out."""

    net: GRU

    @property
    def dim(self) -> int:
        return self.net.hidden_size

    def step(self, x: Array, u: Array | None = None) -> Array:
        return self.net.gates(x, u).candidate

    def _slopes(self, x: Array, u: Array | None) -> tuple[Array, Array, Array]:
        reset = self.net.gates(x, u).reset
        inner = parts(x @ self.net.weight_hh.T + self.net.b_hh, 3)
        entering = parts(self.net.b_ih if u is None else u @ self.net.weight_ih.T + self.net.b_ih, 3)
        slope = TANH.derivative(entering[2] + reset * inner[2])
        return slope * inner[2] * LOGISTIC.derivative(entering[0] + inner[0]), slope * reset, slope

    def jacobian(self, x: Array, u: Array | None = None) -> Array:
        n = self.dim
        reset, recurrent, _ = self._slopes(x, u)
        W = self.net.weight_hh
        return reset[..., None] * W[:n] + recurrent[..., None] * W[2 * n :]

    def input_jacobian(self, x: Array, u: Array | None = None) -> Array:
        n = self.dim
        reset, _, entering = self._slopes(x, u)
        W = self.net.weight_ih
        return reset[..., None] * W[:n] + entering[..., None] * W[2 * n :]

    def lift(self, x: Array, u: Array | None = None) -> Array:
        return x

    def project(self, a: Array) -> Array:
        return a

    def box(self, u: Box | None = None) -> Box | None:
        return unit_box(self.dim)

    def output(self, x: Array) -> Array:
        return x

    def output_jacobian(self, x: Array) -> Array:
        return np.broadcast_to(np.eye(self.dim), (*x.shape, self.dim))

    def _nets(self, lo: Array, hi: Array, u: Box | None) -> tuple[Box, Box, Box]:
        """What enters the reset gate and the candidate, and what the reset gate multiplies."""
        own = box_parts(affine_image(self.net.weight_hh, lo, hi, self.net.b_hh), 3)
        b = self.net.b_ih
        entering = box_parts((b, b) if u is None else affine_image(self.net.weight_ih, *u, b), 3)
        reset = add(entering[0], own[0])
        return reset, add(entering[2], multiply(LOGISTIC.image(*reset), own[2])), own[2]

    def enclose(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        return TANH.image(*self._nets(lo, hi, u)[1])

    def _slope_bounds(self, lo: Array, hi: Array, u: Box | None) -> tuple[Box, Box, Box]:
        reset, candidate, recurrent = self._nets(lo, hi, u)
        slope = TANH.slope_image(*candidate)
        through = multiply(multiply(slope, recurrent), LOGISTIC.slope_image(*reset))
        return through, multiply(slope, LOGISTIC.image(*reset)), slope

    def enclose_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        reset, recurrent, _ = self._slope_bounds(lo, hi, u)
        return self._chain(reset, recurrent, self.net.weight_hh)

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        reset, _, entering = self._slope_bounds(lo, hi, u)
        return self._chain(reset, entering, self.net.weight_ih)

    def _chain(self, reset: Box, candidate: Box, W: Array) -> Box:
        n = self.dim
        return add(rows_times(reset, W[:n]), rows_times(candidate, W[2 * n :]))

    def enclose_output(self, lo: Array, hi: Array) -> Box:
        return lo, hi

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        return box_identity(lo, self.dim)


@dataclass(frozen=True, eq=False)
class CellBalance:
    """`o(h) tanh(i g / (1 - f)) = h` for an LSTM: the cell eliminated."""

    net: LSTM

    @property
    def dim(self) -> int:
        return self.net.hidden_size

    def _nets(self, x: Array, u: Array | None) -> tuple[Array, ...]:
        net = x @ self.net.weight_hh.T + self.net.b
        i, f, g, o = parts(net if u is None else net + u @ self.net.weight_ih.T, 4)
        return i, np.minimum(f, 700.0), g, o  # exp(700) is still finite, and the cell far beyond where tanh saturates

    def _cell(self, i: Array, f: Array, g: Array) -> Array:
        return LOGISTIC(i) * TANH(g) / LOGISTIC(-f)  # 1 - f as s(-net): the subtraction would lose it

    def step(self, x: Array, u: Array | None = None) -> Array:
        i, f, g, o = self._nets(x, u)
        return LOGISTIC(o) * np.tanh(self._cell(i, f, g))

    def _slopes(self, x: Array, u: Array | None) -> tuple[Array, ...]:
        i, f, g, o = self._nets(x, u)
        cell = self._cell(i, f, g)
        squash = LOGISTIC(o) * TANH.derivative(cell)
        return (
            squash * LOGISTIC.derivative(i) * TANH(g) / LOGISTIC(-f),
            squash * cell * LOGISTIC(f),
            squash * LOGISTIC(i) * TANH.derivative(g) / LOGISTIC(-f),
            LOGISTIC.derivative(o) * np.tanh(cell),
        )

    def jacobian(self, x: Array, u: Array | None = None) -> Array:
        return sum_of_gates(self._slopes(x, u), self.net.weight_hh)

    def input_jacobian(self, x: Array, u: Array | None = None) -> Array:
        return sum_of_gates(self._slopes(x, u), self.net.weight_ih)

    def lift(self, x: Array, u: Array | None = None) -> Array:
        i, f, g, _ = self._nets(x, u)
        return np.concatenate([x, self._cell(i, f, g)], axis=-1)

    def project(self, a: Array) -> Array:
        return parts(a, 2)[0]

    def box(self, u: Box | None = None) -> Box | None:
        return unit_box(self.dim)

    def output(self, x: Array) -> Array:
        return x

    def output_jacobian(self, x: Array) -> Array:
        return np.broadcast_to(np.eye(self.dim), (*x.shape, self.dim))

    def _net_boxes(self, lo: Array, hi: Array, u: Box | None) -> list[Box]:
        net = affine_image(self.net.weight_hh, lo, hi, self.net.b)
        return box_parts(net if u is None else add(net, affine_image(self.net.weight_ih, *u)), 4)

    def _cell_box(self, i: Box, f: Box, g: Box) -> Box:
        return multiply(multiply(LOGISTIC.image(*i), TANH.image(*g)), _dwell(f))

    def enclose(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        i, f, g, o = self._net_boxes(lo, hi, u)
        return multiply(LOGISTIC.image(*o), TANH.image(*self._cell_box(i, f, g)))

    def _slope_bounds(self, lo: Array, hi: Array, u: Box | None) -> tuple[Box, ...]:
        i, f, g, o = self._net_boxes(lo, hi, u)
        cell = self._cell_box(i, f, g)
        squash = multiply(LOGISTIC.image(*o), TANH.slope_image(*cell))
        dwelt = multiply(squash, _dwell(f))
        return (
            multiply(dwelt, multiply(LOGISTIC.slope_image(*i), TANH.image(*g))),
            multiply(multiply(squash, cell), LOGISTIC.image(*f)),
            multiply(dwelt, multiply(LOGISTIC.image(*i), TANH.slope_image(*g))),
            multiply(LOGISTIC.slope_image(*o), TANH.image(*cell)),
        )

    def enclose_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        return box_sum_of_gates(self._slope_bounds(lo, hi, u), self.net.weight_hh)

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Box | None = None) -> Box:
        return box_sum_of_gates(self._slope_bounds(lo, hi, u), self.net.weight_ih)

    def enclose_output(self, lo: Array, hi: Array) -> Box:
        return lo, hi

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        return box_identity(lo, self.dim)


def _dwell(f: Box) -> Box:
    """Bounds on 1 / (1 - s(f)) = 1 + e^f, the time that a cell keeps its content."""
    with np.errstate(over="ignore"):
        lo, hi = np.exp(f[0]) * (1.0 - 8.0 * EPS), np.exp(f[1]) * (1.0 + 8.0 * EPS)
    return np.nextafter(1.0 + lo, -np.inf), np.nextafter(1.0 + np.where(np.isnan(hi), np.inf, hi), np.inf)
