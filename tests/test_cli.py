import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import dynlatch as dl
from dynlatch import analysis
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


def test_escape_of_every_memory_state(tmp_path, capsys):
    picture = tmp_path / "brackets.png"
    status, out, err = run("escape", "--weights", "1.3 2.6; 3.7 0.3", "--out", picture, capsys=capsys)
    assert status == 0
    assert out.startswith("2 memory states; escape threshold u*")
    assert out.count("2.0961") == 4
    assert "leads to" in out
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in err


def test_escape_of_one_memory_state_as_json(capsys):
    arguments = ("--weights", "2", "--bias", "-0.1", "--attractor", "1", "--disturbance", "impulse", "--json")
    status, out, err = run("escape", *arguments, capsys=capsys)
    assert (status, err) == (0, "")
    (state,) = json.loads(out)["states"]
    assert state["exact"]
    assert state["leads_to"] == "0"
    assert np.array(state["witness"]).shape == (1, 1)


def test_escape_of_one_memory_state_and_its_picture(tmp_path, capsys):
    picture = tmp_path / "escape.png"
    status, out, err = run("escape", "--weights", "2", "--attractor", "1", "--out", picture, capsys=capsys)
    assert status == 0
    assert "0.53284" in out
    assert out.splitlines()[-1].split() == ["leads", "to:", "0"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in err


def test_files_of_which_none_can_be_audited(tmp_path, capsys):
    for name in ("a.npz", "b.npz"):
        (tmp_path / name).write_bytes(b"no archive")
    status, out, err = run("audit", tmp_path / "a.npz", tmp_path / "b.npz", capsys=capsys)
    assert (status, out) == (2, "")
    assert "none of the 2 files could be audited (a.npz: " in err.splitlines()[-1]


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


@pytest.fixture
def checkpoints(tmp_path):
    """Elman nets with one unit each, of growing weight."""
    for number, w in ((2, 0.5), (10, 2.0)):
        arrays = {"weight_hh_l0": [[w]], "weight_ih_l0": [[1.0]], "bias_hh_l0": [0.0], "bias_ih_l0": [0.0]}
        np.savez(tmp_path / f"ckpt-{number}.npz", **{f"rnn.{name}": np.array(array) for name, array in arrays.items()})
    return tmp_path


def test_audits_of_a_training_run(checkpoints, capsys):
    page = checkpoints / "film.html"
    status, out, err = run("audit", checkpoints / "ckpt-*.npz", "--out", page, "--json", capsys=capsys)
    assert status == 0
    audits = json.loads(out)["audits"]
    assert [audit["name"] for audit in audits] == ["ckpt-2.npz", "ckpt-10.npz"]
    assert [len(audit["memories"]) for audit in audits] == [1, 2]
    assert "2/2" in err
    assert page.read_text().lower().startswith("<!doctype html>")
    (checkpoints / "ckpt-3.npz").write_bytes(b"no archive")
    status, out, err = run("audit", *checkpoints.glob("ckpt-*.npz"), capsys=capsys)
    assert status == 1
    assert "not audited" in err
    assert out.index("ckpt-2.npz") < out.index("ckpt-3.npz") < out.index("ckpt-10.npz")


def test_what_moved_since_a_saved_audit(checkpoints, capsys):
    old, new = checkpoints / "ckpt-2.npz", checkpoints / "ckpt-10.npz"
    np.save(checkpoints / "u.npy", np.linspace(-1.0, 1.0, 24).reshape(12, 2, 1))
    np.save(checkpoints / "d.npy", np.ones((2, 1)))
    np.save(checkpoints / "lengths.npy", np.array([12, 5]))
    data = ("--inputs", checkpoints / "u.npy", "--lengths", checkpoints / "lengths.npy", "--targets", checkpoints / "d.npy")
    status, out, err = run("audit", old, *data, "--save", checkpoints / "saved", capsys=capsys)
    assert status == 0
    assert "2 given sequences of 5 to 12 steps" in out
    assert "squared error" in out
    for earlier in (checkpoints / "saved.npz", old):
        status, out, err = run("audit", new, *data, "--diff", earlier, capsys=capsys)
        assert (status, err) == (0, "")
        assert "bits: 0 -> 1" in out


def test_an_interrupt_keeps_what_was_audited(checkpoints, capsys, monkeypatch):
    from dynlatch.commands import audit as module

    whole = module._audited

    def interrupted(path, ask):
        if "10" in path:
            raise KeyboardInterrupt
        return whole(path, ask)

    monkeypatch.setattr(module, "_audited", interrupted)
    status, out, err = run("audit", checkpoints / "ckpt-2.npz", checkpoints / "ckpt-10.npz", "--json", capsys=capsys)
    assert status == 130
    assert [audit["name"] for audit in json.loads(out)["audits"]] == ["ckpt-2.npz"]
    assert "1 of 2 files were not audited" in err


def test_an_audit_that_is_interrupted_says_what_it_knows(checkpoints, capsys, monkeypatch):
    import importlib

    work = importlib.import_module("dynlatch.analysis.audit.work")

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "step_verdicts", stop)
    status, out, err = run("audit", checkpoints / "ckpt-10.npz", capsys=capsys)
    assert status == 130
    assert "2 memory states" in out
    assert "it was interrupted" in out
    assert "interrupted" in err


def test_fixed_points_of_weights_typed_in(capsys):
    status, out, err = run("fixed-points", "--weights", "1.3 2.6; 3.7 0.3", capsys=capsys)
    assert (status, err) == (0, "")
    assert out.startswith("3 fixed points in activation a: 2 attracting, 1 repelling")
    assert "proved" in out


def test_fixed_points_as_json(capsys):
    arguments = ("--weights", "-0.5 -5.3; -5.4 0.9", "--bias", "1.2,-0.2", "--input", "-1.2,0.2", "--json")
    status, out, err = run("fixed-points", *arguments, capsys=capsys)
    assert (status, err) == (0, "")
    data = json.loads(out)
    assert data["schema"] == "dynlatch.fixed-points/1"
    assert [0.0, 0.0] in data["points"]  # the input takes the bias away
    assert data["index_sum"] == 1
    assert len(data["points"]) == data["count"] == len(data["stability"]) == len(data["eigenvalues"]["real"])


def test_fixed_points_of_a_trained_net_and_their_picture(tmp_path, capsys):
    picture = tmp_path / "points.png"
    arguments = (DATA / "flipflop_gru.safetensors", "--method", "multistart", "--out", picture)
    status, out, err = run("fixed-points", *arguments, capsys=capsys)
    assert status == 0
    assert "27 fixed points" in out
    assert err == f"picture: {picture}\n"
    assert picture.read_bytes()[:4] == b"\x89PNG"


def test_an_incomplete_list_is_status_1(monkeypatch, capsys):
    from dataclasses import replace

    from dynlatch import analysis
    from dynlatch.analysis import Completeness

    found = analysis.fixed_points
    failed = Completeness.CHECKSUM_FAILED
    monkeypatch.setattr(analysis, "fixed_points", lambda *a, **k: replace(found(*a, **k), completeness=failed))
    status, out, _ = run("fixed-points", "--weights", "2", capsys=capsys)
    assert status == 1
    assert "3 fixed points" in out


def test_a_proof_that_did_not_succeed_is_status_1(monkeypatch, capsys):
    from dataclasses import replace

    from dynlatch import analysis
    from dynlatch.analysis import Completeness

    found = analysis.fixed_points
    cut = Completeness.BUDGET
    monkeypatch.setattr(analysis, "fixed_points", lambda *a, **k: replace(found(*a, **k), completeness=cut))
    assert run("fixed-points", "--weights", "2", "--method", "proof", capsys=capsys)[0] == 1
    assert run("fixed-points", "--weights", "2", capsys=capsys)[0] == 0


def test_portrait_writes_a_picture(tmp_path, capsys):
    picture = tmp_path / "portrait.svg"
    arguments = ("--weights", "1.9 -0.35; 0.45 1.7", "--bounds", "-4,4", "--resolution", "40", "--out", picture)
    status, out, err = run("portrait", *arguments, capsys=capsys)
    assert (status, err) == (0, f"picture: {picture}\n")
    assert "2 attractors, 5 fixed points" in out
    assert b"<svg" in picture.read_bytes()[:1000]
    assert list(tmp_path.iterdir()) == [picture]


def test_portrait_as_json(tmp_path, capsys):
    arguments = ("--weights", "2", "--resolution", "50", "--out", tmp_path / "latch.png", "--json")
    status, out, _ = run("portrait", *arguments, capsys=capsys)
    data = json.loads(out)
    assert (status, data["schema"], data["dim"]) == (0, "dynlatch.portrait/1", 1)
    assert [entry["share"] for entry in data["attractors"]] == [0.5, 0.5]
    assert data["fixed_points"]["completeness"] == "proved"


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch, capsys):
    from dynlatch import analysis

    def interrupted(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(analysis, "portrait", interrupted)
    status, out, err = run("portrait", "--weights", "2", "--out", tmp_path / "latch.png", capsys=capsys)
    assert (status, out) == (130, "")
    assert "interrupted" in err
    assert not list(tmp_path.iterdir())


def test_train_prints_a_table_draws_and_goes_on(tmp_path, capsys):
    kept, settings = tmp_path / "run.npz", ("--task", "two-sequence", "-T", "9", "--rule", "back-propagation", "--trials", "3")
    status, out, err = run("train", *settings, "--max-presentations", "60", "--save", kept, capsys=capsys)
    assert status == 0
    assert out.startswith("BackPropagation on TwoSequence(T=9), 3 trials of 50 sequences")
    assert str(kept) in err
    more = ("--max-presentations", "900", "--out", tmp_path / "runs.png", "--json")
    status, out, _ = run("train", "--resume", kept, *more, capsys=capsys)
    whole, _ = run("train", *settings, "--max-presentations", "900", "--json", capsys=capsys)[1:]
    assert status == 0
    assert out == whole
    assert json.loads(out)["rule"] == {"name": "BackPropagation", "eta": 0.1, "momentum": 0.0, "batch": 1}
    assert (tmp_path / "runs.png").read_bytes()[:4] == b"\x89PNG"


def test_train_takes_settings_and_watches(tmp_path, capsys):
    settings = (
        "--task",
        "latch",
        "-T",
        "8",
        "--rule",
        "back-propagation",
        "--trials",
        "2",
        "--set",
        "std=0.05",
        "--set",
        "eta=0.2",
    )
    status, out, _ = run("train", *settings, "--monitor", "--out", tmp_path / "path.png", capsys=capsys)
    assert status == 0
    assert "trial 1:" in out
    assert (tmp_path / "path.png").read_bytes()[:4] == b"\x89PNG"


def test_train_takes_any_model(capsys):
    settings = ("--task", "two-sequence", "-T", "8", "--rule", "back-propagation", "--trials", "2", "--max-presentations", "60")
    chosen = ("--model", "local-feedback-net", "--set", "units_count=2", "--set", "loop=tanh", "--json")
    status, out, _ = run("train", *settings, *chosen, capsys=capsys)
    assert status == 0
    made = json.loads(out)["model"]
    assert (made["name"], made["units_count"], made["loop"], made["input_dim"]) == ("LocalFeedbackNet", 2, "tanh", 1)


def test_shards_are_merged(tmp_path, capsys):
    from dynlatch.training import BackPropagation, Cell, TwoSequence, sweep

    cells = [Cell("bp", BackPropagation(), TwoSequence(T=6), 4, max_presentations=60, test_sequences=9)]
    for k in (1, 2):
        sweep(cells, store=tmp_path / f"{k}.db", block=2, shard=(k, 2))
    status, out, _ = run("merge", tmp_path / "1.db", tmp_path / "2.db", "--into", tmp_path / "all.db", capsys=capsys)
    assert status == 0
    assert out.splitlines()[1].split()[:2] == ["bp", "4"]


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
    analysis.fixed_points(dl.LatchNeuron(2.0)).save(folder / "points")
    net = DATA / "flipflop_gru.safetensors"
    return [
        ("audit", net, folder / "nan.npz", "--save", folder / "saved.npz"),
        ("audit", net, "--diff", folder / "points.npz"),
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
        ("fixed-points",),
        ("fixed-points", net, "--weights", "2"),
        ("fixed-points", net, "--bias", "2"),
        ("fixed-points", net, "--input", "1,2"),
        ("fixed-points", net, "--input", "1,2,three"),
        ("fixed-points", folder / "missing.pt"),
        *[("fixed-points", "--weights", text) for text in ("", "a", "1 2", "1 2; 3", "nan")],
        ("fixed-points", "--weights", "2", "--bias", "1,2"),
        ("fixed-points", "--weights", "2", "--activation", "sigmoid?"),
        ("fixed-points", "--weights", "2 0; 0 1", "--activation", "threshold"),
        ("fixed-points", "--weights", "2", "--method", "guess"),
        *[("fixed-points", "--weights", "2", "--bounds", text) for text in ("1", "2,1", "low,high", "nan,1")],
        ("fixed-points", "--weights", "2", "--time-budget", "-1"),
        ("fixed-points", "--weights", "2", "--rng", "-1"),
        ("fixed-points", "--weights", "2", "--out", folder / "picture.docx"),
        ("fixed-points", "--weights", "2", "--out", folder / "no" / "picture.png"),
        ("portrait", "--weights", "2"),
        ("portrait", "--weights", "2", "--out", folder),
        ("portrait", "--weights", "2", "--out", folder / "picture.png", "--resolution", "1"),
        ("escape",),
        ("escape", "--w", "two"),
        ("escape", "--w", "nan"),
        ("escape", "--w", "-1"),
        ("escape", "--w", "2", "--activation", "relu"),
        ("escape", "--w", "2", "--frobnicate"),
        ("escape", "--w", "2", "--weights", "2"),
        ("escape", "--w", "2", "--bias", "1,2"),
        ("escape", "--weights", "2", "--attractor", "2"),
        ("escape", "--weights", "2", "--norm", "1"),
        ("escape", "--weights", "2", "--steps", "0"),
        ("escape", "--weights", "2", "--effort", "heroic"),
        ("escape", "--weights", "-2", "--bias", "0"),
        ("escape", folder / "absent.safetensors"),
        ("train",),
        ("train", "--task", "two-sequence", "--rule", "back-propagation"),
        ("train", "--task", "two-sequences", "--rule", "back-propagation", "-T", "9"),
        ("train", "--task", "two-sequence", "--rule", "adam", "-T", "9"),
        ("train", "--task", "two-sequence", "--rule", "flip-flop-rule", "-T", "9"),
        ("train", "--task", "two-sequence", "--rule", "back-propagation", "-T", "2"),
        ("train", "--task", "two-sequence", "--rule", "back-propagation", "-T", "9", "--trials", "0"),
        ("train", "--task", "two-sequence", "--rule", "back-propagation", "-T", "9", "--set", "mu=3"),
        ("train", "--task", "two-sequence", "--rule", "back-propagation", "-T", "9", "--model", "transformer"),
        ("train", "--task", "two-sequence", "--rule", "back-propagation", "-T", "9", "--model", "any-wiring"),
        ("train", "--task", "two-sequence", "--rule", "back-propagation", "-T", "9", "--set", "eta"),
        ("train", "--task", "two-sequence", "--rule", "back-propagation", "-T", "9", "--set", "eta=fast"),
        ("train", "--resume", folder / "other.npz"),
        ("train", "--resume", folder / "points.npz"),
        ("train", "--resume", folder / "other.npz", "-T", "9"),
        ("merge", folder / "text.npz", "--into", folder / "all.db"),
        ("merge", folder / "none.db", "--into", folder / "all.db"),
        ("frobnicate",),
        ("escape", *map(str, range(3000))),
    ]


def test_bad_input_is_one_line_and_status_2(tmp_path, capsys):
    for arguments in bad_inputs(tmp_path):
        status, out, err = run(*arguments, capsys=capsys)
        assert status == 2, arguments
        assert out == "", arguments
        assert len(err.strip().splitlines()) == 1, (arguments, err)
        assert len(err) < 2000, arguments
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
    for command in ("audit", "escape", "fixed-points", "portrait", "train", "merge"):
        assert command in out
