"""What the monitor saw as numbers: against the words and tables of the same trace, and through the store of a sweep."""

from __future__ import annotations

import numpy as np
import pytest

from dynlatch.errors import InvalidInput
from dynlatch.training import BackPropagation, DiscreteErrorPropagation, ExpectationMaximization, Parity, TwoSequence, train
from dynlatch.training.monitor import RegionEventKind, RegionMonitor, fates
from dynlatch.training.sweeps import Cell, facts, sweep

WATCH = RegionMonitor(every=10, portrait_every=50)


@pytest.fixture(scope="module")
def trace():
    return train(BackPropagation(), None, TwoSequence(T=8), trials=5, max_presentations=300, rng=1, monitor=WATCH).trace


def test_fates_are_what_the_tables_say(trace):
    found = fates(trace)
    for k in range(5):
        rows, looks = trace.rows(k), trace.rows(k, "looks")
        assert found["attractors_most"][k] == rows["attractors"].max()
        assert found["one_basin"][k] == ("never left the one-basin region" in trace.story(k))
        assert found["margin_last"][k] == rows["margin"][-1]
        assert found["margin_above_noise"][k] == (rows["margin"][-1] > trace.noise_half_width)
        assert found["horizon_last"][k] == np.median(looks["horizon"][-5:])
        assert found["log_norm_first"][k] == np.median(looks["log_norm"][:5])


@pytest.mark.parametrize("kind", [RegionEventKind.LATCHED, RegionEventKind.LATCHED_WRONG])
def test_latching_is_dated_as_its_first_event(trace, kind):
    found = fates(trace)[f"first_{kind.value.replace(' ', '_')}"]
    for k in range(5):
        dates = [event.presentation for event in trace.events_of(k) if event.kind == kind]
        assert found[k] == min(dates, default=-1)


def test_state_networks_have_matrices_and_no_attractors():
    result = train(ExpectationMaximization(), None, Parity(T=8), trials=3, rng=2, monitor=RegionMonitor())
    found = fates(result.trace)
    assert np.isnan(found["one_basin"]).all()
    assert found["tau_last"] == pytest.approx([network.tau_1().min() for network in result.networks])
    assert found["det_last"] == pytest.approx([network.abs_det().min() for network in result.networks])


def test_rules_without_derivatives_have_no_horizon():
    rule = DiscreteErrorPropagation()
    found = fates(train(rule, None, TwoSequence(T=6), trials=2, max_presentations=100, rng=0, monitor=WATCH).trace)
    assert np.isnan(found["horizon_last"]).all()
    assert np.isnan(found["log_norm_first"]).all()
    assert set(np.unique(found["latched"])) <= {0.0, 1.0}


def test_facts_survive_the_store(tmp_path):
    cells = [
        Cell("seen", BackPropagation(), TwoSequence(T=6), 3, max_presentations=100, test_sequences=20, monitor=WATCH),
        Cell("EM", ExpectationMaximization(), Parity(T=5), 2, max_presentations=500, test_sequences=20, monitor=WATCH),
        Cell("blind", BackPropagation(), TwoSequence(T=6), 4, max_presentations=100, test_sequences=20),
    ]
    found = sweep(cells, store=tmp_path / "s.db", rng=4)
    again = sweep(cells, store=tmp_path / "s.db", rng=4)
    assert again.digest == found.digest
    seen = found.of("seen")
    assert seen.facts["attractors_most"].shape == (3,)
    assert found.of("blind").facts == {}
    assert np.isfinite(found.of("EM").facts["tau_last"]).all()
    assert np.isnan(found.columns["horizon_last"][-6:]).all()
    assert {len(column) for column in found.columns.values()} == {9}
    with pytest.raises(InvalidInput, match="no finished trials of a cell 'others'"):
        found.of("others")


def test_facts_are_kept_bit_by_bit():
    columns = {"a": np.array([1.0, np.nan, -np.inf]), "b": np.array([0.1, np.inf, 5e-324])}
    back = facts.unpacked(facts.packed(columns), list(columns))
    for name, column in columns.items():
        assert back[name].tobytes() == column.tobytes()
