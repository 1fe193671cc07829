import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dynlatch.cli import main

DATA = Path(__file__).parents[1] / "examples" / "data"


def run(*arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return stop.value.code, out, err


def test_escape_prints_the_number_first(capsys):
    status, out, err = run("escape", "--w", "2", capsys=capsys)
    assert (status, err) == (0, "")
    assert out.splitlines()[0] == "0.532839975353552"
    assert "bistable" in out


@pytest.mark.parametrize(("w", "word"), [("0.5", "monostable"), ("1", "neutral")])
def test_no_latch_is_an_answer(w, word, capsys):
    status, out, _ = run("escape", "--w", w, capsys=capsys)
    assert status == 0
    assert out.splitlines()[0] == "inf"
    assert word in out
    status, out, _ = run("escape", "--w", w, "--json", capsys=capsys)
    assert json.loads(out)["u_star"] == "inf"
    assert json.loads(out)["outcome"] == word


def test_audit_writes_a_report(tmp_path, capsys):
    page = tmp_path / "report.html"
    arguments = (DATA / "flipflop_gru.safetensors", "--inputs", DATA / "flipflop_inputs.npy", "--out", page)
    status, out, err = run("audit", *arguments, capsys=capsys)
    assert status == 0
    assert "8 memory states" in out
    assert "3 bits" in out
    assert str(page) in err
    assert page.read_text().startswith("<!doctype html>")


def test_audit_as_json(capsys):
    status, out, err = run("audit", DATA / "flipflop_rnn.safetensors", "--json", capsys=capsys)
    assert (status, err) == (0, "")
    assert json.loads(out)["bits"] == 3.0


def bad_inputs(folder):
    (folder / "empty.safetensors").write_bytes(b"")
    (folder / "cut.safetensors").write_bytes((DATA / "flipflop_gru.safetensors").read_bytes()[:500])
    (folder / "text.npz").write_text("hello")
    (folder / "weights.txt").write_text("hello")
    np.savez(folder / "nan.npz", weight_ih_l0=np.full((3, 1), np.nan), weight_hh_l0=np.ones((3, 1)))
    np.savez(folder / "shape.npz", weight_ih_l0=np.ones((5, 1)), weight_hh_l0=np.ones((5, 2)))
    np.savez(folder / "other.npz", a=np.ones(3))
    np.save(folder / "wrong.npy", np.ones((10, 2)))
    np.save(folder / "empty.npy", np.ones((0, 3)))
    np.save(folder / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    net = DATA / "flipflop_gru.safetensors"
    return [
        ("audit", folder / "missing.safetensors"),
        ("audit", folder),
        *[("audit", folder / name) for name in ("empty.safetensors", "cut.safetensors", "text.npz", "weights.txt")],
        *[("audit", folder / name) for name in ("nan.npz", "shape.npz", "other.npz")],
        *[("audit", net, "--inputs", folder / name) for name in ("none.npy", "wrong.npy", "empty.npy", "object.npy")],
        ("audit", net, "--out", folder / "no" / "folder.html"),
        ("audit", net, "--rng", "-1"),
        ("audit", net, "--nonlinearity", "sigmoid?"),
        ("audit", net, "--layer", "decoder"),
        ("audit",),
        ("escape",),
        ("escape", "--w", "two"),
        ("escape", "--w", "nan"),
        ("escape", "--w", "-1"),
        ("escape", "--w", "2", "--activation", "relu"),
        ("escape", "--w", "2", "--frobnicate"),
        ("frobnicate",),
    ]


def test_bad_input_is_one_line_and_status_2(tmp_path, capsys):
    for arguments in bad_inputs(tmp_path):
        status, out, err = run(*arguments, capsys=capsys)
        assert status == 2, arguments
        assert out == "", arguments
        assert len(err.strip().splitlines()) == 1, (arguments, err)
        assert err.startswith("dynlatch: ")
        assert "Traceback" not in err


def python(code):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("COV")}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=clean, check=True).stdout


def test_importing_is_light():
    heavy = ("matplotlib", "sympy", "numba", "scipy.optimize", "networkx", "torch", "jinja2")
    loaded = f"print([m for m in {heavy} if m in sys.modules])"
    assert python(f"import sys, dynlatch; {loaded}").strip() == "[]"
    assert python(f"import sys; from dynlatch import analysis, training; {loaded}").strip() == "[]"
    assert python(f"import sys, dynlatch; [getattr(dynlatch, n) for n in dynlatch.__all__]; {loaded}").strip() == "[]"


def test_help_is_quick():
    code = (
        "import subprocess, sys, resource\n"
        "subprocess.run([sys.executable, '-m', 'dynlatch.cli', '--help'], check=True, capture_output=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(used.ru_utime + used.ru_stime)\n"
    )
    python(code)  # compiles what is not compiled yet
    assert min(float(python(code)) for _ in range(3)) < 0.5


def test_help_lists_the_commands(capsys):
    status, out, _ = run("--help", capsys=capsys)
    assert status == 0
    assert "audit" in out
    assert "escape" in out
