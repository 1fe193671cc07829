"""Basins of trained networks by 100,000 samples.

    python -m benchmarks.basins_samples [--nets NET ...]

The attractors are searched for beforehand and given; states are drawn by `basins` itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.common import NETS
from benchmarks.contract import Row, Setting, Timed, alone, at_most
from dynlatch.analysis import basins, fixed_points

BAR = 10.0


def rows(setting: Setting) -> Iterator[Row]:
    if setting.quick:
        nets, samples = [("two latches", dl.ElmanNetwork(np.diag([2.0, 2.0]), np.zeros((2, 0))))], 100
    else:
        paths = setting.nets or sorted(NETS.glob("*.safetensors"))
        nets, samples = [(path.stem, dl.load_network(path)) for path in paths], 100_000
    for name, net in nets:
        attractors = fixed_points(net, rng=0).attractors.points
        basins(net, attractors, samples=10, rng=0)  # imports and compilation
        ours = Timed(lambda net=net, a=attractors: basins(net, a, samples=samples, rng=0))

        def found(ours=ours, attractors=attractors):
            shares, unresolved = ours.result.fractions, int((ours.result.labels < 0).sum())
            return f"{len(attractors)} attractors, shares {shares.min():.4f} to {shares.max():.4f}, {unresolved} unresolved"

        yield alone(f"{samples:,} samples, {name}, dimension {net.dim}", ours, setting.several(2), bar=at_most(BAR), note=found)


if __name__ == "__main__":
    script(__name__, rows)
