"""Conley-Morse graph of a 2-D tanh net on 2^20 cells, against CMGDB.

    python benchmarks/morse.py --peer-python ENVIRONMENT/bin/python

CMGDB runs in two ways on the same interval images: on all cells, as dynlatch does (which also says where every cell leads), and
refining its Morse sets alone, its strength. dynlatch's time includes the fixed points that name the sets.
"""

from __future__ import annotations

import common

import dynlatch as dl
from dynlatch.analysis import morse_graph

W = [[1.9, -0.35], [0.45, 1.7]]
BAR = 6.0


def main(argv=None):
    given = common.arguments(__doc__, peer_python="Python of CMGDB's environment").parse_args(argv)
    depth = 10 if given.quick else 20
    repeats = 1 if given.quick else 3
    net = dl.AdditiveNetwork(W)
    morse_graph(net, (-3.0, 3.0), 8, rng=0)  # imports and compilation
    seconds, graph = common.cpu(lambda: morse_graph(net, (-3.0, 3.0), 2 ** (depth // 2), rng=0), repeats)
    met = None if given.quick else seconds <= BAR
    rows = [["dynlatch", f"{seconds:.2f}", "1.0", len(graph.kinds), f"{BAR:g}", common.verdict(met)]]
    if given.peer_python:
        answer = common.ask(given.peer_python, "run_cmgdb.py", {"W": W, "depth": depth}, repeats)
        for way in ("all cells", "refined"):
            theirs = float(answer[f"{way} seconds"])
            rows.append([f"CMGDB, {way}", f"{theirs:.2f}", f"{theirs / seconds:.2f}", answer[f"{way} sets"], "", ""])
    print(f"2^{depth} cells of [-3, 3]^2; kinds: {', '.join(map(str, graph.kinds))}; proved: {graph.proved}")
    common.table(["method", "CPU s", "times ours", "Morse sets", "bar, s", ""], rows)


if __name__ == "__main__":
    main()
