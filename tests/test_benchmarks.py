"""Every benchmark runs on tiny settings, without its peer: what it measures is for people to see, not for tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SCRIPTS = sorted(path for path in BENCHMARKS.glob("*.py") if path.stem != "common")


@pytest.fixture
def run(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")  # the scripts set them: put back what was there

    def runs(script):
        spec = importlib.util.spec_from_file_location(f"benchmark_{script.stem}", script)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.main(["--quick"])
        return capsys.readouterr().out

    yield runs
    sys.modules.pop("common", None)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_runs_quickly(run, script):
    assert len(run(script).splitlines()) >= 3, "a header, a rule and a row"


def test_every_peer_is_pinned():
    for requirements in (BENCHMARKS / "peers").glob("*.txt"):
        lines = [line for line in requirements.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        assert lines
        assert all("==" in line for line in lines), requirements.name
        assert list((BENCHMARKS / "peers").glob(f"run_{requirements.stem}*.py")), requirements.name
