"""Maps on finitely many states: the map, its transition graph, attractors, basins and margins."""

import itertools

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.finite import SHOWN
from dynlatch.errors import InvalidInput, NotSmooth
from dynlatch.maps import FiniteMap
from dynlatch.networks.threshold import threshold_network
from dynlatch.training.contract import Sequences
from dynlatch.training.models import AnyWiring, Dense, ParityNet


def layered(seed, n=4, memory=(0, 2, 3), m=2):
    """A random network with connections within a step and units that nobody remembers."""
    rng = np.random.default_rng(seed)
    within = np.tril(rng.normal(size=(n, n)), -1)
    return dl.ThresholdNetwork(rng.normal(size=(n, len(memory))), rng.normal(size=n), rng.normal(size=(n, m)), within, memory)


def sign(a):
    return 1.0 if a >= 0.0 else -1.0


def slow_step(net, state, u):
    """Unit by unit."""
    out = []
    for i in range(len(net.W)):
        total = net.c[i] + sum(w * y for w, y in zip(net.W[i], state, strict=True))
        total += sum(v * y for v, y in zip(net.V[i], out, strict=False)) + sum(b * x for b, x in zip(net.B[i], u, strict=True))
        out.append(sign(total))
    return [out[i] for i in net.kept]


@pytest.mark.parametrize("seed", range(6))
def test_steps_are_those_of_the_units_one_by_one(seed):
    net, u = layered(seed), np.random.default_rng(seed).normal(size=2)
    assert [list(state) for state in net.states] == sorted(map(list, itertools.product((-1.0, 1.0), repeat=3)))
    expected = np.array([slow_step(net, state, u) for state in net.states])
    assert np.array_equal(net.step(net.states, u), expected)
    assert np.array_equal(net.step(net.states), [slow_step(net, state, [0.0, 0.0]) for state in net.states])
    inputs = np.stack([u, -u])[:, None]
    assert net.step(net.states, inputs).shape == (2, 8, 3)
    assert np.array_equal(net.step(net.states, inputs)[0], expected)


@pytest.mark.parametrize("model", [Dense(4, "threshold"), ParityNet("threshold"), ParityNet("threshold", order="synchronous")])
def test_the_network_of_a_wiring_gives_the_answers_of_the_wiring(model):
    rng = np.random.default_rng(2)
    column = rng.uniform(-1, 1, len(model.names))
    net = model.network(column)
    assert isinstance(net, dl.ThresholdNetwork)
    assert np.array_equal(model.column(net), column)
    inputs = rng.uniform(-1, 1, (7, 1))
    start = np.broadcast_to(model.cell().start, len(model.cell().kinds))[list(net.kept)]
    walked = dl.trajectory(net, start, inputs=inputs)[-1]
    sequences = Sequences(inputs[:, None], np.array([7]), np.array([1.0]))
    answer = model.outputs(np.r_[column, model.constants], sequences)
    assert walked[list(net.kept).index(model.cell().output)] == answer[0]


def slow_attractors(map, u):
    """By walking K steps from every state."""
    ends = []
    for state in map.states:
        for _ in range(len(map.states)):
            state = map.step(state, u)
        cycle = [tuple(state)]
        while tuple(state := map.step(state, u)) != cycle[0]:
            cycle.append(tuple(state))
        ends.append(frozenset(cycle))
    return ends


@given(st.integers(0, 10**6), st.floats(-2, 2))
@settings(max_examples=12, deadline=None)
def test_attractors_and_basins_are_those_of_long_walks(seed, u):
    net = dl.ThresholdNetwork(np.random.default_rng(seed).normal(size=(4, 4)), input_matrix=np.ones((4, 1)))
    found, ends = analysis.finite_attractors(net, [u]), slow_attractors(net, [u])
    cycles = [frozenset(map(tuple, points)) for points in found.points]
    assert set(cycles) == set(ends)
    assert [cycles[label] for label in found.labels] == ends
    assert found.sizes.sum() == 16
    for points in found.points:  # in the order of the walk, the lowest first
        assert np.array_equal(net.step(points, [u]), np.roll(points, -1, axis=0))
        assert points[0].tolist() == points.tolist()[0] == min(points.tolist())
    for state, time, label in zip(found.states, found.times, found.labels, strict=True):
        for _ in range(time):
            assert tuple(state) not in cycles[label]
            state = net.step(state, [u])
        assert tuple(state) in cycles[label]


def test_the_graph_has_one_edge_from_every_state():
    net = layered(1)
    graph = analysis.transition_graph(net, [0.3, -0.2])
    assert all(degree == 1 for _, degree in graph.out_degree())
    for node, ahead in graph.edges:
        assert np.array_equal(net.step(graph.nodes[node]["state"], np.array([0.3, -0.2])), graph.nodes[ahead]["state"])
    found = analysis.finite_attractors(net, [0.3, -0.2])
    assert networkx.number_weakly_connected_components(graph) == len(found)
    assert np.array_equal(found.basin(net.states), found.labels)
    assert found.basin(net.states[5]) == found.labels[5]


@pytest.mark.parametrize("seed", range(5))
def test_a_margin_is_the_least_input_that_changes_something(seed):
    rng = np.random.default_rng(seed)
    net, u = dl.ThresholdNetwork(rng.normal(size=(3, 3)), input_matrix=rng.normal(size=(3, 2))), rng.normal(size=2)
    corners = np.array(list(itertools.product((-1.0, 1.0), repeat=2)))
    for state in net.states:
        margin, kept = net.margin(state, u), net.step(state, u)
        below = 0.999 * margin * np.r_[corners, rng.uniform(-1, 1, (50, 2))]
        assert np.array_equal(net.step(state, u + below), np.broadcast_to(kept, (54, 3)))
        assert (net.step(state, u + 1.001 * margin * corners) != kept).any()


def test_no_unit_of_a_layered_network_changes_below_the_margin():
    net, rng = layered(4), np.random.default_rng(0)
    for state in net.states:
        below = 0.999 * net.margin(state) * rng.uniform(-1, 1, (100, 2))
        assert np.array_equal(np.sign(net.total_input(state, below)), np.tile(np.sign(net.total_input(state)), (100, 1)))


def test_an_attractor_survives_inputs_below_its_margin_and_may_leave_above():
    latch = dl.ThresholdNetwork([[1.5]])
    found = analysis.finite_attractors(latch, [0.5])
    assert found.margins.tolist() == [1.0, 2.0]
    rng = np.random.default_rng(0)
    for i, points in enumerate(found.points):
        noise = 0.99 * found.margins[i] * rng.choice([-1.0, 1.0], (50, 1))
        assert (dl.trajectory(latch, points[0], inputs=0.5 + noise) == points[0]).all()
    assert latch.step([-1.0], [0.5 + 1.01]) == 1.0


@pytest.mark.parametrize("w", [-2.0, 0.5, 3.0])
def test_margins_of_the_flip_flop(w):
    net = dl.FlipFlop(w, [[0.5, 1.0]])
    for x, u in itertools.product((-1.0, 1.0), itertools.product((-1.3, -0.1, 0.4, 2.0), repeat=2)):
        margin, kept = net.margin([x], np.array(u)), net.step([x], np.array(u))
        push = margin * np.array([[1.0, 1.0], [-1.0, -1.0]])
        assert (net.step([x], np.array(u) + 0.999 * push) == kept).all()
        assert (net.step([x], np.array(u) + 1.001 * push) != kept).any()


def test_a_flip_flop_latches_or_is_set():
    found = analysis.finite_attractors(dl.FlipFlop(2.0))
    assert (found.periods.tolist(), found.margins.tolist()) == ([1, 1], [0.5, 0.5])
    set_to = analysis.finite_attractors(dl.FlipFlop(2.0), [0.75])
    assert ([p.tolist() for p in set_to.points], set_to.sizes.tolist(), set_to.times.tolist()) == ([[[1.0]]], [2], [1, 0])


def test_a_solved_parity_net_has_two_states_under_minus_one_and_a_cycle_under_plus_one():
    """h = 1 where u and the old answer are both +1; the answer is their exclusive or."""
    net = ParityNet("threshold").network([1.0, 1.0, -1.0, -2.0, 1.0, 1.0, -1.0])
    answers = {(u, o): net.step([o], [u])[0] for u in (-1.0, 1.0) for o in (-1.0, 1.0)}
    assert all(answer == (1.0 if u != o else -1.0) for (u, o), answer in answers.items())
    assert analysis.finite_attractors(net, [1.0]).periods.tolist() == [2]
    assert analysis.finite_attractors(net, [-1.0]).periods.tolist() == [1, 1]


def test_margins_of_some_inputs_only():
    flip_flop = dl.FlipFlop(1.25, [[3.0, -2.0, 1.0]])
    assert analysis.finite_attractors(flip_flop, channels=[2]).margins.tolist() == [0.8, 0.8]
    net, u = layered(2, n=3, memory=(0, 1, 2)), np.array([0.4, -0.3])
    alone = dl.ThresholdNetwork(net.W, net.c, net.B[:, 1:], net.V)
    for state in net.states:
        fixed = np.abs(net.total_input(state, u)) / np.abs(net.B[:, 1])
        assert net.margin(state, u, [1]) == fixed.min() > net.margin(state, u)
    assert np.array_equal(alone.margin(net.states), net.margin(net.states, channels=[1]))


def test_an_unconnected_input_changes_nothing():
    for net in (dl.ThresholdNetwork([[1.0]], input_matrix=np.zeros((1, 2))), dl.FlipFlop(1.0, np.zeros((1, 2)))):
        assert analysis.finite_attractors(net).margins.tolist() == [np.inf, np.inf]


def test_round_trip_words_and_picture(tmp_path):
    found = analysis.finite_attractors(dl.ThresholdNetwork(-np.eye(3)), [0.1, 0.0, 0.0])
    again = dl.load(found.save(tmp_path / "found"))
    assert str(again) == str(found)
    assert "4 attractors on 8 states (output y) under the input [0.1, 0. , 0. ]: exact" in str(found)
    assert "--- -> +++" in str(found)
    ax = found.plot()
    assert len(ax.texts) == 4
    many = analysis.finite_attractors(dl.ThresholdNetwork(np.eye(5)))
    assert f"... and {32 - SHOWN} more" in many.summary()
    assert not many.plot().texts


def test_verbs_that_need_derivatives_name_the_one_that_does_not():
    with pytest.raises(NotSmooth, match="ThresholdNetwork has none: its states are finite, take `finite_attractors`"):
        analysis.fixed_points(dl.ThresholdNetwork([[1.0]]))


def test_refusals():
    assert not isinstance(dl.LatchNeuron(2.0), FiniteMap)
    with pytest.raises(InvalidInput, match="AdditiveNetwork has no finite set of `states`"):
        analysis.finite_attractors(dl.LatchNeuron(2.0))
    with pytest.raises(InvalidInput, match=r"`u` must have shape \(1,\)"):
        analysis.finite_attractors(dl.FlipFlop(), [1.0, 2.0])
    with pytest.raises(InvalidInput, match="is no state of this map"):
        analysis.finite_attractors(dl.FlipFlop()).basin([0.5])
    with pytest.raises(InvalidInput, match="have 1 components"):
        analysis.finite_attractors(dl.FlipFlop()).basin([1.0, 1.0])
    with pytest.raises(InvalidInput, match="strictly lower triangular"):
        dl.ThresholdNetwork(np.eye(2), within=np.eye(2))
    with pytest.raises(InvalidInput, match="`memory` must name 2 of the 3 units"):
        dl.ThresholdNetwork(np.ones((3, 2)))
    with pytest.raises(InvalidInput, match="1 to 16 state components; got 17"):
        dl.ThresholdNetwork(np.eye(17))
    mixed = AnyWiring(("tanh", "threshold"), ((0, 1, 0, 1), (1, 0, 1, 0)), start=1.0)
    with pytest.raises(InvalidInput, match="only if all of its units are threshold units"):
        threshold_network(mixed.cell(), [1.0, 1.0])
    older = AnyWiring(("threshold",), ((0, 0, 0, 2),), start=1.0)
    with pytest.raises(InvalidInput, match="remembers one step"):
        threshold_network(older.cell(), [1.0])
