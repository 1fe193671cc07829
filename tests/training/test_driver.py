"""`train`: counting, ends of trials, reproducibility, going on, and what it refuses."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.errors import InvalidInput
from dynlatch.lanes.show import awake, count, next_sequence
from dynlatch.training import BackPropagation, Dense, TrainingOutcome, TwoSequence, resume, train
from dynlatch.training.presets import PRESETS

TASK = TwoSequence(T=10)


def test_a_run_is_learned_or_used_up_and_says_so():
    result = train(BackPropagation(), None, TwoSequence(T=20), trials=12, rng=0, max_presentations=300)
    learned = result.outcome == TrainingOutcome.LEARNED
    assert 0 < learned.sum() < 12
    assert np.all(result.outcome[~learned] == TrainingOutcome.BUDGET)
    assert np.all(result.presentations[~learned] == 300)
    assert np.all(result.presentations[learned] >= 50)
    assert np.all(result.error[learned] < 0.2)
    assert f"{learned.sum()} learned, {12 - learned.sum()} budget" in str(result)


def test_trials_do_not_depend_on_their_neighbours():
    rule = BackPropagation(momentum=0.3)
    together = train(rule, None, TASK, trials=40, rng=3, max_presentations=400)
    fewer = train(rule, None, TASK, trials=3, rng=3, max_presentations=400)
    assert np.array_equal(together.progress.theta[:, :3], fewer.progress.theta)
    assert np.array_equal(together.error[:3], fewer.error)
    assert np.array_equal(together.presentations[:3], fewer.presentations)
    other = train(rule, None, TASK, trials=3, rng=4, max_presentations=400)
    assert not np.array_equal(other.progress.theta, fewer.progress.theta)


@pytest.mark.parametrize("stop", [1, 77, 500, 501])
def test_going_on_is_as_if_never_stopped(stop, tmp_path):
    rule = BackPropagation(momentum=0.5, batch=7)
    whole = train(rule, None, TASK, trials=4, rng=1, max_presentations=1100)
    part = train(rule, None, TASK, trials=4, rng=1, max_presentations=stop)
    rest = resume(dl.load(part.save(tmp_path / "run")), max_presentations=1100)
    assert np.array_equal(rest.progress.theta, whole.progress.theta)
    assert np.array_equal(rest.presentations, whole.presentations)
    assert np.array_equal(rest.error, whole.error)
    assert list(rest.outcome) == list(whole.outcome)


@dataclass(frozen=True)
class Interrupted:
    """A rule that is stopped by hand in its third call."""

    inner: BackPropagation
    calls: list

    def refuses(self, model, task):
        return None

    def init(self, model, theta, show, streams):
        return self.inner.init(model, theta, show, streams)

    def update(self, model, theta, state, show):
        self.calls.append(1)
        if len(self.calls) == 3:
            raise KeyboardInterrupt
        self.inner.update(model, theta, state, show)


def test_an_interrupt_loses_nothing():
    inner = BackPropagation(eta=0.01)
    settings = {"trials": 3, "rng": 5, "max_presentations": 2000, "sequences": 300}
    whole = train(inner, None, TwoSequence(T=30), **settings)
    stopped = train(Interrupted(inner, []), Dense(5), TwoSequence(T=30), **settings)
    assert stopped.interrupted
    cut = stopped.outcome == TrainingOutcome.INTERRUPTED
    assert np.all(stopped.presentations[cut] == 1000)
    rest = resume(replace(stopped, rule=inner))
    assert not rest.interrupted
    assert np.array_equal(rest.progress.theta, whole.progress.theta)


def test_trials_that_never_started_are_coins():
    settings = {"trials": 66, "rng": 5, "sequences": 5, "max_presentations": 9}
    stopped = train(Interrupted(BackPropagation(eta=0.01), [1]), Dense(5), TASK, **settings)
    assert np.all(stopped.error[64:] == 0.5)
    assert len(stopped.networks) == 64
    rest = resume(replace(stopped, rule=BackPropagation(eta=0.01)))
    whole = train(BackPropagation(eta=0.01), Dense(5), TASK, **settings)
    assert np.array_equal(rest.progress.theta, whole.progress.theta)


@dataclass(frozen=True)
class Counting:
    """A rule in plain Python that learns nothing and keeps a list of what it was shown."""

    shown: list

    def refuses(self, model, task):
        return None

    def init(self, model, theta, show, streams):
        return ()

    def update(self, model, theta, state, show):
        for lane in range(theta.shape[1]):
            while awake(show.lanes, lane):
                self.shown.append((lane, int(next_sequence(show.lanes, lane))))
                count(show.lanes, lane, False)


def test_presentations_are_counted_where_sequences_are_shown():
    rule = Counting([])
    result = train(rule, Dense(5), TASK, trials=2, sequences=6, max_presentations=20, rng=0)
    assert np.all(result.presentations == 20)
    assert len(rule.shown) == 40
    first = [which for lane, which in rule.shown if lane == 0]
    for epoch in range(3):
        assert sorted(first[6 * epoch : 6 * epoch + 6]) == list(range(6))
    assert first[:6] != first[6:12]


def test_networks_are_the_trained_ones_and_start_new_runs():
    result = train(BackPropagation(), None, TASK, trials=2, rng=0)
    net = result.networks[0]
    fresh = result.tasks[0].sample(40, np.random.default_rng(1))
    states = dl.trajectory(net, np.zeros((40, 5)), fresh.inputs)
    answers = np.tanh(states[fresh.lengths, np.arange(40), 4])
    assert np.mean(np.sign(answers) != fresh.targets) <= 0.05
    again = train(BackPropagation(), net, result.tasks[0], sequences=500, max_presentations=500, rng=9)
    assert again.error[0] <= 0.01


def test_every_preset_fits_its_model():
    for (rule, task), preset in PRESETS.items():
        assert type(preset.rule) is rule
        example = task(T=12)
        model = preset.model(example)
        assert preset.rule.refuses(model, example) is None
        assert model.input_dim == example.input_dim


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: train(BackPropagation, None, TASK), "must be a learning rule"),
        (lambda: train(BackPropagation(), None, "two-sequence"), "must be a task"),
        (lambda: train(BackPropagation(), dl.LatchNeuron(2.0), TASK), "is no network of Dense"),
        (lambda: train(BackPropagation(), Dense(5, units="threshold"), TASK), "needs derivatives"),
        (lambda: train(BackPropagation(), None, TASK, trials=0), "`trials`"),
        (lambda: train(BackPropagation(), None, TASK, rng=-1), "`rng`"),
        (lambda: train(Counting([]), None, TASK), "no usual model"),
        (lambda: train(Counting([]), Dense(5), TASK), "`sequences` has no usual value"),
        (
            lambda: resume(train(BackPropagation(), None, TASK, rng=0, max_presentations=20), max_presentations=10),
            "at least 20",
        ),
    ],
)
def test_bad_input_is_one_sentence(call, words):
    with pytest.raises(InvalidInput, match=words):
        call()


def test_saved_printed_and_drawn(tmp_path):
    result = train(BackPropagation(), None, TASK, trials=3, rng=0)
    again = dl.load(result.save(tmp_path / "run.npz"))
    assert again.summary() == result.summary()
    assert (again.rule, again.task, again.model) == (result.rule, result.task, result.model)
    assert np.array_equal(again.networks[2].W, result.networks[2].W)
    ax = result.plot()
    assert sum(len(line.get_xdata()) for line in ax.get_lines() if line.get_ls() == "None") == 3
    with pytest.raises(InvalidInput, match="was not watched"):
        result.plot_regions()
