"""The latching experiment with output delays: how horizons are read, and the experiment on a small scale."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.training.experiments import narx, reproduce
from dynlatch.training.experiments.contract import Agreement, Finding
from dynlatch.training.experiments.narx import NARXCurves, horizon

LENGTHS = np.array([10, 20, 40, 80])


def curves(*errors, trials=20):
    """Made up: every trial has these errors, D = 1, 3 (and 6)."""
    error = np.repeat(np.array(errors)[..., None], trials, axis=-1)
    return NARXCurves(np.array([1, 3, 6][: len(errors)]), LENGTHS, error, np.zeros(error.shape, dtype=np.int64))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ([0.0, 0.0, 0.2, 0.5], 30.0),
        ([0.0, 0.1, 0.5, 0.5], 20.0),
        ([0.3, 0.5, 0.5, 0.5], 10.0),
        ([0.0, 0.0, 0.0, 0.1], 80.0),
        ([0.0, 0.2, 0.0, 0.5], 15.0),
    ],
)
def test_the_horizon_is_where_the_error_first_reaches_ten_percent(error, expected):
    assert horizon(LENGTHS, np.array(error)) == pytest.approx(expected)


def test_ratios_are_compared_with_the_published_range():
    plain, within, beyond = [0.0, 0.2, 0.5, 0.5], [0.0, 0.0, 0.2, 0.5], [0.0, 0.0, 0.0, 0.2]
    found = curves(plain, within, beyond)
    assert [h.value for h in found.horizons] == pytest.approx([15.0, 30.0, 60.0])
    assert [r.value for r in found.ratios] == pytest.approx([1.0, 2.0, 4.0])
    assert [v.agreement for v in found.verdicts] == [Agreement.UNPUBLISHED, Agreement.AGREES, Agreement.DISAGREES]
    assert "ours is longer" in found.verdicts[2].words
    same = curves(plain, plain).verdicts[1]
    assert same.agreement == Agreement.DISAGREES
    assert "not explained" in same.words
    assert "end before" in curves([0.0, 0.0, 0.0, 0.2], [0.0] * 4).verdicts[1].words


def test_resampled_horizons_hold_the_value():
    rng = np.random.default_rng(0)
    error = rng.random((2, 4, 30)) * np.array([[0.02, 0.1, 0.4, 0.9], [0.02, 0.02, 0.1, 0.6]])[..., None]
    found = NARXCurves(np.array([1, 3]), LENGTHS, error, np.zeros(error.shape, dtype=np.int64))
    for interval in (*found.horizons, *found.ratios):
        assert interval.low <= interval.value <= interval.high
    assert found.horizons[0].low < found.horizons[0].high


def test_the_experiment_on_a_small_scale(tmp_path):
    found = reproduce([narx], scale="micro")["narx"]
    assert isinstance(found, Finding)
    assert found.error.shape == (2, 3, 2)
    assert found.error[1, 1].max() < 0.1 < found.error[0, 2].min()  # six delays reach T = 70, one does not reach 200
    assert dl.load(found.save(tmp_path / "narx")).summary() == found.summary()
    assert len(found.columns["T"]) == 6
    figure = found.pictures[0].draw()
    assert len(figure.axes[0].containers) == 2
    assert len(found.plot().containers) == 2
