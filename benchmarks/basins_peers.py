"""Basins on a 1000x1000 grid of a 2-D tanh net, against plain iteration and pynamicalsys.

    python -m benchmarks.basins_peers

All label the points of [-3, 3]^2 by the attractor they go to. pynamicalsys stops in the largest cube around each attractor in
which the map contracts in the maximum norm; its documented call, one a point, is timed on a part of the grid and scaled.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.common import grid
from benchmarks.contract import Row, Setting, Timed, alone, at_most, times, versus
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


def rows(setting: Setting) -> Iterator[Row]:
    size = 20 if setting.quick else 1000
    net, work = dl.AdditiveNetwork(W), f"{size}x{size} points"
    attractors, points = attractors_of(net), grid(-3.0, 3.0, size)
    ours = Timed(lambda: basins(net, attractors, grid=size, bounds=(-3.0, 3.0)), repeats=1 if setting.quick else 3)
    ours()  # imports and compilation
    obvious = Timed(lambda: plain(net, points, attractors))

    def agree(labels, chosen=slice(None)):
        return f"labels {'identical' if np.array_equal(ours.result.labels.ravel()[chosen], labels) else 'DIFFER'}"

    unresolved = lambda: f"{(ours.result.labels < 0).sum()} unresolved"  # noqa: E731
    yield alone(work, ours, setting.several(), bar=at_most(BAR), note=unresolved)
    against, rounds = "NumPy, 300 steps of every point", setting.several(2)
    yield versus(work, against, ours, obvious, rounds, note=lambda: agree(obvious.result.ravel()))
    arrays = {"points": points.reshape(-1, 2), "attractors": attractors, "W": W, "side": safe_side(attractors[1])}
    arrays["subset"] = min(20_000, size**2)
    for way, bar in (("compiled loop", EXPERT_BAR), ("documented", DOCUMENTED_BAR)):
        with setting.peer("pynamicalsys", "run_pynamicalsys.py", arrays, way) as peer:

            def same(peer=peer):
                answer = peer.answer()
                return agree(answer["labels"], answer["chosen"])

            against = f"pynamicalsys, {way}" + (" call" if way == "documented" else "")
            yield versus(work, against, ours, peer.turn, setting.several(), bar=times(bar), note=same)


if __name__ == "__main__":
    script(__name__, rows)
