"""One sentence a cell: what became of its trials, from made-up facts and from a sweep."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dynlatch.training import BackPropagation, ExpectationMaximization, Parity, TwoSequence
from dynlatch.training.experiments.regions import region_sentence, watching
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.monitor.fate import FATES
from dynlatch.training.sweeps import Cell, Trials, sweep


def made_up(error, **facts):
    """Trials that latched nothing, but for what is given."""
    n = len(error)
    usual = dict.fromkeys(FATES, np.zeros(n)) | dict.fromkeys(("tau_first", "tau_last", "det_last"), np.full(n, np.nan))
    known = {**usual, **{name: np.array(values, dtype=np.float64) for name, values in facts.items()}}
    ints, texts = np.zeros(n, np.int64), np.full(n, "")
    return Trials("cell", ints, np.array(error), ints, texts, np.zeros((n, 1)), texts, known)


def test_failed_and_successful_trials_are_told_apart():
    trials = made_up(
        [0.5, 0.5, 0.5, 0.3, 0.0, 0.25],
        one_basin=[1, 1, 0, 0, 0, 0],
        latched_wrong=[0, 0, 1, 0, 0, 0],
        latched=[0, 0, 0, 1, 1, 0],
        first_latched=[-1, -1, -1, 80, 420, -1],
        margin_above_noise=[0, 0, 0, 0, 1, 0],
        horizon_last=[4, 2, 6, 4, 9, 9],
    )
    assert region_sentence(trials, T=50) == (
        "Of 4 failed trials (error above 25 %), 2 (50 %) never left the one-basin region, 1 (25 %) ended with a class latched "
        "wrong, 1 (25 %) ended latched on the sequences watched but wrong on others, and at the end 95 % of the gradient came "
        "from the last 4 of T = 50 steps (median; 2 to 6); of 2 successful trials, 1 (50 %) ended latched, first seen so at "
        "presentation 420, 1 (50 %) with a latch margin shown to exceed the noise, and at the end 95 % of the gradient came "
        "from the last 9 of T = 50 steps."
    )


def test_networks_without_derivatives_have_no_horizon():
    trials = made_up([0.5, 0.5], one_basin=[1, 1], horizon_last=[np.nan, np.nan])
    assert region_sentence(trials, T=5) == "Of 2 failed trials (error above 25 %), none left the one-basin region."
    one = made_up([0.5], horizon_last=[np.nan])
    assert region_sentence(one, T=5) == (
        "Of 1 failed trial (error above 25 %), it left the one-basin region, none ended with a class latched wrong, "
        "it ended with nothing latched."
    )


def test_every_failed_trial_is_counted_once():
    rng = np.random.default_rng(0)
    for _ in range(50):
        flags = {name: rng.integers(0, 2, 9) for name in ("one_basin", "latched_wrong", "latched")}
        told = region_sentence(made_up(np.ones(9), **flags, horizon_last=np.full(9, np.nan)), T=5).split(", ")[1:]
        counted = [part for part in told if not part.startswith("all left")]
        assert (
            sum(9 if part.startswith(("all", "none left")) else int(re.sub("^none", "0", part).split()[0]) for part in counted)
            == 9
        )


def test_state_networks_have_a_sentence_of_their_own():
    trials = made_up([0.0, 0.0, 0.5], tau_first=[0.6, 0.7, 0.6], tau_last=[0.999, 0.999, 0.8], det_last=[0.999, 0.999, 0.8])
    told = region_sentence(trials, T=100)
    assert "Of 1 failed trial (error above 25 %), none ended with matrices that can keep half of a difference" in told
    assert "of 2 successful trials, all ended with matrices" in told
    assert "topology" not in told
    assert "topology alone" in region_sentence(made_up([0.0], tau_first=[1], tau_last=[1], det_last=[0.1]), T=5)


def test_unwatched_trials_say_so():
    nobody = Trials("c", *(np.zeros(2) for _ in range(6)), {})
    assert region_sentence(nobody, T=5) == "The trials were not watched."


@pytest.mark.parametrize("limit", [1, 300, 3_000, 3_000_000])
def test_watching_keeps_the_number_of_portraits_bounded(limit):
    monitor = watching(limit)
    assert isinstance(monitor, RegionMonitor)
    assert limit / monitor.portrait_every <= 21
    assert limit / monitor.every <= 110


def test_the_sentence_of_a_sweep(tmp_path):
    cells = [
        Cell("bp", BackPropagation(eta=5e-5), TwoSequence(T=20), 3, max_presentations=200, monitor=watching(200)),
        Cell("EM", ExpectationMaximization(), Parity(T=8), 3, monitor=watching(50_000)),
    ]
    found = sweep(cells, store=tmp_path / "s.db", rng=0)
    assert region_sentence(found.of("bp"), T=20).startswith("Of 2 failed trials (error above 25 %), all left the")
    assert " of T = 20 steps" in region_sentence(found.of("bp"), T=20)
    assert "over T = 8 steps of any symbols" in region_sentence(found.of("EM"), T=8)
