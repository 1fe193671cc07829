"""What is around a process: packages that are not there, clocks, the network, start methods, caches, other processes."""

import importlib.util
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest
from faults.children import ROOT, python

import dynlatch as dl
from dynlatch import cli
from dynlatch.analysis.fixed_points.proof.rigorous import certify
from dynlatch.errors import MissingExtra, UnreadableFile
from dynlatch.interop import torch_cell
from dynlatch.lanes import compiling
from dynlatch.training.experiments import provenance
from dynlatch.training.experiments.export import write_columns
from dynlatch.training.sweeps.cluster import cluster
from dynlatch.training.sweeps.store import alone

PACKAGE = ROOT / "dynlatch"
DATA = ROOT / "tests" / "interop" / "data"


def _cluster():
    with cluster("tcp://127.0.0.1:9"):
        pass


USES = {
    "torch": ("torch", lambda folder: torch_cell.from_torch_cell(object(), 1)),
    "h5py": ("models", lambda folder: dl.load_network(DATA / "stack.keras")),
    "onnx": ("models", lambda folder: dl.load_network(DATA / "onnx_lstm.onnx")),
    "flint": ("rigorous", lambda folder: certify(dl.LatchNeuron(2.0), [[0.0]])),
    "distributed": ("cluster", lambda folder: _cluster()),
    "pyarrow": ("cluster", lambda folder: write_columns({"a": np.ones(2)}, folder / "t.parquet")),
}


@pytest.mark.parametrize("package", USES)
def test_a_missing_package_is_named_with_the_line_that_brings_it(package, monkeypatch, tmp_path):
    extra, use = USES[package]
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"pip install 'dynlatch\[{extra}\]'") as caught:
        use(tmp_path)
    assert "\n" not in str(caught.value)


WITHOUT = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in sys.argv[1].split(","):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocked())
import dynlatch as dl
from dynlatch import analysis, training
net = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]])
found = analysis.fixed_points(net, rng=0)
print(len(found.points), analysis.gradient_decay(net, found.points[0], steps=5).log_norms.shape)
for name in training.__all__:
    getattr(training, name)
"""


@pytest.mark.slow
def test_with_none_of_the_extras_all_else_works():
    done = python(WITHOUT, ",".join([*USES, "dask", "mpmath_extra"]))
    assert re.fullmatch(r"\d+ \(5,\)\n", done.stdout)


# Clocks.
def test_time_is_measured_by_clocks_that_never_go_back():
    """`time.time` and the date may jump: they are read in one place, for a label."""
    reads = {
        path.name: line.strip()
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"time\.time\(|datetime\.(now|utcnow|today)\(|time\.(localtime|gmtime|ctime)\(", line)
    }
    assert list(reads) == ["provenance.py"]


def test_durations_do_not_follow_the_date(monkeypatch):
    class Earlier(provenance.datetime):
        @classmethod
        def now(cls, zone=None):
            return cls(1970, 1, 1, tzinfo=zone)

    clock = provenance.Clock()
    monkeypatch.setattr(provenance, "datetime", Earlier)
    monkeypatch.setattr("time.time", lambda: 0.0)
    call = clock.call("dynlatch reproduce", 1, finished=True)
    assert 0 <= call.wall_seconds < 60
    assert 0 <= call.cpu_seconds < 60
    assert not call.started.startswith("1970")


# The network.
def _refuse(*_, **__):
    raise AssertionError("the network was used")


def test_a_command_opens_no_socket(monkeypatch, capsys):
    for name in ("socket", "create_connection", "getaddrinfo"):
        monkeypatch.setattr(f"socket.{name}", _refuse)
    with pytest.raises(SystemExit) as left:
        cli.main(["escape", "--w", "2"])
    assert left.value.code == 0
    assert "0.532" in capsys.readouterr().out


OFFLINE = """
import os, sys
def hook(event, arguments):
    local = isinstance(arguments[-1], (str, bytes))  # a path: a pipe between processes of this machine
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.bind") and not local:
        print("the network was used:", event, arguments, file=sys.stderr)
        os._exit(9)
sys.addaudithook(hook)
from dynlatch.cli import main
main(sys.argv[1:])
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "audit examples/data/flipflop_gru.safetensors",
        "escape --weights 2.2,0.5;-0.5,2.2",
        "train --task two-sequence --rule pseudo-newton -T 20 --trials 2 --max-presentations 50",
        "theorem 4",
    ],
    ids=lambda line: line.split()[0],
)
def test_the_commands_of_the_readme_use_no_network(line, monkeypatch):
    monkeypatch.chdir(ROOT)
    python(OFFLINE, *line.split())


def test_the_block_of_the_network_works():
    """What the tests above rely on."""
    code = OFFLINE.split("from dynlatch")[0] + "import socket; socket.create_connection(('127.0.0.1', 9))"
    assert python(code, check=False).returncode == 9


# Start methods and threads.
BITS = """
import hashlib, multiprocessing, os, sys
import numpy as np
import dynlatch as dl
from dynlatch import analysis

def digest():
    rng = np.random.default_rng(0)
    small, large = dl.AdditiveNetwork([[1.3, 2.6], [3.7, 0.3]]), dl.AdditiveNetwork(rng.normal(size=(60, 60)) / 7)
    found = analysis.fixed_points(small, rng=0)
    decay = analysis.gradient_decay(large, rng.normal(size=60), steps=20)
    labels = analysis.basins(small, found.attractors, grid=20, bounds=(-3, 3)).labels
    parts = [found.points, found.eigenvalues, decay.log_norms, labels]
    if "train" in sys.argv:
        from dynlatch.training import BackPropagation, TwoSequence, train
        parts.append(train(BackPropagation(), None, TwoSequence(T=5), trials=3, max_presentations=60, rng=1).progress.theta)
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()

def child(queue):
    queue.put(digest())

if __name__ == "__main__":
    print(digest())
    for method in sys.argv[1].split(","):
        if method:
            context = multiprocessing.get_context(method)
            queue = context.Queue()
            process = context.Process(target=child, args=(queue,))
            process.start()
            print(queue.get(timeout=300))
            process.join()
"""


def _bits(folder, methods, *rest, **environment):
    script = folder / "bits.py"
    script.write_text(BITS)
    code = "import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    if methods:  # a child that is spawned reads the script again
        run = subprocess.run([sys.executable, script, methods, *rest], capture_output=True, text=True, check=False, cwd=ROOT)
        assert run.returncode == 0, run.stderr
        return run.stdout.split()
    return python(code, script, methods, *rest, **environment).stdout.split()


@pytest.mark.slow
def test_forked_and_spawned_processes_compute_the_same_bits(tmp_path):
    own, *others = _bits(tmp_path, "fork,spawn", "train")
    assert others == [own, own]


@pytest.mark.slow
def test_one_thread_and_sixty_four_compute_the_same_bits(tmp_path):
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS", "MKL_NUM_THREADS")
    assert len({_bits(tmp_path, "", "train", **dict.fromkeys(names, count))[0] for count in ("1", "64")}) == 1


# The cache of compiled kernels.
def test_kernels_are_kept_elsewhere_where_their_folder_may_not_be_written(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("compiling_again", compiling.__file__)
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    monkeypatch.setattr(numba.config, "CACHE_DIR", "/proc/nowhere")  # not even root makes a folder there
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = again._folder()
    assert tmp_path in folder.parents
    source = tmp_path / "one_kernel.py"
    source.write_text("def twice(x):\n    return 2.0 * x\n")
    spec = importlib.util.spec_from_file_location("one_kernel", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert again.kernel(module.twice)(1.5) == 3.0
    assert list(folder.rglob("*.nbc"))


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders for temporary files are shared on POSIX systems")
def test_kernels_are_not_loaded_from_a_folder_that_others_may_write(tmp_path):
    usual = compiling._own(tmp_path)
    assert usual == tmp_path / f"dynlatch-{os.getuid()}" == compiling._own(tmp_path)
    assert usual.stat().st_mode & 0o777 == 0o700
    usual.chmod(0o777)
    other = compiling._own(tmp_path)
    assert other != usual
    assert other.stat().st_mode & 0o777 == 0o700
    usual.rmdir()
    usual.symlink_to(other)
    assert compiling._own(tmp_path) not in (usual, other)


# Two processes and one store.
HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_store_held_by_another_process_is_refused_until_that_is_killed(tmp_path):
    beside = tmp_path / "s.db.lock"
    sqlite3.connect(beside).close()
    other = subprocess.Popen([sys.executable, "-S", "-c", HOLD, beside], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(UnreadableFile, match="another process is filling the store"), alone(tmp_path / "s.db"):
            pass
    finally:
        other.kill()
        other.communicate()
    with alone(tmp_path / "s.db"):
        assert Path(beside).exists()
