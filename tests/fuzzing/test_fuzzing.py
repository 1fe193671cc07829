"""Every reader under damaged files: only the errors that its documentation names, in one line, soon, in little memory.

The default run takes what a second or two of each is; `-m slow` takes 2,000 inputs of every reader in processes that are
watched, and `python -m tests.fuzzing` any number (see docs/reliability.rst).
"""

import os
import signal
import time
from pathlib import Path

import pytest
from fuzzing import engine, readers
from fuzzing.readers import READERS, Reader, made, missing, tried

from dynlatch.errors import UnreadableFile

QUICK = {"safetensors": 500, "provenance": 500, "sequences": 500, "onnx": 300, "audits": 300, "store": 200, "npz": 200}
QUICK |= {"hdf5": 150, "keras": 80, "result": 80, "command line": 25, "torch": 100, "torch older": 300}


@pytest.fixture(params=READERS)
def name(request):
    why = missing(READERS[request.param])
    if why:
        pytest.skip(why)
    return request.param


def test_valid_files_are_accepted(name, tmp_path):
    path = tmp_path / f"net{READERS[name].suffix}"
    refused = 0
    for data in readers.seeds(name):
        path.write_bytes(data)
        accepted, wrong = tried(name, path)
        assert not wrong
        refused += not accepted
    assert refused <= (name == "command line")  # it names a file that is not there


def test_damaged_files_are_refused_or_read(name, tmp_path):
    path = tmp_path / f"net{READERS[name].suffix}"
    outcomes = {True: 0, False: 0}
    for index in range(QUICK[name]):
        path.write_bytes(made(name, index))
        started = time.process_time()
        accepted, wrong = tried(name, path)
        assert not wrong, f"input {index}"
        assert time.process_time() - started < engine.SECONDS, f"input {index}"
        outcomes[accepted] += 1
    assert outcomes[False] > QUICK[name] // 4  # damage is noticed, and not everything is thrown away at the door
    assert outcomes[True] > 0


@pytest.mark.slow
def test_two_thousand_inputs_of_each(name, tmp_path):
    total = engine.fuzz(name, 2000, tmp_path)
    assert total.accepted + total.refused == 2000
    assert engine.findings(name, tmp_path) == []


@pytest.mark.parametrize("kind", ["safetensors", "provenance"])
def test_an_input_is_the_same_bytes_whatever_was_made_before(kind):
    before = [made(kind, index) for index in range(60)]
    assert [made(kind, index) for index in reversed(range(60))] == before[::-1]
    assert len(set(before)) > 50


# The instrument itself: a reader that does wrong is found out.
def _raises(path):
    raise KeyError("header")


def _says_two_lines(path):
    raise UnreadableFile("one\ntwo")


def _warns(path):
    import warnings

    warnings.warn("deprecated", DeprecationWarning, stacklevel=1)


@pytest.mark.parametrize(
    ("read", "word"), [(_raises, "KeyError"), (_says_two_lines, "several lines"), (_warns, "DeprecationWarning")]
)
def test_wrong_refusals_are_noticed(monkeypatch, tmp_path, read, word):
    monkeypatch.setitem(READERS, "wrong", Reader("wrong", ".x", list, read))
    assert word in tried("wrong", tmp_path / "x")[1]


WORKER = """
import os, signal, sys, time
from pathlib import Path
from fuzzing import worker
state = Path(sys.argv[3])
record = worker.opened(state)
for index in range(int(record["done"][0]), int(sys.argv[2])):
    if index == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    if index == 3:
        time.sleep(60)
    record["done"] = index + 1
"""


def test_crashes_and_hangs_are_noted_and_the_next_input_is_tried(monkeypatch, tmp_path):
    fake = tmp_path / "fake.py"
    fake.write_text(WORKER)
    run = engine.subprocess.Popen
    tests = str(Path(__file__).parents[1])
    monkeypatch.setenv("PYTHONPATH", tests)
    monkeypatch.setattr(engine.subprocess, "Popen", lambda words, **rest: run([words[0], str(fake), *words[3:]], **rest))
    monkeypatch.setattr(engine, "LIMIT", 2.0)
    assert engine.fuzz("npz", 5, tmp_path).done == 5
    found = {one["input"]: one["what"] for one in engine.findings("npz", tmp_path)}
    assert sorted(found) == [1, 3]
    assert str(-signal.SIGSEGV) in found[1]
    assert "no end after" in found[3]
    assert os.environ["PYTHONPATH"] == tests
