"""Where a report comes from: versions, settings, and every call that worked on it with its time."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from dynlatch.analysis.report.data import write_text
from dynlatch.errors import UnreadableFile

FILE = "provenance.json"
SCHEMA = "dynlatch.reproduce/1"
PACKAGES = ("dynlatch", "numpy", "scipy", "numba", "joblib", "matplotlib")


@dataclass(frozen=True)
class Call:
    """One call of `dynlatch reproduce`.

    Attributes
    ----------
    command, started : str
        As typed; UTC.
    wall_seconds, cpu_seconds : float
        Of this call, its worker processes on this machine included.
    trials : int
        Finished by this call; the others were in the store.
    finished : bool
        False if it was interrupted.
    """

    command: str
    started: str
    wall_seconds: float
    cpu_seconds: float
    trials: int
    finished: bool


@dataclass(frozen=True)
class Provenance:
    """What a report was made with.

    Attributes
    ----------
    experiments : tuple of str
    scale : str
    trials : int or None
        Asked for in place of the scale's own numbers.
    rng : int
        Root of all seeds; a trial's seed is made of it, the name of its cell and its number.
    digest : str
        SHA-256 of all trials: the same settings give the same anywhere.
    versions : dict
    calls : tuple of Call
        All that worked on it, oldest first.
    """

    experiments: tuple[str, ...]
    scale: str
    trials: int | None
    rng: int
    digest: str
    versions: dict[str, str]
    calls: tuple[Call, ...]

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write it as JSON into a folder."""
        return write_text(Path(folder) / FILE, json.dumps({"schema": SCHEMA, **asdict(self)}, indent=1) + "\n")


def versions() -> dict[str, str]:
    """Of what the numbers depend on."""
    found = {name: metadata.version(name) for name in PACKAGES}
    return {**found, "python": platform.python_version(), "machine": f"{platform.machine()}, {os.cpu_count()} cores"}


def earlier_calls(path: str | os.PathLike[str]) -> tuple[Call, ...]:
    """The calls that a saved provenance knows of; none if there is no file.

    Raises
    ------
    UnreadableFile
        If the file is something else.
    """
    if not Path(path).exists():
        return ()
    try:
        held = json.loads(Path(path).read_text(encoding="utf-8"))
        return tuple(Call(**call) for call in held["calls"])
    except (OSError, ValueError, TypeError, KeyError):
        raise UnreadableFile(
            f"{str(path)!r} does not say how a report was made: move it away, or take another folder."
        ) from None


class Clock:
    """Wall and CPU seconds since it was made; CPU of ended worker processes included."""

    def __init__(self) -> None:
        self.started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        self._wall, self._cpu = time.perf_counter(), _cpu()

    def call(self, command: str, trials: int, *, finished: bool) -> Call:
        """What was done until now, as one call. Worker processes are sent home, since only then their time is known."""
        _dismiss()
        wall, cpu = time.perf_counter() - self._wall, _cpu() - self._cpu
        return Call(command, self.started, round(wall, 2), round(cpu, 2), trials, finished)


def _dismiss() -> None:
    """End the idle workers of joblib, if there are any."""
    if "joblib.externals.loky" in sys.modules:
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor().shutdown(wait=True)


def _cpu() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system
