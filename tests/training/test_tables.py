"""The papers' tables: their cells, the protocol, the verdicts, ours beside theirs."""

from itertools import product

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.training.experiments import ALL, table1, table2, table3, table4
from dynlatch.training.experiments.contract import Agreement, Finding, Scale
from dynlatch.training.experiments.paper import PARITY, TABLES_1_2, TABLES_3_4, Row
from dynlatch.training.experiments.protocol import LEARNED, ON_PARITY, ON_TWO_SEQUENCE
from dynlatch.training.experiments.reproduce import reproduce
from dynlatch.training.experiments.table_notes import contradiction
from dynlatch.training.experiments.table_verdicts import counts
from dynlatch.training.experiments.table_words import scores
from dynlatch.training.sweeps import Sweep, Trials


def test_published_rows_are_whole():
    for row in [*TABLES_1_2.values(), *TABLES_3_4.values()]:
        assert len(row.error) == len(row.presentations)
        assert len(row.lengths) == len(row.error)
        assert bool(row.lost) == bool(row.candidates) == bool(row.guess)
        assert all(T in (None, guessed) for T, guessed in zip(row.lengths, row.guess, strict=False))
    assert sum(2 * len(row.error) for rows in (TABLES_1_2, TABLES_3_4) for row in rows.values()) == 132
    assert set(TABLES_1_2) <= set(ON_TWO_SEQUENCE)
    assert set(TABLES_3_4) <= set(ON_PARITY)


@pytest.mark.parametrize("scale", list(Scale))
@pytest.mark.parametrize("number", [1, 3])
def test_every_cell_can_be_run(number, scale):
    cells = ALL[f"table{number}"].cells(scale, None)
    assert len({cell.name for cell in cells}) == len(cells)
    for cell in cells:
        assert cell.plan.max_presentations >= 3_000  # raises if the rule refuses the model or a setting is missing


def test_full_has_the_papers_trials_in_every_published_cell():
    for experiment, published in ((table1, TABLES_1_2), (table3, TABLES_3_4)):
        cells = {cell.name: cell for cell in experiment.cells(Scale.FULL, None)}
        kind = "two-sequence" if experiment is table1 else "parity"
        for method, row in published.items():
            for T in row.run_at:
                assert cells[f"{kind}/{method}/T={T}"].trials >= 20


def test_the_one_certain_place_of_annealing_is_used():
    cells = {f"parity/simulated annealing/T={T}": ([0.0], [810_000]) for T in (20, 50)}
    made = table3.read(_sweep(cells), Scale.FULL)
    assert [v.agreement for v in made.verdicts] == ["unplaced", "agrees"]
    assert "3 %, 10 %, in this order" in made.verdicts[0].words


def test_two_tables_share_their_cells():
    for first, second in ((table1, table2), (table3, table4)):
        settings = [[(cell.name, cell.settings) for cell in one.cells(Scale.MINI, 3)] for one in (first, second)]
        assert settings[0] == settings[1]


def _sweep(cells):
    """A finished sweep of made-up cells: name -> (errors, presentations), an entry a trial."""
    return Sweep(tuple(_trials(name, *values) for name, values in cells.items()), "")


def _trials(name, errors, shown):
    n = len(errors)
    words = np.full(n, "")
    return Trials(name, np.arange(n), np.array(errors), np.array(shown), np.full(n, "budget"), np.zeros((n, 3)), words, {})


NEAR = {
    "two-sequence/pseudo-Newton/T=5": ([0.15, 0.19], [600, 600]),
    "two-sequence/pseudo-Newton/T=10": ([0.20, 0.20], [300, 300]),
    "two-sequence/multigrid/T=5": ([0.02, 0.02], [4_100, 4_100]),
    "two-sequence/multigrid/T=1000": ([0.0, 0.0], [4_100, 4_100]),
}
CAUSES = {
    "two-sequence/pseudo-Newton, eta = mu = 0.1/T=10": ([0.03], [1_000]),
    "two-sequence/pseudo-Newton, lengths of at least 4/T=10": ([0.30], [3_000]),
}


def test_cells_are_judged_one_by_one():
    error, shown = (table.read(_sweep(NEAR), Scale.FULL) for table in (table1, table2))
    found = {v.what: v for v in error.verdicts}
    # 17 agrees with 2, 20 does not with 3; multigrid is spot on, and nobody published T = 1000.
    assert [v.agreement for v in error.verdicts] == ["agrees", "disagrees", "agrees", "unpublished"]
    assert found["pseudo-Newton, T = 10"].ours == pytest.approx(20.0)
    assert found["pseudo-Newton, T = 10"].published == 3.0
    assert "Not explained" in found["pseudo-Newton, T = 10"].words
    assert counts(error) == (2, 3)
    assert counts(error, 10.0, 2.0) == (1, 3)
    # 600 agrees with 510, 300 does not with 1100.
    assert [v.agreement for v in shown.verdicts] == ["agrees", "disagrees", "agrees", "unpublished"]
    assert all(v.low <= v.ours <= v.high for v in (*error.verdicts, *shown.verdicts))


def test_the_cause_is_the_choice_with_which_the_cell_agrees():
    error, shown = (table.read(_sweep({**NEAR, **CAUSES}), Scale.FULL) for table in (table1, table2))
    words = {v.what: v.words for v in error.verdicts}["pseudo-Newton, T = 10"]
    assert "eta = mu = 0.1" in words
    assert "lengths of at least 4" not in words  # 30 % is not within 15 points of 3 %
    both = {v.what: v.words for v in shown.verdicts}["pseudo-Newton, T = 10"]
    assert "eta = mu = 0.1" in both
    assert "lengths of at least 4" in both


def test_a_published_row_that_falls_is_told():
    cells = {f"two-sequence/time-weighted pseudo-Newton/T={T}": ([0.38] * 3, [2_700] * 3) for T in (50, 100)}
    near, far = table1.read(_sweep(cells), Scale.FULL).verdicts
    assert near.agreement is Agreement.AGREES
    assert "Not explained" in far.words
    assert "falls from 34 % at T = 50" in far.words


def test_chance_counts_the_papers_trials_too():
    spread = {"two-sequence/pseudo-Newton/T=50": ([0.1, 0.5] * 50, [1_900] * 100)}
    narrow = {"two-sequence/pseudo-Newton/T=50": ([0.29, 0.31] * 50, [1_900] * 100)}
    words = [table1.read(_sweep(cells), Scale.FULL).verdicts[0].words for cells in (spread, narrow)]
    assert "No more than chance" in words[0]  # 30 against 25 %: a mean of 20 such trials errs by 4.5
    assert "More than chance" in words[1]


def test_values_without_a_column_are_never_given_one():
    made = table3.read(_sweep({"parity/multigrid/T=3": ([0.2], [100]), "parity/multigrid/T=100": ([0.2], [100])}), Scale.FULL)
    near, far = made.verdicts
    assert near.agreement is Agreement.UNPLACED
    assert np.isnan(near.published)
    assert "15 %, 44 %, 45 %" in near.words
    assert "would agree" in near.words
    assert far.agreement is Agreement.UNPUBLISHED
    assert counts(made) == (0, 0)
    assert counts(made, guessed=True) == (1, 1)


def test_the_constant_50_satisfies_a_third_of_the_errors():
    """So many of the published errors without EM's, 55 with the guessed columns, does a blind guess reach."""
    blind = {f"two-sequence/{name}/T={T}": ([0.5], [1]) for name, T in product(TABLES_1_2, (5, 10, 20, 50, 100))}
    made = table1.read(_sweep(blind), Scale.FULL)
    assert counts(made) == (5, 35)
    assert "would satisfy 5 of the 35" in scores(made)[1]


def test_no_one_budget_gives_some_published_rows():
    assert contradiction(Row((40, 44), (1.1e4, 7.7e4), (50, 20), "")) != ""
    assert contradiction(Row((40, 44), (1.1e4, 1.2e4), (50, 20), "")) == ""
    assert contradiction(Row((2, 44), (1e2, 1.2e4), (3, 20), "")) == ""  # a small error may be that of trials that learned
    assert "110,000" in contradiction(TABLES_3_4["pseudo-Newton"])
    assert not any(contradiction(row) for row in TABLES_1_2.values())


def test_a_table_is_a_finding_that_can_be_kept(tmp_path):
    made = table1.read(_sweep({**NEAR, **CAUSES}), Scale.FULL)
    assert isinstance(made, Finding)
    loaded = dl.load(made.save(tmp_path / "table"))
    assert str(loaded) == str(made)
    assert list(map(repr, loaded.verdicts)) == list(map(repr, made.verdicts))
    assert len({len(column) for column in made.columns.values()}) == 1
    assert len(made.columns["T"]) == len(NEAR) + len(CAUSES)
    assert max(map(len, str(made).splitlines())) <= 120


def test_pictures_show_every_method():
    import matplotlib.pyplot as plt

    made = table2.read(_sweep(NEAR), Scale.FULL)
    (panels,) = (picture.draw() for picture in made.pictures)
    assert [ax.get_title(loc="left") for ax in panels.axes] == list(made.methods)
    assert {text.get_text() for text in made.plot().texts} == {"pseudo-Newton", "multigrid"}
    plt.close("all")


FAST = ("two-sequence/multigrid/T=10", "two-sequence/EM/T=10", "parity/EM/T=10", "parity/discrete error propagation/T=3")


def _mean_error(cells):
    from dynlatch.training.driver import Job, run

    return {
        cell.name: run(
            Job(cell.plan, cell.seeds(90210, range(cell.trials)), cell.test_sequences, None), None, shown=False
        ).error
        for cell in cells
    }


def test_orderings_on_fresh_seeds():
    """A few cells whose order holds whatever is set; all of them below, slow."""
    chosen = [cell for table in (table1, table3) for cell in table.cells(Scale.FULL, 12) if cell.name in FAST]
    error = {name: values.mean() for name, values in _mean_error(chosen).items()}
    assert error["two-sequence/EM/T=10"] == 0.0
    assert error["parity/EM/T=10"] == 0.0
    assert error["two-sequence/multigrid/T=10"] <= 0.12


@pytest.mark.slow
def test_all_orderings_on_fresh_seeds(tmp_path):
    """What holds for every setting that was tried, at 50 trials on seeds that chose nothing."""
    found = reproduce([table1, table2, table3, table4], scale="full", trials=50, rng=90210, store=tmp_path / "trials.db")
    two, shown, parity, _ = (dict(zip(made.methods, made.value, strict=True)) for made in found.values())
    gradient = (LEARNED, "pseudo-Newton", "time-weighted pseudo-Newton")
    assert all(two[name][:2].mean() <= 15.0 and two[name][4] >= 20.0 for name in gradient)
    assert all(np.nanmax(two[name][:5]) <= 12.0 for name in ("multigrid", "simulated annealing"))
    assert all(two["discrete error propagation"][k] < 50.0 for k in (3, 4))
    assert np.nanmax(two["EM"]) == np.nanmax(parity["EM"]) == 0.0
    assert np.all(shown["simulated annealing"][:5] > shown["multigrid"][:5])
    for name in ("back-propagation", "pseudo-Newton", "time-weighted pseudo-Newton", "multigrid"):
        assert parity[name][PARITY.index(20)] >= 40.0
        assert parity[name][PARITY.index(10)] >= 25.0
    assert np.nanmax(parity["simulated annealing"]) <= 5.0
    assert parity["pseudo-Newton"][0] <= 20.0
    agreeing = [counts(made, guessed=True) for made in found.values()]
    assert sum(agree for agree, _ in agreeing) >= 0.9 * sum(of for _, of in agreeing)
