"""Sweeps: the same table however the work is divided, cut off, or shared."""

import contextlib
import io
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import dynlatch as dl
from dynlatch.errors import DynlatchError, InvalidInput, UnreadableFile
from dynlatch.progress import counter
from dynlatch.training import BackPropagation, TwoSequence, train
from dynlatch.training.monitor import RegionMonitor
from dynlatch.training.sweeps import Cell, merge, sweep
from dynlatch.training.sweeps.store import Entry, Row, opened

CELLS = [
    Cell("bp/T=5", BackPropagation(), TwoSequence(T=5), 11, max_presentations=300, test_sequences=20),
    Cell("bp/T=20", BackPropagation(), TwoSequence(T=20), 7, max_presentations=300, test_sequences=20),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return sweep(CELLS, store=tmp_path_factory.mktemp("sweep") / "whole.db", rng=4)


def test_every_trial_is_there_once(whole):
    assert whole.names == ("bp/T=5", "bp/T=20")
    assert whole.columns["trial"].tolist() == [*range(11), *range(7)]
    assert whole.of("bp/T=20").weights.shape == (7, 25)
    assert "bp/T=20" in str(whole)
    assert sum(len(line.get_xdata()) for line in whole.plot().get_lines() if line.get_marker() == ".") == 18


@pytest.mark.parametrize("block", [1, 4, 100])
def test_the_table_does_not_depend_on_the_blocks(whole, block, tmp_path):
    assert sweep(CELLS, store=tmp_path / "s.db", rng=4, block=block).digest == whole.digest


@pytest.mark.parametrize("jobs", [2, 3])
def test_the_table_does_not_depend_on_the_number_of_workers(whole, jobs, tmp_path):
    assert sweep(CELLS, store=tmp_path / "s.db", rng=4, block=4, jobs=jobs).digest == whole.digest


def test_shards_are_merged(whole, tmp_path):
    parts = [tmp_path / f"{k}.db" for k in (1, 2, 3)]
    for k, part in enumerate(parts, start=1):
        sweep(CELLS, store=part, rng=4, block=3, shard=(k, 3))
    joined = merge(parts, tmp_path / "all.db")
    assert joined.digest == whole.digest
    assert merge(parts[:1], tmp_path / "all.db").digest == whole.digest  # twice is once
    assert sweep(CELLS, store=tmp_path / "all.db", rng=4).digest == whole.digest


@pytest.mark.parametrize(("shards", "sizes"), [(2, (3, 50)), (5, (20, 3))])
def test_any_split_into_shards_any_blocks_even_half_done(whole, shards, sizes, tmp_path, monkeypatch):
    """A shard that was cut off, and goes on with other blocks, does its own part: no more, no less."""
    from dynlatch.training.sweeps import engine

    more = [Cell(f"{k}", BackPropagation(), TwoSequence(T=5), 40, max_presentations=5, test_sequences=5) for k in "abc"]
    cells, work = [*CELLS, *more], engine.work
    parts = [tmp_path / f"{k}.db" for k in range(shards)]
    for k, part in enumerate(parts, start=1):
        calls = iter(range(10_000))
        monkeypatch.setattr(engine, "work", lambda *given, calls=calls: work(*given) if next(calls) < 2 else None)
        with contextlib.suppress(KeyboardInterrupt):
            sweep(cells, store=part, rng=4, block=sizes[0], shard=(k, shards))
        monkeypatch.undo()
        sweep(cells, store=part, rng=4, block=sizes[1], shard=(k, shards))
    joined = merge(parts, tmp_path / "all.db")
    assert sorted(len(joined.of(cell.name).error) for cell in cells) == [7, 11, 40, 40, 40]
    assert joined.digest == sweep(cells[::-1], store=tmp_path / "at once.db", rng=4).digest


def test_the_longest_blocks_come_first(monkeypatch, tmp_path):
    from dynlatch.training.sweeps import engine

    seen, work = [], engine.work
    monkeypatch.setattr(engine, "work", lambda cell, *rest: (seen.append(cell.name), work(cell, *rest))[1])
    cells = [Cell(name, BackPropagation(), TwoSequence(T=5), 3, max_presentations=budget, test_sequences=5)
             for name, budget in (("short", 10), ("long", 300), ("middle", 100))]  # fmt: skip
    assert sweep(cells, store=tmp_path / "s.db").names == ("short", "long", "middle")
    assert seen == ["long", "middle", "short"]


def test_cells_keep_their_results_when_others_come_and_go(whole, tmp_path):
    alone = sweep(CELLS[1:], store=tmp_path / "s.db", rng=4)
    assert np.array_equal(alone.of("bp/T=20").error, whole.of("bp/T=20").error)
    more = sweep(CELLS[::-1], store=tmp_path / "s.db", rng=4)
    assert more.digest == whole.digest
    other = sweep(CELLS[1:], store=tmp_path / "o.db", rng=5)
    assert not np.array_equal(other.of("bp/T=20").presentations, alone.of("bp/T=20").presentations)


def test_finished_work_is_not_done_again(whole, tmp_path, monkeypatch):
    sweep(CELLS, store=tmp_path / "s.db", rng=4)
    monkeypatch.setattr("dynlatch.training.sweeps.engine.work", None)
    assert sweep(CELLS, store=tmp_path / "s.db", rng=4).digest == whole.digest


def test_an_interrupt_keeps_whole_blocks(whole, tmp_path, monkeypatch):
    from dynlatch.training.sweeps import engine

    calls, work = [], engine.work

    def cut(cell, root, trials):
        calls.append(1)
        return work(cell, root, trials) if len(calls) < 3 else None

    monkeypatch.setattr(engine, "work", cut)
    with pytest.raises(KeyboardInterrupt):
        sweep(CELLS, store=tmp_path / "s.db", rng=4, block=4)
    with opened(tmp_path / "s.db") as store:
        assert len(store.rows("bp/T=20")) == 7
    monkeypatch.undo()
    assert sweep(CELLS, store=tmp_path / "s.db", rng=4, block=2).digest == whole.digest


SCRIPT = """
import sys
sys.path.insert(0, {folder!r})
from test_sweep import CELLS
from dynlatch.training.sweeps import sweep
if __name__ == "__main__":
    sweep(CELLS, store={store!r}, rng=4, block=2, jobs=2)
"""


def _kills(times, whole, tmp_path, rng):
    """Kill the parent at random moments; children must be gone in 2 s, and the table must come out the same."""
    store, script = tmp_path / "s.db", tmp_path / "run.py"
    script.write_text(SCRIPT.format(folder=str(Path(__file__).parent), store=str(store)))
    acknowledged = 0
    for _ in range(times):
        process = subprocess.Popen([sys.executable, str(script)], start_new_session=True, stderr=subprocess.DEVNULL)
        time.sleep(rng.uniform(1.0, 5.0))
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = _rows_in(store)
        _wait_for(lambda session=process.pid: not _alive(session), 2.0)
        assert now >= acknowledged
        acknowledged = now
    assert sweep(CELLS, store=store, rng=4).digest == whole.digest


def _rows_in(store):
    if not store.exists():
        return 0
    with opened(store) as kept:
        return sum(len(kept.rows(cell)) for cell in kept.cells())


def _wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def _alive(session):
    """Processes of the killed parent's session that still run."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            continue
        if int(fields[3]) == session and fields[0] not in "ZX":
            found.append(int(entry.parent.name))
    return found


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_a_killed_parent_loses_nothing_and_leaves_nobody(whole, tmp_path):
    _kills(2, whole, tmp_path, np.random.default_rng(0))


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="looks for processes in /proc")
def test_twenty_kills(whole, tmp_path):
    _kills(20, whole, tmp_path, np.random.default_rng(1))


def _refused(path, words, **others):
    before = path.read_bytes()
    with pytest.raises((UnreadableFile, InvalidInput), match=words) as caught:
        sweep(CELLS, **{"store": path, "rng": 4, **others})
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_files_that_are_no_store_are_left_alone(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to be read as the header of one" * 4)
    _refused(text, "is no store")
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE birds (name TEXT)")
    _refused(other, "something else")


def test_stores_of_other_versions_seeds_and_settings_are_left_alone(tmp_path):
    path = tmp_path / "s.db"
    sweep(CELLS[:1], store=path, rng=4)
    _refused(path, "`rng=4`, not 5", rng=5)
    changed = Cell("bp/T=5", BackPropagation(eta=0.3), TwoSequence(T=5), 11, max_presentations=300, test_sequences=20)
    before = path.read_bytes()
    with pytest.raises(InvalidInput, match="other settings"):
        sweep([changed], store=path, rng=4)
    assert path.read_bytes() == before
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE about SET value = 'dynlatch.sweep/9' WHERE name = 'format'")
    connection.close()
    _refused(path, "dynlatch.sweep/9")


def test_a_damaged_store_is_left_alone(tmp_path):
    path = tmp_path / "s.db"
    sweep(CELLS[:1], store=path, rng=4)
    content = bytearray(path.read_bytes())
    content[4096 : len(content) - 512] = os.urandom(len(content) - 4096 - 512)
    path.write_bytes(content)
    _refused(path, "damaged|no store")


def test_a_byte_changed_anywhere_is_refused_or_without_effect(whole, tmp_path):
    good, path = tmp_path / "good.db", tmp_path / "s.db"
    digest = sweep(CELLS, store=good, rng=4).digest
    content, rng, refused = good.read_bytes(), np.random.default_rng(0), 0
    used = np.flatnonzero(np.frombuffer(content, np.uint8))  # most of the file is empty
    for place in rng.choice(used, 60, replace=False):
        damaged = bytearray(content)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        said = _said_or_digest(path)
        assert "\n" not in said
        refused += said != digest
        for rest in tmp_path.glob("s.db*"):
            rest.unlink()
    assert 30 < refused < 60


def _said_or_digest(path):
    try:
        return sweep(CELLS, store=path, rng=4).digest
    except (UnreadableFile, InvalidInput) as error:
        return str(error)


@pytest.mark.parametrize("length", [0, 50, 5000])
def test_a_store_cut_short_is_left_alone(length, tmp_path):
    path = tmp_path / "s.db"
    sweep(CELLS[:1], store=path, rng=4)
    path.write_bytes(path.read_bytes()[:length])
    for rest in tmp_path.glob("s.db-*"):
        rest.unlink()
    _refused(path, "damaged|no store|something else")


def test_what_is_refused_gets_no_lock_beside_it(tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no store")
    _refused(text, "is no store")
    assert [entry.name for entry in tmp_path.iterdir()] == ["notes.txt"]


LIMITED = """
import resource, sys
sys.path.insert(0, {folder!r})
from test_sweep import CELLS
from dynlatch.errors import DynlatchError
from dynlatch.training.sweeps import sweep
for size in (1_000, 40_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, 40_000))
    try:
        sweep(CELLS, store={store!r}, rng=4, block=2)
    except DynlatchError as error:
        print(error)
"""


def test_a_disk_that_fills_up_is_one_sentence(whole, tmp_path):
    """Too small for an empty store, then for all rows: a limit on the size of files needs no rights."""
    path = tmp_path / "s.db"
    script = LIMITED.format(folder=str(Path(__file__).parent), store=str(path))
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert said.count("the disk of the store") == said.count("make room and run the same command again") == 2
    assert len(said.splitlines()) == 2
    assert 0 < _rows_in(path) < 18
    assert sweep(CELLS, store=path, rng=4).digest == whole.digest


def test_a_killed_worker_is_one_sentence(whole, tmp_path, monkeypatch):
    from dynlatch.training.sweeps import engine

    monkeypatch.setattr(engine, "work", _dies)
    with pytest.raises(DynlatchError, match="a worker process was killed"):
        sweep(CELLS, store=tmp_path / "s.db", rng=4, block=2, jobs=2)
    monkeypatch.undo()
    assert sweep(CELLS, store=tmp_path / "s.db", rng=4).digest == whole.digest


def _dies(cell, root, trials):
    os.kill(os.getpid(), signal.SIGKILL)


def test_ctrl_c_ends_cleanly(whole, tmp_path):
    """As a terminal sends it: to the whole group of processes."""
    store, script = tmp_path / "s.db", tmp_path / "run.py"
    script.write_text(SCRIPT.format(folder=str(Path(__file__).parent), store=str(store)))
    process = subprocess.Popen([sys.executable, str(script)], start_new_session=True, stderr=subprocess.PIPE, text=True)
    _wait_for(lambda: _rows_in(store) > 0, 60.0)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=30)[1]
    assert said.count("Traceback") <= 1, said
    assert process.returncode != 0 or _rows_in(store) == 18
    _wait_for(lambda: not _alive(process.pid), 2.0)
    assert sweep(CELLS, store=store, rng=4).digest == whole.digest


def test_a_store_in_use_is_refused(tmp_path):
    path = tmp_path / "s.db"
    sweep(CELLS[:1], store=path, rng=4)
    beside = sqlite3.connect(tmp_path / "s.db.lock", isolation_level=None)
    beside.execute("BEGIN EXCLUSIVE")
    _refused(path, "another process is filling")
    beside.close()
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnreadableFile, match="locked by another process"):
        sweep(CELLS, store=path, rng=4)
    writer.close()
    assert len(sweep(CELLS, store=path, rng=4).columns["error"]) == 18


def test_a_full_disk_is_one_sentence(whole, tmp_path, monkeypatch):
    path = tmp_path / "s.db"
    from dynlatch.training.sweeps.store import Store

    write = Store.write

    def full(self, rows):
        self._connection.execute("PRAGMA max_page_count = 1")
        write(self, rows)

    monkeypatch.setattr(Store, "write", full)
    with pytest.raises(UnreadableFile, match="is full or fails"):
        sweep(CELLS, store=path, rng=4)
    monkeypatch.undo()
    assert sweep(CELLS, store=path, rng=4).columns["error"].shape == (18,)


def test_the_bar_shows_rate_and_time_left(monkeypatch):
    from rich.console import Console

    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=120)
    monkeypatch.setattr("rich.console.Console", lambda stderr: terminal)
    with counter("sweep", 10, shown=True, unit="trials", at_first="(first use compiles)") as add:
        add(0)
        time.sleep(0.05)
        add(4)
    said = shown.getvalue()
    assert "4/10" in said
    assert "trials/s" in said
    assert "left" in said
    assert "first use compiles" in said


def test_many_rows_are_read_quickly(tmp_path):
    path = tmp_path / "s.db"
    cells = [Cell(f"many/{k}", BackPropagation(), TwoSequence(T=5), 250, monitor=RegionMonitor()) for k in range(100)]
    said, weights, facts = "never left the one-basin region; latched at presentation 120" * 3, bytes(200), bytes(120)
    with opened(path, 4) as store:
        store.enter(Entry(cell.name, cell.settings, ",".join(cell.facts)) for cell in cells)
        for cell in cells:
            store.write(Row(cell.name, k, 0.5, 100, "budget", weights, said, facts) for k in range(250))
    start = time.process_time()
    found = sweep(cells, store=path, rng=4)
    assert time.process_time() - start < 0.75  # about 0.2 s alone on a core
    assert found.columns["one_basin"].shape == (25_000,)


def test_what_a_trial_is_does_not_depend_on_the_sweep(whole, tmp_path):
    cell = CELLS[0]
    again = train(cell.rule, None, cell.task, trials=1, rng=0, max_presentations=300)
    assert again.presentations.shape == (1,)
    with pytest.raises(InvalidInput, match="two cells are named"):
        sweep([cell, cell], store=tmp_path / "s.db")
    with pytest.raises(InvalidInput, match="`shard`"):
        sweep([cell], store=tmp_path / "s.db", shard=(3, 2))
    assert dl.load(whole.save(tmp_path / "table")).digest == whole.digest
