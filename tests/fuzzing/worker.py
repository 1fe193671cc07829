"""One process that feeds inputs to one reader: `python -m tests.fuzzing.worker READER STOP STATE`, which `engine` watches.

What it has done stands in a small file that is mapped into memory, so that it outlives whatever ends the process.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .readers import READERS, made, scratch, seeds, tried

PROCESSOR = 10.0  # seconds of processor time after which an input ends the process, in whatever library it is
ADDRESSES = 8 << 30  # bytes of address space: only keeps a mistake from taking the machine with it
KINDS = np.dtype(
    [(name, "<i8") for name in ("done", "accepted", "refused", "slowest", "slowest_at", "memory", "memory_at", "spent")]
)


class State(NamedTuple):
    """Inputs done, of which accepted and refused; slowest (microseconds), most memory (KiB), each with the input's number."""

    done: int
    accepted: int
    refused: int
    slowest: int
    slowest_at: int
    memory: int
    memory_at: int
    spent: int  # microseconds of processor time in the reader


KINDS = np.dtype([(name, "<i8") for name in State._fields])


def opened(path: Path) -> np.ndarray:
    """The state in a file, one record; made if there is none."""
    if not path.exists():
        path.write_bytes(bytes(KINDS.itemsize))
    return np.memmap(path, dtype=KINDS, mode="r+", shape=(1,))


def finding(state: Path, index: int, what: str) -> None:
    """Note something wrong: a line in the file beside the state."""
    with state.with_suffix(".jsonl").open("a") as file:
        file.write(json.dumps({"input": index, "what": what}) + "\n")


def run(name: str, stop: int, state: Path) -> None:
    """Try all inputs that are not done, up to number `stop`."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    record = opened(state)[0:1]
    with tempfile.TemporaryDirectory(dir=scratch()) as folder:
        path = Path(folder) / f"net{READERS[name].suffix}"
        _warm_up(name, path)
        parent = os.getppid()
        for index in range(int(record["done"][0]), stop):
            if os.getppid() != parent:  # nobody watches any more
                return
            path.write_bytes(made(name, index))
            signal.setitimer(signal.ITIMER_PROF, PROCESSOR)
            wrong = _measured(name, path, index, record)
            if wrong:
                finding(state, index, wrong)
            record["done"] = index + 1


def _warm_up(name: str, path: Path) -> None:
    """Valid files, and a few damaged ones: what is imported once is not charged to an input."""
    for data in (*seeds(name), *(made(name, index) for index in range(20))):
        path.write_bytes(data)
        tried(name, path)


def _measured(name: str, path: Path, index: int, record: np.ndarray) -> str:
    before, started = _memory(), time.process_time()
    accepted, wrong = tried(name, path)
    spent, grown = int(1e6 * (time.process_time() - started)), _memory() - before
    record["accepted" if accepted else "refused"] += 1
    record["spent"] += spent
    for what, value in (("slowest", spent), ("memory", grown)):
        if value > record[what][0]:
            record[what], record[f"{what}_at"] = value, index
    return wrong


def _memory() -> int:
    """The most memory that this process ever held, KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
