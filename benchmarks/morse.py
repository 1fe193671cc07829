"""Conley-Morse graph of a 2-D tanh net on 2^20 cells, against CMGDB.

    python -m benchmarks.morse

CMGDB runs in two ways on the same interval images: on all cells, as dynlatch does (which also says where every cell leads), and
refining its Morse sets alone, its strength. dynlatch's time includes the fixed points that name the sets.
"""

from __future__ import annotations

from collections.abc import Iterator

import dynlatch as dl
from benchmarks.commands import script
from benchmarks.contract import Row, Setting, Timed, alone, at_most, versus
from dynlatch.analysis import morse_graph

W = [[1.9, -0.35], [0.45, 1.7]]
BAR = 6.0


def rows(setting: Setting) -> Iterator[Row]:
    depth = 10 if setting.quick else 20
    net, work = dl.AdditiveNetwork(W), f"2^{depth} cells of [-3, 3]^2"
    morse_graph(net, (-3.0, 3.0), 8, rng=0)  # imports and compilation
    ours = Timed(lambda: morse_graph(net, (-3.0, 3.0), 2 ** (depth // 2), rng=0))

    def found():
        return f"{len(ours.result.kinds)} sets: {', '.join(map(str, ours.result.kinds))}; proved: {ours.result.proved}"

    yield alone(work, ours, setting.several(3), bar=at_most(BAR), note=found)
    for way in ("all cells", "refined"):
        with setting.peer("cmgdb", "run_cmgdb.py", {"W": W, "depth": depth}, way) as peer:
            note = lambda peer=peer: f"{peer.answer()['sets']} Morse sets"  # noqa: E731
            yield versus(work, f"CMGDB, {way}", ours, peer.turn, setting.several(3), note=note)


if __name__ == "__main__":
    script(__name__, rows)
