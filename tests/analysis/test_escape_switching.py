import itertools

import matplotlib as mpl
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.escape.directions import escape_directions
from dynlatch.analysis.escape.switching import SwitchingThresholds, switching_thresholds
from dynlatch.analysis.escape.switching.verb import in_stages
from dynlatch.errors import InvalidInput

mpl.use("Agg")
U2 = 0.5328399753535521


def lands(map, start, inputs, steps=4000):
    """Where the inputs lead: a plain loop."""
    a = np.array(start, dtype=float)
    for u in inputs:
        a = map.step(a, u)
    for _ in range(steps):
        a = map.step(a)
    return a


@pytest.fixture(scope="module")
def neuron():
    return switching_thresholds(dl.LatchNeuron(2.0, 0.1), rng=0)


@pytest.fixture(scope="module")
def uncoupled():
    return switching_thresholds(dl.AdditiveNetwork(np.diag([2.0, 3.0])), rng=0)


def test_one_neuron_has_two_switches(neuron):
    np.testing.assert_allclose(neuron.upper, [[0, U2 - 0.1], [U2 + 0.1, 0]], rtol=2e-6)
    np.testing.assert_allclose(neuron.lower, [U2 - 0.1, U2 + 0.1], rtol=1e-9)
    np.testing.assert_array_equal(neuron.via, -1)


def test_uncoupled_units_switch_one_by_one(uncoupled):
    """Unit 1 turns at u*(2), unit 2 at u*(3): a switch of both costs the larger, and none is cheaper than the smaller."""
    U3 = np.sqrt(6.0) - np.arctanh(np.sqrt(2 / 3))
    for i, j in itertools.permutations(range(4), 2):
        turned = np.sign(uncoupled.points[i]) != np.sign(uncoupled.points[j])
        truth = U3 if turned[1] else U2
        assert truth * (1 - 1e-9) <= uncoupled.upper[i, j] <= 1.01 * truth
    np.testing.assert_allclose(uncoupled.lower, U2, rtol=1e-6)


def test_witnesses_lead_where_they_say(uncoupled):
    net, seen = dl.AdditiveNetwork(np.diag([2.0, 3.0])), 0
    for i, j in itertools.permutations(range(len(uncoupled)), 2):
        inputs = uncoupled.witness(i, j)
        assert (inputs is None) == np.isinf(uncoupled.direct[i, j])
        if inputs is not None:
            seen += 1
            assert np.abs(inputs).max() == uncoupled.direct[i, j] >= uncoupled.lower[i]
            np.testing.assert_allclose(lands(net, uncoupled.points[i], inputs), uncoupled.points[j], atol=1e-6)
    assert seen >= 8


def test_ways_in_stages_cost_their_dearest_stage(uncoupled):
    for i, j in itertools.permutations(range(len(uncoupled)), 2):
        route = uncoupled.route(i, j)
        assert (route[0], route[-1]) == (i, j)
        assert uncoupled.upper[i, j] == max(uncoupled.direct[a, b] for a, b in itertools.pairwise(route))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_stages_against_all_simple_paths(seed):
    rng = np.random.default_rng(seed)
    direct = np.where(rng.random((5, 5)) < 0.6, rng.random((5, 5)), np.inf)
    np.fill_diagonal(direct, 0.0)
    graph = nx.DiGraph()  # filled by hand: an old networkx asks for pandas when it is given a list
    graph.add_edges_from((i, j) for i, j in itertools.permutations(range(5), 2) if np.isfinite(direct[i, j]))
    graph.add_nodes_from(range(5))
    upper, _ = in_stages(direct)
    for i, j in itertools.permutations(range(5), 2):
        paths = nx.all_simple_paths(graph, i, j)
        assert upper[i, j] == min((max(direct[a, b] for a, b in itertools.pairwise(p)) for p in paths), default=np.inf)


def test_out_of_reach():
    """The input hears only the first unit: the second keeps its bit."""
    net = dl.AdditiveNetwork(np.diag([2.0, 2.0]), None, "tanh", [[1.0], [0.0]])
    found = switching_thresholds(net, rng=0)
    assert np.isfinite(found.upper).sum() == 8
    assert found.route(0, 3) is None
    assert "-" in found.summary()


def test_graph_saved_shown_and_drawn(uncoupled, neuron, tmp_path):
    graph = uncoupled.graph()
    assert isinstance(graph, nx.DiGraph)
    assert graph.number_of_nodes() == 4
    assert all(cost == uncoupled.direct[i, j] for i, j, cost in graph.edges(data="cost"))
    again = dl.load(uncoupled.save(tmp_path / "switches"))
    assert again.summary() == uncoupled.summary()
    np.testing.assert_array_equal(again.upper, uncoupled.upper)
    np.testing.assert_array_equal(again.witness(0, 1), uncoupled.witness(0, 1))
    for result in (uncoupled, neuron):
        assert "switches" in result.plot().get_title()


def test_same_seed_same_result(neuron):
    again = switching_thresholds(dl.LatchNeuron(2.0, 0.1), rng=0)
    np.testing.assert_array_equal(again.upper, neuron.upper)


def test_bad_input():
    with pytest.raises(InvalidInput, match="at least two"):
        switching_thresholds(dl.LatchNeuron(0.5), rng=0)
    with pytest.raises(InvalidInput, match="effort"):
        switching_thresholds(dl.LatchNeuron(2.0), effort="most")
    with pytest.raises(InvalidInput, match="directions"):
        escape_directions(dl.LatchNeuron(2.0), [1.915008], [[0.0]])


def test_directions(tmp_path):
    net = dl.AdditiveNetwork(np.diag([2.0, 3.0]))
    point = analysis.fixed_points(net, rng=0).attractors.points[-1]
    found = escape_directions(net, point, [[1.0, 0.0], [0.0, -2.0]], rng=0)
    truth = [U2, np.sqrt(6.0) - np.arctanh(np.sqrt(2 / 3))]
    np.testing.assert_allclose(found.lower, truth, rtol=1e-6)
    np.testing.assert_allclose(found.upper, truth, rtol=1e-6)
    assert found.easiest == 0
    for d, inputs in zip(found.directions, found.witnesses, strict=True):
        np.testing.assert_array_equal(inputs @ [-d[1], d[0]], 0.0)
        assert np.abs(lands(net, point, inputs) - point).max() > 1.0
    again = dl.load(found.save(tmp_path / "directions"))
    assert again.summary() == found.summary()
    assert again.plot().get_xlabel() == "input 1"
    single = escape_directions(dl.LatchNeuron(2.0), [1.915008])
    assert single.plot().get_xlabel() == "input"


@pytest.mark.parametrize("n", [1, 2, 9])
def test_pictures_of_an_escape(n):
    """Draws from the record alone: a cobweb, a plane, principal directions; lines, and a heat map of many inputs."""
    net = dl.AdditiveNetwork(2.0 * np.eye(n))
    result = analysis.escape_threshold(net, np.full(n, 1.9150080481545))
    ax = result.plot()
    assert ax.get_title() == "u* = 0.53284"
    below = ax.figure.axes[0] if ax.figure.axes[0] is not ax else ax.figure.axes[1]
    assert "the last" in below.get_xlabel()
    assert below.get_ylabel() == ("input u" if n <= 6 else "input number")


def _switches(points, direct):
    k = len(points)
    return SwitchingThresholds(
        attractors=tuple(np.array(point, dtype=float)[None] for point in points),
        lower=np.zeros(k),
        upper=direct,
        direct=direct,
        via=np.full((k, k), -1),
        witnesses=(np.zeros((0, 1)),) * k**2,
        norm=np.inf,
        coordinates="activation a",
    )


def test_attractors_that_would_cover_each_other_are_drawn_on_a_circle():
    k = 7
    direct = 1.0 + np.add.outer(np.arange(k), np.arange(k)) / 10.0  # from i the cheapest way leads to 0, from 0 to 1
    np.fill_diagonal(direct, 0.0)
    axes = _switches([[x, 0.0] for x in range(k)], direct).plot()
    nodes = axes.collections[0].get_offsets()
    np.testing.assert_allclose(np.linalg.norm(nodes, axis=1), 1.0)
    np.testing.assert_allclose(nodes[0], [0.0, 1.0], atol=1e-15)
    told = [text.get_text() for text in axes.texts if "." in text.get_text()]
    assert sorted(told) == ["1.1", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6"]


def test_no_switch_is_said_in_the_picture():
    none = np.where(np.eye(3, dtype=bool), 0.0, np.inf)
    axes = _switches([[0.0], [1.0], [2.0]], none).plot()
    assert "no switch was found" in [text.get_text() for text in axes.texts]
