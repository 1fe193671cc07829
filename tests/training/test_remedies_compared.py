"""The comparison of the remedies: what is trained, and what is made of it."""

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.training import Latch
from dynlatch.training.experiments import ALL
from dynlatch.training.experiments.contract import Agreement, Finding, Scale
from dynlatch.training.experiments.examination import Examination, Keeping
from dynlatch.training.experiments.remedies import TASKS, Remedies, cells, plan
from dynlatch.training.experiments.remedies_methods import LSTM, PLAIN, REMEDIES, TIME_DELAYS

TRIALS = 4


def made():
    """A comparison in which every trial solves its task and latches."""
    places = [(REMEDIES[k].name, task, T) for k, task, T in plan(Scale.FULL)]
    shape = len(places), TRIALS
    facts = {name: np.ones(shape) for name in Examination.facts}
    facts |= {"keeping": np.full(shape, float(Keeping.LATCHED)), "rate": np.full(shape, -0.5), "h95": np.full(shape, 4.0)}
    remedy, task, T = (np.array(column) for column in zip(*places, strict=True))
    return Remedies(remedy, task, T, np.zeros(shape), np.full(shape, 500), facts, 100_000)


def test_every_remedy_is_trained_on_both_tasks_at_all_lengths():
    found = cells(Scale.FULL, None)
    assert len({cell.name for cell in found}) == len(found) == len(REMEDIES) * len(TASKS) * 4 - 4
    assert {remedy.name for remedy in REMEDIES if remedy.model(Latch(T=20)) is None} == {"state network, EM"}
    assert {cell.task.T for cell in found} == {20, 50, 100, 500}
    assert min(cell.max_presentations for cell in found) >= 100_000
    assert min(cell.trials for cell in found) >= 10
    for cell in found:
        assert cell.plan.model.input_dim == cell.task.input_dim
        # The store knows a cell by this text: it must not hold an address.
        assert " at 0x" not in cell.settings


def test_it_is_a_finding_that_can_be_kept(tmp_path):
    found = made()
    assert isinstance(found, Finding)
    assert "remedies" in ALL
    again = dl.load(found.save(tmp_path / "remedies.npz"))
    assert again.summary() == found.summary()
    assert set(again.columns) == set(found.columns)
    for picture in found.pictures:
        assert picture.draw().axes


def test_theorem_4_is_counted_trial_by_trial():
    found = made()
    assert found.verdicts[0].agreement == Agreement.AGREES
    found.facts["rate"][0, 0] = 0.1
    again = made()
    again.facts["rate"][0, 0] = 0.1
    verdict = again.verdicts[0]
    assert verdict.agreement == Agreement.DISAGREES
    assert verdict.ours == pytest.approx(1.0 - 1.0 / verdict.trials)
    again = made()
    again.facts["rate"][0, 0], again.facts["keeping"][0, 0] = 0.1, Keeping.NEUTRAL
    assert again.verdicts[0].agreement == Agreement.AGREES


def test_solved_counts_errors_of_at_most_5_percent():
    found = made()
    row = found.row(PLAIN, "2-sequence", 500)
    found.error[row] = [0.0, 0.05, 0.051, 0.5]
    assert found.shares[row].value == 0.5
    found.facts["h95"][row] = [10.0, 20.0, 1000.0, 1000.0]
    assert found.middle("h95", row) == 15.0


def test_what_beats_its_window_is_said():
    beyond = next(verdict for verdict in made().verdicts if verdict.what == TIME_DELAYS)
    assert (beyond.ours, beyond.agreement) == (1.0, Agreement.DISAGREES)


def test_an_integrator_keeps_errors():
    found = made()
    found.facts["rate"][found.remedy == LSTM] = 1e-5
    found.facts["keeping"][found.remedy == LSTM] = Keeping.NEUTRAL
    assert next(verdict for verdict in found.verdicts if verdict.what == LSTM).agreement == Agreement.AGREES
    assert next(verdict for verdict in made().verdicts if verdict.what == LSTM).agreement == Agreement.DISAGREES
