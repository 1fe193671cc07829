"""`dynlatch theorem`, called as the command line calls it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dynlatch.cli import main


def call(capsys, *arguments):
    with pytest.raises(SystemExit) as ended:
        main(["theorem", *arguments])
    out, err = capsys.readouterr()
    return ended.value.code, out, err


def test_without_a_number_all_statements_are_listed(capsys):
    status, out, _ = call(capsys)
    assert status == 0
    assert len(out.splitlines()) == 14
    assert "counterexamples: alternating, harmonic" in out


def test_a_check_with_a_picture(capsys, tmp_path):
    status, out, err = call(capsys, "4", "--w", "1.5", "--size", "0.1", "--out", str(tmp_path / "four.png"))
    assert status == 0
    assert "as written:" in out
    assert "corrected:" in out
    assert out.splitlines()[-1].startswith("holds:")
    assert "picture" in err
    assert (tmp_path / "four.png").read_bytes()[:4] == b"\x89PNG"


def test_inputs_that_are_too_large_leave_the_theorem_silent(capsys):
    _, out, _ = call(capsys, "4", "--w", "2", "--size", "3")
    assert out.splitlines()[-1].startswith("silent:")


def test_counterexamples_with_a_picture(capsys, tmp_path):
    status, out, _ = call(capsys, "definition5", "--counterexample", "--out", str(tmp_path / "lemma.svg"))
    assert status == 0
    assert out.count("\nverified") == 2
    assert "because:" in out
    assert (tmp_path / "lemma.svg").stat().st_size > 1000


def test_a_statement_that_is_right_has_none(capsys):
    status, out, _ = call(capsys, "definition1", "--counterexample")
    assert status == 0
    assert "there is no counterexample" in out


@pytest.mark.parametrize("key", ["projection", "footnote2"])
def test_statements_with_systems_of_their_own(capsys, key):
    status, out, _ = call(capsys, key)
    assert status == 0
    assert "happens" in out


def test_json(capsys):
    status, out, _ = call(capsys, "3", "--weights", "1.3 2.6; 3.7 0.3", "--json")
    data = json.loads(out)
    assert status == 0
    assert data["schema"] == "dynlatch.theorem/1"
    assert data["outcome"] == "holds"
    assert data["hypothesis"][0]["value"] < 1.0
    _, out, _ = call(capsys, "3", "--counterexample", "--json")
    (tube,) = json.loads(out)["counterexamples"]
    assert tube["holds"]
    assert any(claim["method"] == "SymPy" for claim in tube["claims"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("9",), "choose one of 1, 2, 3, 4, lemma1"),
        (("4", "--w", "2", "--weights", "1"), "not both"),
        (("4", "--counterexample", "--w", "2"), "leave the network out"),
        (("3", "--size", "-1"), "--size"),
        (("3", "--steps", "1"), "--steps"),
        (("4", "--w", "0.5", "--out", "nowhere/x.png"), "no folder"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, words):
    status, out, err = call(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert len(err.splitlines()) == 1
    assert words in err


def test_the_list_as_json(capsys):
    status, out, _ = call(capsys, "--json")
    assert status == 0
    statements = json.loads(out)["statements"]
    assert len(statements) == 14
    assert {"1", "2", "3", "4"} <= {one["key"] for one in statements}


def test_a_statement_about_inputs_needs_some(capsys, tmp_path):
    np.savez(tmp_path / "net.npz", weight_ih_l0=np.zeros((2, 0)), weight_hh_l0=np.eye(2))
    status, _, err = call(capsys, "4", str(tmp_path / "net.npz"))
    assert status == 2
    assert "is about inputs, and this system has none" in err
