"""Proved lower bounds of escape thresholds for large and for gated nets, against exact values and simulation."""

from __future__ import annotations

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
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


@pytest.mark.parametrize("norm", [2, np.inf])
def test_no_simulated_state_leaves_the_boxes(norm):
    rng = np.random.default_rng(3)
    for net in networks().values():
        point = dl.trajectory(net, np.zeros(net.dim), steps=4000)[-1]
        if np.abs(net.step(point) - point).max() > 1e-12:
            continue
        circuit = circuit_of(net)
        boxes = invariant(circuit, at_rest(circuit, point - 1e-9, point + 1e-9), 0.02, norm)
        if boxes is None:
            continue
        states = np.tile(point, (200, 1))
        for _ in range(60):
            u = rng.choice([-1.0, 1.0], size=(200, net.input_dim))
            states = net.step(states, 0.02 * u / np.linalg.norm(u, norm, axis=1, keepdims=True))
            assert np.all(states >= boxes.lo[: net.dim])
            assert np.all(states <= boxes.hi[: net.dim])


def test_what_is_reached_of_a_linear_map_is_exact():
    net = dl.AdditiveNetwork([[0.5, 0.2], [-0.1, 0.4]], activation="linear", input_matrix=[[1.0], [2.0]])
    circuit = circuit_of(net)
    boxes = invariant(circuit, at_rest(circuit, np.zeros(2), np.zeros(2)), 1.0, np.inf)
    powers = [np.linalg.matrix_power(net.W, k) @ net.B for k in range(60)]
    np.testing.assert_allclose(boxes.hi[:2], np.abs(powers).sum((0, 2)), rtol=0.02)
    assert reach(circuit, boxes, 1e300, np.inf) is None or np.isfinite(boxes.hi).all()
