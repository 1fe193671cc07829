"""State networks: both sweeps against every path listed, rare and impossible paths, and the map that comes out of training."""

import numpy as np
import pytest
from conformance import check_map
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles_states import all_paths, softmax_tables

import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import InvalidInput
from dynlatch.lanes.state_network import pass_through, passage, take
from dynlatch.training import train
from dynlatch.training.models.state_network import SoftmaxStates, StateTables
from dynlatch.training.models.topology import TWO_CHAINS, TWO_STATES, Topology, fully_connected, two_chains
from dynlatch.training.rules import BackPropagation, ExpectationMaximization, GeneralizedEM, StochasticAscent
from dynlatch.training.tasks import Latch, Parity, TwoSequence

SPARSE = Topology(((0, 1, 2), (1, 3), (2, 3), (3, 0)), (-0.5, 0.5), (2, 3))


def sweep(topology, probabilities, sequences, goals):
    """(counts (n, K, S, S), scores, answers) of the kernels, sequences of symbols side by side."""
    cell = StateTables(topology).cell()
    run, (j, i) = passage(cell, max(map(len, sequences))), np.array(topology.edges).T
    take(cell, np.asarray(probabilities), run)
    counts = np.zeros((len(sequences), topology.symbols, topology.states, topology.states))
    scores, answers = np.empty((2, len(sequences)))
    for n, (symbols, goal) in enumerate(zip(sequences, goals, strict=True)):
        run.symbols[: len(symbols)], run.counts[:] = symbols, 0.0
        answers[n], scores[n] = pass_through(cell, run, len(symbols), goal)
        counts[n][:, i, j] = run.counts.reshape(topology.symbols, -1)
    return counts, scores, answers


def tables_of(topology, probabilities):
    return StateTables(topology).network(probabilities).tables


@pytest.mark.parametrize("topology", [SPARSE, TWO_STATES, two_chains(1), fully_connected(3, (0.0, 1.0), (1, 2))])
def test_sweeps_agree_with_every_path_listed(topology):
    rng = np.random.default_rng(3)
    probabilities = StateTables(topology).initial([rng])[:, 0]
    sequences = [rng.integers(0, topology.symbols, length) for length in (1, 5, 3, 6, 2, 4, 6)]
    goals = rng.integers(0, 2, len(sequences))
    counts, scores, answers = sweep(topology, probabilities, sequences, goals)
    tables = tables_of(topology, probabilities)
    for n, symbols in enumerate(sequences):
        both = [all_paths(tables, topology.start, final, symbols) for final in topology.finals]
        likelihood, expected = both[goals[n]]
        np.testing.assert_allclose(answers[n], both[1][0] - both[0][0], atol=1e-14)
        if likelihood == 0:
            assert scores[n] == -np.inf
            assert not counts[n].any()
        else:
            np.testing.assert_allclose(scores[n], np.log(likelihood), rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(counts[n], expected, rtol=0, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_expected_transitions_sum_to_the_length(seed):
    rng = np.random.default_rng(seed)
    probabilities = StateTables(TWO_CHAINS).initial([rng])[:, 0]
    sequences = [rng.integers(0, 3, rng.integers(4, 40)) for _ in range(5)]
    counts, scores, _ = sweep(TWO_CHAINS, probabilities, sequences, rng.integers(0, 2, 5))
    possible = np.isfinite(scores)
    np.testing.assert_allclose(counts[possible].sum((1, 2, 3)), np.array(list(map(len, sequences)))[possible], rtol=1e-10)
    assert np.all(scores <= 1e-12)


@pytest.mark.parametrize("exponent", [-10, -75, -150, -300])
def test_rare_paths_lose_no_digits(exponent):
    # 0 -> 1 -> 2 is the only way to state 2: each step of probability 10^(exponent / 2).
    topology = Topology(((0, 1), (1, 2), (2,), (3,)), (), (3, 2))
    small = 10.0 ** (exponent / 2)
    probabilities = np.array([1 - small, small, 1 - small, small, 1.0, 1.0])
    counts, scores, _ = sweep(topology, probabilities, [[0, 0]], [1])
    assert scores[0] == pytest.approx(exponent * np.log(10), rel=1e-12)
    wanted = np.zeros((4, 4))
    wanted[1, 0] = wanted[2, 1] = 1.0
    np.testing.assert_allclose(counts[0, 0], wanted, atol=1e-12)


def test_far_below_the_smallest_float_too():
    topology = Topology(((0, 1), (1,)), (), (0, 1))
    stay = 1e-30
    counts, scores, _ = sweep(topology, np.array([stay, 1 - stay, 1.0]), [[0] * 100], [0])
    assert scores[0] == pytest.approx(-3000 * np.log(10))
    assert counts[0, 0, 0, 0] == pytest.approx(100)


def test_hard_zeros_and_impossible_goals_are_no_nan():
    topology = fully_connected(2, (0.0,), (0, 1))
    identity = np.array([1.0, 0.0, 0.0, 1.0])
    counts, scores, answers = sweep(topology, np.tile(identity, 2), [[0, 1, 0], [0, 1, 0]], [0, 1])
    assert scores.tolist() == [0.0, -np.inf]
    assert answers.tolist() == [-1.0, -1.0]
    assert not counts[1].any()
    np.testing.assert_array_equal(counts[0, :, 0, 0], [2, 1])


def test_the_case_where_an_existing_smoother_gives_nan():
    # A = [[1 - 1e-10, 1e-10], [.5, .5]] (rows: from), two steps, only the last state known, and both starts equally likely.
    topology = Topology(((1, 2), (1, 2), (1, 2)), (0.0,), (1, 2))
    e = 1e-10
    start, onward = [0.5, 0.5] * 3, [0.5, 0.5, 1 - e, e, 0.5, 0.5]
    counts, scores, _ = sweep(topology, np.array(start + onward), [[0, 1]], [1])
    chance = 0.5 * e + 0.25
    np.testing.assert_allclose(counts[0, 0, 1:, 0], [0.5 * e / chance, 0.25 / chance], rtol=1e-12)
    assert scores[0] == pytest.approx(np.log(chance))


def test_lanes_do_not_see_their_neighbours():
    rng = np.random.default_rng(0)
    probabilities = StateTables(SPARSE).initial([rng])[:, 0]
    sequences = [rng.integers(0, 3, length) for length in rng.integers(1, 60, 37)]
    goals = rng.integers(0, 2, 37)
    together = sweep(SPARSE, probabilities, sequences, goals)
    for n in (0, 17, 36):
        alone = sweep(SPARSE, probabilities, [sequences[n]], [goals[n]])
        assert all(np.array_equal(a[0], t[n]) for a, t in zip(alone, together, strict=True))


@pytest.mark.parametrize("kind", [StateTables, SoftmaxStates])
@pytest.mark.parametrize(("topology", "task"), [(TWO_CHAINS, TwoSequence(9)), (TWO_STATES, Parity(9))])
def test_outputs_are_the_networks_readout(kind, topology, task):
    model, rng = kind(topology), np.random.default_rng(1)
    theta = model.initial([rng])[:, 0]
    data = task.sample(40, rng)
    net = model.network(theta)
    p = dl.trajectory(net, np.eye(topology.states)[topology.start], inputs=data.inputs)
    wanted = net.readout(p[data.lengths, np.arange(40)])[:, 0]
    np.testing.assert_allclose(model.outputs(theta, data), wanted, atol=1e-13)
    again = model.column(net)
    np.testing.assert_allclose(model.network(again).tables, net.tables, atol=1e-14)
    if kind is SoftmaxStates:
        np.testing.assert_allclose(net.tables, softmax_tables(theta, topology), atol=1e-15)


def test_the_topology_of_the_paper():
    assert TWO_CHAINS.successors == ((0, 1, 4), (1, 2), (2, 3), (3,), (4, 5), (5, 6), (6,))
    assert (TWO_CHAINS.finals, TWO_CHAINS.states, TWO_CHAINS.symbols) == ((3, 6), 7, 3)
    assert StateTables(TWO_CHAINS).names[:2] == ("P(0|0,0)", "P(1|0,0)")


def random_network(K, S, seed):
    tables = np.random.default_rng(seed).dirichlet(np.ones(S), size=(K, S)).swapaxes(1, 2)
    return dl.StateNetwork(tables, np.linspace(-1, 1, K - 1) if K > 1 else [])


@pytest.mark.parametrize(("K", "S"), [(1, 2), (2, 2), (3, 7)])
def test_the_map_keeps_its_contracts(K, S):
    check_map(random_network(K, S, 0), 0)


def test_steps_stay_on_the_simplex_and_zeros_stay_zero():
    net = random_network(3, 5, 1)
    p = dl.trajectory(net, np.eye(5)[2], inputs=np.random.default_rng(0).normal(size=(300, 1)))
    np.testing.assert_allclose(p.sum(-1), 1.0, atol=1e-13)
    chains = StateTables(TWO_CHAINS).network(StateTables(TWO_CHAINS).initial([np.random.default_rng(0)])[:, 0])
    p = dl.trajectory(chains, np.eye(7)[1], inputs=np.ones((50, 1)))
    assert not p[:, [0, 4, 5, 6]].any()


def test_coefficients_of_forgetting():
    net = random_network(4, 6, 2)
    for k, A in enumerate(net.tables):
        columns = [0.5 * np.abs(A[:, a] - A[:, b]).sum() for a in range(6) for b in range(6)]
        assert net.tau_1()[k] == pytest.approx(max(columns))
        assert net.abs_det()[k] == pytest.approx(abs(np.linalg.det(A)))
        moduli = np.sort(np.abs(np.linalg.eigvals(A)))
        assert abs(net.second_eigenvalue()[k]) == pytest.approx(moduli[-2])
    assert np.all(np.abs(net.second_eigenvalue()) <= net.tau_1() + 1e-12)
    two = random_network(3, 2, 3)
    np.testing.assert_allclose(two.tau_1(), two.abs_det())
    swap = dl.StateNetwork([[[0.0, 1.0], [1.0, 0.0]]], [])
    assert swap.second_eigenvalue()[0] == pytest.approx(-1)


def test_the_only_fixed_point_is_the_stationary_distribution():
    net = random_network(2, 4, 4)
    found = analysis.fixed_points(dl.WithInput(net, [2.0]), bounds=(0.0, 1.0), rng=0)
    values, vectors = np.linalg.eig(net.tables[1])
    stationary = vectors[:, np.abs(values - 1).argmin()].real
    np.testing.assert_allclose(found.points, [stationary / stationary.sum()], atol=1e-10)
    assert found.stability.tolist() == ["attracting"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: dl.StateNetwork(np.eye(2), []), "3 axes"),
        (lambda: dl.StateNetwork([[[0.5, 0.5], [0.4, 0.5]]], []), "column 0 of matrix 0 sums to 0.9"),
        (lambda: dl.StateNetwork([np.eye(2)] * 3, [1.0, 0.0]), "must ascend"),
        (lambda: dl.StateNetwork([np.eye(2)] * 3, [1.0]), "shape"),
        (lambda: Topology(((0, 5), (1,)), (), (0, 1)), "states are 0 to 1"),
        (lambda: Topology(((0,), ()), (), (0, 1)), "every state needs successors"),
        (lambda: Topology(((0,), (1,)), (), (1, 1)), "two different states"),
        (lambda: Topology(((0,), (1,)), (1.0, 1.0), (0, 1)), "must ascend"),
        (lambda: StateTables(TWO_STATES).column(dl.LatchNeuron(1.0)), "needs a StateNetwork"),
        (lambda: ExpectationMaximization(patience=0), "`patience` must be at least 1"),
        (lambda: StochasticAscent(eta=-1.0), "`eta` must be positive"),
        (lambda: GeneralizedEM(det_weight=-1.0), "must not be negative"),
    ],
)
def test_bad_settings_are_refused(call, words):
    with pytest.raises(InvalidInput, match=words):
        call()


@pytest.mark.parametrize("rule", [ExpectationMaximization, GeneralizedEM, StochasticAscent])
def test_what_does_not_fit_is_refused_with_what_does(rule):
    wrong, right = (SoftmaxStates, StateTables) if rule is ExpectationMaximization else (StateTables, SoftmaxStates)
    with pytest.raises(InvalidInput, match=right.__name__):
        train(rule(), wrong(TWO_STATES), Parity(5), rng=0)
    refused = rule(det_weight=0.0).refuses(right(TWO_STATES), Latch(T=10))
    assert refused is not None
    assert "Latch has no symbols" in refused
    with pytest.raises(InvalidInput, match="weighted sums"):
        train(BackPropagation(eta=0.1), right(TWO_STATES), Parity(5), sequences=5, max_presentations=10, rng=0)
