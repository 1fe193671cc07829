"""A peer in an environment of its own: a program that is given arrays, takes turns, and gives arrays back."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from benchmarks.environments import PEERS, interpreter, mismatch


class Absent(Exception):
    """Why a peer was not measured, as the table shows it."""


@cache
def _python(environments: Path, name: str) -> Path:
    if name == "own":
        return Path(sys.executable)  # a program that is to run apart, in dynlatch's environment
    python = interpreter(environments, name)
    if not python.exists():
        raise Absent(f"no environment `{name}`; `--install` makes it")
    if wrong := mismatch(python, name):
        raise Absent(f"environment `{name}` has {wrong}")
    return python


class Worker:
    """`peers/<program>`, started at its first turn, so that a peer that is missing is missed where it would be measured."""

    def __init__(self, environments: Path | None, name: str, program: str, arrays: dict[str, Any], options: tuple[object, ...]):
        self.environments, self.name, self.program, self.arrays, self.options = environments, name, program, arrays, options
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Worker:
        self.folder = tempfile.TemporaryDirectory()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process is not None:
            self._end()
        self.folder.cleanup()

    def turn(self) -> float:
        """CPU seconds of one run, as the peer counts them."""
        process = self.process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write("turn\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # the program ended: what it said is read below
        said = process.stdout.readline()
        if not said:
            raise Absent(self._reason())
        return float(said)

    def answer(self) -> dict[str, Any]:
        """What the program writes when no more turns come."""
        if self.process is not None:
            self._end()
        try:
            with np.load(self._path("answer.npz")) as file:
                return dict(file)
        except FileNotFoundError:
            raise Absent(self._reason()) from None

    def _path(self, name: str) -> Path:
        return Path(self.folder.name, name)

    def _start(self) -> subprocess.Popen[str]:
        if self.environments is None:
            raise Absent("no peers in this run")
        python = _python(self.environments, self.name)
        np.savez(self._path("given.npz"), **self.arrays)
        files = self._path("given.npz"), self._path("answer.npz")
        command = [str(each) for each in (python, PEERS / self.program, *files, *self.options)]
        with open(self._path("errors.txt"), "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=self.folder.name
            )
        return self.process

    def _end(self) -> None:
        assert self.process is not None
        self.process.communicate()
        self.process = None

    def _reason(self) -> str:
        lines = self._path("errors.txt").read_text(encoding="utf-8").strip().splitlines()
        return f"{self.program} failed: {lines[-1] if lines else 'it said nothing'}"
