"""The peers' environments: one for each `peers/*.txt`, since they exclude each other. They are made by `--install` only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).parent / "peers"
NAMES = tuple(sorted(path.stem for path in PEERS.glob("*.txt")))
ACCELERATED = ("nvidia-", "cuda-", "triton")  # what a build of PyTorch for CUDA brings: gigabytes that no benchmark uses
INSTALLED = "import importlib.metadata as m, json, sys; print(json.dumps({n: m.version(n) for n in sys.argv[1:]}))"


def default_folder() -> Path:
    """A folder among the caches of this user."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dynlatch" / "benchmarks"


def interpreter(folder: Path, name: str) -> Path:
    return folder.resolve() / name / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pins(name: str) -> dict[str, str]:
    """Package -> version, as `peers/<name>.txt` asks for them."""
    lines = (PEERS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def mismatch(python: Path, name: str) -> str:
    """What the environment has instead of what is pinned; empty if all is right. A build's label (+cpu) does not count."""
    wanted = pins(name)
    done = subprocess.run([str(python), "-c", INSTALLED, *wanted], capture_output=True, text=True)
    if done.returncode:
        return f"not all that is pinned ({done.stderr.strip().splitlines()[-1]})"
    found = json.loads(done.stdout)
    other = [f"{each} {found[each]} instead of {wanted[each]}" for each in wanted if found[each].split("+")[0] != wanted[each]]
    return ", ".join(other)


def install(folder: Path, name: str, checkout: Path | None = None) -> str:
    """Make the environment of a peer, from its pins, and a checkout if one is given; returns what was done, or why not."""
    python = interpreter(folder, name)
    if python.exists() and not mismatch(python, name):
        return "present"
    if name == "ssm" and checkout is None:
        return "left out: it is installed from a checkout, see the first lines of peers/ssm.txt, and `--ssm CHECKOUT`"
    subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
    pip = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    requirements = ["-r", str(PEERS / f"{name}.txt")]
    planned = subprocess.run([*pip, "--dry-run", "--report", "-", *requirements], capture_output=True, text=True)
    if planned.returncode:
        return f"failed: {planned.stderr.strip().splitlines()[-1]}"
    if heavy := [each for each in planned_names(planned.stdout) if each.startswith(ACCELERATED)]:
        return f"refused: {', '.join(heavy[:3])} would come along; point pip at PyTorch's index of CPU builds (PIP_INDEX_URL)"
    for what in (requirements, ["--no-build-isolation", str(checkout)] if name == "ssm" else None):
        if what and (done := subprocess.run([*pip, *what], capture_output=True, text=True)).returncode:
            return f"failed: {(done.stderr.strip().splitlines() or ['pip said nothing'])[-1]}"
    return "installed"


def planned_names(report: str) -> list[str]:
    """The packages that pip's report says it would install."""
    return [each["metadata"]["name"].lower() for each in json.loads(report[report.index("{") :])["install"]]
