"""Every example that needs no torch runs as a user would run it: by itself, in an empty folder."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
NEEDS_TORCH = re.compile(r"^\s*(import|from) torch\b", re.MULTILINE)
THEORY = sorted(EXAMPLES.glob("theory_*.py"))  # eighteen short ones: run in this process, which has imported everything
SCRIPTS = sorted(path for path in EXAMPLES.glob("*.py") if not NEEDS_TORCH.search(path.read_text(encoding="utf-8")))
TOLD = "u_star_closed_form"  # has a test of its own below
LONG = {
    "audit_trained_net",
    "escape_paths",
    "learning_rules",
    "noise_and_the_trade_off",
    "state_space_portrait",
}  # run with `-m slow`


def test_there_are_examples():
    assert any(path.name == "u_star_closed_form.py" for path in SCRIPTS)


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.slow] if path.stem in LONG else [])
        for path in SCRIPTS
        if path.stem != TOLD and path not in THEORY
    ],
)
def test_runs(script, tmp_path):
    environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "error", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip(), "an example says what it found"


def test_u_star_writes_its_figure_where_it_is_told(tmp_path):
    script = EXAMPLES / f"{TOLD}.py"
    figure = tmp_path / "sub.png"
    done = subprocess.run([sys.executable, str(script), str(figure)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert list(tmp_path.iterdir()) == [figure]
    assert "0.532839975353552" in done.stdout


@pytest.mark.parametrize("script", [pytest.param(path, id=path.stem) for path in THEORY])
def test_theory_ends_with_a_figure_and_two_sentences(script, tmp_path, monkeypatch, capsys):
    import matplotlib.pyplot as plt

    figure = tmp_path / f"{script.stem}.png"
    monkeypatch.setattr(sys, "argv", [str(script), str(figure)])
    try:
        runpy.run_path(str(script), run_name="__main__")
    finally:
        plt.close("all")
    lines = capsys.readouterr().out.strip().splitlines()
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert all(line.endswith(".") for line in lines[-2:])
    assert str(figure) in lines[-1]


def test_theory_is_numbered_without_gaps():
    numbers = [int(path.stem.split("_")[1]) for path in THEORY]
    assert numbers == list(range(1, len(THEORY) + 1))
    assert all(len(path.read_text(encoding="utf-8").splitlines()) <= 66 for path in THEORY)
