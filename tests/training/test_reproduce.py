"""`dynlatch reproduce`: the experiments' cells in one sweep, what is said, what is written, and how it goes on."""

import csv
import json
import re
from dataclasses import dataclass

import numpy as np
import pytest

from dynlatch import training
from dynlatch.cli import main
from dynlatch.commands import reproduce as command
from dynlatch.commands.reproduce_input import GROUPS, NAMES, SCALES
from dynlatch.errors import InvalidInput, MissingExtra, UnreadableFile
from dynlatch.training import experiments
from dynlatch.training.experiments.contract import Agreement, Experiment, Picture, Scale, Verdict
from dynlatch.training.experiments.export import export, verdict_columns
from dynlatch.training.experiments.report.agreement import distinct, near, score
from dynlatch.training.experiments.report.grid import amount, split
from dynlatch.training.experiments.reproduce import cells_of, reproduce
from dynlatch.training.sweeps import Cell, engine

NAN = np.nan


def _verdict(what, ours, published=NAN, *, quantity="error", unit="%", agreement=None, words="said"):
    known = Agreement.UNPUBLISHED if np.isnan(published) else Agreement.AGREES
    return Verdict(what, quantity, unit, ours, ours - 1.0, ours + 1.0, 4, published, agreement or known, words)


@dataclass(frozen=True, eq=False)
class Fake:
    """A finding with everything that a report can show."""

    title: str
    notes: tuple
    verdicts: tuple
    columns: dict

    @property
    def pictures(self):
        return (Picture("Errors & more", "Drawn <once>.", self._draw),)

    def _draw(self):
        import matplotlib.pyplot as plt

        figure, ax = plt.subplots(figsize=(9.0, 3.0))
        ax.plot([1, 100], [0.5, 0.1], color="black")
        ax.set_xscale("log")
        return figure

    def summary(self):
        return f"summary of {self.title}"


def _cells(scale, trials):
    number = trials or {Scale.MICRO: 2, Scale.MINI: 3, Scale.FULL: 20}[scale]
    rule = training.BackPropagation(eta=0.05)
    return [
        Cell(f"fake/T={T}", rule, training.TwoSequence(T=T), number, max_presentations=100, test_sequences=10) for T in (4, 6)
    ]


def _trained(sweep, scale):
    errors = [100.0 * sweep.of(f"fake/T={T}").error.mean() for T in (4, 6)]
    verdicts = [
        _verdict(f"{row}, T = {T}", error, 50.0, agreement=agreement, words=f"{row} <{agreement}>: the learning rate")
        for T, error in zip((4, 6), errors, strict=True)
        for row, agreement in (("EM", Agreement.AGREES), ("bp", Agreement.DISAGREES))
    ]
    columns = {"method": np.array(["EM", "bp"]), "T": np.array([4, 6]), "error": np.array(errors), "runs": np.array(["a", "b"])}
    return Fake("Trained <nets>", ("eta was fitted",), tuple(verdicts), columns)


def _computed(sweep, scale):
    verdict = _verdict("u* at w = 2", 0.532, 0.53, quantity="u*", unit="")
    return Fake("Computed", ("nothing was sampled",), (verdict,), {"w": np.array([2.0]), "u": np.array([0.532])})


FAKES = {
    "table1": Experiment("table1", "Errors", "NIPS 6", _cells, _trained),
    "figure3": Experiment("figure3", "The map", "ICNN", lambda scale, trials: [], _computed),
}


@pytest.fixture
def fakes(monkeypatch):
    monkeypatch.setattr(experiments, "ALL", FAKES)
    monkeypatch.setattr("dynlatch.commands.reproduce_input.NAMES", tuple(FAKES))
    monkeypatch.setattr("dynlatch.commands.reproduce_input.GROUPS", {"all": tuple(FAKES)})


def _run(*arguments):
    with pytest.raises(SystemExit) as stop:
        main(["reproduce", *map(str, arguments)])
    return stop.value.code


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A folder written by one command, and what it said."""
    folder = tmp_path_factory.mktemp("reproduce") / "results"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(experiments, "ALL", FAKES)
        patch.setattr("dynlatch.commands.reproduce_input.NAMES", tuple(FAKES))
        patch.setattr("dynlatch.commands.reproduce_input.GROUPS", {"all": tuple(FAKES)})
        assert _run("all", "--scale", "micro", "--out", folder, "--rng", 3) == 0
    return folder


def _table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_experiment_of_the_papers_is_there():
    assert tuple(experiments.ALL) == NAMES
    assert [name for names in GROUPS.values() for name in names] == list(NAMES)
    for name, made in experiments.ALL.items():
        assert made.name == name
        assert getattr(experiments, name.replace("-", "_")) is made
    assert tuple(Scale) == SCALES


def test_the_folder_holds_what_was_promised(whole):
    names = {str(path.relative_to(whole)) for path in whole.rglob("*") if path.suffix not in (".parquet", ".lock")}
    assert names >= {"report.html", "headline.md", "provenance.json", "trials.db", "tables/trials.csv", "tables/verdicts.csv"}
    assert names >= {f"figures/{name}-1.{suffix}" for name in FAKES for suffix in ("png", "svg")}
    trials = _table(whole / "tables" / "trials.csv")
    assert [(row["cell"], row["trial"]) for row in trials] == [
        ("fake/T=4", "0"),
        ("fake/T=4", "1"),
        ("fake/T=6", "0"),
        ("fake/T=6", "1"),
    ]
    assert {"error", "presentations", "outcome"} <= set(trials[0])
    verdicts = _table(whole / "tables" / "verdicts.csv")
    assert [row["experiment"] for row in verdicts] == ["table1"] * 4 + ["figure3"]
    assert verdicts[-1]["ours"] == "0.532"
    mean = 100.0 * np.mean([float(row["error"]) for row in trials[:2]])
    assert float(_table(whole / "tables" / "table1.csv")[0]["error"]) == mean


def test_the_page_says_the_answer_and_its_reasons(whole):
    page = (whole / "report.html").read_text()
    for words in ("3 of 5", "Trained &lt;nets&gt;", "bp &lt;disagrees&gt;: the learning rate", "eta was fitted", "NIPS 6"):
        assert words in page
    for key in ("answer", "table1", "figure3", "disagreements", "runs", "notes", "again", "words"):
        assert f'id="{key}"' in page
    assert page.count('<td class="disagrees"') == page.count('<li class="disagrees"') == 2
    assert "EM, T = 4" in page
    assert "dynlatch reproduce all --scale micro --rng 3" in page
    assert "<nets>" not in page
    assert "<script" not in page
    assert page.index('id="answer"') < page.index('id="table1"') < page.index('id="disagreements"') < page.index('id="figure3"')
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))


def test_the_headline_is_a_markdown_table(whole):
    lines = (whole / "headline.md").read_text().splitlines()
    assert lines[1].startswith("dynlatch reproduce all --scale micro")
    row = next(line for line in lines if line.startswith("| bp |"))
    assert row.count("**") == 4
    assert "[50]" in row


def test_provenance_names_versions_seeds_and_time(whole):
    held = json.loads((whole / "provenance.json").read_text())
    assert held["rng"] == 3
    assert held["versions"]["dynlatch"]
    assert [(call["trials"], call["finished"]) for call in held["calls"]] == [(4, True)]
    assert held["calls"][0]["cpu_seconds"] > 0.0


def test_a_second_call_trains_nothing_and_says_the_same(whole, fakes, monkeypatch, capsys):
    before = (whole / "tables" / "trials.csv").read_bytes()
    monkeypatch.setattr(engine, "work", None)
    assert _run("--scale", "micro", "--out", whole, "--rng", 3) == 0
    assert (whole / "tables" / "trials.csv").read_bytes() == before
    assert [call["trials"] for call in json.loads((whole / "provenance.json").read_text())["calls"]] == [4, 0]
    said = capsys.readouterr()
    assert said.out.index("summary of Trained") < said.out.index("summary of Computed")
    assert "report.html" in said.err


def test_without_a_folder_it_speaks_and_keeps_nothing(fakes, capsys):
    assert _run("figure3") == 0
    said = capsys.readouterr()
    assert said.out.strip() == "summary of Computed"
    assert "--out" in said.err


def test_an_interrupted_call_goes_on(whole, fakes, tmp_path, monkeypatch, capsys):
    calls, work = [], engine.work

    def cut(cell, root, trials):
        calls.append(cell.name)
        return work(cell, root, trials) if len(calls) < 2 else None

    monkeypatch.setattr(engine, "work", cut)
    out = tmp_path / "results"
    assert _run("all", "--scale", "micro", "--out", out, "--rng", 3) == command.INTERRUPTED
    said = capsys.readouterr().err
    assert "2 of 4 trials are kept" in said
    assert f"dynlatch reproduce all --scale micro --rng 3 --out {out}" in said
    monkeypatch.undo()
    monkeypatch.setattr(experiments, "ALL", FAKES)
    assert _run(*FAKES, "--scale", "micro", "--out", out, "--rng", 3) == 0
    held = json.loads((out / "provenance.json").read_text())
    assert [(call["trials"], call["finished"]) for call in held["calls"]] == [(2, False), (2, True)]
    assert held["digest"] == json.loads((whole / "provenance.json").read_text())["digest"]


def test_interrupted_with_nothing_to_keep_it_in(fakes, monkeypatch, capsys):
    monkeypatch.setattr(engine, "work", lambda *_: None)
    assert _run("table1", "--scale", "micro") == command.INTERRUPTED
    assert "nothing was kept" in capsys.readouterr().err


def test_shards_are_run_joined_and_reported(whole, fakes, tmp_path, capsys):
    for i in (1, 2):
        assert _run("--scale", "micro", "--rng", 3, "--shard", f"{i}/2", "--out", tmp_path) == 0
    assert not (tmp_path / "report.html").exists()
    assert "shard 2 of 2: 2 of 4 trials" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["merge", *(str(tmp_path / f"trials-{i}-of-2.db") for i in (1, 2)), "--into", str(tmp_path / "all.db")])
    assert _run("--scale", "micro", "--rng", 3, "--store", tmp_path / "all.db", "--out", tmp_path) == 0
    held = json.loads((tmp_path / "provenance.json").read_text())
    assert held["digest"] == json.loads((whole / "provenance.json").read_text())["digest"]
    assert held["calls"][0]["trials"] == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["table9"],
        ["--scale", "huge"],
        ["--trials", "0"],
        ["--trials", "many"],
        ["--jobs", "0"],
        ["--jobs", "-2"],
        ["--shard", "3/2", "--store", "s.db"],
        ["--shard", "one", "--store", "s.db"],
        ["--shard", "1/2"],
        ["--backend", "mpi"],
        ["--backend", "dask"],
        ["--scheduler", "tcp://nowhere:1"],
        ["--rng", "-1"],
        ["--longest", "5"],
        ["--out", "FILE"],
        ["figure3", "--out", "OLD"],
        ["table1", "--scale", "micro", "--store", "nowhere/s.db"],
        ["table1", "--scale", "micro", "--store", "FILE"],
    ],
)
def test_bad_arguments_are_one_sentence(arguments, fakes, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text("something else")
    (tmp_path / "OLD").mkdir()
    (tmp_path / "OLD" / "provenance.json").write_text("{}")
    assert _run(*arguments) == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    assert (tmp_path / "FILE").read_text() == "something else"


def test_unknown_names_are_refused_before_anything_costly(capsys):
    import subprocess
    import sys

    code = (
        "import sys; from dynlatch.cli import main\ntry: main(['reproduce', 'table9'])\nfinally: print('numba' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stdout.strip() == "False"
    assert "table9" in run.stderr


def test_cells_that_are_shared_are_one():
    more = Experiment("b", "", "", lambda scale, trials: _cells(scale, 5)[:1], _trained)
    cells = cells_of([FAKES["table1"], more], Scale.MICRO, None)
    assert [(cell.name, cell.trials) for cell in cells] == [("fake/T=4", 5), ("fake/T=6", 2)]
    other = Cell("fake/T=4", training.BackPropagation(eta=0.3), training.TwoSequence(T=4), 2)
    with pytest.raises(InvalidInput, match=r"different settings by 'fake/T=4'"):
        cells_of([FAKES["table1"], Experiment("c", "", "", lambda scale, trials: [other], _trained)], Scale.MICRO, None)


def test_an_experiment_can_be_called(whole):
    finding = FAKES["table1"](scale="micro", rng=3)
    row = _table(whole / "tables" / "table1.csv")[0]
    assert finding.columns["error"][0] == float(row["error"])
    assert FAKES["figure3"]().columns["u"].tolist() == [0.532]
    with pytest.raises(InvalidInput, match="`scale`"):
        reproduce([FAKES["figure3"]], scale="tiny")
    with pytest.raises(InvalidInput, match="`trials`"):
        reproduce([FAKES["table1"]], trials=0)


def test_verdicts_become_tables_where_their_names_have_two_parts():
    full = [_verdict(f"{row}, T = {T}", T) for row in ("a, odd", "b") for T in (5, 10)]
    lone = _verdict("half-life", 3.0, quantity="steps", unit="")
    grids, others = split([*full[:-1], lone])
    assert [(grid.rows, grid.columns) for grid in grids] == [(("a, odd", "b"), ("T = 5", "T = 10"))]
    assert grids[0].cells[1][1] is None
    assert others == [lone]
    twice = split([full[0], full[0], *full[1:]])
    assert twice[0] == []
    assert len(twice[1]) == 5


def test_agreement_is_counted_at_two_leniencies():
    rows = [
        _verdict("a", 12.0, 3.0),
        _verdict("b", 12.0, 1.0),
        _verdict("c", 900.0, 500.0, unit="sequences"),
        _verdict("d", 900.0, 400.0, unit="sequences", agreement=Agreement.DISAGREES),
        _verdict("e", 1.0),
        _verdict("f", 1.0, agreement=Agreement.UNPLACED),
        _verdict("g", 12.0, 12.5),
    ]
    words = _verdict("h", 1.0, agreement=Agreement.AGREES)
    assert score([*rows, words]) == (6, 5, 5, 3, 1, 2)
    assert near(_verdict("z", 0.0, 0.0, unit=""), 1.0, 2.0)
    assert not near(_verdict("z", 0.0, 3.0, unit=""), 1.0, 2.0)
    one = Fake("same runs", (), tuple(rows), {})
    assert [len(own) for own in distinct({"table1": one, "table2": one}).values()] == [7, 0]
    assert set(verdict_columns({"table1": one})["experiment"].tolist()) == {"table1"}


def test_numbers_are_written_as_the_papers_do():
    assert [amount(value, "%") for value in (0.0, 0.04, 2.54, 9.96, 53.2, NAN)] == ["0", "0", "2.5", "10", "53", "–"]
    assert [amount(value) for value in (510.0, 2900.4, 200_000.0, 0.532)] == ["510", "2900", "2.0e5", "0.532"]


def test_columns_are_exported(tmp_path):
    finding = _computed(None, Scale.MICRO)
    assert export(finding, tmp_path / "a.csv").read_text() == "w,u\n2.0,0.532\n"
    for path, error in (("a.xlsx", InvalidInput), ("no/a.csv", UnreadableFile)):
        with pytest.raises(error):
            export(finding, tmp_path / path)
    with pytest.raises(InvalidInput, match="one length"):
        export(Fake("", (), (), {"a": np.zeros(2), "b": np.zeros(3)}), tmp_path / "b.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_parquet_holds_the_same_or_names_its_extra(tmp_path, monkeypatch):
    finding = Fake(
        "", (), (), {"word": np.array(["a", "b"]), "kind": np.array([Agreement.AGREES, "c"], object), "x": np.array([1.0, NAN])}
    )
    try:
        from pyarrow import parquet
    except ImportError:
        with pytest.raises(MissingExtra, match="pip install 'dynlatch\\[cluster\\]'"):
            export(finding, tmp_path / "a.parquet")
        return
    held = parquet.read_table(export(finding, tmp_path / "a.parquet")).to_pydict()
    assert held["word"] == ["a", "b"]
    assert held["kind"] == ["agrees", "c"]
    assert held["x"][0] == 1.0
