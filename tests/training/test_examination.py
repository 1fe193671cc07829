"""What a trained network is asked, against networks whose answers are known."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
from dynlatch.training import Latch, LatchNet, TwoSequence
from dynlatch.training.experiments.examination import LOUDER, Examination, Keeping, louder, prolonged, quieted, stands


def unit(w):
    """The latch unit with clear inputs: its bit is decided by w and the noise alone."""
    model = LatchNet(L=1)
    column = np.array([w, -3.0, 3.0])
    return model, np.concatenate([column, model.constants]), column


def asked(w, std, bracketed=1):
    model, theta, _ = unit(w)
    return Examination(steps=200, bracketed=bracketed)(model, theta, Latch(T=20, L=1, std=std), 0, np.random.default_rng(0))


def test_a_bistable_unit_latches_with_its_threshold():
    found, exact = asked(2.0, 0.0), analysis.scalar_latch(2.0)
    assert found["keeping"] == Keeping.LATCHED
    assert found["kept"] == 1.0
    assert found["lower"] <= exact.thresholds[1] <= found["upper"]
    slope = np.log(exact.slopes[-1])
    assert found["rate"] == pytest.approx(slope, abs=1e-6)
    assert found["exponent"] == pytest.approx(slope, abs=1e-9)
    # Terms of the weight gradient fall by that factor a step: the least k with 1 - slope^k >= q, but for the first step.
    assert found["h50"] == 1
    assert 1 <= found["h95"] <= 3


def test_a_monostable_unit_forgets():
    found = asked(0.9, 0.0)
    assert found["keeping"] == Keeping.FORGETS
    assert np.isnan(found["exponent"])
    assert np.isnan(found["lower"])


def test_noise_above_the_threshold_undoes_the_bit():
    assert asked(1.2, 0.3, bracketed=0)["kept"] < 1.0
    assert asked(4.0, 0.3, bracketed=0)["kept"] == 1.0


def test_an_integrator_is_neutral():
    from dynlatch.training.models import AnyWiring

    # s(t) = s(t-1) + u(t), read by tanh: in quiet it stays where it is.
    model = AnyWiring(("linear", "tanh"), ((0, 0, 1, 1), (0, 2, 2, 0), (1, 0, 0, 0)), fixed=(1.0, 1.0))
    task = TwoSequence(T=10, prototypes="const", half_width=0.0)
    found = Examination(steps=200)(model, np.array([1.0, 1.0, 1.0]), task, 0, np.random.default_rng(0))
    assert found["keeping"] == Keeping.NEUTRAL
    assert found["rate"] == pytest.approx(0.0, abs=1e-12)
    assert np.isnan(found["lower"])


def test_longer_tasks_and_quiet_ends():
    task = prolonged(TwoSequence(T=10), 7)
    assert (task.T, task.length_range) == (17, (17, 17))
    given = TwoSequence(T=10).sample(4, np.random.default_rng(0))
    longer = quieted(given, task, 5)
    assert np.array_equal(longer.lengths, given.lengths + 5)
    for k, T in enumerate(given.lengths):
        assert np.array_equal(longer.inputs[:T, k], given.inputs[:T, k])
        assert not longer.inputs[T:, k].any()


def test_of_a_map_that_nothing_disturbs_the_bracket_is_that_of_the_verb():
    model, theta, column = unit(3.0)
    found = Examination(steps=50)(model, theta, Latch(T=20, L=1, std=0.0), 0, np.random.default_rng(0))
    network = model.network(column)
    point = analysis.fixed_points(network).attractors.points[0]
    threshold = analysis.escape_threshold(network, point, direction=[0.0, 0.0, 1.0])
    assert (found["lower"], found["upper"]) == pytest.approx((threshold.lower, threshold.upper), rel=1e-9)
    assert isinstance(network, dl.AdditiveNetwork)


def test_a_loop_that_diverges_is_unstable():
    from dynlatch.training.models import AnyWiring

    model = AnyWiring(("linear", "tanh"), ((0, 0, 1, 1), (0, 2, 2, 0), (1, 0, 0, 0)), fixed=(3.0, 1.0))
    task = TwoSequence(T=10, prototypes="const", half_width=0.0)
    found = Examination(steps=1000)(model, np.array([1.0, 3.0, 1.0]), task, 0, np.random.default_rng(0))
    assert found["keeping"] == Keeping.UNSTABLE
    assert found["exponent"] == np.inf
    assert found["rate"] == pytest.approx(np.log(3.0))


@pytest.mark.parametrize(("T", "some"), [(900, True), (2000, False)])
def test_runs_that_leave_the_finite_numbers_have_no_gradient(T, some):
    """3^646 is the last that is finite."""
    from dynlatch.training.models import AnyWiring

    model = AnyWiring(("linear", "tanh"), ((0, 0, 1, 1), (0, 2, 2, 0), (1, 0, 0, 0)), fixed=(3.0, 1.0))
    task = TwoSequence(T=T, prototypes="const", half_width=0.0)
    found = Examination(steps=10)(model, np.array([1.0, 3.0, 1.0]), task, 0, np.random.default_rng(0))
    assert found["rate"] == pytest.approx(np.log(3.0) if some else np.nan, nan_ok=True)
    assert found["keeping"] == Keeping.UNSTABLE


def test_noise_is_raised_after_the_task_only():
    given = Latch(T=20, std=0.2).sample(4, np.random.default_rng(0))
    raised = louder(given, 5, 2.0)
    assert np.array_equal(raised.inputs[:5], given.inputs[:5])
    assert np.array_equal(raised.inputs[5:], 2.0 * given.inputs[5:])
    assert raised.inputs is not given.inputs


def test_noise_is_stood_up_to_the_first_factor_that_is_too_much():
    none = len(LOUDER) * [0.0]
    assert stands([0.5, *none]) == 0.0
    assert stands([0.9, *none]) == 1.0
    assert stands([1.0, 0.95, 0.9, 0.89, 1.0, *none[4:]]) == LOUDER[1]
    assert stands([1.0] * (1 + len(LOUDER))) == LOUDER[-1]
