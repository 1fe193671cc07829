"""Morse graph of a 2-D tanh net by CMGDB; run by `morse.py` in the environment of `cmgdb.txt`.

The map on boxes is the interval image of `W tanh(a)`, given in batches, the fastest way that CMGDB offers.
"""

import sys

import CMGDB
import numpy as np
from turns import take_turns

given, answer, way = sys.argv[1:]
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


def graph():
    model = MODELS[way]()
    model.set_batch_map(images)
    return CMGDB.ComputeMorseGraph(model)[0]


np.savez(answer, sets=take_turns(graph).num_vertices())
