"""Proved lower bounds of escape thresholds for large and for gated nets, against exact values and simulation."""

from __future__ import annotations

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.escape.lower.kept_products import invariant_history, kept_products
from dynlatch.analysis.escape.lower.reduced.circuit import circuit_of
from dynlatch.analysis.escape.lower.reduced.reach import at_rest, reach
from dynlatch.analysis.escape.lower.reduced.relax import relax
from dynlatch.analysis.escape.lower.small_gain import invariant, small_gain
from dynlatch.analysis.escape.question import ask
from dynlatch.analysis.scalar import u_star
from dynlatch.disturbances import Disturbed, Steered


def networks():
    rng = np.random.default_rng(0)
    draw = rng.standard_normal
    nets = {
        "additive": dl.AdditiveNetwork(draw((4, 4)), draw(4), input_matrix=draw((4, 2))),
        "leaky": dl.LeakyNetwork(draw((3, 3)), 0.3, draw(3), input_matrix=draw((3, 2))),
        "Elman": dl.ElmanNetwork(draw((3, 3)), draw((3, 2)), draw(3)),
        "GRU": dl.GRU(draw((9, 2)), draw((9, 3)), draw(9), draw(9)),
        "LSTM": dl.LSTM(draw((8, 2)), draw((8, 2)), draw(8), draw(8)),
    }
    nets["disturbed"] = Disturbed(nets["GRU"], draw((3, 2)))
    nets["steered"] = Steered(nets["LSTM"], draw((2, 1)))
    nets["constant input"] = dl.WithInput(nets["Elman"], draw(2))
    return nets


def run_circuit(circuit, s, u):
    v = np.concatenate([s, u])
    for f, x, y in circuit.nodes:
        value = f(x.matrix @ v + x.shift)
        v = np.concatenate([v, value if y is None else value * (y.matrix @ v + y.shift)])
    return circuit.following.matrix @ v + circuit.following.shift


@pytest.mark.parametrize("name", networks())
def test_circuit_is_the_step_of_the_network(name):
    net = networks()[name]
    circuit = circuit_of(net)
    rng = np.random.default_rng(1)
    for _ in range(5):
        s, u = rng.standard_normal(net.dim), rng.standard_normal(net.input_dim)
        np.testing.assert_allclose(run_circuit(circuit, s, u), net.step(s, u), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["tanh", "logistic", "relu", "softplus"])
@pytest.mark.parametrize("product", [False, True])
def test_linear_bounds_hold_and_are_tight(name, product):
    from dynlatch.activations import resolve

    f = resolve(name)
    rng = np.random.default_rng(2)
    ends = np.sort(rng.standard_normal((2, 40, 2)) * 2.0, axis=-1)
    x, y = ends[0].T, ends[1].T
    line = relax(f, (x[0], x[1]), (y[0], y[1]) if product else None)
    share = np.linspace(0.0, 1.0, 201)
    xs = x[0] + share[:, None] * (x[1] - x[0])
    off = []
    for weight in share[::50] if product else [0.0]:
        at = y[0] + weight * (y[1] - y[0])
        off.append(f(xs) * (at if product else 1.0) - line.a * xs - (line.c * at if product else 0.0) - line.middle)
    most = np.abs(off).max((0, 1))
    assert np.all(most <= line.radius)
    assert np.all(line.radius <= 1.05 * most + 0.03 * (x[1] - x[0]))


@pytest.mark.parametrize("w", [1.5, 2.0, 4.0])
def test_below_the_exact_threshold_of_a_latch(w):
    net = dl.LatchNeuron(w)
    question = ask(net, analysis.fixed_points(net).attractors[1])
    bound = small_gain(question, u_star(w), "high")
    assert 0.3 * u_star(w) <= bound.value <= u_star(w)


CALM = {  # nets that come to rest from zero, so that there is an attractor to stay near
    "Elman": dl.ElmanNetwork([[1.6, -0.5], [0.4, 1.3]], [[1.0, 0.2], [0.3, -0.8]], [0.5, 0.2]),
    "leaky": dl.LeakyNetwork([[2.0, 0.3], [-0.4, 0.9]], 0.4, [0.3, -0.2]),
    "GRU": dl.GRU(np.full((6, 1), 0.6), np.arange(12.0).reshape(6, 2) / 8.0 - 0.4, np.linspace(-1, 1, 6), None),
    "LSTM": dl.LSTM(np.full((8, 1), 0.7), np.arange(16.0).reshape(8, 2) / 8.0 - 0.9, np.linspace(-1, 1, 8), None),
}


@pytest.mark.parametrize("name", CALM)
@pytest.mark.parametrize("norm", [2, np.inf])
@pytest.mark.parametrize("induction", [invariant, invariant_history])
def test_no_simulated_state_leaves_the_boxes(name, norm, induction):
    net, size, rng = CALM[name], 0.05, np.random.default_rng(3)
    point = dl.trajectory(net, np.zeros(net.dim), steps=400)[-1]
    circuit = circuit_of(net)
    boxes = induction(circuit, at_rest(circuit, point - 1e-9, point + 1e-9), size, norm)
    assert boxes is not None
    signs = rng.choice([-1.0, 1.0], size=(80, 300, net.input_dim))
    signs[:, :100] = signs[0, :100]
    states = np.tile(point, (300, 1))
    widest = 0.0
    for u in signs:
        states = net.step(states, size * u / np.linalg.norm(u, norm, axis=1, keepdims=True))
        assert np.all(states >= boxes.lo[: net.dim])
        assert np.all(states <= boxes.hi[: net.dim])
        widest = max(widest, float(np.abs(states - point).max()))
    assert (boxes.hi - boxes.lo)[: net.dim].max() <= 4.0 * widest


def latching_gru():
    return dl.GRU(np.array([[0.3], [0.2], [1.0]]), np.array([[0.5], [0.3], [3.0]]), None, None)


def latching_lstm():
    hidden = np.array([[1.0, 0.2], [0.1, 0.8], [1.0, 0.0], [0.0, 1.0], [2.5, 0.1], [-0.1, 2.5], [1.0, 0.3], [0.2, 1.0]])
    bias = np.array([2.0, 2.0, -1.0, -1.0, 0.0, 0.0, 2.0, 2.0])
    return dl.LSTM(np.array([[0.2], [0.1], [0.3], [0.1], [1.0], [0.5], [0.2], [0.3]]), hidden, bias, None)


@pytest.mark.parametrize("build", [latching_gru, latching_lstm])
@pytest.mark.parametrize("bound", [small_gain, kept_products])
def test_never_above_an_escape_of_a_gated_latch(build, bound):
    net = build()
    point = dl.trajectory(net, np.full(net.dim, 0.8), steps=2000)[-1]
    question = ask(net, point)
    escaping = smallest_escape(net, point)
    found = bound(question, float(escaping), "default")
    assert 0.2 * escaping <= found.value <= escaping


def smallest_escape(net, point):
    """The smallest of many constant inputs, of either sign, after which the state does not come back."""
    sizes = np.geomspace(0.05, 20.0, 200)
    inputs = np.concatenate([sizes, -sizes])[:, None]
    states = np.tile(point, (400, 1))
    for u in [inputs] * 200 + [None] * 800:
        states = net.step(states, u)
    return float(np.abs(inputs[np.abs(states - point).max(1) > 0.1]).min())


def test_a_latch_hidden_in_many_units():
    """Two units of a planted latch shuffled among 28 weak ones: the bound is that of the two units."""
    rng = np.random.default_rng(4)
    W = np.zeros((30, 30))
    W[:2, :2] = [[1.8, 0.2], [0.1, 1.6]]
    W[2:, 2:] = 0.02 * rng.standard_normal((28, 28))
    order = rng.permutation(30)
    small = dl.AdditiveNetwork(W[:2, :2])
    large = dl.AdditiveNetwork(W[np.ix_(order, order)], input_matrix=np.eye(30)[order][:, :2])
    at = dl.trajectory(small, np.ones(2), steps=2000)[-1]
    there = np.concatenate([at, np.zeros(28)])[order]
    alone, hidden = (small_gain(ask(net, x), 0.3).value for net, x in ((small, at), (large, there)))
    assert alone > 0.15
    assert hidden == pytest.approx(alone, rel=0.03)


def test_what_is_reached_of_a_linear_map_is_exact():
    net = dl.AdditiveNetwork([[0.5, 0.2], [-0.1, 0.4]], activation="linear", input_matrix=[[1.0], [2.0]])
    circuit = circuit_of(net)
    boxes = invariant(circuit, at_rest(circuit, np.zeros(2), np.zeros(2)), 1.0, np.inf)
    powers = [np.linalg.matrix_power(net.W, k) @ net.B for k in range(60)]
    np.testing.assert_allclose(boxes.hi[:2], np.abs(powers).sum((0, 2)), rtol=0.02)
    assert reach(circuit, boxes, 1e300, np.inf) is None or np.isfinite(boxes.hi).all()
