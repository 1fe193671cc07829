"""Basins of trained networks by 100,000 samples.

    python benchmarks/basins_samples.py [NET ...]

The attractors are searched for beforehand and given; states are drawn by `basins` itself.
"""

from __future__ import annotations

from pathlib import Path

import common
import numpy as np

import dynlatch as dl
from dynlatch.analysis import basins, fixed_points

BAR = 10.0


def main(argv=None):
    parser = common.arguments(__doc__)
    parser.add_argument("nets", nargs="*", type=Path, help="trained networks (default: the two in examples/data)")
    given = parser.parse_args(argv)
    if given.quick:
        W = np.diag([2.0, 2.0])
        nets, samples = [("two latches", dl.ElmanNetwork(W, np.zeros((2, 0))))], 100
    else:
        paths = given.nets or sorted(common.NETS.glob("*.safetensors"))
        nets, samples = [(path.stem, dl.load_network(path)) for path in paths], 100_000
    rows = []
    for name, net in nets:
        search, found = common.cpu(lambda net=net: fixed_points(net, rng=0))
        attractors = found.attractors.points
        basins(net, attractors, samples=10, rng=0)  # imports and compilation
        seconds, result = common.cpu(lambda net=net, a=attractors: basins(net, a, samples=samples, rng=0))
        unresolved = int((result.labels < 0).sum())
        shares = f"{result.fractions.min():.4f}..{result.fractions.max():.4f}"
        met = None if given.quick else seconds <= BAR
        rows.append([name, net.dim, len(attractors), shares, unresolved, f"{search:.2f}", f"{BAR:g}", f"{seconds:.2f}"])
        rows[-1].append(common.verdict(met))
    print(f"{samples} samples")
    header = ["net", "dimensions", "attractors", "shares", "unresolved", "search, s", "bar, s", "CPU s", ""]
    common.table(header, rows)


if __name__ == "__main__":
    main()
