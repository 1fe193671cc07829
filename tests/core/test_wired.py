"""`WiredNetwork`: the same map as networks of regular form, where orbits end, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput
from dynlatch.lanes.units import EXPONENTIAL, LINEAR, LOGISTIC, TANH, THRESHOLD
from dynlatch.lanes.wiring import Connection, wire
from dynlatch.networks.threshold import threshold_network


def dense(n, m, kinds):
    """Every unit reads all units one step late, all inputs and the constant one."""
    within = [Connection(i, j, i * n + j) for i in range(n) for j in range(n)]
    outside = [Connection(i, n + k, n * n + i * (m + 1) + k, 0) for i in range(n) for k in range(m + 1)]
    return wire(within + outside, kinds=kinds, inputs=m, output=n - 1, trained=n * (n + m + 1), start=0.25)


def random_wiring(rng, units=4, inputs=2):
    """Connections of all sorts between units of all sorts, some sharing a weight; linear units remember less than all."""
    kinds = rng.choice([TANH, LOGISTIC, LINEAR], units)
    connections = []
    for i in range(units):
        connections += [Connection(i, units + k, len(connections), 0) for k in range(inputs + 1)]
        for j in range(units):
            delay = int(rng.integers(0 if j < i else 1, 4))
            if kinds[j] != LINEAR or i == j or (j < i and delay == 0):
                connections.append(Connection(i, j, len(connections), max(delay, int(i == j))))
    weights = rng.normal(size=len(connections))
    for c in connections:
        if kinds[c.target] == LINEAR and c.target == c.source:
            weights[c.weight] = rng.uniform(-0.9, 0.9) if c.delay == 1 else 0.0
    net = wire(connections, kinds=kinds.tolist(), inputs=inputs, output=units - 1, trained=len(connections))
    return dl.WiredNetwork(net, weights)


def test_a_dense_wiring_is_an_elman_network():
    rng = np.random.default_rng(0)
    n, m = 4, 2
    weights = rng.normal(size=n * (n + m + 1))
    network = dl.WiredNetwork(dense(n, m, [TANH] * n), weights)
    B = weights[n * n :].reshape(n, m + 1)
    elman = dl.ElmanNetwork(weights[: n * n].reshape(n, n), B[:, :m], B[:, m])
    inputs = rng.normal(size=(9, 3, m))
    start = np.tile(network.start, (3, 1))
    assert start.tolist() == [[0.25] * n] * 3
    visited = dl.trajectory(network, start, inputs)
    np.testing.assert_allclose(visited, dl.trajectory(elman, start, inputs), rtol=0, atol=1e-14)
    np.testing.assert_allclose(network.jacobian(visited[5], inputs[5]), elman.jacobian(visited[5], inputs[5]), atol=1e-14)
    assert np.array_equal(network.readout(visited[-1])[:, 0], visited[-1, :, n - 1])
    same = analysis.fixed_points(dl.WithInput(elman, inputs[0, 0]), rng=0).points
    np.testing.assert_allclose(analysis.fixed_points(dl.WithInput(network, inputs[0, 0]), rng=0).points, same, atol=1e-9)


def test_the_state_holds_what_is_read_later():
    connections = [Connection(0, 2, 0, 0), Connection(1, 0, 1, 3), Connection(1, 1, 2, 1)]
    network = dl.WiredNetwork(wire(connections, kinds=[LINEAR, LINEAR], inputs=1, output=1, trained=3), [1.0, 1.0, 0.5])
    assert network.dim == 4
    pulse = np.zeros((6, 1))
    pulse[0] = 1.0
    answer = network.readout(dl.trajectory(network, network.start, pulse))[:, 0]
    assert answer.tolist() == [0, 0, 0, 0, 1, 0.5, 0.25]


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_every_orbit_ends_in_the_settling_box(seed):
    rng = np.random.default_rng(seed)
    network = random_wiring(rng)
    reach = rng.uniform(0.0, 2.0, network.input_dim)
    box = network.settling_box((-reach, reach))
    if box is None:  # linear units in a loop with others: nothing is known
        return
    inputs = rng.choice([-1.0, 1.0], (150, 8, network.input_dim)) * reach
    far = 5.0 * rng.normal(size=(8, network.dim))
    last = dl.trajectory(network, far, inputs)[-20:]
    slack = 1e-5 * (1.0 + np.abs(box[1] - box[0]))
    assert np.all((box[0] - slack <= last) & (last <= box[1] + slack))


def test_settling_boxes_are_often_known():
    boxes = [random_wiring(np.random.default_rng(seed)).settling_box() for seed in range(24)]
    assert sum(box is not None for box in boxes) > 12


def test_a_linear_unit_that_does_not_forget_has_no_box():
    net = wire([Connection(0, 0, 0), Connection(0, 1, 1, 0)], kinds=[LINEAR], inputs=1, output=0, trained=2)
    lo, hi = dl.WiredNetwork(net, [-0.5, 2.0]).settling_box((np.array([-1.0]), np.array([3.0])))
    assert -12.0 <= lo + 1e-9 < -20 / 3  # x = -x/2 + r with r between -2 and 6 ends between -20/3 and 28/3
    assert 28 / 3 < hi <= 12.0 + 1e-9
    assert dl.WiredNetwork(net, [1.0, 2.0]).settling_box() is None
    with pytest.raises(InvalidInput, match="give `bounds="):
        analysis.fixed_points(dl.WiredNetwork(net, [1.0, 2.0]))


def memory_cell(rng, forgets):
    """c' = f c + i g, h = o tanh(c) with gates f, i, o and g of the input and h; f is 1 in a cell that does not forget."""
    i, f, g, o, c, squashed, h, u, one = range(9)
    read = [(u, 0), (h, 1), (one, 0)]
    gates = [Connection(k, j, 3 * k + n, late) for k in (i, f, g, o) for n, (j, late) in enumerate(read)]
    kept = Connection(c, c, 12, 1, f if forgets else one, 0)
    cell = [kept, Connection(c, i, 12, 0, g, 0), Connection(squashed, c, 12, 0), Connection(h, o, 12, 0, squashed, 0)]
    kinds = [LOGISTIC, LOGISTIC, TANH, LOGISTIC, LINEAR, TANH, LINEAR]
    return dl.WiredNetwork(wire(gates + cell, kinds=kinds, inputs=1, output=(h, c), trained=12), [*rng.normal(size=12), 1.0])


@pytest.mark.parametrize("seed", range(4))
def test_a_cell_that_forgets_ends_in_a_known_box(seed):
    rng = np.random.default_rng(seed)
    network = memory_cell(rng, forgets=True)
    box = network.settling_box((np.array([-1.0]), np.array([1.0])))
    assert box is not None
    inputs = rng.choice([-1.0, 1.0], (400, 20, 1))
    inputs[:, :2] = [[-1.0], [1.0]]
    last = dl.trajectory(network, 50.0 * rng.normal(size=(20, network.dim)), inputs)[-100:]
    assert np.all((box[0] - 1e-6 <= last) & (last <= box[1] + 1e-6))
    assert memory_cell(rng, forgets=False).settling_box() is None


def test_several_answers_are_read_in_their_order():
    network = memory_cell(np.random.default_rng(0), forgets=True)
    assert network.dim == 2  # c and h
    assert network.readout(np.array([3.0, 5.0])).tolist() == [5.0, 3.0]


def test_a_squared_distance_and_its_exponential():
    """exp(-(u - x)^2): a radial unit from a square, against the formula."""
    distance, radial, u = range(3)
    edges = [Connection(distance, u, 0, 0), Connection(distance, radial, 1, 1), Connection(radial, distance, 1, 0, distance, 0)]
    network = dl.WiredNetwork(wire(edges, kinds=[LINEAR, EXPONENTIAL], inputs=1, output=radial, trained=2), [1.0, -1.0])
    x, v = np.linspace(0.0, 1.0, 5)[:, None], np.linspace(-2.0, 2.0, 5)[:, None]
    np.testing.assert_allclose(network.step(x, v), np.exp(-((v - x) ** 2)), rtol=1e-15)
    slope = 2.0 * (v - x) * np.exp(-((v - x) ** 2))
    np.testing.assert_allclose(network.jacobian(x, v)[..., 0], slope, rtol=1e-14)
    below, above = network.enclose(np.array([0.0]), np.array([1.0]), np.array([0.5]))
    assert 0.7788 < below < np.exp(-0.25) < 1.0 <= above < 1.0 + 1e-12  # squares are never negative


def test_what_is_no_smooth_network_is_refused():
    itself = Connection(0, 0, 0)
    with pytest.raises(InvalidInput, match="threshold units have no slope"):
        dl.WiredNetwork(wire([itself], kinds=[THRESHOLD], inputs=0, output=0, trained=1), [1.0])
    late = wire([itself, Connection(0, 1, 1, 1)], kinds=[TANH], inputs=1, output=0, trained=2)
    with pytest.raises(InvalidInput, match="read without delay"):
        dl.WiredNetwork(late, [1.0, 1.0])
    late = wire([itself, Connection(0, 1, 1, 0, 1, 1)], kinds=[TANH], inputs=1, output=0, trained=2)
    with pytest.raises(InvalidInput, match="read without delay"):
        dl.WiredNetwork(late, [1.0, 1.0])
    gated = wire([Connection(0, 0, 0, 1, 1, 0)], kinds=[THRESHOLD], inputs=1, output=0, trained=1)
    with pytest.raises(InvalidInput, match="gated connections"):
        threshold_network(gated, [1.0])
    with pytest.raises(InvalidInput, match=r"`weights` must have shape \(1,\)"):
        dl.WiredNetwork(wire([itself], kinds=[TANH], inputs=0, output=0, trained=1), [1.0, 2.0])
