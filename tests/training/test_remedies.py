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
    LSTM1997,
    NARX,
    ClockedNet,
    ElmanNet,
    EmbeddedMemory,
    ForgetGateLSTM,
    GammaMemory,
    GuessingNetA1,
    GuessingNetA2,
    HierarchicalNet,
    LearnedTimeConstants,
    NARXNeuron,
    RadialBasisNet,
    SecondOrderNet,
    TimeConstants,
    TimeDelayNet,
    TimeWarpingNet,
)
from dynlatch.training.rules.truncated_back_propagation import truncated

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
    "clocked": (ClockedNet((1, 3), units_count=2), oracle.clocked, 23),
    "second order": (SecondOrderNet(2, input_dim=2), oracle.second_order, 21),
    "radial basis": (RadialBasisNet(2, input_dim=2), oracle.radial_basis, 11),
    "time warping": (TimeWarpingNet(2, input_dim=2), oracle.time_warping, 13),
    "LSTM": (LSTM1997(1, 2, input_dim=2, answer_bias=True, answer="logistic"), oracle.lstm, 31),
    "LSTM, forget gates": (ForgetGateLSTM(1, 1), oracle.lstm, 25),
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
    formula, h = MODELS[name][1], 1e-4
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
    """Of the searches by guessing, and of LSTM on 2-sequence, adding, and temporal order with 4 and 8 classes."""
    assert [len(GuessingNetA1(n).names) for n in (1, 2, 3)] == [7, 14, 23]
    nets = (
        LSTM1997(),
        LSTM1997(2, 2, input_dim=2, answer_bias=True),
        LSTM1997(2, 2, input_dim=8, output_dim=4, answer_bias=True),
        LSTM1997(3, 2, input_dim=8, output_dim=8, answer_bias=True),
    )
    assert [len(net.names) for net in nets] == [102, 93, 156, 308]


def test_gate_biases_begin_as_given_and_the_rest_at_random():
    net = LSTM1997(4, input_bias=(-1.0, -3.0), output_bias=(-2.0,), radius=0.1)
    first = dict(zip(net.names, net.initial(np.random.default_rng(0).spawn(1))[:, 0], strict=True))
    assert [first.pop(f"b_in[{b}]") for b in range(4)] == [-1.0, -3.0, -1.0, -3.0]
    assert [first.pop(f"b_out[{b}]") for b in range(4)] == [-2.0] * 4
    assert 0.0 < np.abs(list(first.values())).max() <= 0.1
    assert LearnedTimeConstants(2, tau=0.3).initial(np.random.default_rng(0).spawn(2))[8].tolist() == [0.3, 0.3]


def cell_units(model):
    """The units that are memory cells: gates come first, then what enters the cells, then they."""
    first = (2 if isinstance(model, LSTM1997) else 3) * model.blocks + model.units_count
    return range(first, first + model.units_count)


@pytest.mark.parametrize("seed", range(3))
def test_the_factor_along_a_memory_cell_is_exactly_one(seed):
    """In the Jacobian of the map, whatever the weights, the state and the input."""
    model, rng = LSTM1997(2, 2, radius=5.0), np.random.default_rng(seed)
    network = model.network(model.initial(rng.spawn(1))[:, 0])
    cells = [k for k, unit in enumerate(network.sums.memory.unit) if unit in cell_units(model)]
    J = network.jacobian(rng.normal(size=network.dim), rng.normal(size=1))
    assert np.array_equal(J[np.ix_(cells, cells)], np.eye(4))


def carried(model, ways, T=50):
    """Errors (T, cells) at the cells, from an error of 1 at each of them at time T; the signals (T + 1, n + m + 1)."""
    net, rng = model.cell(), np.random.default_rng(3)
    n, theta = net.kinds.size, padded(np.append(model.initial(rng.spawn(1))[:, 0], model.constants)[:, None])
    s, a, d = (padded(np.zeros((T + 1, rows, 1))) for rows in (n + net.inputs + 1, n, n))
    s[1:, n:-1, 0] = rng.normal(size=(T, net.inputs))
    forward(net, theta, T, s, a)
    d[T, cell_units(model), 0] = 1.0
    backward(ways(net), theta, T, s, d)
    return d[1:, cell_units(model), 0], s[:, :, 0]


def test_the_truncated_sweep_carries_an_error_along_the_cells_unchanged():
    """Over 50 steps, to the last bit; the whole gradient does not, and with forget gates it is the product of their outputs."""
    model = LSTM1997(2, 2, radius=2.0)
    assert np.array_equal(carried(model, truncated)[0], np.ones((50, 4)))
    assert not np.allclose(carried(model, lambda net: net)[0], 1.0)
    errors, s = carried(ForgetGateLSTM(2, 1, radius=2.0), truncated)
    kept = np.cumprod(s[:1:-1, 4:6], axis=0)[::-1]  # the forget gates are units 4 and 5
    np.testing.assert_allclose(errors[:-1], kept, rtol=1e-14)


def test_a_time_warping_net_stands_still_while_its_input_does():
    """Its error flow is exactly 1 then, and while the last input lasts, the state stays where it is."""
    model, column, inputs = example("time warping")
    network = model.network(column)
    S = [k for k, unit in enumerate(network.sums.memory.unit) if unit in (9, 10)]
    state = dl.trajectory(network, network.start, inputs)[-1]
    assert np.array_equal(network.jacobian(state, inputs[-1])[np.ix_(S, S)], np.eye(2))
    assert not np.allclose(network.jacobian(state, inputs[0])[np.ix_(S, S)], np.eye(2))
    dwelling = np.concatenate([inputs, np.repeat(inputs[-1:], 20, axis=0)])
    assert np.array_equal(dl.trajectory(network, network.start, dwelling)[-1][S], state[S])


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
