"""Every benchmark runs on tiny settings, without its peer: what it measures is for people to see, not for tests.

What is tested is what the tables say: which ratio decides, that a missing peer is named, that nothing of a run is lost.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PEERS = ROOT / "benchmarks" / "peers"
SHARED = {"__init__", "__main__", "commands", "common", "contract", "environments", "machine", "results", "tables", "workers"}
BENCHMARKS = sorted(path.stem for path in (ROOT / "benchmarks").glob("*.py") if path.stem not in SHARED)


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the package sets them: put back what was there


def module(name):
    return importlib.import_module(f"benchmarks.{name}")


def row(ours, theirs=(), bar=None, unit="s", note=""):
    return module("contract").Row("work", "peer" if theirs else "", ours, theirs, bar, unit, note)


COMPILES = {"annealing", "escape_thresholds", "monitor", "state_networks", "training"}  # for longer than they run


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n in COMPILES else n for n in BENCHMARKS])
def test_runs_quickly(name):
    contract = module("contract")
    rows = list(module(name).rows(contract.Setting(quick=True)))
    assert rows
    assert all(each.ours and np.isfinite(each.ours).all() for each in rows)
    assert all(each.theirs or not each.against or each.note == "not measured: no peers in this run" for each in rows)


def test_one_command_measures_every_benchmark():
    assert [name for name, _ in sorted(module("__main__").ORDER)] == BENCHMARKS


def test_every_peer_is_pinned():
    for requirements in PEERS.glob("*.txt"):
        lines = [line for line in requirements.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        assert lines
        assert all("==" in line for line in lines), requirements.name
        assert list(PEERS.glob(f"run_{requirements.stem}*.py")), requirements.name


def test_peers_take_turns_and_come_first():
    order = []
    theirs, ours = iter([4.0, 9.0, 5.0]), iter([2.0, 3.0, 1.0])
    found = module("contract").versus(
        "work", "peer", lambda: order.append("ours") or next(ours), lambda: order.append("theirs") or next(theirs), 3
    )
    assert order == ["theirs", "ours"] * 3
    assert found.theirs == (4.0, 9.0, 5.0)
    assert found.ours == (2.0, 3.0, 1.0)
    assert list(module("contract").ratios(found)) == [2.0, 3.0, 5.0]


def test_the_median_ratio_of_the_pairs_decides():
    contract = module("contract")
    measured = row((2.0, 3.0, 1.0), (4.0, 9.0, 5.0))
    assert contract.met(measured._replace(bar=contract.times(3.0))) is True
    assert contract.met(measured._replace(bar=contract.times(3.1))) is False  # the least times, 4 and 1, would say 4
    assert module("tables").ratio(measured) == "3 (2 to 5)"


@pytest.mark.parametrize(
    ("kind", "value", "unit", "expected"),
    [
        pytest.param("at_most", 1.0, "s", True, id="seconds, least"),
        pytest.param("at_most", 0.9, "s", False, id="seconds, above"),
        pytest.param("at_most", 2.0, "times", True, id="value, median"),
        pytest.param("at_most", 1.9, "times", False, id="value, above"),
        pytest.param("at_least", 2.0, "points", True, id="at least"),
        pytest.param("at_least", 2.1, "points", False, id="below"),
    ],
)
def test_bars_of_single_values(kind, value, unit, expected):
    contract = module("contract")
    assert contract.met(row((3.0, 1.0, 2.0), bar=getattr(contract, kind)(value), unit=unit)) is expected


def test_quick_numbers_are_not_judged():
    contract, commands = module("contract"), module("commands")
    judged = [row((1.0,), bar=contract.at_most(2.0))]
    assert [each.bar for each in commands.measured(lambda _: iter(judged), contract.Setting(quick=True))] == [None]
    assert list(commands.measured(lambda _: iter(judged), contract.Setting())) == judged


PROGRAM = """
import sys
sys.path.insert(0, {peers!r})
import numpy as np
from turns import take_turns
given, answer, factor = sys.argv[1:]
print("what a peer prints is no time")
if factor == "nothing":
    raise ValueError("no factor")
x = np.load(given)["x"]
result = take_turns(lambda: (print("nor this"), float(factor) * x)[1])
np.savez(answer, y=result)
"""


@pytest.fixture
def worker(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(peers=str(PEERS)), encoding="utf-8")

    def started(*options, environments=tmp_path, name="own"):
        return module("workers").Worker(environments, name, str(program), {"x": np.arange(3.0)}, options)

    return started


def test_a_peer_gets_arrays_takes_turns_and_answers(worker):
    with worker(2.0) as peer:
        seconds = [peer.turn() for _ in range(2)]
        assert np.array_equal(peer.answer()["y"], [0.0, 2.0, 4.0])
    assert all(0.0 <= taken < 10.0 for taken in seconds)


def test_a_peer_that_fails_leaves_its_reason_and_our_time(worker):
    contract = module("contract")
    with worker("nothing") as peer:
        found = contract.versus("work", "peer", lambda: 1.5, peer.turn, 3, bar=contract.times(2.0), note=peer.answer)
    assert found.ours == (1.5,)
    assert found.note.endswith("program.py failed: ValueError: no factor")
    assert contract.met(found) is None
    assert module("tables").verdict(found) == "NOT MEASURED"


def test_a_missing_environment_is_named(worker, tmp_path):
    contract = module("contract")
    with worker(1.0, name="torch") as peer:
        found = contract.versus("work", "PyTorch", lambda: 1.0, peer.turn, 2)
    assert found.note == "not measured: no environment `torch`; `--install` makes it"
    kept = {"one": section("One", [found])}
    assert "PyTorch (work): no environment `torch`" in module("results").summary(kept)


def test_an_environment_with_other_versions_is_refused():
    environments = module("environments")
    wrong = environments.mismatch(Path(sys.executable), "pynamicalsys")
    assert "pynamicalsys" in wrong
    assert environments.pins("torch") == {"torch": "2.13.0", "numpy": "2.4.6"}


def test_a_build_for_cuda_is_never_installed(monkeypatch, tmp_path):
    environments, commands = module("environments"), []
    report = {"install": [{"metadata": {"name": name}} for name in ("torch", "nvidia-cublas-cu12", "numpy")]}

    class Done:
        returncode, stdout, stderr = 0, "Collecting torch\n" + json.dumps(report), ""

    monkeypatch.setattr(environments.subprocess, "run", lambda command, **_: commands.append(command) or Done)
    said = environments.install(tmp_path, "torch")
    assert said.startswith("refused: nvidia-cublas-cu12 would come along")
    assert [("--dry-run" in command) for command in commands] == [False, True]  # the environment, and the plan: nothing more


def section(title, rows, **facts):
    about = {"date": "2026-11-22 04:00", "load": [1.0, 2.0], "rounds": 5, "machine": {"processor": "one"}, "failure": ""}
    return module("results").section(title, rows, **(about | facts))


def test_the_record_keeps_every_row(tmp_path):
    results, contract = module("results"), module("contract")
    rows = [
        row((1e-3, 2e-3), (0.02, 0.03), contract.times(12.0)),
        row((0.7,), bar=contract.at_least(0.9), unit="lower / upper"),
    ]
    results.write(tmp_path / "r.json", {"one": section("One", rows)})
    assert results.rows_of(results.read(tmp_path / "r.json")["one"]) == rows


def test_the_page_says_what_was_missed_and_what_failed():
    results, contract = module("results"), module("contract")
    rows = [
        row((1e-3, 2e-3), (0.02, 0.03), contract.times(12.0)),
        row((0.7,), bar=contract.at_least(0.9), unit="lower / upper"),
    ]
    page = results.page(
        {"one": section("One", rows), "two": section("Two", [], failure="MemoryError: ")}, {"one": "One", "three": "Three"}
    )
    assert "Bars met: 1; missed: 1; not measured: 0; benchmarks that failed: 1." in page
    assert "Not run yet:\n\n* Three: `python -m benchmarks three`\n\n" in page
    assert "| 1 ms (1.5 ms)" in page
    assert "17.5 (15 to 20)" in page
    assert "MISSED" in page
    assert "**Failed: MemoryError: **" in page
    assert "`python -m benchmarks one`; 2026-11-22 04:00, load 1.0 to 2.0" in page


def test_a_run_replaces_its_sections_and_a_failure_stops_no_other(monkeypatch, tmp_path, capsys):
    main, results = module("__main__"), module("results")

    def failing(_):
        yield row((1.0,))
        raise ValueError("half way")

    monkeypatch.setattr(module("morse"), "rows", failing)
    out = tmp_path / "page.md"
    results.write(tmp_path / "page.json", {"noise": section("Kept", []), "floor": section("Replaced", [])})
    assert main.main(["--quick", "--out", str(out), "morse", "floor"]) == 1
    sections = results.read(tmp_path / "page.json")
    assert [kept["title"] for kept in sections.values()] == ["The machine's limits", "Morse graph against CMGDB", "Kept"]
    assert sections["morse"]["failure"] == "ValueError: half way"
    assert len(sections["morse"]["rows"]) == 1
    assert len(sections["floor"]["rows"]) == 5
    assert "half way" in out.read_text(encoding="utf-8")
    assert "half way" in capsys.readouterr().out


def test_exponents_are_the_slopes_of_power_laws():
    sizes = (10, 20, 40, 80)
    exponent, half_width = module("growth").fitted(sizes, [3e-6 * size**1.7 for size in sizes])
    assert exponent == pytest.approx(1.7, abs=1e-12)
    assert half_width == pytest.approx(0.0, abs=1e-6)
    x, y = np.log(sizes), np.log([1.0, 2.2, 3.9, 8.3])
    left = y - np.polyval(np.polyfit(x, y, 1), x)
    deviation = np.sqrt(left @ left / 2 / np.sum((x - x.mean()) ** 2))  # two degrees of freedom: t = 4.3027
    assert module("growth").fitted(sizes, np.exp(y)) == pytest.approx((np.polyfit(x, y, 1)[0], 4.3026527 * deviation), rel=1e-6)
