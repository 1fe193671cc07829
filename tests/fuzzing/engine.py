"""Workers watched from outside: one that crashes or hangs is noted with its input, and the next begins behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from .worker import State, finding, opened

ROOT = Path(__file__).parents[2]
LIMIT = 300.0  # seconds for one input by the clock; by processor time the worker's own limit comes first
LOOK = 0.1  # seconds between two looks
SECONDS = 2.0  # of processor time that one input may take
MEMORY = 1 << 20  # KiB by which one input may raise the memory of the process
STARTING = 180.0  # seconds until the first input: imports, and kernels that are compiled


def fuzz(
    name: str, inputs: int, folder: Path, until: float = float("inf"), told: Callable[[State], None] | None = None
) -> State:
    """Try inputs 0 to `inputs` of a reader, but those that earlier calls with this folder did; end at a `monotonic` time."""
    state = folder / f"{name.replace(' ', '-')}.state"
    record = opened(state)
    while read(record).done < inputs and time.monotonic() < until:
        why = _one_worker(name, inputs, state, until, told)
        if why and time.monotonic() < until:
            finding(state, read(record).done, why)
            record["done"] += 1
    return read(record)


def read(record: object) -> State:
    return State(*(int(value) for value in record[0]))  # type: ignore[index]


def findings(name: str, folder: Path) -> list[dict]:
    """What was wrong: [{"input": number, "what": words}]; too slow and too large included."""
    state = folder / f"{name.replace(' ', '-')}.state"
    log, total = state.with_suffix(".jsonl"), read(opened(state))
    found = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    if total.slowest > 1e6 * SECONDS:
        found.append({"input": total.slowest_at, "what": f"took {total.slowest / 1e6:.1f} s"})
    if total.memory > MEMORY:
        found.append({"input": total.memory_at, "what": f"took {total.memory >> 10} MiB"})
    return found


def _one_worker(name: str, inputs: int, state: Path, until: float, told: Callable[[State], None] | None) -> str:
    """Run a worker to its end; what ended it, if that was not the last input."""
    words = [sys.executable, "-m", f"{__package__}.worker", name, str(inputs), str(state)]
    places = os.pathsep.join([str(ROOT), str(ROOT / "tests"), os.environ.get("PYTHONPATH", "")])
    said = state.with_suffix(".stderr")
    with said.open("wb") as errors:
        process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": places}, stdout=errors, stderr=errors)
        try:
            why = _watched(process, state, until, told)
        finally:
            process.kill()
            process.wait()
    return why or ("" if process.returncode == 0 else _death(process.returncode, said))


def _death(status: int, said: Path) -> str:
    last = said.read_text(errors="replace").splitlines()[-1:]
    return f"the process ended with {status}: {' '.join(last)[:300]}"


def _watched(process: subprocess.Popen[bytes], state: Path, until: float, told: Callable[[State], None] | None) -> str:
    record, moved, limit, shown = opened(state), time.monotonic(), STARTING, time.monotonic()
    last = read(record).done
    while process.poll() is None:
        time.sleep(LOOK)
        now, done = time.monotonic(), read(record).done
        if done != last:
            last, moved, limit = done, now, LIMIT
        if told is not None and now - shown > 60:
            told(read(record))
            shown = now
        if now > until:
            return ""
        if now - moved > limit:
            return f"no end after {limit:.0f} s"
    return ""
