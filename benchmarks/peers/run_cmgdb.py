"""Morse graph of a 2-D tanh net by CMGDB; run by `morse.py` in the environment of `cmgdb.txt`.

The map on boxes is the interval image of `W tanh(a)`, given in batches, the fastest way that CMGDB offers.
"""

import sys
import time

import CMGDB
import numpy as np

given, answer, repeats = sys.argv[1:]
data = np.load(given)
W, depth = data["W"], int(data["depth"])
LOW, HIGH = [-3.0, -3.0], [3.0, 3.0]


def images(boxes):
    lo, hi = np.tanh(boxes[:, :2]), np.tanh(boxes[:, 2:])
    centre, radius = (lo + hi) / 2 @ W.T, (hi - lo) / 2 @ np.abs(W).T
    return np.hstack([centre - radius, centre + radius])


def image(box):
    return list(images(np.array([box]))[0])


MODELS = {
    "all cells": lambda: CMGDB.Model(depth, depth, depth, 10**9, LOW, HIGH, image),
    "refined": lambda: CMGDB.Model(depth, depth, LOW, HIGH, image),
}
results = {}
for way, build in MODELS.items():
    results[f"{way} seconds"] = np.inf
    for _ in range(int(repeats)):
        model = build()
        model.set_batch_map(images)
        start = time.process_time()
        graph, _ = CMGDB.ComputeMorseGraph(model)
        results[f"{way} seconds"] = min(results[f"{way} seconds"], time.process_time() - start)
    results[f"{way} sets"] = graph.num_vertices()
np.savez(answer, **results)
