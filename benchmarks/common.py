"""What the benchmarks share: CPU seconds, tables, and points of a grid."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

HERE = Path(__file__).parent
NETS = HERE.parent / "examples" / "data"


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


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows under a header, columns aligned, in Markdown."""
    widths = [max(len(row[j]) for row in (header, *rows)) for j in range(len(header))]
    lines = [[cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in (header, *rows)]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def grid(low: float, high: float, size: int) -> np.ndarray:
    """Points of a square grid, shape (size, size, 2)."""
    axis = np.linspace(low, high, size)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
