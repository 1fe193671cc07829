"""All fixed points, with proof: interval branch and bound on dense nets, and on the reduced problem of low-rank nets.

    python benchmarks/fixed_points_proof.py

The nets are `a' = W tanh(a)`: W = 2 I (3^n fixed points), random W with entries g N(0,1)/sqrt(n), and rank 3.
"""

from __future__ import annotations

from collections import Counter

import common
import numpy as np

import dynlatch as dl
from dynlatch.analysis import fixed_points


def random_net(n, g, seed):
    """W with independent entries g N(0,1)/sqrt(n)."""
    return dl.AdditiveNetwork(g * np.random.default_rng(seed).standard_normal((n, n)) / np.sqrt(n))


def stored_patterns(n, patterns, seed):
    """Hopfield's symmetric W of random sign patterns, with gain 1.5."""
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], (patterns, n))
    return dl.AdditiveNetwork(1.5 * signs.T @ signs / n)


def mixed_rank(n, rank, seed):
    """W = U V'/n with Gaussian U and V of correlation one half: not symmetric."""
    rng = np.random.default_rng(seed)
    U = 2.0 * rng.standard_normal((n, rank))
    V = 0.5 * U + np.sqrt(3.0) * rng.standard_normal((n, rank))
    return dl.AdditiveNetwork(U @ V.T / n)


def cases(quick):
    """What, bar in seconds, nets."""
    if quick:
        return [("W = 2 I, n = 2", 5.0, [dl.AdditiveNetwork(2.0 * np.eye(2))]), ("random, n = 3", 1.5, [random_net(3, 1.5, 0)])]
    return [
        ("W = 2 I, n = 8", 5.0, [dl.AdditiveNetwork(2.0 * np.eye(8))]),
        ("random, n = 8, g = 1.5", 1.5, [random_net(8, 1.5, seed) for seed in range(10)]),
        ("random, n = 8, g = 3", 1.5, [random_net(8, 3.0, seed) for seed in range(10)]),
        ("rank 3, n = 256, stored patterns", 1.0, [stored_patterns(256, 3, seed) for seed in range(5)]),
        ("rank 3, n = 256, not symmetric", 1.0, [mixed_rank(256, 3, seed) for seed in range(5)]),
        ("random, n = 10, g = 3", 60.0, [random_net(10, 3.0, seed) for seed in range(5)]),
    ]


def measure(what, bar, nets):
    """One row: the median over the nets is what the bar is for."""
    runs = [common.cpu(lambda net=net: fixed_points(net, time_budget=600, rng=0)) for net in nets]
    seconds = [run[0] for run in runs]
    outcomes = Counter(str(run[1].completeness) for run in runs)
    counts = [len(run[1]) for run in runs]
    return [
        what,
        len(nets),
        f"{min(counts)}..{max(counts)}" if len(set(counts)) > 1 else counts[0],
        ", ".join(f"{word} {count}" for word, count in outcomes.items()),
        "/".join(map(str, sorted({run[1].index_sum for run in runs}))),
        f"{bar:g}",
        f"{np.median(seconds):.3f}",
        f"{max(seconds):.3f}",
        common.verdict(bool(np.median(seconds) <= bar and set(outcomes) == {"proved"})),
    ]


def main(argv=None):
    quick = common.arguments(__doc__).parse_args(argv).quick
    fixed_points(random_net(3, 1.5, 1), rng=0)  # imports
    header = ["net", "nets", "fixed points", "outcome", "index sum", "bar, s", "median, s", "worst, s", ""]
    common.table(header, [measure(*case) for case in cases(quick)])


if __name__ == "__main__":
    main()
