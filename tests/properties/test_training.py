"""Tasks, models and rules: what is drawn depends on nothing but its stream, settings survive a file, runs can be cut."""

import json
import tempfile
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from conformance import check_products
from hypothesis import assume, given
from hypothesis import strategies as st
from properties.laws import law
from properties.strategies import SEEDS
from properties.training_settings import MODELS, RULES, TASKS, one_of_each
from properties.verbs import same

import dynlatch as dl
from dynlatch import training as tr
from dynlatch.results import _decode, _encode


def streams(seed, count):
    return np.random.default_rng(seed).spawn(count)


def through_a_file(value):
    arrays = {}
    return _decode(json.loads(json.dumps(_encode(value, arrays))), arrays)


@law(15)
@given(TASKS, st.integers(1, 6), SEEDS)
def test_sequences_are_those_of_their_stream(task, n, seed):
    for draw in (task.sample, task.training_set):
        task_of_trial = task.concrete(np.random.default_rng(seed))
        one, again = (getattr(task_of_trial, draw.__name__)(n, np.random.default_rng(seed)) for _ in range(2))
        assert same(one.inputs, again.inputs)
        assert same(one.targets, again.targets)
        assert one.inputs.shape == (one.inputs.shape[0], n, task.input_dim)
        assert one.lengths.shape == (n,)
        assert np.all((one.lengths >= 1) & (one.lengths <= task.T))
        assert np.all(np.isfinite(one.inputs))
        after = np.arange(len(one.inputs))[:, None] >= one.lengths
        assert not np.any(one.inputs[after])
        assert set(np.unique(one.targets)) <= {-1.0, 0.0, 1.0}
        if one.desired is not None:
            assert one.desired.shape == (*one.inputs.shape[:2], task.output_dim)
            assert np.all(np.isnan(one.desired[after]))


@law(15)
@given(TASKS, st.integers(1, 30))
def test_settings_of_tasks_survive_a_file(task, n):
    assert through_a_file(task) == task
    assert replace(task) == task
    assert task.streak(n) >= 1
    assert all(quiet.input.shape == (task.input_dim,) for quiet in task.quiet_inputs)


@law(12)
@given(MODELS, SEEDS, st.integers(1, 3))
def test_first_weights_and_maps_of_models(model, seed, trials):
    theta = model.initial(streams(seed, trials))
    assert np.all(np.isfinite(theta))
    assert theta.shape[-1] == trials
    first = model.initial(streams(seed, trials)[:1])
    assert np.array_equal(first[:, 0], theta[: len(first), 0])
    assert through_a_file(model) == model
    net = model.network(theta[:, 0])
    assert net.input_dim >= model.input_dim or model.input_dim == 1
    # Not the weights themselves: a softmax forgets what it shares, a hierarchy has only the levels in use.
    again = model.network(model.column(net))
    a, u = (np.random.default_rng(seed).normal(size=(3, size)) for size in (net.dim, net.input_dim))
    np.testing.assert_allclose(again.step(a, u), net.step(a, u), rtol=1e-9, atol=1e-12)


@law(4)
@given(MODELS, SEEDS)
def test_wired_networks_are_made_again_from_their_parts(model, seed):
    net = model.network(model.initial(streams(seed, 1))[:, 0])
    assume(isinstance(net, dl.WiredNetwork))
    twin = dl.WiredNetwork(net.wiring, net.weights)
    a, u = np.random.default_rng(seed).normal(size=(2, 4, max(net.dim, net.input_dim)))
    assert np.array_equal(twin.step(a[:, : net.dim], u[:, : net.input_dim]), net.step(a[:, : net.dim], u[:, : net.input_dim]))
    check_products(net, np.random.default_rng(seed))


@law(15)
@given(RULES, MODELS, TASKS)
def test_rules_fit_or_say_why_not(rule, model, task):
    assert through_a_file(rule) == rule
    words = rule.refuses(model, task)
    assert words is None or ("\n" not in words and len(words) > 10)


@pytest.mark.parametrize("rule", one_of_each(RULES), ids=lambda s: "rule")
@law(1)
@given(data=st.data(), bad=st.sampled_from((np.nan, np.inf, -np.inf)))
def test_settings_that_are_no_numbers_are_refused(rule, data, bad):
    made = data.draw(rule)
    for field in fields(made):
        if isinstance(getattr(made, field.name), float):
            with pytest.raises(dl.DynlatchError):
                replace(made, **{field.name: bad})


@pytest.mark.slow
@law(2)
@given(st.sampled_from((tr.BackPropagation, tr.WeightGuessing, tr.PseudoNewton)), st.integers(1, 4), st.integers(0, 2**31))
def test_runs_can_be_cut_anywhere(rule, trials, seed):
    task = tr.TwoSequence(T=8)
    run = {"test_sequences": 40, "rng": seed}
    monitor = tr.RegionMonitor(every=50, portrait_every=200)
    whole = tr.train(rule(), None, task, trials=trials, max_presentations=300, monitor=monitor, **run)
    assert isinstance(whole, tr.TrainingResult)
    assert all(isinstance(word, tr.TrainingOutcome) for word in whole.outcome)
    assert isinstance(whole.trace, tr.RegionTrace)
    assert all(isinstance(event, tr.RegionEvent) and event.kind in tr.RegionEventKind for event in whole.trace.events)
    alone = tr.train(rule(), None, task, trials=1, max_presentations=300, **run)
    assert np.array_equal(alone.progress.theta[:, 0], whole.progress.theta[:, 0])
    cut = tr.train(rule(), None, task, trials=trials, max_presentations=120, **run)
    rest = tr.resume(cut, max_presentations=300)
    assert np.array_equal(rest.progress.theta, whole.progress.theta)
    with tempfile.TemporaryDirectory() as folder:
        assert same(dl.load(whole.save(Path(folder) / "run")).progress.theta, whole.progress.theta)


@pytest.mark.slow
@law(1)
@given(st.integers(0, 2**31))
def test_workers_shards_and_blocks_make_no_difference(seed):
    task = tr.TwoSequence(T=8)
    cells = [
        tr.Cell(f"cell {k}", tr.WeightGuessing(), task, trials=6, max_presentations=200, test_sequences=40) for k in range(2)
    ]
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        serial = tr.sweep(cells, store=at / "serial", rng=seed)
        assert isinstance(serial, tr.Sweep)
        others = [
            tr.sweep(cells, store=at / "workers", rng=seed, jobs=2, block=4),
            tr.merge(
                [tr.sweep(cells, store=at / f"s{k}", rng=seed, shard=(k, 2)) and at / f"s{k}" for k in (1, 2)], at / "merged"
            ),
        ]
        for other in others:
            for one, two in zip(serial.cells, other.cells, strict=True):
                assert np.array_equal(one.error, two.error)
                assert np.array_equal(one.presentations, two.presentations)
