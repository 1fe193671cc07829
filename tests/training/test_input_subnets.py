"""Softmax subnets of real inputs: sweeps against every path, slopes against differences, and what they learn."""

import numpy as np
import pytest
from conformance import check_map
from oracles_states import all_paths

import dynlatch as dl
from dynlatch.errors import InvalidInput
from dynlatch.lanes.softmax_states import transitions
from dynlatch.lanes.state_network import pass_through, take
from dynlatch.networks import SubnetNetwork
from dynlatch.training import resume, train
from dynlatch.training.block import pack
from dynlatch.training.models.input_subnets import InputSubnets, passage
from dynlatch.training.models.topology import TWO_CHAINS, TWO_STATES, Topology, fully_connected
from dynlatch.training.rules import BackPropagation, ExpectationMaximization, GeneralizedEM, StochasticAscent
from dynlatch.training.rules.subnets import climb, move
from dynlatch.training.tasks import Latch, Parity, TwoSequence
from dynlatch.training.trials import seeds, trial

SPARSE = Topology(((0, 1, 2), (1, 2), (0, 2)), (), (1, 2))
TOPOLOGIES = [TWO_STATES, SPARSE, fully_connected(3, (), (1, 2))]


def swept(model, theta, inputs, goal):
    """(table, counts, answer, score) of the kernels for one sequence of inputs (T, m)."""
    cell, T = model.cell(), len(inputs)
    run = passage(cell, T)
    table = np.empty(run.counts.size)
    transitions(cell, theta[:, None], 0, inputs[None, None], 0, 0, T, table)
    take(cell, table, run)
    answer, score = pass_through(cell, run, T, goal)
    return table, run.counts.copy(), answer, score


@pytest.mark.parametrize("inputs", [1, 2])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_sweeps_agree_with_every_path_listed(topology, inputs):
    model, rng = InputSubnets(topology, inputs), np.random.default_rng(3)
    theta, u = model.initial([rng])[:, 0], rng.normal(size=(5, inputs))
    matrices, (j, i) = model.network(theta).matrix(u), np.array(topology.edges).T
    for goal in (0, 1):
        table, counts, answer, score = swept(model, theta, u, goal)
        np.testing.assert_allclose(table.reshape(5, -1), matrices[:, i, j], atol=1e-14)
        both = [all_paths(matrices, topology.start, final, range(5)) for final in topology.finals]
        assert answer == pytest.approx(both[1][0] - both[0][0], abs=1e-13)
        assert score == pytest.approx(np.log(both[goal][0]), rel=1e-12)
        np.testing.assert_allclose(counts.reshape(5, -1), both[goal][1][:, i, j], atol=1e-12)


@pytest.mark.parametrize("weight", [0.0, 0.7])
@pytest.mark.parametrize("topology", TOPOLOGIES)
def test_slopes_agree_with_differences(topology, weight):
    model, rng = InputSubnets(topology, 2), np.random.default_rng(5)
    theta, u, S = model.initial([rng])[:, 0], rng.normal(size=(6, 2)), topology.states
    table, counts, _, _ = swept(model, theta, u, 1)
    slope, room = np.zeros(len(theta)), (np.empty((S, S)), np.empty((S, S)))
    climb(model.cell(), table, counts, 0, u[None, None], 0, 0, 6, weight, *room, slope)

    def value(x):
        matrices = model.network(x).matrix(u)
        p = np.eye(S)[topology.start]
        for A in matrices:
            p = A @ p
        return np.log(p[topology.finals[1]]) + weight * np.abs(np.linalg.det(matrices)).sum()

    h = 1e-5
    differences = [(value(theta + h * e) - value(theta - h * e)) / (2 * h) for e in np.eye(len(theta))]
    np.testing.assert_allclose(slope, differences, atol=2e-9)


def test_moves_follow_the_slope_and_centre_rows():
    model, rng = InputSubnets(SPARSE), np.random.default_rng(0)
    theta, slope = model.initial([rng]), rng.normal(size=len(model.names))
    u, moved = rng.normal(size=(4, 1)), theta.copy()
    move(model.cell(), moved, 0, slope, 0.5)
    wanted = model.network(theta[:, 0] + 0.5 * slope).matrix(u)
    np.testing.assert_allclose(model.network(moved[:, 0]).matrix(u), wanted, atol=1e-14)
    move(model.cell(), moved, 0, 1e3 * slope, 1.0)
    assert np.abs(moved).max() == 8.0


@pytest.mark.parametrize("task", [TwoSequence(12), Parity(12)])
def test_slow_generalised_em_never_falls(task):
    """At the rate below 4 / (T max(1 + u^2)); inputs are within +-1.2."""
    eta = 3.9 / (12 * (1 + 1.2**2))
    rule = GeneralizedEM(0.0, 10**6, 10**6, -np.inf, steps=5, eta=eta, slowest=eta, fastest=eta)
    model = InputSubnets(TWO_CHAINS if isinstance(task, TwoSequence) else TWO_STATES)
    chosen = [trial(k, seed, task, 20) for k, seed in enumerate(seeds(0, 2))]
    made = pack(rule, model, chosen, None, 10**6)
    scores = [likelihoods(model, made.theta, chosen)]
    for epoch in range(1, 30):
        made.show.lanes.pause[0] = 20 * epoch
        rule.update(model, made.theta, made.state, made.show)
        scores.append(likelihoods(model, made.theta, chosen))
    assert np.diff(scores, axis=0).min() > -1e-12
    assert np.all(np.array(scores[-1]) > np.array(scores[0]) + 0.01)


def likelihoods(model, theta, chosen):
    """The mean log-likelihood of each trial, by products of matrices."""
    found = []
    for column, own in zip(theta.T, chosen, strict=True):
        net, data, total = model.network(column), own.sequences, 0.0
        for k, length in enumerate(data.lengths):
            p = dl.trajectory(net, net.start, inputs=data.inputs[:length, k])[-1]
            total += np.log(p[model.states.finals[int(data.targets[k] > 0)]]) / len(data.lengths)
        found.append(total)
    return found


def test_the_network_is_a_smooth_map():
    net = InputSubnets(SPARSE, 2).network(np.random.default_rng(1).normal(size=21))
    check_map(net)
    again = SubnetNetwork(net.biases, net.weights, first=1)
    np.testing.assert_array_equal(again.start, [0.0, 1.0, 0.0])
    np.testing.assert_allclose(net.matrix(np.zeros(2)).sum(0), 1.0)


def test_outputs_and_columns():
    model, rng = InputSubnets(TWO_CHAINS), np.random.default_rng(1)
    theta, data = model.initial([rng])[:, 0], TwoSequence(9).sample(30, rng)
    net = model.network(theta)
    p = dl.trajectory(net, net.start, inputs=data.inputs)
    wanted = net.readout(p[data.lengths, np.arange(30)])[:, 0]
    np.testing.assert_allclose(model.outputs(theta, data), wanted, atol=1e-13)
    np.testing.assert_array_equal(model.column(net), theta)
    with pytest.raises(InvalidInput, match="take one that its"):
        InputSubnets(TWO_STATES).column(net)


@pytest.mark.parametrize(("rule", "share"), [(GeneralizedEM, 1.0), (StochasticAscent, 0.8)])
@pytest.mark.parametrize(("task", "topology"), [(TwoSequence(15), "two-chains"), (Parity(15), "two-states")])
def test_they_learn_from_real_inputs(rule, share, task, topology):
    result = train(rule(), InputSubnets(topology), task, trials=10, rng=1, max_presentations=20_000)
    assert np.mean(result.error < 0.02) >= share


@pytest.mark.parametrize("rule", [GeneralizedEM, StochasticAscent])
def test_cuts_change_no_bit(rule):
    model = InputSubnets()
    whole = train(rule(), model, TwoSequence(8), trials=3, sequences=37, max_presentations=1000, rng=2)
    part = train(rule(), model, TwoSequence(8), trials=3, sequences=37, max_presentations=53, rng=2)
    for limit in (170, 611, 1000):
        part = resume(part, max_presentations=limit)
    assert np.array_equal(part.progress.theta, whole.progress.theta)
    assert np.array_equal(part.presentations, whole.presentations)


def test_what_does_not_fit_is_refused():
    model, two = InputSubnets(), InputSubnets(TWO_STATES, 2)
    assert "lookup tables" in ExpectationMaximization(det_weight=0.0).refuses(model, TwoSequence(9))
    assert "drawn anew" in StochasticAscent().refuses(InputSubnets(TWO_STATES, 7), Latch(9))
    assert "reads 2 inputs" in GeneralizedEM().refuses(two, TwoSequence(9))
    assert BackPropagation().refuses(model, TwoSequence(9)) is not None
    with pytest.raises(InvalidInput, match="two-chains"):
        InputSubnets("chains")
    for biases, weights, said in (
        ([[0.0, 0.0]], np.zeros((1, 2, 1)), "must have shape"),
        ([[0.0, -np.inf], [0.0, -np.inf]], np.zeros((2, 2, 1)), "every state needs one"),
    ):
        with pytest.raises(InvalidInput, match=said):
            SubnetNetwork(biases, weights)
