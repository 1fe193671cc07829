"""What holds for every learning rule: it trains or says what fits, counts, and gives the same bits however it is cut."""

from dataclasses import fields, is_dataclass
from functools import partial

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import training
from dynlatch.errors import InvalidInput
from dynlatch.training import TrainingOutcome, resume, train
from dynlatch.training.models import ARCHITECTURES, AnyWiring
from dynlatch.training.presets import PRESETS
from dynlatch.training.rules import RULES
from dynlatch.training.tasks import TASKS, TwoSequence

LIMIT = 700  # presentations: enough for a few batches
T = 12
PAIRS = sorted(PRESETS, key=lambda pair: (pair[0].__name__, pair[1].__name__))
NAMES = [f"{rule.__name__}-{task.__name__}" for rule, task in PAIRS]
REFUSED = [(rule, task) for rule in RULES for task in TASKS if (rule, task) not in PRESETS]


def _run(rule, task, trials, limit=LIMIT):
    return train(rule(), None, task(T=T), trials=trials, max_presentations=limit, test_sequences=40, rng=11)


@pytest.mark.parametrize(("rule", "task"), PAIRS, ids=NAMES)
def test_every_rule_trains_what_its_models_fit(rule, task, tmp_path):
    result = _run(rule, task, 3)
    assert np.all((result.error >= 0.0) & (result.error <= 1.0))
    assert np.all(result.presentations >= 1)
    assert np.all(result.presentations <= LIMIT)
    assert np.all(np.isfinite(result.progress.theta))
    assert TrainingOutcome.INTERRUPTED not in result.outcome
    assert not any(getattr(result.rule, f.name) is None for f in fields(result.rule))
    loaded = dl.load(result.save(tmp_path / "run"))
    assert loaded.summary() == result.summary()
    assert (loaded.rule, loaded.model) == (result.rule, result.model)
    assert len(loaded.networks) == 3


@pytest.mark.parametrize(("rule", "task"), PAIRS, ids=NAMES)
def test_the_bits_of_a_trial_depend_on_nothing_else(rule, task):
    whole = _run(rule, task, 3)
    alone = _run(rule, task, 1)
    assert np.array_equal(alone.progress.theta[:, 0], whole.progress.theta[:, 0])
    assert alone.presentations[0] == whole.presentations[0]
    rest = resume(_run(rule, task, 3, limit=LIMIT // 3 + 5), max_presentations=LIMIT)
    assert np.array_equal(rest.progress.theta, whole.progress.theta)
    assert np.array_equal(rest.presentations, whole.presentations)
    assert list(rest.outcome) == list(whole.outcome)


@pytest.mark.parametrize(("rule", "task"), REFUSED, ids=[f"{rule.__name__}-{task.__name__}" for rule, task in REFUSED])
def test_what_does_not_fit_is_refused_in_one_sentence(rule, task):
    with pytest.raises(InvalidInput) as caught:
        train(rule(), None, task(T=T), rng=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rule", RULES, ids=lambda kind: kind.__name__)
def test_a_gated_net_is_trained_or_refused(rule):
    """s' = s + i g under tanh, i and g of the input and the last answer."""
    i, g, s, y, u = range(5)
    writing = (i, u, 0, 0), (i, y, 1, 1), (g, u, 2, 0), (g, y, 3, 1), (s, s, 4, 1), (s, i, 4, 0, g, 0), (y, s, 4, 0)
    cell = AnyWiring(("logistic", "tanh", "linear", "tanh"), writing, fixed=(1.0,), radius=3.0)
    run = partial(train, rule(), cell, TwoSequence(T=T), max_presentations=LIMIT, test_sequences=40, rng=11)
    if (rule, TwoSequence) not in PRESETS or rule().refuses(cell, TwoSequence(T=T)) is not None:
        with pytest.raises(InvalidInput) as caught:
            run(trials=2)
        assert "\n" not in str(caught.value)
        return
    whole, alone = run(trials=3), run(trials=1)
    assert np.all(np.isfinite(whole.progress.theta))
    assert np.array_equal(alone.progress.theta[:, 0], whole.progress.theta[:, 0])


def test_every_rule_learns_some_task():
    assert {rule for rule, _ in PRESETS} == set(RULES)
    assert {task for _, task in PRESETS} == set(TASKS)


@pytest.mark.parametrize("member", [*RULES, *TASKS, *ARCHITECTURES], ids=lambda kind: kind.__name__)
def test_settings_are_frozen_public_and_documented(member):
    assert getattr(training, member.__name__) is member
    assert member.__doc__
    assert is_dataclass(member)
    assert member.__dataclass_params__.frozen
