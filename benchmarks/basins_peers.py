"""Basins on a 1000x1000 grid of a 2-D tanh net, against plain iteration and pynamicalsys.

    python benchmarks/basins_peers.py --peer-python ENVIRONMENT/bin/python

All label the points of [-3, 3]^2 by the attractor they go to. pynamicalsys stops in the largest cube around each attractor in
which the map contracts in the maximum norm; its documented call, one a point, is timed on a part of the grid and scaled.
"""

from __future__ import annotations

import common
import numpy as np

import dynlatch as dl
from dynlatch.analysis import basins

W = np.array([[1.9, -0.35], [0.45, 1.7]])
BAR, EXPERT_BAR, DOCUMENTED_BAR = 0.12, 4.0, 100.0


def attractors_of(net):
    """The two stable fixed points, (2, 2)."""
    up = dl.trajectory(net, [1.0, 1.0], steps=2000)[-1]
    return np.array([-up, up])


def plain(net, points, attractors, steps=300):
    """The obvious way: iterate all points, take the nearest attractor."""
    a = points
    for _ in range(steps):
        a = net.step(a)
    return np.linalg.norm(a[..., None, :] - attractors, axis=-1).argmin(-1)


def safe_side(attractor):
    """Side of the largest cube around the attractor where the rows of |W| diag(max slope) sum to less than 1."""
    halves = np.linspace(0.0, 2.0, 2001)[:, None]
    slopes = 1.0 / np.cosh(np.maximum(np.abs(attractor) - halves, 0.0)) ** 2
    return 2.0 * float(halves[(slopes @ np.abs(W).T).max(-1) < 1.0].max())


def main(argv=None):
    given = common.arguments(__doc__, peer_python="Python of pynamicalsys' environment").parse_args(argv)
    size, repeats = (20, 1) if given.quick else (1000, 7)
    net = dl.AdditiveNetwork(W)
    attractors, points = attractors_of(net), common.grid(-3.0, 3.0, size)

    def ours():
        return basins(net, attractors, grid=size, bounds=(-3.0, 3.0))

    ours()  # imports and compilation
    seconds, result = common.cpu(ours, repeats)
    obvious, labels = common.cpu(lambda: plain(net, points, attractors))
    rows = [["dynlatch", seconds, BAR, True], ["NumPy, 300 steps of every point", obvious, None, None]]
    agree = np.array_equal(result.labels, labels)
    if given.peer_python:
        arrays = {"points": points.reshape(-1, 2), "attractors": attractors, "W": W, "side": safe_side(attractors[1])}
        answer = common.ask(given.peer_python, "run_pynamicalsys.py", {**arrays, "subset": min(20_000, size**2)}, 3)
        seconds = min(seconds, common.cpu(ours, repeats)[0])  # once more, after the peer: the machine drifts
        rows[0][1] = seconds
        rows.append(["pynamicalsys, compiled loop", float(answer["expert"]), EXPERT_BAR, False])
        rows.append(["pynamicalsys, documented call", float(answer["documented"]), DOCUMENTED_BAR, False])
        agree = agree and np.array_equal(answer["labels"], labels.ravel())
    print(f"{size}x{size} points; labels identical in all: {agree}; unresolved: {(result.labels < 0).sum()}")
    table = []
    for method, taken, bar, absolute in rows:
        met = None if bar is None or given.quick else bool(taken <= bar if absolute else taken >= bar * seconds)
        shown = "" if bar is None else f"{bar:g} s" if absolute else f"{bar:g} times"
        table.append([method, f"{taken:.3f}", f"{taken / seconds:.1f}", shown, common.verdict(met)])
    common.table(["method", "CPU s", "times ours", "bar", ""], table)


if __name__ == "__main__":
    main()
