"""What the benchmarks share: one thread, CPU seconds, tables, and peers that run in environments of their own."""

from __future__ import annotations

import argparse
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before NumPy is loaded: its BLAS reads it once

import numpy as np

HERE = Path(__file__).parent
NETS = HERE.parent / "examples" / "data"


def arguments(description: str | None, **paths: str) -> argparse.ArgumentParser:
    """A parser with `--quick` (seconds, no peer, numbers that mean nothing) and one option for each path."""
    parser = argparse.ArgumentParser(description=(description or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="tiny settings: does the script run?")
    for option, text in paths.items():
        parser.add_argument("--" + option.replace("_", "-"), type=Path, metavar="PATH", help=text)
    return parser


def cpu(call: Callable[..., Any], repeats: int = 1, *given: Any) -> tuple[float, Any]:
    """Least CPU seconds of this process over `repeats` calls of `call(*given)`, and what the last one returned.

    Time budgets inside count CPU seconds too: on a shared machine the clock on the wall belongs to everybody.
    """
    seconds = np.inf
    for _ in range(repeats):
        with patch("time.monotonic", time.process_time):
            start = time.process_time()
            result = call(*given)
            seconds = min(seconds, time.process_time() - start)
    return float(seconds), result


def verdict(met: bool | None) -> str:
    """What stands in the last column: no verdict where there is no bar."""
    return {True: "met", False: "MISSED", None: ""}[met]


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a header, columns aligned."""
    cells = [[str(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[j]) for row in cells) for j in range(len(header))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    print("\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]]), flush=True)


def ask(python: Path, worker: str, arrays: dict[str, Any], *options: object) -> dict[str, Any]:
    """Run `peers/<worker>` in the environment of `python`: arrays go in and come back as npz files."""
    with tempfile.TemporaryDirectory() as folder:
        given, answer = Path(folder, "given.npz"), Path(folder, "answer.npz")
        np.savez(given, **arrays)
        command = [str(python), str(HERE / "peers" / worker), str(given), str(answer), *map(str, options)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{worker} failed in {python}:\n{done.stderr[-2000:]}")
        with np.load(answer) as file:
            return dict(file)


def grid(low: float, high: float, size: int) -> np.ndarray:
    """Points of a square grid, shape (size, size, 2)."""
    axis = np.linspace(low, high, size)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
