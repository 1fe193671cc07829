"""Random systems for the property tests: small, and with the values where formulas break drawn often.

Zero weights, weights of exactly 1 and next to it, repeated rows, one unit, no input, states in float32, read-only and in
Fortran's order: Hypothesis shrinks towards them, and `NUMBERS` holds them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import dynlatch as dl

Array = np.ndarray
SPECIAL = (0.0, 1.0, -1.0, 1.0 + 1e-10, 1.25, 2.0, 0.5, -2.0, 1e-8)
NUMBERS = st.one_of(st.sampled_from(SPECIAL), st.floats(-3.0, 3.0))
SMOOTH = ("tanh", "logistic", "softplus", "linear")
BOUNDED = ("tanh", "logistic")
SEEDS = st.integers(0, 2**32 - 1)


def filled(*shape: int, elements: Any = NUMBERS) -> Any:
    """Arrays of that shape, every entry drawn: Hypothesis would fill most of a matrix with one number."""
    return arrays(np.float64, shape, elements=elements, fill=st.nothing())


@st.composite
def layouts(draw: Any, *shape: int) -> Array:
    """The same numbers as they come from elsewhere: float32, Fortran's order, a strided view, read-only."""
    values = draw(filled(*shape))
    kind = draw(st.sampled_from(("plain", "float32", "fortran", "strided", "read-only")))
    if kind == "float32":
        return values.astype(np.float32)
    if kind == "fortran":
        return np.asfortranarray(values)
    if kind == "strided":
        return np.repeat(values, 2, axis=-1)[..., ::2]
    values.setflags(write=kind != "read-only")
    return values


@st.composite
def additive(draw: Any, most: int = 3, activations: tuple[str, ...] = SMOOTH, least: int = 1) -> dl.AdditiveNetwork:
    n = draw(st.integers(least, most))
    m = draw(st.sampled_from((None, 0, 1, 2)))
    B = None if m is None else draw(filled(n, m))
    return dl.AdditiveNetwork(draw(filled(n, n)), draw(filled(n)), draw(st.sampled_from(activations)), B)


@st.composite
def leaky(draw: Any, most: int = 3, activations: tuple[str, ...] = SMOOTH) -> dl.LeakyNetwork:
    n = draw(st.integers(1, most))
    alpha = draw(filled(n, elements=st.sampled_from((0.1, 0.5, 1.0))))
    return dl.LeakyNetwork(draw(filled(n, n)), alpha, draw(filled(n)), draw(st.sampled_from(activations)))


@st.composite
def elman(draw: Any, most: int = 3, activations: tuple[str, ...] = SMOOTH) -> dl.ElmanNetwork:
    n, m = draw(st.integers(1, most)), draw(st.integers(0, 2))
    return dl.ElmanNetwork(draw(filled(n, n)), draw(filled(n, m)), draw(filled(n)), draw(st.sampled_from(activations)))


def _gated(make: Callable[..., Any], gates: int) -> Any:
    @st.composite
    def strategy(draw: Any, most: int = 3) -> Any:
        n, m = draw(st.integers(1, most)), draw(st.integers(0, 2))
        biases = (draw(filled(gates * n)), draw(filled(gates * n))) if draw(st.booleans()) else (None, None)
        return make(draw(filled(gates * n, m)), draw(filled(gates * n, n)), *biases)

    return strategy


gru = _gated(dl.GRU, 3)
lstm = _gated(dl.LSTM, 4)


@st.composite
def reset_before(draw: Any, most: int = 3) -> dl.ResetBeforeGRU:
    n, m = draw(st.integers(1, most)), draw(st.integers(0, 2))
    bias = draw(st.one_of(st.none(), filled(3 * n)))
    return dl.ResetBeforeGRU(draw(filled(3 * n, m)), draw(filled(2 * n, n)), draw(filled(n, n)), bias)


@st.composite
def projected(draw: Any, most: int = 2) -> dl.ProjectedLSTM:
    cells, out, m = draw(st.integers(1, most)), draw(st.integers(1, most)), draw(st.integers(0, 2))
    weights = draw(filled(4 * cells, m)), draw(filled(4 * cells, out)), draw(filled(out, cells))
    return dl.ProjectedLSTM(*weights, draw(st.one_of(st.none(), filled(4 * cells))))


@st.composite
def stacked(draw: Any) -> dl.StackedNetwork:
    first = draw(st.one_of(gru(2), lstm(2), elman(2)))
    width = len(first.output(np.zeros(first.dim)))
    n = draw(st.integers(1, 2))
    return dl.StackedNetwork([first, dl.ElmanNetwork(draw(filled(n, n)), draw(filled(n, width)), draw(filled(n)))])


@st.composite
def state_network(draw: Any) -> dl.StateNetwork:
    states, symbols = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    raw = draw(filled(symbols, states, states, elements=st.one_of(st.just(0.0), st.floats(1e-6, 1.0)))) + np.eye(states) * 1e-3
    return dl.StateNetwork(raw / raw.sum(axis=1, keepdims=True), np.arange(symbols - 1.0))


def networks() -> Any:
    """Any smooth network of the package, of a few units."""
    return st.one_of(additive(), leaky(), elman(), gru(), lstm(), reset_before(), projected(), stacked())


@st.composite
def threshold(draw: Any, most: int = 4) -> dl.ThresholdNetwork:
    n = draw(st.integers(1, most))
    return dl.ThresholdNetwork(draw(filled(n, n)), draw(filled(n)), draw(filled(n, draw(st.integers(0, 2)))))


class Twins(NamedTuple):
    """A network and the same one in other names and signs of its units: `twin(Q a, R u) = Q network(a, u)`."""

    network: Any
    twin: Any
    Q: Array
    R: Array


@st.composite
def relabelled(draw: Any, nets: Any) -> Twins:
    """`nets`, with units permuted and, where the nonlinearity is odd, some of them with the other sign."""
    net = draw(nets)
    units = net.hidden_size if isinstance(net, (dl.GRU, dl.LSTM)) else net.dim
    order = draw(st.permutations(range(units)))
    odd = isinstance(net, (dl.GRU, dl.LSTM)) or net.f.odd
    signs = draw(filled(units, elements=st.sampled_from((1.0, -1.0)))) if odd else np.ones(units)
    Q = signs[:, None] * np.eye(units)[list(order)]
    if isinstance(net, dl.AdditiveNetwork):
        B = None if net.B is None else Q @ net.B
        twin = dl.AdditiveNetwork(Q @ net.W @ Q.T, Q @ net.c, net.activation, B)
        return Twins(net, twin, Q, Q if B is None else np.eye(net.input_dim))
    if isinstance(net, dl.ElmanNetwork):
        twin = dl.ElmanNetwork(Q @ net.W_hh @ Q.T, Q @ net.W_ih, None if net.bias is None else Q @ net.bias, net.activation)
        return Twins(net, twin, Q, np.eye(net.input_dim))
    return _gated_twins(net, Q)


def _gated_twins(net: Any, Q: Array) -> Twins:
    """Only the candidate's rows change their sign: gates are the same whatever the sign of what they let through."""
    gates = 3 if isinstance(net, dl.GRU) else 4
    candidate = 2
    rows = [Q if k == candidate else np.abs(Q) for k in range(gates)]

    def moved(array: Array | None) -> Array | None:
        return None if array is None else np.concatenate([q @ a for q, a in zip(rows, np.split(array, gates), strict=True)])

    twin = type(net)(moved(net.weight_ih), moved(net.weight_hh) @ Q.T, moved(net.bias_ih), moved(net.bias_hh))
    whole = Q if isinstance(net, dl.GRU) else np.kron(np.eye(2), Q)
    return Twins(net, twin, whole, np.eye(net.input_dim))


@st.composite
def latching(draw: Any, most: int = 2) -> dl.AdditiveNetwork:
    """Tanh units that each hold a bit: strong self-loops, weak couplings, small biases."""
    n = draw(st.integers(1, most))
    loops, rest = draw(filled(n, elements=st.floats(1.4, 3.0))), draw(filled(n, n, elements=st.floats(-0.1, 0.1)))
    return dl.AdditiveNetwork(np.where(np.eye(n) > 0, np.diag(loops), rest), draw(filled(n, elements=st.floats(-0.02, 0.02))))
