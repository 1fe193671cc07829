"""Intervals: known values, laws, and that they cover the truth about 95 times in 100."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynlatch.errors import InvalidInput
from dynlatch.training.experiments.intervals import mean, mean_error, wilson


def test_wilson_has_the_textbook_values():
    # Newcombe (1998), Statistics in Medicine 17, 857, table I: 81/263, 15/148, 0/20, 1/29.
    known = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
    for k, n, low, high in known:
        interval = wilson(k, n)
        assert interval.low == pytest.approx(low, abs=5e-5)
        assert interval.high == pytest.approx(high, abs=5e-5)
    assert math.isnan(wilson(0, 0).value)
    with pytest.raises(InvalidInput, match="within 0"):
        wilson(3, 2)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30))
def test_intervals_of_errors_hold_their_value_and_have_a_width(errors):
    interval = mean_error(errors)
    assert 0.0 <= interval.low <= interval.value <= interval.high <= 1.0
    assert interval.high > interval.low


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.0, 1e6), min_size=2, max_size=30))
def test_the_bootstrap_is_deterministic_and_follows_the_unit(values):
    first = mean(values, within=(0.0, 1e6))
    assert first == mean(values, within=(0.0, 1e6))
    assert first.low <= first.value <= first.high
    doubled = mean([2.0 * value for value in values], within=(0.0, 2e6))
    np.testing.assert_allclose(doubled, [2.0 * end for end in first], rtol=1e-12, atol=1e-300)


def test_trials_that_came_out_alike_still_leave_doubt():
    assert mean([7.0] * 5).low < 7.0
    assert mean([7.0] * 5).high == 7.0  # without a limit nothing is known above
    assert mean_error([0.5] * 20).low < 0.49
    assert all(math.isnan(end) for end in mean([]))
    assert all(math.isnan(end) for end in mean_error([]))


@pytest.mark.parametrize("failing", [0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("trials", [20, 100])
def test_the_truth_of_mixed_trials_is_covered(failing, trials):
    """Trials that fail (error near 1/2) with some probability, tested on 300 sequences: as the cells of the tables."""
    rng = np.random.default_rng(3)
    failed = rng.random((400, trials)) < failing
    errors = rng.binomial(300, np.where(failed, 0.5, 0.002)) / 300
    truth = 0.5 * failing + 0.002 * (1.0 - failing)
    covered = np.mean([low <= truth <= high for _, low, high in map(mean_error, errors)])
    assert covered >= 0.91


def test_the_truth_of_skewed_presentations_is_covered():
    rng = np.random.default_rng(4)
    shown = rng.exponential(1000.0, (400, 20))
    assert np.mean([low <= 1000.0 <= high for _, low, high in map(mean, shown)]) >= 0.89
