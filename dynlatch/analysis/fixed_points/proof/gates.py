"""Gate-reduced equations as problems to prove: every gate an affine form of the state.

The slopes between points of a box, which uniqueness needs, are bounded by the interval Jacobian of the equation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.fixed_points.equations import EnclosedEquation, Layers, Plain
from dynlatch.analysis.fixed_points.gate_equations import Candidate, CellBalance
from dynlatch.analysis.fixed_points.proof.affine import Form, added, constants, image, joined, linear, piece, product, variables
from dynlatch.analysis.fixed_points.proof.relaxation import EXP, Relaxation
from dynlatch.analysis.fixed_points.proof.units import OFF_CENTRE
from dynlatch.analysis.structure import AdditiveForm, additive_form
from dynlatch.intervals import EPS, TINY, Box
from dynlatch.maps import coordinates
from dynlatch.networks import GRU, LSTM, ElmanNetwork
from dynlatch.validation import Array


@dataclass(frozen=True, eq=False)
class Gated:
    """`G(x) = x` for an equation whose `form` is known: GRU, LSTM, and stacks of these and of networks of units."""

    equation: EnclosedEquation
    u0: Array | None

    mixing = None

    @property
    def dim(self) -> int:
        return self.equation.dim

    @property
    def size(self) -> int:
        return 12 * self.dim**2

    def image(self, lo: Array, hi: Array) -> Box:
        return self.equation.enclose(lo, hi, self._input())

    def _input(self) -> Box | None:
        return None if self.u0 is None else (self.u0, self.u0)

    def relax(self, lo: Array, hi: Array) -> Relaxation:
        middle = lo + 0.5 * (hi - lo)
        radius = np.nextafter(np.maximum(hi - middle, middle - lo), np.inf)
        x = variables(lo, hi, middle, radius)
        G = _form(self.equation, x, None if self.u0 is None else constants(self.u0, x))
        least, largest = self.equation.enclose_jacobian(lo, hi, self._input())
        spread = np.maximum(np.abs(largest - G.slope), np.abs(G.slope - least)) * (1.0 + 2.0 * EPS)
        variation = (spread @ radius[..., None])[..., 0] * (1.0 + (self.dim + 2) * EPS) + TINY

        def shares(weights: Array) -> Array:
            return np.asarray((weights[:, None, :] @ np.nan_to_num(spread))[:, 0] * radius)

        return Relaxation(
            middle,
            radius,
            G.value,
            G.slope,
            np.full_like(middle, TINY),
            G.error,
            G.floor,
            np.nan_to_num(variation, nan=np.inf),
            shares,
        )

    def cut(self, lo: Array, hi: Array) -> Array:
        return lo + OFF_CENTRE * (hi - lo)


def has_form(equation: EnclosedEquation) -> bool:
    """Whether `Gated` knows the equation."""
    if isinstance(equation, Layers):
        return all(has_form(layer) for layer in equation.layers)
    if isinstance(equation, Plain):
        form = additive_form(equation.map)
        return form is not None and form.f.slope_peak is not None and not form.leak.any()
    return isinstance(equation, Candidate | CellBalance)


def _form(equation: EnclosedEquation, x: Form, u: Form | None) -> Form:
    if isinstance(equation, Candidate):
        return _candidate(equation.net, x, u)
    if isinstance(equation, CellBalance):
        return _cell_balance(equation.net, x, u)
    if isinstance(equation, Layers):
        return _layers(equation, x, u)
    assert isinstance(equation, Plain)
    form = additive_form(equation.map)
    assert form is not None
    return _units(form, x, u, outputs=coordinates(equation.map) == ElmanNetwork.coordinates)


def _thirds(q: Form, count: int) -> list[Form]:
    n = q.value.shape[1] // count
    return [piece(q, slice(k * n, (k + 1) * n)) for k in range(count)]


def _candidate(net: GRU, x: Form, u: Form | None) -> Form:
    """`tanh(W_in u + b_in + r (W_hn h + b_hn))`."""
    own = _thirds(linear(net.weight_hh, x, net.b_hh), 3)
    entering = _thirds(constants(net.b_ih, x) if u is None else linear(net.weight_ih, u, net.b_ih), 3)
    reset = image(LOGISTIC, added(entering[0], own[0]))
    return image(TANH, added(entering[2], product(reset, own[2])))


def _cell_balance(net: LSTM, x: Form, u: Form | None) -> Form:
    """`o tanh(i g (1 + e^f))`, f being what enters the forget gate."""
    nets = linear(net.weight_hh, x, net.b)
    nets = nets if u is None else added(nets, linear(net.weight_ih, u, np.zeros(len(net.b))))
    i, f, g, o = _thirds(nets, 4)
    content = product(image(LOGISTIC, i), image(TANH, g))
    dwell = image(EXP, f)
    return product(image(LOGISTIC, o), image(TANH, added(content, product(content, dwell))))


def _units(form: AdditiveForm, x: Form, u: Form | None, *, outputs: bool) -> Form:
    entering = None if u is None else linear(form.B, u, np.zeros(len(form.W)))
    net = linear(form.W, x if outputs else image(form.f, x), form.c)
    net = net if entering is None else added(net, entering)
    return image(form.f, net) if outputs else net


def _layers(equation: Layers, x: Form, u: Form | None) -> Form:
    start, parts = 0, []
    for layer in equation.layers:
        own = piece(x, slice(start, start + layer.dim))
        parts.append(_form(layer, own, u))
        u = _output(layer, own)
        start += layer.dim
    return joined(parts)


def _output(layer: EnclosedEquation, own: Form) -> Form:
    if isinstance(layer, Layers):
        return _output(layer.layers[-1], piece(own, slice(own.value.shape[1] - layer.layers[-1].dim, None)))
    if isinstance(layer, Plain) and coordinates(layer.map) != ElmanNetwork.coordinates:
        form = additive_form(layer.map)
        assert form is not None
        return image(form.f, own)
    return own
