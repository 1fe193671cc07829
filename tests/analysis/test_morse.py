"""Morse graphs against orbits, fixed points, a plain graph search and maps whose recurrent sets are known."""

import itertools

import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.morse import MorseKind, cells, merge
from dynlatch.analysis.morse.cells import Grid, Transitions, transitions
from dynlatch.analysis.morse.order import Components, components, reachable, successors_first
from dynlatch.errors import InvalidInput

FIVE = [[1.9, -0.35], [0.45, 1.7]]


def henon(a, u):
    return np.stack([1 - 1.4 * a[..., 0] ** 2 + a[..., 1], 0.3 * a[..., 0]], axis=-1)


def kinds(graph):
    return sorted(str(kind) for kind in graph.kinds)


def grid_of(lo, hi, *shape):
    return Grid(np.asarray(lo, dtype=float), np.asarray(hi, dtype=float), shape)


def test_one_latch():
    graph = analysis.morse_graph(dl.LatchNeuron(2.0), (-3, 3), 200)
    assert [str(k) for k in graph.kinds] == ["attractor", "repeller", "attractor"]
    assert graph.edges.tolist() == [[1, 0], [1, 2]]
    assert graph.index.tolist() == [1, -1, 1]
    assert graph.unstable_dimension.tolist() == [0, 1, 0]
    assert graph.proved
    assert not graph.leaves


@pytest.mark.parametrize("resolution", [100, 129, 256])
def test_five_fixed_points_and_two_attractors(resolution):
    graph = analysis.morse_graph(dl.AdditiveNetwork(FIVE), (-4, 4), resolution, rng=0)
    assert kinds(graph) == ["attractor", "attractor", "repeller", "saddle", "saddle"]
    assert sorted(graph.members) == [0, 1, 2, 3, 4]
    top = int(np.flatnonzero(graph.kinds == MorseKind.REPELLER)[0])
    assert graph.graph.out_degree(top) == 2
    assert len(graph.edges) == 6


@pytest.mark.parametrize(("n", "resolution"), [(1, 90), (2, 90), (3, 50)])
def test_independent_latches_form_a_cube(n, resolution):
    graph = analysis.morse_graph(dl.AdditiveNetwork(2.0 * np.eye(n)), (-3.1, 3), resolution, rng=0)
    assert len(graph) == 3**n
    assert len(graph.attractors) == 2**n
    assert graph.index.sum() == 1
    np.testing.assert_array_equal(graph.index, (-1) ** graph.unstable_dimension)
    # A face of the cube leads to its corners: one edge for each free direction and sign.
    assert len(graph.edges) == sum(2 * d * int(np.sum(graph.unstable_dimension == d)) for d in range(n + 1))


def test_a_cycle_shows_in_the_period():
    graph = analysis.morse_graph(dl.LatchNeuron(-2.0), (-3, 3), 101)
    assert kinds(graph) == ["attractor", "repeller"]
    attractor = int(graph.attractors[0])
    assert graph.period[attractor] == 2
    assert graph.index[attractor] == 0
    assert graph.morse_set(np.array([[1.91500805], [-1.91500805]])).tolist() == [attractor] * 2
    three = dl.AdditiveNetwork(2.0 * np.roll(np.eye(3), 1, axis=0))  # symmetric cycles of length 3 and 6
    graph = analysis.morse_graph(three, (-2.6, 2.5), 34, rng=0)
    assert 3 in graph.period[graph.attractors]


def test_a_rotation_out_of_the_box():
    graph = analysis.morse_graph(dl.AdditiveNetwork(1.5 * np.eye(2), activation="linear"), (-1, 1), 40, rng=0)
    assert kinds(graph) == ["repeller"]
    assert graph.leaves
    assert list(graph.graph.edges) == [(0, "outside")]
    empty = analysis.morse_graph(dl.AdditiveNetwork(0.1 * np.eye(1), [9.0], activation="linear"), (-1, 1), 10)
    assert len(empty) == 0
    assert "0 Morse sets" in empty.summary()
    assert np.all(empty.destinations == -1)
    empty.plot()


def test_henon_is_sampled_and_says_so():
    graph = analysis.morse_graph(dl.FunctionMap(henon, dim=2), ((-1.5, -0.5), (1.5, 0.5)), 256, rng=0)
    assert not graph.proved
    assert "not proved" in graph.summary()
    orbit = dl.trajectory(dl.FunctionMap(henon, dim=2), [0.1, 0.1], steps=3000)[100:]
    assert len(set(graph.morse_set(orbit))) == 1
    assert graph.morse_set(orbit)[0] >= 0


def test_threshold_units_have_a_graph_too():
    graph = analysis.morse_graph(dl.AdditiveNetwork(2.0 * np.eye(2), activation="threshold"), (-3, 3), 50)
    assert graph.fixed_points is None
    assert len(graph.attractors) == 4
    assert graph.proved
    assert np.isin(graph.attractors, graph.morse_set(np.array(list(itertools.product((-2.0, 2.0), repeat=2))))).all()


def random_net(rng, n):
    return dl.AdditiveNetwork(1.5 * rng.standard_normal((n, n)), 0.3 * rng.standard_normal(n))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 2]), st.integers(5, 60))
def test_everything_recurrent_is_in_a_morse_set(seed, n, resolution):
    rng = np.random.default_rng(seed)
    net = random_net(rng, n)
    graph = analysis.morse_graph(net, (-6, 6), resolution, rng=seed)
    assert np.all(graph.members >= 0)
    np.testing.assert_array_equal(graph.index.sum(), graph.fixed_points.index.sum())
    a = rng.uniform(-6, 6, (40, n))
    end = graph.destination(a)
    sets = [graph.morse_set(a)]
    for _ in range(300):
        a = net.step(a)
        sets.append(graph.morse_set(a))
    finite = ~(np.abs(a) > 6).any(-1)
    assert np.all(sets[-1][finite] >= 0)
    np.testing.assert_array_equal(sets[-1][end >= 0], end[end >= 0])
    reach = nx.transitive_closure(graph.graph, reflexive=True)
    for before, after in itertools.pairwise(sets):
        moved = (before >= 0) & (after >= 0)
        assert all(reach.has_edge(int(i), int(j)) for i, j in zip(before[moved], after[moved], strict=True))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 50))
def test_every_sink_is_forward_invariant_and_the_order_has_no_circle(seed, resolution):
    net = random_net(np.random.default_rng(seed), 2)
    graph = analysis.morse_graph(net, (-5, 5), resolution, rng=seed)
    assert nx.is_directed_acyclic_graph(graph.graph)
    assert nx.transitive_reduction(graph.graph).edges == graph.graph.edges
    for i in graph.attractors:
        inside = graph.graph.nodes[int(i)]["cells"]
        lo, hi = Grid(graph.lo, graph.hi, graph.resolution).boxes(inside)
        states = lo + np.random.default_rng(1).random((50, *lo.shape)) * (hi - lo)
        assert np.all(graph.destination(net.step(states)) == i)


def test_transitions_against_all_pairs():
    net = dl.AdditiveNetwork(FIVE)
    grid = grid_of([-4, -3], [3, 4], 9, 7)
    graph = transitions(grid, net.enclose)
    lo, hi = grid.boxes(np.arange(grid.cells))
    below, above = net.enclose(lo, hi)
    meets = np.all((below[:, None] <= hi) & (above[:, None] >= lo), axis=-1)
    for i in range(grid.cells):
        row = graph.targets[graph.pointers[i] : graph.pointers[i + 1]]
        assert sorted(row) == list(np.flatnonzero(meets[i]))
        assert graph.stays[i] == meets[i, i]
        assert graph.leaves[i] == bool(np.any(below[i] < grid.lo) or np.any(above[i] > grid.hi))


def random_transitions(rng, size, edges):
    pairs = np.unique(rng.integers(0, size, (edges, 2)), axis=0)
    pointers = np.searchsorted(pairs[:, 0], np.arange(size + 1))
    stays = np.isin(np.arange(size), pairs[pairs[:, 0] == pairs[:, 1], 0])
    return Transitions(pointers, pairs[:, 1].astype(np.int32), rng.random(size) < 0.1, stays), pairs


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(0, 120))
def test_components_and_reach_against_networkx(seed, size, edges):
    rng = np.random.default_rng(seed)
    graph, pairs = random_transitions(rng, size, edges)
    plain = nx.DiGraph()
    plain.add_edges_from(pairs.tolist())
    plain.add_nodes_from(range(size))
    found = components(graph)
    assert {frozenset(c) for c in nx.strongly_connected_components(plain)} == {
        frozenset(np.flatnonzero(found.labels == k)) for k in set(found.labels)
    }
    assert np.all(found.sources > found.targets)
    marks = np.where(rng.random(len(found.recurrent)) < 0.7, np.arange(len(found.recurrent)), -1)
    marks[marks >= 0] = np.arange(np.sum(marks >= 0)) + 70  # more than a word of 64 marks
    marks[0] = 0
    reach = reachable(found, marks, np.arange(len(marks)))
    plain.add_edges_from((int(i), "outside") for i in np.flatnonzero(graph.leaves))
    closure = nx.transitive_closure(plain, reflexive=True)
    for i in range(size):
        met = {int(marks[found.labels[j]]) if j != "outside" else 0 for j in closure.successors(i)} - {-1}
        row = found.labels[i]
        assert set(np.flatnonzero(reach.table[row])) == met
        assert reach.number[row] == len(met)
        if len(met) == 1:
            assert reach.one[row] in met


def test_labels_in_no_order_are_sorted():
    rng = np.random.default_rng(0)
    graph, _ = random_transitions(rng, 40, 50)
    labels = components(graph).labels - 1
    shuffled = rng.permutation(labels.max() + 1).astype(np.int32)[labels]
    for given_labels in (shuffled, labels.max() - labels):
        sorted_again = successors_first(given_labels, int(labels.max()) + 1, graph)
        assert np.all(np.repeat(sorted_again, np.diff(graph.pointers)) >= sorted_again[graph.targets])
        assert len(set(zip(labels, sorted_again, strict=True))) == len(set(labels))


def test_two_real_components_in_a_circle_are_not_merged():
    # Cells 0..4 in a row, all recurrent: 0 -> 1 -> 2 -> 3 -> 4, with 1 and 2 real; by distance alone 0, 1 and 2, 3 would pair.
    labels = np.array([5, 4, 3, 2, 1], dtype=np.int32)
    graph = Components(labels, np.array([False] + [True] * 5), np.array([2, 3, 4, 5]), np.array([1, 2, 3, 4]))
    known = np.array([False, False, False, True, True, False])
    sets, reach = merge.morse_sets(grid_of([0], [1], 5), graph, known)
    assert len({sets[4], sets[3], sets[1]}) == 3
    assert not np.any(np.triu(reach.table, 1) & np.tril(reach.table, -1).T)


def test_sets_merge_around_slow_points():
    # Each step moves a state by less than a cell: nearly every cell is recurrent.
    graph = analysis.morse_graph(dl.LeakyNetwork(FIVE, 0.02), (-4, 4), 60, rng=0)
    assert len(graph.attractors) == 2
    assert len(graph) <= 12
    assert set(graph.members) == set(graph.members[graph.members >= 0])


def test_given_fixed_points_and_seeds():
    net = dl.AdditiveNetwork(FIVE)
    found = analysis.fixed_points(net, rng=0)
    first = analysis.morse_graph(net, (-4, 4), 50, fixed_points=found)
    second = analysis.morse_graph(net, (-4, 4), 50, rng=5)
    np.testing.assert_array_equal(first.cells, second.cells)
    half = analysis.morse_graph(net, ((-4, 0.1), 4), (40, 20), fixed_points=found)
    assert len(half.fixed_points) < len(found)


def test_files_pictures_and_words(tmp_path):
    for net in (dl.LatchNeuron(-2.0), dl.AdditiveNetwork(FIVE), dl.AdditiveNetwork(2.0 * np.eye(3))):
        graph = analysis.morse_graph(net, (-3, 3), 24, rng=0)
        same = dl.load(graph.save(tmp_path / "morse"))
        assert same.summary() == graph.summary()
        assert same.graph.edges == graph.graph.edges
        np.testing.assert_array_equal(same.graph.nodes[0]["cells"], graph.graph.nodes[0]["cells"])
        assert graph.plot().get_title()
        _, ax = plt.subplots()
        assert graph.plot(ax) is ax
    for kind in MorseKind:
        assert kind.sentence
    assert graph.morse_set(np.array([[9.0, 0.0, 0.0]])).tolist() == [-1]


def test_too_large_is_refused_before_it_is_built(monkeypatch):
    net = dl.AdditiveNetwork(FIVE)
    with pytest.raises(InvalidInput, match="GiB"):
        analysis.morse_graph(net, (-4, 4), 10**5)
    monkeypatch.setattr(cells, "MOST_BYTES", 10**6)  # the cells fit, the transitions do not
    with pytest.raises(InvalidInput, match="transitions"):
        analysis.morse_graph(net, (-4, 4), 85)
    monkeypatch.setattr(merge, "MOST_SETS", 3)
    with pytest.raises(InvalidInput, match="recurrent sets"):
        analysis.morse_graph(net, (-4, 4), 40)


def test_bad_input():
    net = dl.AdditiveNetwork(FIVE)
    with pytest.raises(InvalidInput, match="3 dimensions"):
        analysis.morse_graph(dl.AdditiveNetwork(np.eye(4)), (-1, 1), 10)
    for bounds in ((1, -1), (0, np.nan), (1, 2, 3), ((0, 0, 0), 1)):
        with pytest.raises(InvalidInput, match="bounds"):
            analysis.morse_graph(net, bounds, 10)
    for resolution in (0, 1.5, (10, 10, 10), "many"):
        with pytest.raises(InvalidInput, match="resolution"):
            analysis.morse_graph(net, (-1, 1), resolution)
    with pytest.raises(InvalidInput, match="narrower"):
        analysis.morse_graph(dl.LatchNeuron(2.0), (1.0, 1.0 + 1e-14), 1000)
    with pytest.raises(InvalidInput, match="fixed_points"):
        analysis.morse_graph(net, (-1, 1), 10, fixed_points=analysis.fixed_points(dl.LatchNeuron(2.0)))
    nan = dl.FunctionMap(lambda a, u: np.log(a), dim=1)
    with pytest.raises(InvalidInput, match="a ="):
        analysis.morse_graph(nan, (-1, 1), 10)


@pytest.mark.parametrize("resolution", [2**32, 10**200])  # 2^64 cells are none in 64 bits
def test_more_cells_than_integers_count(resolution):
    with pytest.raises(InvalidInput, match="GiB"):
        analysis.morse_graph(dl.AdditiveNetwork(FIVE), (-5, 5), resolution)


def test_fixed_points_of_something_else():
    net = dl.AdditiveNetwork(FIVE)
    with pytest.raises(InvalidInput, match="those of another map"):
        analysis.morse_graph(net, (-5, 5), 10, fixed_points=analysis.fixed_points(dl.AdditiveNetwork(2.0 * np.eye(2)), rng=0))
    with pytest.raises(InvalidInput, match="result of"):
        analysis.morse_graph(net, (-5, 5), 10, fixed_points=3)
    with pytest.raises(InvalidInput, match="wider than float64"):
        analysis.morse_graph(net, (-1e308, 1e308), 10)
