"""Planted nets: `h' = tanh(W h)` with W = atanh(V) V^-1 has the columns of V, and their negatives, as fixed points.

    python -m benchmarks.planted [--seconds S]

The planted points are ordinary saddles among hundreds of other fixed points: a search must find what it was not led to.
Construction: Katz and Reggia (2018), IEEE TNNLS 29(8). V has independent entries, uniform in (-1, 1).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import parser, setting
from benchmarks.common import cpu
from benchmarks.contract import Row, Setting, at_least
from benchmarks.tables import rows_table
from dynlatch.analysis import fixed_points


def planted(n, seed):
    """The net and its planted fixed points, shape (2 n, n)."""
    V = np.random.default_rng(seed).uniform(-1.0, 1.0, (n, n))
    W = np.linalg.solve(V.T, np.arctanh(V).T).T
    return dl.ElmanNetwork(W, np.zeros((n, 0))), np.concatenate([V.T, -V.T])


def measure(n, seed, seconds, needed):
    """One row."""
    net, points = planted(n, seed)
    taken, found = cpu(lambda: fixed_points(net, time_budget=seconds, rng=seed))
    recall = int((np.abs(found.points[:, None] - points).max(-1).min(0) < 1e-6).sum())
    note = f"{taken:.2f} s; {len(found)} fixed points, {found.completeness}, index sum {found.index_sum}"
    return Row(f"n = {n}, seed {seed}", "", (recall,), (), at_least(needed), f"of {2 * n} planted", note)


def rows(setting: Setting, seconds: float = 5.0) -> Iterator[Row]:
    nets = [(8, seed, 600.0, 16) for seed in range(5)] + [(16, seed, seconds, 30) for seed in range(5)]
    for net in [(3, 0, 5.0, 6)] if setting.quick else nets:
        yield measure(*net)


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--seconds", type=float, default=5.0, help="time budget of each search at n = 16")
    given = options.parse_args(argv)
    print(rows_table(list(rows(setting(given), given.seconds))))


if __name__ == "__main__":
    main()
