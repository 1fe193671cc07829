"""Prior knowledge: nets that begin as automata, what is proved about them, weights that latch, units in an order."""

from itertools import product

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.analysis import scalar_latch
from dynlatch.errors import InvalidInput
from dynlatch.training.automata import PARITY, TOMITA, Automaton
from dynlatch.training.models import (
    AnyWiring,
    Dense,
    FirstOrderAutomaton,
    FocusedNet,
    Latching,
    SecondOrderAutomaton,
    SequentialNet,
    StateTables,
)
from dynlatch.training.prior import latch_weight, noise_tolerance, prove_automaton

RULES = (FirstOrderAutomaton, SecondOrderAutomaton)
AUTOMATA = {"parity": PARITY, "Tomita 3": TOMITA[3], "Tomita 4": TOMITA[4], "Tomita 7": TOMITA[7]}
RNG = np.random.default_rng(0)


def _net(model):
    return model.network(model.initial([RNG])[:, 0])


def _answers(net, inputs):
    """The answers (T, n) of one net on inputs (T, n)."""
    a, found = np.repeat(net.start[None], inputs.shape[1], axis=0), []
    for u in inputs:
        a = net.step(a, u[:, None])
        found.append(a @ net.readout.matrix[0])
    return np.array(found)


def _accepted(automaton, strings):
    """The same as -1 or +1, by the automaton; strings (T, n)."""
    return np.array(
        [[1.0 if automaton.accepts(column[: t + 1]) else -1.0 for column in strings.T] for t in range(len(strings))]
    )


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("name", AUTOMATA)
def test_rules_are_followed_on_all_strings(rules, name):
    automaton = AUTOMATA[name]
    strings = np.array(list(product((0, 1), repeat=8))).T
    answers = _answers(_net(rules(automaton)), 2.0 * strings - 1.0)
    assert np.all(answers * _accepted(automaton, strings) > 0.99)


@pytest.mark.parametrize("rules", RULES)
def test_what_is_proved_holds_under_noise_and_the_witness_goes_wrong(rules):
    automaton, net = TOMITA[1], _net(rules(TOMITA[1]))
    found = noise_tolerance(net, automaton)
    assert 0.1 < found.lower < found.upper < 1.0
    proof = prove_automaton(net, automaton, found.lower)
    assert proof.proved
    rng = np.random.default_rng(1)
    strings = rng.integers(2, size=(60, 40))
    disturbed = 2.0 * strings - 1.0 + found.lower * rng.choice([-1.0, 1.0], strings.shape)
    right = _accepted(automaton, strings)
    assert np.all(_answers(net, disturbed) * right >= proof.margin)

    u = found.witness
    assert np.all(np.abs(np.abs(u) - 1.0) <= found.upper + 1e-12)
    said = _answers(net, u[:, None])[-1, 0] > 0.0
    assert said != automaton.accepts((u > 0).astype(int))


def test_weak_rules_are_not_proved_and_do_go_wrong():
    net = _net(SecondOrderAutomaton(TOMITA[4], strength=4.0))
    assert not prove_automaton(net, TOMITA[4]).proved
    found = noise_tolerance(net, TOMITA[4])
    assert found.lower == 0.0
    assert found.upper < 0.02
    assert found.witness is not None


def test_states_that_no_string_reaches_have_no_box():
    lonely = Automaton(((0, 0), (0, 1)), (0,))
    proof = prove_automaton(_net(FirstOrderAutomaton(lonely)), lonely)
    assert proof.proved
    assert np.isnan(proof.low[1]).all()
    assert np.isfinite(proof.low[0]).all()


def test_the_second_order_net_is_that_of_logistic_units():
    machine, H = TOMITA[3], 16.0
    net, n = _net(SecondOrderAutomaton(machine, H)), machine.states
    S = np.eye(n)[machine.start]
    a = net.start
    for k in (1, 0, 1, 1, 0, 0):
        total = np.full(n, -H / 2)
        for j in range(n):
            after = machine.after[j][k]
            total[after] += H * S[j]
            if after != j:
                total[j] -= H * S[j]
        S, a = 1.0 / (1.0 + np.exp(-total)), net.step(a, np.array([2.0 * k - 1.0]))
        assert np.allclose((1.0 + a[:n]) / 2.0, S, rtol=0, atol=1e-14)


@pytest.mark.parametrize("bound", [1e-3, 0.5, 7.0])
def test_latch_weight_is_the_least_that_stands_the_bound(bound):
    w = latch_weight(bound)
    assert scalar_latch(w).thresholds[1] == pytest.approx(bound, rel=1e-9)
    logistic = latch_weight(bound, "logistic")
    assert min(scalar_latch(logistic, bias=-logistic / 2, activation="logistic").thresholds) == pytest.approx(bound, rel=1e-6)


def test_latching_nets_begin_as_latches():
    theta = Latching(Dense(3), w=1.5).initial([RNG, RNG])
    plain = Dense(3).initial([np.random.default_rng(5)])
    assert theta.shape == (plain.shape[0], 2)
    for column in theta.T:
        assert np.array_equal(np.diag(Dense(3).network(column).W), [1.5] * 3)
    A1 = AnyWiring(("logistic",), ((0, 0, 0, 1), (0, 1, 1, 0), (0, 2, 2, 0)))
    net = _net(Latching(A1, w=2.0))
    quiet = np.array([0.0])
    assert dl.trajectory(net, [0.9], steps=200)[-1, 0] > 0.9
    assert dl.trajectory(net, [0.1], steps=200)[-1, 0] < 0.1
    assert np.allclose(net.step(np.array([0.5]), quiet), 0.5)
    column = Latching(A1).initial([RNG])[:, 0]
    assert np.array_equal(Latching(A1).column(Latching(A1).network(column)), column)


def test_no_connection_goes_back_a_stage():
    model = SequentialNet((2, 1, 2), input_dim=2)
    net = _net(model)
    J = net.jacobian(net.start + 0.3)[:5, :5]
    stage = np.array([0, 0, 1, 2, 2])
    assert np.all(J[stage[:, None] < stage] == 0.0)
    assert np.all(J[stage[:, None] >= stage] != 0.0)
    blocks = np.concatenate([np.linalg.eigvals(J[np.ix_(stage == k, stage == k)]) for k in range(3)])
    assert np.allclose(np.sort_complex(np.linalg.eigvals(J)), np.sort_complex(blocks))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: FirstOrderAutomaton(PARITY, strength=0.0), "strength"),
        (lambda: SecondOrderAutomaton(Automaton(((0,),), (0,))), "two symbols"),
        (lambda: prove_automaton(dl.LatchNeuron(2.0), PARITY), "WiredNetwork"),
        (lambda: prove_automaton(_net(FirstOrderAutomaton()), PARITY, noise=-1.0), "noise"),
        (lambda: latch_weight(0.0), "bound"),
        (lambda: latch_weight(1.0, "relu"), "activation"),
        (lambda: Latching(Dense(2), w=1.0), "above 1"),
        (lambda: Latching(StateTables()), "self-connections"),
        (lambda: Latching(FocusedNet(2)), "self-connections"),
        (lambda: SequentialNet(()), "stages"),
    ],
)
def test_settings_that_do_not_fit_are_refused(make, said):
    with pytest.raises(InvalidInput, match=said):
        make()
