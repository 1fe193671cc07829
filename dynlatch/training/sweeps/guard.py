"""Workers die with their parent, whatever it dies of: a small process waits for that, and ends them."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

NAME = "DYNLATCH_SWEEP"  # in the environment of every worker, from its first moment on
MARK = uuid.uuid4().hex  # of this process

# Reads one byte: all is done. Nothing: the parent is dead. Looks several times, for workers that were just being started; only
# at last at joblib's resource tracker, which ends by itself after it has removed the shared memory that the dead have left.
WAIT = """
import os, signal, sys, time
mark = sys.argv[1].encode()
if sys.stdin.buffer.read(1):
    sys.exit()
def end(spared):
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            try:
                with open(f"/proc/{entry}/environ", "rb") as env, open(f"/proc/{entry}/cmdline", "rb") as line:
                    if mark in env.read() and not (spared and spared in line.read()):
                        os.kill(int(entry), signal.SIGKILL)
            except OSError:
                pass
last = time.monotonic() + 1.0
while time.monotonic() < last:
    end(b"resource_tracker")
    time.sleep(0.1)
end(b"")
"""


@contextmanager
def guarded() -> Iterator[None]:
    """Processes started inside do not survive this one (Linux; elsewhere they end when they next look for work)."""
    if sys.platform != "linux":
        yield
        return
    os.environ[NAME] = MARK
    guard = subprocess.Popen(
        [sys.executable, "-S", "-c", WAIT, f"{NAME}={MARK}"], stdin=subprocess.PIPE, start_new_session=True
    )
    try:
        yield
    finally:
        guard.communicate(b".")
