"""`GradientAudit`: what it sees, what it writes, and that it neither raises nor takes more than its share."""

import json
import re
import time

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.audit import live
from dynlatch.analysis.audit.glance import few
from dynlatch.analysis.fixed_points.follow import follow_fixed_points
from dynlatch.errors import InvalidInput


def flipflop(w):
    return dl.AdditiveNetwork([[w, 0.1], [-0.1, w]], input_matrix=np.eye(2))


@pytest.fixture
def watch(tmp_path):
    return analysis.GradientAudit(every=2, path=tmp_path / "audit.jsonl", at_most=1e9)


def lines(watch):
    return [json.loads(line) for line in watch.path.read_text(encoding="utf-8").splitlines()]


def test_audits_come_at_the_first_step_and_every_so_many_after(watch):
    made = [watch(flipflop(0.5 + 0.25 * step)) is not None for step in range(7)]
    assert made == [True, True, False, True, False, True, False]
    assert [report.name for report in watch.audits] == ["step 1", "step 2", "step 4", "step 6"]
    assert watch.failures == {}


def test_its_numbers_are_those_of_the_verbs(watch):
    network = flipflop(1.5)
    report = watch(network)
    full = analysis.fixed_points(network)
    np.testing.assert_allclose(report.memory_states.points, full.attractors.points, atol=1e-10)
    inputs = live.sequences_of(2, None, None, np.zeros(2), np.random.default_rng(0), False).parts[0][:, :4]
    decay = analysis.gradient_decay(network, np.zeros(2), inputs)
    np.testing.assert_allclose(report.along_inputs.log_norms, decay.log_norms, atol=1e-10)
    cost = live.cost_of(network, live.sequences_of(2, inputs, None, np.zeros(2), None, False), None, None, batch_first=False)
    last = dl.trajectory(network, np.zeros((4, 2)), inputs)[-1]
    split = analysis.gradient_contributions(network, np.zeros((4, 2)), inputs, cost.gradient(last, np.arange(4)))
    np.testing.assert_allclose(report.contributions.log_norms, split.log_norms, atol=1e-10)
    assert abs(report.contributions.projections.sum(0) - 1.0).max() < 1e-10
    assert report.left_out


def test_every_line_is_an_audit_in_the_schema_and_the_file_is_a_film(watch):
    for w in (0.5, 1.0, 1.5, 2.0):
        watch(flipflop(w))
    written = lines(watch)
    assert [line["step"] for line in written] == [1, 2, 4]
    plain = watch.audits[0].to_dict()
    assert {key: written[0][key] for key in plain} == json.loads(json.dumps(plain))
    film = analysis.film_strip(watch.path)
    assert film.track("memories") == watch.film().track("memories")
    assert film.frames[0].trajectories.shape[1:] == (4, 2)
    np.testing.assert_allclose(film.frames[-1].trajectories, watch.film().frames[-1].trajectories, atol=1e-3)


def test_points_are_followed_and_new_ones_found():
    rng = np.random.default_rng(0)
    before = analysis.fixed_points(flipflop(2.0))
    after = follow_fixed_points(flipflop(2.02), before.points, 10.0, rng)
    full = analysis.fixed_points(flipflop(2.02))
    np.testing.assert_allclose(after.points, full.points, atol=1e-9)
    assert after.completeness == "checksum passed"
    # From one point alone the indices do not sum to +1, and fresh starts look for the others.
    found = follow_fixed_points(flipflop(2.02), before.attractors.points[:1], 10.0, rng)
    assert len(found) > 2
    assert set(found.stability) >= {analysis.Stability.ATTRACTING}


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (object(), "module"),
        ({"weight_ih": [[np.nan]], "weight_hh": [[1.0]]}, "finite"),
        ({}, "recurrent"),
        (dl.AdditiveNetwork(1e30 * np.eye(2), [1.0, 1.0], "relu", input_matrix=np.eye(2)), "finite"),
        (dl.FunctionMap(lambda a, u: a, 2), "parameters|module"),
    ],
)
def test_a_degenerate_net_leaves_a_reason(watch, model, reason):
    with np.errstate(all="raise"):
        assert watch(model) is None
    assert list(watch.failures) == [1]
    assert re.search(reason, watch.failures[1])
    assert lines(watch)[0]["failure"] == watch.failures[1]
    assert watch(flipflop(1.5)) is not None  # and the next step goes on


def test_wrong_inputs_are_a_reason_too_and_wrong_settings_an_error():
    watch = analysis.GradientAudit(every=1, inputs=np.zeros((5, 3)))
    assert watch(flipflop(1.0)) is None
    assert "2" in watch.failures[1]
    for settings in ({"every": 0}, {"at_most": 0.0}, {"at_most": -1.0}):
        with pytest.raises(InvalidInput):
            analysis.GradientAudit(**settings)


def test_a_disk_that_cannot_be_written_does_not_stop_the_training(tmp_path):
    watch = analysis.GradientAudit(every=1, path=tmp_path / "no" / "such" / "folder.jsonl")
    assert watch(flipflop(1.0)) is None
    assert "folder.jsonl" in watch.failures[1]


def test_an_interrupt_passes_and_leaves_whole_lines(watch, monkeypatch):
    watch(flipflop(1.0))

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(live, "glance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        watch(flipflop(1.0))
    monkeypatch.undo()
    watch(flipflop(1.0))
    watch(flipflop(1.0))
    assert [line["step"] for line in lines(watch)] == [1, 4]


def test_audits_that_would_take_more_than_their_share_are_put_off(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(live.time, "perf_counter", lambda: clock[0])
    watch = analysis.GradientAudit(every=1, at_most=0.05)

    def slow(*_):
        clock[0] += 1.0
        raise InvalidInput("took a second")

    monkeypatch.setattr(live, "glance", slow)
    for _ in range(1000):
        clock[0] += 0.1
        watch(flipflop(1.0))
    assert len(watch.failures) > 1
    assert watch.spent / (clock[0] - 0.1) <= 0.05
    assert len(watch.failures) >= 4


def test_a_step_without_an_audit_costs_next_to_nothing():
    watch = analysis.GradientAudit(every=10**9)
    network = flipflop(1.0)
    watch(network)
    began = time.process_time()
    for _ in range(10_000):
        watch(network)
    assert time.process_time() - began < 0.2


def test_the_sequences_of_the_most_common_length_are_followed():
    assert list(few(np.array([3, 7, 7, 5, 7]))) == [1, 2, 4]
    assert list(few(np.full(9, 4))) == [0, 1, 2, 3]


def test_long_and_unequal_sequences(watch):
    rng = np.random.default_rng(0)
    watch.inputs = [rng.standard_normal((T, 2)) for T in (40, 1300, 1300)]
    report = watch(flipflop(1.5))
    assert report.along_inputs.log_norms.shape == (100, 2)
    assert "last 100 steps of 2" in report.inputs_from


def test_a_large_network_is_looked_at_without_products_of_its_jacobians():
    n = 520
    W = 0.5 * np.random.default_rng(3).standard_normal((n, n)) / np.sqrt(n)
    watch = analysis.GradientAudit(every=1)
    report = watch(dl.ElmanNetwork(W, np.ones((n, 1)), None))
    assert not watch.failures
    assert report.along_inputs.norm == "fro"
    assert len(report.memory_states) == 1
    assert report.memories[0].radius == pytest.approx(np.abs(np.linalg.eigvals(W)).max(), rel=1e-8)
    assert len(report.left_out) == 3


def test_of_many_audits_every_other_is_kept(monkeypatch):
    monkeypatch.setattr(live, "KEPT", 4)
    watch = analysis.GradientAudit(every=1, at_most=1e9)
    assert watch.share == 0.0
    for w in np.linspace(0.5, 0.9, 6):
        watch(flipflop(w))
    assert [report.name for report in watch.audits] == ["step 1", "step 3", "step 5", "step 6"]
    assert 0.0 < watch.share <= 1.0
