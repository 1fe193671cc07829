"""Ring's transition hierarchies: the map, the rule against a slow transcription, what is built, and where the rate diverges."""

from itertools import pairwise

import numpy as np
import pytest
from conformance import check_map

import dynlatch as dl
from dynlatch.errors import InvalidInput
from dynlatch.networks.transition_hierarchy import HigherOrderNetwork
from dynlatch.training import Dense, Gap, HigherOrderLearning, Reber, TransitionHierarchy, TwoSequence, train
from dynlatch.training.trials import seeds, trial


def _network(rng, k=2, m=3, units=4):
    """Weights and structure drawn; every unit modifies a connection of its own."""
    modifies = []
    for unit in range(units):
        free = [(i, j) for i in range(k + unit) for j in range(m) if (i, j) not in modifies]
        modifies.append(free[rng.integers(len(free))])
    return HigherOrderNetwork(rng.normal(size=(k + units, m)), modifies, k)


def test_the_map_obeys_the_contracts_and_forgets():
    network = _network(np.random.default_rng(0))
    check_map(network, rng=1)
    u = np.random.default_rng(2).normal(size=(6, 3))
    ends = [dl.trajectory(network, a, inputs=u)[-1] for a in np.random.default_rng(3).normal(size=(2, 6))]
    assert ends[0][:2] == pytest.approx(ends[1][:2], abs=1e-12)
    assert np.array_equal(np.linalg.matrix_power(network.jacobian(np.zeros(6), u[0]), 5), np.zeros((6, 6)))


def test_a_column_is_its_network():
    model = TransitionHierarchy(capacity=6, input_dim=3, output_dim=2)
    network = _network(np.random.default_rng(4))
    again = model.network(model.column(network))
    assert np.array_equal(again.W, network.W)
    assert np.array_equal(again.modifies, network.modifies)


def _transcribed(strings, m, order, eta, sigma, theta, epsilon, capacity):
    """The rule on strings of symbols, with dictionaries: weights, and what each unit modifies."""
    units = [("output", k) for k in range(m)]
    w, mean, size = {}, {}, {}
    for which in order:
        string, x, past = strings[which], {}, []
        for now, then in pairwise(string):
            past.insert(0, now)
            before, x = x, {}
            for unit in units:
                x[unit] = w.get((unit, now), 0.0) + before.get(("modifies", unit, now), 0.0)
            delta, old = {}, list(units)
            for unit in old:
                error = (then == unit[1]) - x[unit] if unit[0] == "output" else delta.get(unit[1:], 0.0)
                levels, below = 0, unit
                while below[0] != "output":
                    levels, below = levels + 1, below[1]
                if levels >= len(past) or error == 0.0:
                    continue
                at = (unit, past[levels])
                delta[at] = error
                mean[at] = sigma * error + (1.0 - sigma) * mean.get(at, 0.0)
                size[at] = sigma * abs(error) + (1.0 - sigma) * size.get(at, 0.0)
                new = ("modifies", *at)
                if size[at] > theta * (abs(mean[at]) + epsilon) and new not in units and len(units) < m + capacity:
                    units.append(new)
                    for symbol in range(m):
                        mean[unit, symbol], size[unit, symbol] = 1.0, 0.0
            for at, error in delta.items():
                w[at] = w.get(at, 0.0) + eta * error
    return units, w


def test_the_rule_is_its_transcription():
    rule, task, m = HigherOrderLearning(eta=0.1, sigma=0.2), Gap(T=6, gap=3), 7
    model = TransitionHierarchy(9, m, m)
    result = train(rule, model, task, sequences=2, max_presentations=16, test_sequences=2, rng=3)
    assert result.presentations[0] == 16
    shown = trial(0, seeds(3, 1)[0], task, 2).sequences
    strings = np.concatenate([shown.inputs.argmax(2), shown.desired.argmax(2)[-1:]]).T.tolist()
    network = result.networks[0]
    # Which string comes when is drawn: the one that gives these weights is among all orders of two, eight times.
    found = []
    for coins in range(2**8):
        order = [s for r in range(8) for s in ((0, 1), (1, 0))[coins >> r & 1]]
        units, w = _transcribed(strings, m, order, 0.1, 0.2, 1.0, 0.1, 9)
        W = np.array([[w.get((unit, j), 0.0) for j in range(m)] for unit in units])
        under = [(units.index(unit[1]), unit[2]) for unit in units[m:]]
        if W.shape == network.W.shape and np.allclose(W, network.W, atol=1e-12) and np.array_equal(under, network.modifies):
            found.append(order)
    assert len(found) == 1
    assert len(network.modifies) > 3


def test_a_gap_is_learned_with_a_level_for_each_of_its_letters_and_no_longer_one():
    model = TransitionHierarchy(40, 13, 13)
    result = train(HigherOrderLearning(eta=0.25), model, Gap(T=12, gap=4), trials=3, test_sequences=2, sequences=2,
                   max_presentations=200, rng=0)  # fmt: skip
    assert np.all(result.error == 0.0)
    depth = []
    for network in result.networks:
        levels = [0] * 13
        for i, _ in network.modifies:
            levels.append(levels[i] + 1)
        depth.append(max(levels))
    assert min(depth) >= 4
    longer = Gap(T=12, gap=5).sample(2, 0)
    columns = result.progress.theta
    predicted = model.outputs(columns[:, 0], longer)[5]  # the symbol after the gap
    assert not np.array_equal(predicted.argmax(1), longer.desired[5].argmax(1))


def test_what_does_not_fit_is_refused():
    with pytest.raises(InvalidInput, match="TransitionHierarchy"):
        train(HigherOrderLearning(eta=0.1), Dense(5), TwoSequence(T=8), sequences=2, max_presentations=4)
    with pytest.raises(InvalidInput, match="outputs"):
        train(HigherOrderLearning(eta=0.1), TransitionHierarchy(4, 7, 1), Reber(T=9), sequences=2, max_presentations=4)
    with pytest.raises(InvalidInput, match="modify"):
        HigherOrderNetwork(np.zeros((3, 1)), [[1, 0], [1, 0]], 1)
