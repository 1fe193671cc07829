"""The reduced attracting set on a 512x512 grid, in all four versions.

    python benchmarks/attracting_sets.py

Nets `a' = W tanh(a)` and the attractor with positive coordinates, points of [-6, 6]^2.
"""

from __future__ import annotations

import common
import numpy as np

import dynlatch as dl
from dynlatch.analysis import reduced_attracting_set

NETS = {
    "rotating": [[2.2, 0.5], [-0.5, 2.2]],
    "non-normal": [[1.3, 2.6], [3.7, 0.3]],
    "triangular": [[1.5, 3.0], [0.0, 1.6]],
}
CRITERIA = ("spectral", "product", "stepwise", "adapted")
BAR = 3.0


def main(argv=None):
    quick = common.arguments(__doc__).parse_args(argv).quick
    points = common.grid(-6.0, 6.0, 16 if quick else 512)
    rows = []
    for name, W in list(NETS.items())[: 1 if quick else None]:
        net = dl.AdditiveNetwork(W)
        attractor = dl.trajectory(net, [3.0, 3.0], steps=2000)[-1]
        for criterion in CRITERIA:
            reduced_attracting_set(net, attractor, points[:2, :2], criterion=criterion)  # imports and compilation
            seconds, found = common.cpu(
                lambda net=net, x=attractor, c=criterion: reduced_attracting_set(net, x, points, criterion=c), 1 if quick else 3
            )
            met = None if quick else seconds <= BAR
            rows.append([name, criterion, f"{np.mean(found.member):.4f}", f"{BAR:g}", f"{seconds:.2f}", common.verdict(met)])
    common.table(["net", "criterion", "share of the square", "bar, s", "CPU s", ""], rows)


if __name__ == "__main__":
    main()
