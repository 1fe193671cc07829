"""Settings of the rules: every one is checked by its own name, at the very edge of its range; and what a rule refuses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.lanes.random import states as stream
from dynlatch.training import Dense, FlipFlopLatch, FreeNet, LatchNet, SoftmaxStates, StateTables
from dynlatch.training import rules as r
from dynlatch.training.block import pack
from dynlatch.training.models import Chunker
from dynlatch.training.rules import (
    cascade_correlation,
    flip_flop_rule,
    gnarl,
    history_kernels,
    regularized_back_propagation,
    states,
)
from dynlatch.training.tasks import Latch, TwoSequence
from dynlatch.training.trials import seeds, trial

POSITIVE = {
    r.BackPropagation: ("eta",),
    r.BaumWelch: ("gain",),
    r.CascadeCorrelation: ("eta", "growth", "radius"),
    r.ClippedBackPropagation: ("eta", "threshold"),
    r.DiscreteErrorPropagation: ("eta", "margin"),
    r.FlipFlopRule: ("k", "rate"),
    r.FocusedBackPropagation: ("eta",),
    r.GeneralizedEM: ("eta", "slower", "faster", "slowest", "fastest"),
    r.HigherOrderLearning: ("eta", "sigma", "theta"),
    r.HistoryCompression: ("eta", "improvement"),
    r.LocalFeedback: ("eta",),
    r.MultigridRandomSearch: ("half_width", "smallest"),
    r.PseudoNewton: ("eta", "mu"),
    r.RealTimeRecurrentLearning: ("eta",),
    r.RegularizedBackPropagation: ("eta",),
    r.SimulatedAnnealing: ("temperature", "step", "bound"),
    r.StochasticAscent: ("eta", "slower", "faster", "slowest", "fastest"),
    r.TimeWeightedPseudoNewton: ("eta", "mu"),
    r.TruncatedBackPropagation: ("eta",),
    r.WeightGuessing: ("half_width",),
}
COUNTS = {
    r.BackPropagation: ("batch",),
    r.BaumWelch: ("patience", "starts"),
    r.CascadeCorrelation: ("candidates", "patience", "longest"),
    r.ExpectationMaximization: ("patience", "hold"),
    r.GNARL: ("most_units", "most_links"),
    r.GeneralizedEM: ("patience", "hold", "steps"),
    r.HistoryCompression: ("depth", "patience"),
    r.MultigridRandomSearch: ("patience",),
    r.SimulatedAnnealing: ("adjustments", "sweeps", "unchanged"),
    r.StochasticAscent: ("patience", "window"),
    r.TruncatedBackPropagation: ("batch",),
}
MOMENTUM = [
    *(r.BackPropagation, r.ClippedBackPropagation, r.FocusedBackPropagation, r.LocalFeedback, r.PseudoNewton),
    *(r.RealTimeRecurrentLearning, r.RegularizedBackPropagation, r.TimeWeightedPseudoNewton, r.TruncatedBackPropagation),
]
NOT_NEGATIVE = {
    r.ExpectationMaximization: ("det_weight", "gain"),
    r.GNARL: ("chance", "severity"),
    r.RegularizedBackPropagation: ("alpha",),
    r.SimulatedAnnealing: ("variation", "tolerance"),
    r.StochasticAscent: ("memory", "gain"),
}


def each(table):
    return [pytest.param(rule, name, id=f"{rule.__name__}-{name}") for rule, names in table.items() for name in names]


def refused(rule, name, value):
    with pytest.raises(InvalidInput, match=f"`{name}`"):
        rule(**{name: value})


@pytest.mark.parametrize(("rule", "name"), each(POSITIVE))
def test_positive_numbers(rule, name):
    for value in (0.0, -0.5, math.nan, math.inf):
        refused(rule, name, value)
    assert getattr(rule(**{name: 1e-3}), name) == 1e-3


@pytest.mark.parametrize(("rule", "name"), each(COUNTS))
def test_counts_begin_at_one(rule, name):
    for value in (0, -1, 1.5):
        refused(rule, name, value)
    assert getattr(rule(**{name: 1}), name) == 1


@pytest.mark.parametrize("rule", MOMENTUM, ids=lambda rule: rule.__name__)
def test_the_momentum_is_a_share_below_one(rule):
    assert rule().momentum == 0.0
    assert rule(momentum=0.99).momentum == 0.99
    for value in (1.0, -0.01, math.nan):
        refused(rule, "momentum", value)


@pytest.mark.parametrize(("rule", "name"), each(NOT_NEGATIVE))
def test_numbers_that_may_be_zero(rule, name):
    assert getattr(rule(**{name: 0.0}), name) == 0.0
    refused(rule, name, -1e-3)


def test_settings_with_a_range_of_their_own():
    refused(r.MultigridRandomSearch, "shrink", 0.0)
    refused(r.MultigridRandomSearch, "shrink", 1.01)
    assert r.MultigridRandomSearch(shrink=1.0).shrink == 1.0
    refused(r.SimulatedAnnealing, "cooling", 0.0)
    refused(r.SimulatedAnnealing, "cooling", 1.0)
    refused(r.HigherOrderLearning, "sigma", 1.0)
    refused(r.FlipFlopRule, "k", 2.0)
    assert r.FlipFlopRule(k=1.99).k == 1.99
    refused(r.GNARL, "population", 0)
    refused(r.GNARL, "population", 3)
    assert r.GNARL(population=2, chance=1.0).chance == 1.0
    refused(r.GNARL, "chance", 1.01)


def test_the_defaults_are_those_of_the_papers_or_documented():
    annealing = r.SimulatedAnnealing()
    assert (annealing.sweeps, annealing.variation, annealing.cooling, annealing.tolerance) == (20, 2.0, 0.85, 1e-4)
    assert annealing.unchanged == 4
    multigrid = r.MultigridRandomSearch()
    assert (multigrid.half_width, multigrid.shrink, multigrid.smallest, multigrid.patience) == (None, None, 1e-3, 200)
    cascade = r.CascadeCorrelation()
    assert (cascade.candidates, cascade.patience, cascade.longest) == (8, 12, 200)
    assert (cascade.eta, cascade.growth, cascade.radius) == (0.3, 1.75, 1.0)
    evolved = r.GNARL()
    assert (evolved.population, evolved.chance, evolved.most_units, evolved.most_links, evolved.severity) == (
        50,
        0.2,
        3,
        5,
        1.0,
    )
    ascent, steps = r.StochasticAscent(), r.GeneralizedEM()
    for rule in (ascent, steps):
        assert (rule.gain, rule.slower, rule.faster, rule.slowest, rule.fastest) == (0.05, 0.5, 1.5, 1e-4, None)
    assert (ascent.window, ascent.memory, steps.steps, steps.eta) == (20, 0.1, 30, 1.0)
    assert r.ExpectationMaximization().gain == 1e-3
    assert (r.FlipFlopRule().k, r.FlipFlopRule().rate, r.RegularizedBackPropagation().alpha) == (0.3, 1.0, 0.01)
    assert r.BackPropagation().batch == r.TruncatedBackPropagation().batch == 1


SLOPED = [
    *(r.BackPropagation, r.ClippedBackPropagation, r.FocusedBackPropagation, r.LocalFeedback, r.PseudoNewton),
    *(r.RealTimeRecurrentLearning, r.RegularizedBackPropagation, r.TimeWeightedPseudoNewton, r.TruncatedBackPropagation),
]


@pytest.mark.parametrize("rule", SLOPED, ids=lambda rule: rule.__name__)
def test_rules_that_need_slopes_say_so(rule):
    task, name = TwoSequence(T=5), rule.__name__
    assert rule().refuses(Dense(5, units="threshold"), task).startswith(f"{name} needs derivatives, and Dense has threshold ")
    assert rule().refuses(FlipFlopLatch(), task).startswith(f"{name} trains networks of weighted sums")
    if rule not in (r.FocusedBackPropagation, r.LocalFeedback):
        assert rule().refuses(Dense(5), task) is None


def test_searches_take_every_network_of_weighted_sums():
    for rule in (r.WeightGuessing(), r.MultigridRandomSearch(), r.SimulatedAnnealing()):
        assert rule.refuses(Dense(5, units="threshold"), TwoSequence(T=5)) is None
        assert rule.refuses(LatchNet(), Latch(T=5)) is None
        said = rule.refuses(FlipFlopLatch(), Latch(T=5))
        assert said.startswith(f"{type(rule).__name__} trains networks of weighted sums (Dense, ParityNet, LatchNet, ...); ")
        assert said.endswith("; FlipFlopLatch is none.")


def test_rules_of_state_networks_say_which_they_train():
    task = TwoSequence(T=5)
    for rule, own, other in (
        (r.ExpectationMaximization(), StateTables, SoftmaxStates),
        (r.GeneralizedEM(), SoftmaxStates, StateTables),
        (r.StochasticAscent(), SoftmaxStates, StateTables),
    ):
        assert rule.refuses(own(), task) is None
        assert own.__name__ in rule.refuses(other(), task)
        assert "no symbols" in rule.refuses(own(), Latch(T=5))


def test_what_the_rules_of_state_networks_hand_to_their_kernels():
    rule = r.StochasticAscent(patience=7, sharpness=0.25, gain=0.5, slower=0.25, faster=2.0, slowest=1e-3, fastest=4.0)
    asked = states.schedule(rule, 9, 0.75)
    assert tuple(getattr(asked, name) for name in ("window", "gain", "slower", "faster", "slowest", "fastest", "memory")) == (
        9, 0.5, 0.25, 2.0, 1e-3, 4.0, 0.75,
    )  # fmt: skip
    ends = states.ending(r.ExpectationMaximization(hold=2, sharpness=0.3, patience=5, gain=0.125))
    assert tuple(ends) == (2, 0.3, 5, 0.125)


def test_one_of_those_that_are_true_each_as_likely():
    random, among = stream([np.random.SeedSequence(5)]), np.array([False, True, True, False, True, True])
    drawn = np.bincount([gnarl.pick(random, 0, among) for _ in range(4000)], minlength=6)
    assert drawn[~among].sum() == 0
    assert np.all(np.abs(drawn[among] - 1000) < 5 * np.sqrt(750))
    assert gnarl.pick(random, 0, np.zeros(6, bool)) == -1


def test_words_are_members_of_their_list():
    assert r.FlipFlopRule(share="all steps").share is flip_flop_rule.Share.ALL
    with pytest.raises(InvalidInput, match="`share`"):
        r.FlipFlopRule(share="half")


def test_a_step_of_quickprop():
    """Ascent where nothing was done before; then to the top of the parabola, at most `growth` times the last step."""
    growth, eta = 2.0, 0.5
    #        first  to the top   top too far  no top ahead  past the top  flat
    slope = [0.4, 1.0, 3.0, 5.0, -1.0, 4.0]
    before = [0.0, 3.0, 3.5, 4.0, 3.0, 4.0]
    step = [0.0, 0.2, 0.2, 0.2, 0.2, -0.2]
    wanted = [0.2, 0.5 * 0.2 + 0.5, 0.4 + 1.5, 0.4 + 2.5, -0.25 * 0.2, -0.4]
    w, slope, before, step = np.zeros(6), np.array(slope), np.array(before), np.array(step)
    cascade_correlation.quickprop(w, slope, before, step, eta, growth)
    np.testing.assert_allclose(step, wanted, rtol=1e-14)
    np.testing.assert_allclose(w, wanted, rtol=1e-14)
    np.testing.assert_array_equal(before, slope)


def test_steps_without_error_do_not_silence_those_after_them():
    """Weights of 1e-3: of 140 steps the errors of the first are below the least float, and the loss is that of the last."""
    model, task = Dense(2, radius=1e-3), TwoSequence(T=140)
    rule = r.RegularizedBackPropagation(eta=0.5, alpha=1.0)
    block = pack(rule, model, [trial(0, seeds(0, 1)[0], task, 4)], None, 5)
    before = block.theta.copy()
    block.show.lanes.pause[0] = 1
    rule.update(model, block.theta, block.state, block.show)
    changed = np.abs(block.theta - before)[: model.cell().trained, 0]
    assert np.all(np.isfinite(changed))
    assert changed.max() > 1.0  # dOmega/dw is about 2 / |W|


def test_the_first_population_is_that_of_the_seed():
    model, rule = FreeNet(2), r.GNARL(population=4)
    show = pack(rule, model, [trial(0, seeds(0, 1)[0], TwoSequence(T=5), 4)], None, 5).show
    theta = np.zeros((len(model.names), show.lanes.lengths.shape[0]))

    def weights(*seeds):
        streams = [np.random.SeedSequence(seed) for seed in (*seeds, *[9] * (theta.shape[1] - len(seeds)))]
        return rule.init(model, theta, show, streams)[0]

    first, again, other = weights(1, 2), weights(1, 2), weights(2, 1)
    assert first.shape == (4, *theta.shape)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[1:, :, 0], other[1:, :, 1])
    assert np.abs(first[1:, :, 0] - first[1:, :, 1]).max() > 0.0
    assert not first[0].any()  # the first is the net of the trial
    assert len(np.unique(first[1:, :, 0], axis=0)) == 3


def test_the_squared_errors_of_a_chunker():
    """Of one step and the answer: the first prediction is the bias of the outputs, and nothing is learned at eta = 0."""
    model = Chunker(3, input_dim=2, tolerance=0.4, surprise="by information")
    cell, rng = model.cell(), np.random.default_rng(3)
    theta, u = np.concatenate([model.initial([rng])[:, 0], model.constants]), np.array([0.7, -0.4])
    theta[-1] = 1.0
    bias = history_kernels._places(cell, 0)[4]
    theta[bias : bias + 2] = 0.1, 0.2
    room = history_kernels.room_of(cell, 1, 1)
    room.w[:], room.u[1, :, 0] = theta, u
    y, squares = history_kernels.through(cell, room, 0, 1, 0.8, 0.0, np.inf)
    assert squares == pytest.approx(0.6**2 + 0.6**2 + (y - 0.8) ** 2, rel=1e-13)
    np.testing.assert_array_equal(room.w, theta)


def test_steps_that_carry_nothing_do_not_silence_those_after_them():
    """Units that are saturated at step 2 of 4: the loss of the steps after it stays as it is without that step."""
    net, rng, T = Dense(2).cell(), np.random.default_rng(4), 4
    n, width = len(net.kinds), len(net.kinds) + net.inputs + 1
    theta, s, d = (
        rng.standard_normal((net.trained, 1)),
        rng.uniform(-0.9, 0.9, (T + 1, width, 1)),
        rng.standard_normal((T + 2, n, 1)),
    )
    s[1, :n] = 1.0  # slope zero: v = 0 at t = 1

    def loss(s, d, length):
        g = np.zeros_like(theta)
        regularized_back_propagation.add_loss(net, theta, length, s, d, 0.7, np.empty(n), g, 0)
        return g

    whole, rest = loss(s, d, T), loss(np.ascontiguousarray(s[1:]), np.ascontiguousarray(d[1:]), T - 1)
    np.testing.assert_array_equal(whole, rest)
    assert np.abs(rest).max() > 0.0
    assert not loss(s, d, 2).any()
