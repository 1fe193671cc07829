"""The architectures that were proposed against gradient decay: formula, gradient, map, and numbers of weights as published."""

from dataclasses import replace

import numpy as np
import oracles_remedies as oracle
import pytest

import dynlatch as dl
from dynlatch.errors import InvalidInput
from dynlatch.lanes.packs import padded
from dynlatch.lanes.wiring import backward, forward, gradient
from dynlatch.maps import SmoothMap
from dynlatch.training.contract import Architecture
from dynlatch.training.models import (
    NARX,
    ElmanNet,
    EmbeddedMemory,
    GammaMemory,
    GuessingNetA1,
    GuessingNetA2,
    HierarchicalNet,
    LearnedTimeConstants,
    NARXNeuron,
    TimeConstants,
    TimeDelayNet,
)

# A small net of every architecture, its formula, and its number of weights.
MODELS = {
    "Elman": (ElmanNet(2, input_dim=2), oracle.elman, 13),
    "embedded memory": (EmbeddedMemory(2, delays=3), oracle.embedded_memory, 19),
    "NARX": (NARX(2, delays=3), oracle.narx, 13),
    "NARX, input delays": (NARX(2, delays=2, input_delays=2, input_dim=2), oracle.narx, 21),
    "NARX neuron": (NARXNeuron(delays=3, L=2), oracle.narx_neuron, 4),
    "time delays": (TimeDelayNet(2, window=3), oracle.time_delay, 13),
    "gamma memory": (GammaMemory(taps=3, units_count=2, mu=0.6, input_dim=2), oracle.gamma_memory, 22),
    "time constants": (TimeConstants((0.0, 0.9), answer="logistic"), oracle.time_constants, 11),
    "learned time constants": (LearnedTimeConstants(2), oracle.time_constants, 13),
    "hierarchical": (HierarchicalNet((1, 3), units_count=2), oracle.hierarchical, 23),
    "A1": (GuessingNetA1(1), oracle.guessing, 7),
    "A1, three hidden units": (GuessingNetA1(3, order="hidden first"), oracle.guessing, 23),
    "A2": (GuessingNetA2(2), oracle.guessing, 13),
}
T = 7


def example(name, scale=1.0):
    """A column of weights, and a sequence."""
    model = replace(MODELS[name][0], radius=scale)
    column = model.initial(np.random.default_rng(1).spawn(1))[:, 0]
    return model, column, np.random.default_rng(2).normal(size=(T, model.input_dim))


def swept(model, column, inputs):
    """The answer, and its derivative by every trained weight, from the compiled kernels."""
    net = model.cell()
    n, theta = net.kinds.size, padded(np.append(column, model.constants)[:, None])
    s, a, d = (padded(np.zeros((len(inputs) + 1, rows, 1))) for rows in (n + net.inputs + 1, n, n))
    s[1:, n:-1, 0] = inputs
    forward(net, theta, len(inputs), s, a)
    d[len(inputs), net.output, 0] = 1.0
    backward(net, theta, len(inputs), s, d)
    g = np.empty_like(theta)
    gradient(net, len(inputs), s, d, g)
    return s[len(inputs), net.output, 0], g[: net.trained, 0]


@pytest.mark.parametrize("name", MODELS)
def test_answer_and_gradient_are_those_of_the_formula(name):
    model, column, inputs = example(name)
    formula, h = MODELS[name][1], 1e-3
    found, slopes = swept(model, column, inputs)
    assert found == pytest.approx(formula(model, column.tolist(), inputs.tolist()), abs=1e-13)
    for p in range(len(column)):
        values = []
        for k in (-2, -1, 1, 2):
            moved = column.copy()
            moved[p] += k * h
            values.append(formula(model, moved.tolist(), inputs.tolist()))
        assert slopes[p] == pytest.approx((values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * h), abs=2e-10)


@pytest.mark.parametrize("name", MODELS)
def test_contract_and_number_of_weights(name):
    model, column, _ = example(name)
    assert isinstance(model, Architecture)
    assert len(set(model.names)) == len(model.names) == len(column) == MODELS[name][2]
    assert np.unique(model.constants).size == len(model.constants)
    assert model.input_dim == model.cell().inputs
    assert model.output_dim == 1
    network = model.network(np.append(column, model.constants))
    assert isinstance(network, SmoothMap)
    assert np.array_equal(model.column(network), column)
    with pytest.raises(InvalidInput, match="is no network of"):
        model.column(dl.AdditiveNetwork(np.eye(2)))
    alone = model.initial(np.random.default_rng(4).spawn(3)[2:])
    assert np.array_equal(model.initial(np.random.default_rng(4).spawn(3))[:, 2:], alone)


@pytest.mark.parametrize("name", MODELS)
def test_the_map_gives_the_same_answer_and_an_exact_jacobian(name):
    model, column, inputs = example(name)
    network = model.network(column)
    visited = dl.trajectory(network, network.start, inputs)
    answer = network.readout(visited[-1])[..., 0]
    assert answer == pytest.approx(MODELS[name][1](model, column.tolist(), inputs.tolist()), abs=1e-13)
    state, h = visited[3] + 0.1, 1e-3
    for k, direction in enumerate(np.eye(network.dim)):
        moved = [network.step(state + j * h * direction, inputs[3]) for j in (-2, -1, 1, 2)]
        slopes = (moved[0] - 8 * moved[1] + 8 * moved[2] - moved[3]) / (12 * h)
        np.testing.assert_allclose(network.jacobian(state, inputs[3])[:, k], slopes, rtol=0, atol=1e-9)


def test_one_output_delay_and_a_first_rate_of_one_are_the_plain_nets():
    """Embedded memory of delay 1 is Elman's net; gamma memory of rate 1 is the time-delay net."""
    inputs = np.random.default_rng(0).normal(size=(T, 1))
    column = ElmanNet(3, radius=1.0).initial(np.random.default_rng(1).spawn(1))[:, 0]
    assert swept(EmbeddedMemory(3, delays=1), column, inputs)[0] == swept(ElmanNet(3), column, inputs)[0]
    window = TimeDelayNet(2, window=4, radius=1.0)
    column = window.initial(np.random.default_rng(1).spawn(1))[:, 0]
    gamma = GammaMemory(taps=4, units_count=2, mu=1.0)
    assert swept(gamma, np.append(1.0, column), inputs)[0] == pytest.approx(swept(window, column, inputs)[0], abs=1e-15)


def test_a_time_delay_net_sees_nothing_beyond_its_window():
    model, column, inputs = example("time delays")
    before = swept(model, column, inputs)[0]
    inputs[: T - 4] += 1.0
    assert swept(model, column, inputs)[0] == before
    inputs[T - 4] += 1.0
    assert swept(model, column, inputs)[0] != before


def test_the_narx_neuron_has_the_fixed_points_of_one_delay():
    """And, published, +-0.710 for a sum of weights of 1.25."""
    for delays in (1, 3, 6):
        network = NARXNeuron(delays=delays).network(np.zeros(6))
        last = dl.trajectory(network, np.full(delays, 0.5), steps=400)[-1]
        np.testing.assert_allclose(last, 0.710412, atol=1e-6)


def test_published_numbers_of_weights():
    assert [len(GuessingNetA1(n).names) for n in (1, 2, 3)] == [7, 14, 23]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: TimeConstants(tau=(0.5, 1.0)), r"\[0, 1\)"),
        (lambda: HierarchicalNet(delays=()), "every level"),
        (lambda: HierarchicalNet(delays=(0,)), "at least 1"),
        (lambda: GuessingNetA1(order="backwards"), "'synchronous' or 'hidden first'"),
        (lambda: ElmanNet(answer="threshold"), "'tanh' or 'logistic' or 'linear'"),
        (lambda: NARX(radius=-1.0), "must not be negative"),
    ],
)
def test_bad_settings_are_refused(make, words):
    with pytest.raises(InvalidInput, match=words):
        make()
