"""Brackets of escape thresholds: lower over upper bound, and what they cost.

    python -m benchmarks.escape_thresholds                        # nets drawn here, one of each kind
    python -m benchmarks.escape_thresholds --draws 3 --effort high
    python -m benchmarks.escape_thresholds --nets nets.json       # {"nets": {name: {"W": ..., "c": ..., "attractor": ...}}}

Kinds, for `a' = W tanh(a) + c + u` with N standard normal: identity 2 I; rank one 2 s s'/n with signs s; rotation, two units
that turn; sign-consistent, |N| up to the signs of units; self-loops 2 I + .5 N / sqrt(n); one pattern (Hopfield-like)
2 s s'/n + .3 N / sqrt(n); dense .6 I + 2.5 N / sqrt(n). Nets without a second attractor are drawn again. Times leave out the
first call, which compiles. "exact": the bounds coincide by theory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import parser, setting
from benchmarks.common import cpu
from benchmarks.contract import Row, Setting, at_least, at_most
from benchmarks.tables import rows_table
from dynlatch import analysis

BARS = {  # kind: {norm: {n: least lower / upper}}
    "identity": {np.inf: {2: 0.998, 3: 0.998, 10: 0.998}, 2: {2: 0.99, 3: 0.99, 10: 0.99}},
    "rank one": {np.inf: {2: 0.998, 3: 0.998, 10: 0.998}, 2: {2: 0.99, 3: 0.99, 10: 0.99}},
    "rotation": {np.inf: {2: 0.998}, 2: {2: 0.99}},
    "sign-consistent": {np.inf: {2: 0.998, 3: 0.998, 10: 0.998}, 2: {2: 0.99}},
    "self-loops": {np.inf: {3: 0.99, 10: 0.95}, 2: {3: 0.99, 10: 0.97}},
    "one pattern": {np.inf: {3: 0.99, 10: 0.95}, 2: {3: 0.99, 10: 0.93}},
    "dense": {np.inf: {3: 0.98, 10: 0.85}, 2: {3: 0.985, 10: 0.80}},
}
SECONDS = {"default": 5.0, "high": 60.0}
EXACT_SECONDS = 0.005


def weights(kind, n, rng):
    noise = rng.normal(size=(n, n)) / np.sqrt(n)
    s = rng.choice([-1.0, 1.0], n)
    turn = rng.uniform(0.3, 0.7)
    return {
        "identity": 2.0 * np.eye(n),
        "rank one": 2.0 * np.outer(s, s) / n,
        "rotation": rng.uniform(2.0, 2.4) * np.eye(n) + turn * (np.eye(n, k=1) - np.eye(n, k=-1)),
        "sign-consistent": 3.0 * np.outer(s, s) * np.abs(noise) / np.sqrt(n) + np.eye(n),
        "self-loops": 2.0 * np.eye(n) + 0.5 * noise,
        "one pattern": 2.0 * np.outer(s, s) / n + 0.3 * noise,
        "dense": 0.6 * np.eye(n) + 2.5 * noise,
    }[kind]


def draw(kind, n, seed):
    """Weights of the kind and one of several attractors."""
    rng = np.random.default_rng([seed, n])
    while True:
        W = weights(kind, n, rng)
        points = analysis.fixed_points(dl.AdditiveNetwork(W), rng=0, time_budget=2.0).attractors.points
        if len(points) > 1:
            return W, np.zeros(n), points[rng.integers(len(points))]


def drawn(draws, sizes):
    for kind, norms in BARS.items():
        for n in sizes:
            for seed in range(draws):
                if any(n in bars for bars in norms.values()):
                    yield kind, f"{kind} n={n} #{seed}", *draw(kind, n, seed)


PREFIXES = {"A": "identity", "rank": "rank one", "rot": "rotation", "C": "sign-consistent", "self": "self-loops"}
PREFIXES |= {"hopfield": "one pattern", "dense": "dense"}


def given_nets(path):
    for name, net in json.loads(path.read_text(encoding="utf-8"))["nets"].items():
        kind = next((kind for prefix, kind in PREFIXES.items() if name.startswith(prefix)), "")
        yield kind, name, *(np.array(net[key], dtype=float) for key in ("W", "c", "attractor"))


def bracket(kind, name, W, c, attractor, norm, effort):
    """Two rows: how close the bounds are, and what they cost."""
    net = dl.AdditiveNetwork(W, c)
    seconds, found = cpu(lambda: analysis.escape_threshold(net, attractor, norm=norm, effort=effort, rng=0))
    if found.exact:
        seconds, found = cpu(lambda: analysis.escape_threshold(net, attractor, norm=norm, effort=effort, rng=0), 5)
    share = found.lower / found.upper if np.isfinite(found.upper) else float(found.lower == found.upper)
    bar = BARS.get(kind, {}).get(norm, {}).get(len(W))
    methods = "exact: " + found.lower_method if found.exact else f"{found.lower_method}; {found.upper_method}"
    work = f"{name}, {'inf-norm' if np.isinf(norm) else '2-norm'}, {effort} effort"
    note = f"{found.lower:.5f} to {found.upper:.5f}; {methods}"
    yield Row(work, "", (float(share),), (), None if bar is None else at_least(bar), "lower / upper", note)
    yield Row(f"{work}: time", "", (seconds,), (), at_most(EXACT_SECONDS if found.exact else SECONDS[effort]))


def rows(setting: Setting, draws=1, efforts=("default",), sizes=(2, 3, 10)) -> Iterator[Row]:
    norms = (np.inf, 2.0)
    if setting.quick:
        yield from bracket("rotation", "rotation n=2", *draw("rotation", 2, 0), np.inf, "default")
        return
    nets = [net for path in setting.nets for net in given_nets(path)] if setting.nets else drawn(draws, sizes)
    for norm in norms:  # imports and compilation
        list(bracket("", "", *draw("rotation", 2, 0), norm, "default"))
    for net in nets:
        for norm in norms:
            for effort in efforts:
                yield from bracket(*net, norm, effort)


def main(argv=None):
    options = parser(__doc__)
    options.add_argument("--draws", type=int, default=1, help="nets of each kind and size")
    options.add_argument("--effort", choices=(*SECONDS, "both"), default="default")
    options.add_argument("--sizes", type=int, nargs="+", default=[2, 3, 10])
    given = options.parse_args(argv)
    efforts = tuple(SECONDS) if given.effort == "both" else (given.effort,)
    print(rows_table(list(rows(setting(given), given.draws, efforts, given.sizes))))


if __name__ == "__main__":
    main()
