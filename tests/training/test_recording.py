"""Gradients recorded while a rule trains: every one of them, and of the weights that the sequence was shown to."""

from dataclasses import replace

import numpy as np
import pytest

from dynlatch import analysis
from dynlatch.lanes.shares import REACH
from dynlatch.training import resume, train
from dynlatch.training.block import keep, pack
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


def endless(rule, model, task):
    """A block whose trials go on when they have learned."""
    block = opened(rule, model, task)
    return replace(block, show=replace(block.show, lanes=block.show.lanes._replace(needed=10**9)))


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


def test_share_and_horizon_when_a_longer_lane_has_left():
    """Lanes that fill a pack keep the length that they were shown last: the others' shares do not come from its steps."""
    rule, model, task = BackPropagation(eta=0.2), Dense(3), TwoSequence(T=14)
    block = endless(rule, model, task)
    watch = RegionMonitor(every=1, last=4).open(model, task, block.show.lanes)
    block = replace(block, show=watch.attached(block.show))
    for at in range(1, 60):  # until the last lane of two was shown the longest sequence there is
        block.show.lanes.pause[0] = at
        rule.update(model, block.theta, block.state, block.show)
        if block.show.work.length[1] == block.show.lanes.lengths.max():
            break
    block = keep(block, np.array([0, 1]))
    lanes, shorter = block.show.lanes, 0
    for at in range(int(lanes.presentations[0]) + 1, int(lanes.presentations[0]) + 21):
        lanes.pause[0], before = at, block.theta.copy()
        lanes.probe.kept[:] = 0
        rule.update(model, block.theta, block.state, block.show)
        work = block.show.work
        shorter += work.length[:2].max() < work.length.max()
        for k in range(2):

            def slope_of_cost(a, target=work.target[k]):
                y = np.tanh(a[-1])
                return np.eye(3)[-1] * (y - 0.8 * target) * (1.0 - y * y)

            inputs = work.s[1 : work.length[k] + 1, 3:4, k]
            split = analysis.gradient_contributions(model.network(before[:, k]), np.zeros(3), inputs, slope_of_cost)
            seen_at, _, share, horizon = lanes.probe.rows[0, :, k]
            assert seen_at == at
            assert share == pytest.approx(split.share_within(4, "recurrent weights"), abs=1e-10)
            assert horizon == split.reach(REACH, "recurrent weights")
    assert shorter


def test_rules_that_look_now_and_then_are_looked_at_once_each_time():
    rule, model, task = BackPropagation(eta=0.1), Dense(3), TwoSequence(T=8)
    block = endless(rule, model, task)
    watch = RegionMonitor(every=25).open(model, task, block.show.lanes)
    show = watch.attached(block.show)
    show.lanes.presentations[:] = 2_000
    show.lanes.pause[0] = 2_060
    rule.update(model, block.theta, block.state, show)
    count = int(show.lanes.probe.kept[0])
    assert show.lanes.probe.rows[:count, 0, 0].tolist() == [2_001.0, 2_025.0, 2_050.0]


def test_looks_of_many_presentations_between_portraits():
    """More rows than there is room for: they are read in time."""
    run = {"trials": 2, "rng": 5, "sequences": 12, "max_presentations": 2_700, "test_sequences": 10}
    seen = train(
        BackPropagation(eta=1e-6), Dense(2), TwoSequence(T=8), **run, monitor=RegionMonitor(every=1, portrait_every=5_000)
    )
    for k, end in enumerate(seen.presentations.tolist()):
        assert seen.trace.rows(k, "looks")["presentation"].tolist() == list(range(end + 1))


def test_a_resumed_run_goes_on_looking_at_multiples():
    task, run = TwoSequence(T=8), {"monitor": RegionMonitor(every=30, portrait_every=300)}
    first = train(BackPropagation(eta=1e-6), Dense(2), task, trials=2, rng=5, sequences=12, max_presentations=100, **run)
    more = resume(first, max_presentations=200, **run)
    at = more.trace.rows(0, "looks")["presentation"]
    assert set(at.tolist()) >= {120, 150, 180}
    assert not set(at.tolist()) & {130, 160, 190}


def test_an_interrupted_run_keeps_what_was_recorded(monkeypatch):
    calls, update = [], BackPropagation.update

    def interrupted(self, *given):
        update(self, *given)
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(BackPropagation, "update", interrupted)
    run = {"trials": 2, "rng": 5, "sequences": 12, "max_presentations": 5_000, "test_sequences": 10}
    for portrait_every in (500, 5_000):
        calls.clear()
        monitor = RegionMonitor(every=100, portrait_every=portrait_every)
        seen = train(BackPropagation(eta=1e-6), Dense(2), TwoSequence(T=8), **run, monitor=monitor)
        shown = int(seen.presentations[0])
        assert shown > 500
        assert seen.trace.rows(0, "looks")["presentation"].tolist()[-1] == shown // 100 * 100


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.float32])
def test_inputs_of_a_task_may_be_other_numbers(kind):
    class Rounded(Parity):
        def training_set(self, n, rng):
            drawn = super().training_set(n, rng)
            return replace(drawn, inputs=np.round(drawn.inputs))

    class Other(Rounded):
        def training_set(self, n, rng):
            drawn = super().training_set(n, rng)
            return replace(drawn, inputs=drawn.inputs.astype(kind))

    rule, run = BackPropagation(eta=0.1), {"trials": 2, "rng": 1, "sequences": 6, "max_presentations": 60}
    one, other = (train(rule, ParityNet(), task(5), **run) for task in (Rounded, Other))
    np.testing.assert_array_equal(one.progress.theta, other.progress.theta)
