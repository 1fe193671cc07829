"""What this machine can do on one core: the limits that the other numbers are to be read against.

    python -m benchmarks.floor

Each is the best of several runs: another program on the core makes them lower, and with them everything else.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.commands import script
from benchmarks.common import cpu
from benchmarks.contract import Row, Setting


def rate(call, work, repeats, least):
    """Units of work a CPU second, best of several; short calls are looped so that the clock resolves them."""

    def several(loops):
        return [call() for _ in range(loops)]

    loops = 1
    while cpu(several, 1, loops)[0] < least:
        loops *= 4
    return loops * work / cpu(several, repeats, loops)[0]


def measures(size, *how):
    """What, rate, unit."""
    rng = np.random.default_rng(0)
    small = rng.standard_normal(4096)  # fits the first-level cache
    large = rng.standard_normal(size * 1000)
    A = rng.standard_normal((size, size))
    stack = rng.standard_normal((1000, 8, 8)) + 4.0 * np.eye(8)
    out, copy = np.empty_like(small), np.empty_like(large)
    yield "tanh, float64, in cache", rate(lambda: np.tanh(small, out=out), small.size, *how), "tanh/s"
    yield "tanh, float64, from memory", rate(lambda: np.tanh(large, out=copy), large.size, *how), "tanh/s"
    yield "GEMM, float64", rate(lambda: A @ A, 2.0 * size**3, *how), "flop/s"
    yield "copy, read and written", rate(lambda: np.copyto(copy, large), 16.0 * large.size, *how), "B/s"
    yield "inverses of 8x8 matrices, batched", rate(lambda: np.linalg.inv(stack), len(stack), *how), "matrices/s"


def rows(setting: Setting) -> Iterator[Row]:
    for what, value, unit in measures(*(64, 1, 0.002) if setting.quick else (1000, 5, 0.05)):
        yield Row(what, "", (value,), unit=unit)


if __name__ == "__main__":
    script(__name__, rows)
