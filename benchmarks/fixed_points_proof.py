"""All fixed points, with proof: interval branch and bound on dense nets, and on the reduced problem of low-rank nets.

    python -m benchmarks.fixed_points_proof

Nets `a' = W tanh(a)`: W = 2 I (3^n fixed points), random W with entries g N(0,1)/sqrt(n), and rank 3. A number is the median of
the nets, infinite where not all are proved.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.common import cpu
from benchmarks.contract import Row, Setting, at_most
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
    """One row; not proved is infinitely slow."""
    runs = [cpu(lambda net=net: fixed_points(net, time_budget=600, rng=0)) for net in nets]
    outcomes = Counter(str(found.completeness) for _, found in runs)
    counts, sums = {len(found) for _, found in runs}, sorted({found.index_sum for _, found in runs})
    seconds = np.array([taken if str(found.completeness) == "proved" else np.inf for taken, found in runs])
    shown = f"{min(counts)} to {max(counts)}" if len(counts) > 1 else f"{min(counts)}"
    outcome = ", ".join(f"{word} {count}" for word, count in outcomes.items())
    note = f"{shown} fixed points; {outcome}; index sum {'/'.join(map(str, sums))}; worst {seconds.max():.3f} s"
    return Row(f"{what}, {len(nets)} net{'s' * (len(nets) > 1)}", "", (float(np.median(seconds)),), (), at_most(bar), "s", note)


def rows(setting: Setting) -> Iterator[Row]:
    fixed_points(random_net(3, 1.5, 1), rng=0)  # imports
    for case in cases(setting.quick):
        yield measure(*case)


if __name__ == "__main__":
    script(__name__, rows)
