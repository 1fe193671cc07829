"""Disks that are full or may not be written, and processes killed while they write: whole files or none, one sentence."""

import signal
import subprocess
from contextlib import contextmanager

import pytest
from faults.children import python

import dynlatch as dl
from dynlatch import analysis
from dynlatch.analysis.report.data import write_text
from dynlatch.commands.figure import write_figure
from dynlatch.errors import DynlatchError, UnreadableFile
from dynlatch.training.sweeps.store import Entry, Row, opened

RESULT = analysis.scalar_latch(2.0)
LARGE = "x" * 200_000


def _figure(path):
    write_figure(RESULT.plot, path.with_suffix(".png"), (4.0, 3.0))


def _store(path):
    with opened(path, 4) as kept:
        kept.enter([Entry("a", "settings", "")])
        kept.write(Row("a", k, 0.5, 1, "budget", bytes(4000), "", b"") for k in range(100))


WRITERS = {"result": RESULT.save, "figure": _figure, "report": lambda path: write_text(path, LARGE), "store": _store}


@contextmanager
def small_disk(folder, *options):
    """A file system of 16 KiB in memory, mounted at `folder`."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no file system can be mounted here, root is needed ({done.stderr.strip()})")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def full(tmp_path):
    with small_disk(tmp_path / "full") as folder:
        (folder / "ballast").write_bytes(bytes(12 * 1024))
        yield folder


@pytest.fixture
def read_only(tmp_path):
    with small_disk(tmp_path / "locked") as folder:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        yield folder


@pytest.mark.parametrize("kind", WRITERS)
def test_a_full_disk_is_one_sentence_and_leaves_no_part(full, kind):
    (full / "ballast").write_bytes(bytes(16 * 1024))
    with pytest.raises(UnreadableFile) as caught:
        WRITERS[kind](full / "out")
    assert "\n" not in str(caught.value)
    assert "space" in str(caught.value) or "the disk of the store" in str(caught.value)
    assert [entry.name for entry in full.iterdir()] == ["ballast"]


def test_what_was_there_survives_a_disk_that_fills_up(full):
    path = full / "r.npz"
    RESULT.save(path)
    before = path.read_bytes()
    with pytest.raises(UnreadableFile, match="No space left"):
        analysis.gradient_decay(dl.LatchNeuron(0.5), [0.1], steps=4000).save(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("kind", WRITERS)
def test_a_folder_that_may_not_be_written_is_one_sentence(read_only, kind):
    with pytest.raises(UnreadableFile, match=r"Read-only file system|may only be read|may it be written") as caught:
        WRITERS[kind](read_only / "out")
    assert "\n" not in str(caught.value)


LIMITED = """
import resource, sys
from pathlib import Path
import dynlatch as dl
from dynlatch import analysis
from dynlatch.errors import DynlatchError
resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
try:
    analysis.scalar_latch(2.0).save(Path(sys.argv[1]))
except DynlatchError as error:
    print(error)
"""


def test_a_limit_on_the_size_of_files_is_one_sentence(tmp_path):
    """Needs no rights, so that a full disk is tested everywhere."""
    said = python(LIMITED, tmp_path / "r").stdout
    assert said == f"cannot write {str(tmp_path / 'r.npz')!r}: File too large.\n"
    assert list(tmp_path.iterdir()) == []


KILLED = """
import os, signal, sys, zipfile
from pathlib import Path
from dynlatch import analysis
write = zipfile.ZipFile._write_end_record  # the last thing that makes an archive one
zipfile.ZipFile._write_end_record = lambda self: os.kill(os.getpid(), signal.SIGKILL)
analysis.scalar_latch(3.0).save(Path(sys.argv[1]))
"""


def test_a_process_killed_while_it_saves_leaves_the_earlier_result(tmp_path):
    path = RESULT.save(tmp_path / "r")
    before = path.read_bytes()
    assert python(KILLED, path, check=False).returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert dl.load(path).summary() == RESULT.summary()
    rest = [entry for entry in tmp_path.iterdir() if entry != path]
    assert [entry.name[0] for entry in rest] == ["."]  # a hidden part, which nothing takes for a result
    with pytest.raises(DynlatchError):
        dl.load(rest[0])
