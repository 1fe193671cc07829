"""Planted nets: `h' = tanh(W h)` with W = atanh(V) V^-1 has the columns of V, and their negatives, as fixed points.

    python benchmarks/planted.py

The planted points are ordinary saddles among hundreds of other fixed points: a search must find what it was not led to.
Construction: Katz and Reggia (2018), IEEE TNNLS 29(8). V has independent entries, uniform in (-1, 1).
"""

from __future__ import annotations

import common
import numpy as np

import dynlatch as dl
from dynlatch.analysis import fixed_points


def planted(n, seed):
    """The net and its planted fixed points, shape (2 n, n)."""
    V = np.random.default_rng(seed).uniform(-1.0, 1.0, (n, n))
    W = np.linalg.solve(V.T, np.arctanh(V).T).T
    return dl.ElmanNetwork(W, np.zeros((n, 0))), np.concatenate([V.T, -V.T])


def measure(n, seed, seconds, needed):
    """One row."""
    net, points = planted(n, seed)
    taken, found = common.cpu(lambda: fixed_points(net, time_budget=seconds, rng=seed))
    distance = np.abs(found.points[:, None] - points).max(-1).min(0)
    recall = int((distance < 1e-6).sum())
    return [
        n,
        seed,
        f"{recall}/{2 * n}",
        f">= {needed}",
        len(found),
        f"{taken:.2f}",
        str(found.completeness),
        found.index_sum,
        f"{found.estimated_missing:.0f}",
        common.verdict(recall >= needed),
    ]


def main(argv=None):
    parser = common.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=5.0, help="time budget of each search at n = 16")
    given = parser.parse_args(argv)
    nets = [(3, 0, 5.0, 6)] if given.quick else [(8, s, 600.0, 16) for s in range(5)]
    nets += [] if given.quick else [(16, s, given.seconds, 30) for s in range(5)]
    header = ["n", "seed", "planted found", "bar", "all found", "CPU s", "outcome", "index sum", "unseen, est.", ""]
    common.table(header, [measure(*net) for net in nets])


if __name__ == "__main__":
    main()
