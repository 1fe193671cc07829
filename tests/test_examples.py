"""Every example runs as a user would run it, and ends with a figure and two sentences."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
NUMBERED = sorted(EXAMPLES.glob("*_[0-9][0-9]_*.py"))
NEEDS_TORCH = {"use_05_audit_while_training"}  # run by tests/interop/test_live_torch.py
QUICK = {  # at most a second each: run by default, the others with `-m slow`
    "theory_06_expansion",
    "theory_07_the_ball",
    "theory_11_additive_inputs",
    "theory_12_error_flow",
    "theory_13_diffusion_of_credit",
    "theory_14_linear_network",
    "theory_16_a_feeds_b",
    "theory_17_three_requirements",
}


SAYS = {"use_01_u_star_of_a_neuron": "0.532839975353552"}
WRITES = {"use_04_audit_a_trained_net": {"audit.html"}}  # besides the figure


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, id=path.stem, marks=[] if path.stem in QUICK else [pytest.mark.slow])
        for path in NUMBERED
        if path.stem not in NEEDS_TORCH
    ],
)
def test_ends_with_a_figure_and_two_sentences(script, tmp_path, monkeypatch, capsys):
    import matplotlib.pyplot as plt

    figure = tmp_path / "figure.png"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(script), str(figure)])
    try:
        runpy.run_path(str(script), run_name="__main__")
    finally:
        plt.close("all")
    said = capsys.readouterr().out
    lines = said.strip().splitlines()
    assert figure.read_bytes()[:4] == b"\x89PNG"
    assert all(line.endswith(".") for line in lines[-2:])
    assert str(figure) in lines[-1]
    assert SAYS.get(script.stem, "") in said
    assert {path.name for path in tmp_path.iterdir()} == {"figure.png"} | WRITES.get(script.stem, set())


@pytest.mark.parametrize("family", ["theory", "use"])
def test_numbers_have_no_gaps(family):
    numbers = [int(path.stem.split("_")[1]) for path in NUMBERED if path.stem.startswith(f"{family}_")]
    assert numbers == list(range(1, len(numbers) + 1))


def test_what_is_listed_exists():
    assert {path.stem for path in NUMBERED} >= QUICK | NEEDS_TORCH


@pytest.mark.parametrize("script", [pytest.param(path, id=path.stem) for path in NUMBERED])
def test_is_a_page_of_the_gallery(script):
    """A title under which it is listed, cells that begin with words, and not more than a screen or two."""
    text = script.read_text(encoding="utf-8")
    title, line = re.match(r'"""\n(.+)\n(=+)\n\n', text).groups()
    assert len(title) == len(line)
    assert not title.endswith(".")
    assert re.search(r"^# %%\n# \S", text, re.MULTILINE)
    assert not re.search(r"^# %% ", text, re.MULTILINE)
    assert len(text.splitlines()) <= (82 if script.stem in NEEDS_TORCH else 66)  # a training loop of one's own takes its lines
