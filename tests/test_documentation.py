"""What the pages say exists: functions, tests, examples, counterexamples; and the lines that they tell people to run do run."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dynlatch.analysis.counterexamples import COUNTEREXAMPLES
from dynlatch.analysis.theorems import STATEMENTS
from dynlatch.cli import main
from dynlatch.training.experiments import ALL

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))
import mapping  # noqa: E402
import measured  # noqa: E402

TABLE = mapping.table()
ROWS = TABLE["statement"]
NAMES = [f"{row['source']}: {row['item']}" for row in ROWS]


def has_test(name: str) -> bool:
    file, _, function = name.partition("::")
    path = ROOT / "tests" / file
    return path.is_file() and f"\ndef {function}(" in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_what_the_mapping_names_exists(row):
    assert all(mapping.resolved(name) is not None for name in row["code"])
    assert row["code"]
    assert row["tests"]
    assert [name for name in row["tests"] if not has_test(name)] == []
    assert row["source"] in TABLE["sources"]
    assert "example" not in row or (ROOT / "examples" / f"{row['example']}.py").is_file()
    assert set(row.get("errata", ())) <= {example.name for example in COUNTEREXAMPLES}


def test_names_that_do_not_exist_are_noticed():
    with pytest.raises(AttributeError):
        mapping.resolved("analysis.no_such_verb")
    assert not has_test("test_documentation.py::test_of_nothing")
    assert has_test("test_documentation.py::test_names_that_do_not_exist_are_noticed")


def test_every_misprint_is_checked_by_a_test():
    assert [row["where"] for row in TABLE["misprint"] if not has_test(row["test"])] == []


def test_nothing_of_the_package_is_missing_in_the_mapping():
    """Every statement, every counterexample, every experiment and every numbered theory example has its line."""
    runs = " ".join(row["run"] for row in ROWS)
    assert [each.key for each in STATEMENTS if f"dynlatch theorem {each.key}" not in runs] == []
    assert {example.name for example in COUNTEREXAMPLES} == {name for row in ROWS for name in row.get("errata", ())}
    papers = [name for name in ALL if name.startswith(("table", "figure"))]
    assert [name for name in papers if f"dynlatch reproduce {name} " not in runs] == []
    shown = {row.get("example") for row in ROWS}
    assert [path.stem for path in (ROOT / "examples").glob("theory_*.py") if path.stem not in shown] == []


@pytest.mark.slow
@pytest.mark.parametrize("line", sorted({row["run"] for row in ROWS}))
def test_every_line_runs(line, tmp_path, monkeypatch, capfd):
    command, *arguments = (str(ROOT / each) if each.startswith("examples/") else each for each in shlex.split(line))
    monkeypatch.chdir(tmp_path)
    if command == "dynlatch":
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 0
    else:
        environment = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
        subprocess.run([sys.executable, *arguments], env=environment, check=True, timeout=300)
    assert capfd.readouterr().out.strip()


SAID = {
    "LSTM of 1997": "LSTM of 1997",
    "hierarchy of periods 1, 4, 16": "clocked units",
    "time constants": "time constants",
    "back-propagation through time": "back-propagation of the plain net",
    "NARX, 3 delays": "NARX",
}


def test_the_pages_say_what_the_table_of_the_remedies_holds():
    latched, decaying = measured.latched_and_decaying()
    pages = {name: (ROOT / name).read_text(encoding="utf-8").replace("\n", " ") for name in ("README.md", "docs/rules.rst")}
    for name, text in pages.items():
        assert re.search(rf"[Oo]f (the )?{latched} trained nets .* gradient of {decaying} ", text), name
    solved = {name: line.replace("/", ", ") for name, line, *_ in measured.remedies()}
    for remedy, words in SAID.items():
        assert f"{words} {solved[remedy]}" in pages["README.md"], remedy
