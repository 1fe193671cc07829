"""Basins by pynamicalsys; run by `basins_peers.py` in the environment of `pynamicalsys.txt`.

Two ways: as its documentation shows (one call of `escape_analysis` per point), and as an expert would, its compiled core
inside a compiled loop over the grid. Both stop at the same boxes around the attractors.
"""

import sys

import numpy as np
from numba import njit
from pynamicalsys import DiscreteDynamicalSystem
from pynamicalsys.discrete_time.escape import escape_basin_and_time_entering
from turns import take_turns

given, answer, way = sys.argv[1:]
data = np.load(given)
points, attractors, side, subset = data["points"], data["attractors"], float(data["side"]), int(data["subset"])
parameters = data["W"].ravel()
STEPS = 10_000


@njit
def network(a, w):
    x, y = np.tanh(a[0]), np.tanh(a[1])
    return np.array([w[0] * x + w[1] * y, w[2] * x + w[3] * y])


@njit
def all_points(points, parameters, boxes):
    labels = np.empty(len(points), np.int64)
    for i in range(len(points)):
        labels[i], _ = escape_basin_and_time_entering(points[i], parameters, network, STEPS, boxes)
    return labels


boxes = np.stack([attractors - side / 2, attractors + side / 2], axis=-1)
system = DiscreteDynamicalSystem(mapping=network, system_dimension=2, number_of_parameters=4)


def documented_call(a):
    return system.escape_analysis(a, STEPS, attractors, parameters=parameters, hole_size=side)[0]


if way == "documented":  # of some points, scaled to all
    chosen = np.linspace(0, len(points) - 1, subset).astype(int)
    documented_call(points[0])
    labels = take_turns(lambda: np.array([documented_call(points[i]) for i in chosen]), per=len(chosen) / len(points))
else:
    chosen = np.arange(len(points))
    all_points(points[:10], parameters, boxes)
    labels = take_turns(lambda: all_points(points, parameters, boxes))
np.savez(answer, labels=labels, chosen=chosen)
