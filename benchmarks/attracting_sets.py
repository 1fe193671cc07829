"""The reduced attracting set on a 512x512 grid, in all four versions.

    python -m benchmarks.attracting_sets

Nets `a' = W tanh(a)` and the attractor with positive coordinates, points of [-6, 6]^2.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.common import grid
from benchmarks.contract import Row, Setting, Timed, alone, at_most
from dynlatch.analysis import reduced_attracting_set

NETS = {
    "rotating": [[2.2, 0.5], [-0.5, 2.2]],
    "non-normal": [[1.3, 2.6], [3.7, 0.3]],
    "triangular": [[1.5, 3.0], [0.0, 1.6]],
}
CRITERIA = ("spectral", "product", "stepwise", "adapted")
BAR = 3.0


def rows(setting: Setting) -> Iterator[Row]:
    points = grid(-6.0, 6.0, 16 if setting.quick else 512)
    for name, W in list(NETS.items())[: 1 if setting.quick else None]:
        net = dl.AdditiveNetwork(W)
        attractor = dl.trajectory(net, [3.0, 3.0], steps=2000)[-1]
        for criterion in CRITERIA:
            reduced_attracting_set(net, attractor, points[:2, :2], criterion=criterion)  # imports and compilation
            ours = Timed(lambda net=net, x=attractor, c=criterion: reduced_attracting_set(net, x, points, criterion=c))
            share = lambda ours=ours: f"{np.mean(ours.result.member):.4f} of the square"  # noqa: E731
            yield alone(f"{name} net, {criterion}", ours, setting.several(2), bar=at_most(BAR), note=share)


if __name__ == "__main__":
    script(__name__, rows)
