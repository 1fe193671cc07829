"""Gradients recorded while a rule trains: every one of them, and of the weights that the sequence was shown to."""

from dataclasses import replace

import numpy as np
import pytest

from dynlatch import analysis
from dynlatch.lanes.shares import REACH
from dynlatch.training import train
from dynlatch.training.block import pack
from dynlatch.training.models import Dense, LatchNet, ParityNet
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.rules import BackPropagation, LocalFeedback, MultigridRandomSearch, RealTimeRecurrentLearning
from dynlatch.training.tasks import Latch, Parity, TwoSequence
from dynlatch.training.trials import seeds, trial

RULES = (
    (BackPropagation(eta=0.2), Dense(3), TwoSequence(T=14)),
    (RealTimeRecurrentLearning(eta=0.2), ParityNet(), Parity(T=9)),
    (LocalFeedback(eta=0.2), LatchNet(), Latch(T=11)),
)


def opened(rule, model, task, trials=18):
    return pack(rule, model, [trial(k, seed, task, 7) for k, seed in enumerate(seeds(2, trials))], None, 10**6)


def step_by_step(rule, model, task, until, every):
    """(presentation, lane) -> log-norm, from the weights before each step and what was shown: one call a presentation."""
    block, told = opened(rule, model, task), {}
    for at in range(1, until + 1):
        before = block.theta.copy()
        block.show.lanes.pause[0] = at
        rule.update(model, block.theta, block.state, block.show)
        work, n = block.show.work, len(model.cell().kinds)
        for k in np.flatnonzero(block.show.lanes.presentations[:18] == at).tolist() if at % every == 0 else ():
            network = model.network(before[:, k])
            inputs = work.s[1 : work.length[k] + 1, n : n + model.input_dim, k]
            decay = analysis.gradient_decay(network, beginning(model, network), inputs, norm="fro")
            told[at, k] = decay.log_norms[-1]
    return told


def beginning(model, network):
    start = np.asarray(model.cell().start)
    return network.f.invert(start) if hasattr(network, "f") else network.start


@pytest.mark.parametrize(("rule", "model", "task"), RULES, ids=lambda value: type(value).__name__)
def test_rows_are_those_of_single_steps(rule, model, task):
    until, every = 12, 3
    expected = step_by_step(rule, model, task, until, every)
    block = opened(rule, model, task)
    watch = RegionMonitor(every=every, portrait_every=10**6).open(model, task, block.show.lanes)
    watch.seen[:] = until  # no portrait
    watch.look(block.theta, block.show, block.numbers)
    show = watch.attached(block.show)
    for at in (every, until):
        show.lanes.pause[0] = at
        rule.update(model, block.theta, block.state, show)
        watch.look(block.theta, show, block.numbers)
    looks = watch.close().looks
    found = dict(zip(zip(looks["presentation"].tolist(), looks["trial"].tolist(), strict=True), looks["log_norm"], strict=True))
    assert found.keys() - expected.keys() == {(0, k) for k in range(18)}, "and one before the first presentation"
    for place, log_norm in expected.items():
        assert found[place] == pytest.approx(log_norm, abs=1e-10)


def test_share_and_horizon_of_a_recorded_presentation():
    rule, model, task = BackPropagation(eta=0.2), Dense(4), TwoSequence(T=25)
    block = opened(rule, model, task)
    watch = RegionMonitor(every=1, last=4).open(model, task, block.show.lanes)
    show, before = watch.attached(block.show), block.theta.copy()
    show.lanes.pause[0] = 1
    rule.update(model, block.theta, block.state, show)
    for k in range(18):
        length, target = show.work.length[k], show.work.target[k]

        def slope_of_cost(a, target=target):
            y = np.tanh(a[-1])
            return np.eye(4)[-1] * (y - 0.8 * target) * (1.0 - y * y)

        network = model.network(before[:, k])
        split = analysis.gradient_contributions(network, np.zeros(4), show.work.s[1 : length + 1, 4:5, k], slope_of_cost)
        at, _, share, horizon = show.lanes.probe.rows[0, :, k]
        assert at == 1.0
        assert share == pytest.approx(split.share_within(4, "recurrent weights"), abs=1e-10)
        assert horizon == split.reach(REACH, "recurrent weights")


@pytest.mark.parametrize("every", [1, 7, 50])
def test_no_look_is_missing_and_no_bit_changes(every):
    """Trials that end at different times leave the block; each has a look at every multiple, and one at its end."""
    run = {"trials": 20, "rng": 5, "sequences": 12, "max_presentations": 1_300, "test_sequences": 10}
    rule, task = BackPropagation(eta=0.1), TwoSequence(T=10)
    plain = train(rule, Dense(3), task, **run)
    seen = train(rule, Dense(3), task, **run, monitor=RegionMonitor(every=every, portrait_every=300))
    assert len(set(plain.presentations.tolist())) > 3
    np.testing.assert_array_equal(seen.progress.theta, plain.progress.theta)
    for k, end in enumerate(plain.presentations.tolist()):
        at = seen.trace.rows(k, "looks")["presentation"]
        portraits = seen.trace.rows(k)["presentation"].tolist()
        wanted = {0, *range(every, end + 1, every), *portraits}
        assert at.tolist() == sorted(wanted)
        assert portraits[0] == 0
        assert portraits[-1] == end
        assert set(range(0, end + 1, 300)) <= set(portraits)


def test_rules_that_record_nothing_are_looked_at_from_outside():
    rule, task = MultigridRandomSearch(half_width=1.0, shrink=0.9), TwoSequence(T=8)
    result = train(
        rule, Dense(3), replace(task, half_width=0.1), trials=2, rng=0, sequences=6, max_presentations=240,
        monitor=RegionMonitor(every=60, portrait_every=120),
    )  # fmt: skip
    for k, end in enumerate(result.presentations.tolist()):
        assert len(result.trace.rows(k, "looks")["presentation"]) >= end // 60
