"""Time constants and LSTM on their papers' tasks: what is said of made-up runs, and both on a small scale."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.training.experiments import lstm, reproduce, time_constants
from dynlatch.training.experiments.contract import Agreement, Finding, Scale
from dynlatch.training.experiments.lstm import LSTMRuns
from dynlatch.training.experiments.time_constants import GapRuns

AGREES, DISAGREES, UNPUBLISHED = Agreement.AGREES, Agreement.DISAGREES, Agreement.UNPUBLISHED


def gap_runs(method, gap, failed, trials=20):
    """One cell in which so many trials failed and the others took 1,000 epochs."""
    learned = (np.arange(trials) >= failed)[None]
    return GapRuns(np.array([method]), np.array([gap]), np.where(learned, 1_000.0, 10_000.0), learned)


@pytest.mark.parametrize(
    ("method", "gap", "failed", "failures", "epochs"),
    [
        ("with time constants", 6, 0, AGREES, AGREES),
        ("with time constants", 6, 10, DISAGREES, DISAGREES),
        ("standard net", 8, 20, AGREES, AGREES),
        ("standard net", 8, 4, DISAGREES, AGREES),
    ],
)
def test_failures_and_epochs_are_compared_with_mozers(method, gap, failed, failures, epochs):
    found = gap_runs(method, gap, failed).verdicts
    assert [verdict.agreement for verdict in found] == [failures, epochs]
    assert found[0].ours == 100.0 * failed / 20
    assert ("ours is better" in found[0].words) == (method == "standard net" and failures == DISAGREES)


def lstm_runs(method, T, presentations, failed, trials=10):
    learned = (np.arange(trials) >= failed)[None]
    shown = np.full((1, trials), presentations) + np.arange(trials)
    return LSTMRuns(np.array(["2-sequence, N = 3"]), np.array([method]), np.array([T]), 0.5 * ~learned, shown, learned)


@pytest.mark.parametrize(
    ("method", "T", "presentations", "failed", "solved", "near"),
    [
        ("LSTM", 100, 20_000, 0, AGREES, AGREES),
        ("LSTM", 100, 2_000, 1, DISAGREES, DISAGREES),
        ("LSTM", 100, 150_000, 0, AGREES, DISAGREES),
        ("LSTM", 50, 20_000, 0, UNPUBLISHED, UNPUBLISHED),
        ("Elman's net", 100, 20_000, 10, UNPUBLISHED, UNPUBLISHED),
    ],
)
def test_solved_and_presentations_are_compared_with_the_published(method, T, presentations, failed, solved, near):
    found = lstm_runs(method, T, presentations, failed).verdicts
    assert [verdict.agreement for verdict in found] == [solved, near]
    assert f"{10 - failed} of 10 trials learned" in found[0].words
    assert np.isnan(found[1].published) == (near == UNPUBLISHED)


@pytest.mark.parametrize(("experiment", "rows"), [(lstm, 1), (time_constants, 2)], ids=["lstm", "time constants"])
def test_on_a_small_scale(experiment, rows, tmp_path):
    found = reproduce([experiment], scale="micro")[experiment.name]
    assert isinstance(found, Finding)
    assert found.learned.shape == (rows, 2)
    assert found.learned.all()
    assert dl.load(found.save(tmp_path / "runs")).summary() == found.summary()
    assert all(len(column) == rows for column in found.columns.values())
    assert found.pictures[0].draw().axes
    assert found.plot().get_xlabel()


def test_every_scale_of_the_experiments_has_its_cells():
    for scale in Scale:
        assert {cell.trials for cell in lstm.cells(scale, 7)} == {7}
        assert len({cell.name for cell in time_constants.cells(scale, None)}) == len(time_constants.cells(scale, None))
    assert len(lstm.cells(Scale.FULL, None)[0].plan.model.names) == 102
