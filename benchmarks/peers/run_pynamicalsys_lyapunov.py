"""Lyapunov exponents by pynamicalsys; run by `lyapunov.py` in the environment of `pynamicalsys.txt`.

Two ways: as its documentation shows (the map alone), and with a compiled Jacobian.
"""

import sys

import numpy as np
from numba import njit
from pynamicalsys import DiscreteDynamicalSystem
from turns import take_turns

given, answer, steps, way = sys.argv[1:]
data = np.load(given)
W, start = data["W"], data["start"]
n = len(W)


@njit
def network(a, w):
    return w.reshape(len(a), len(a)) @ np.tanh(a)


@njit
def slopes(a, w, *_):
    return w.reshape(len(a), len(a)) * (1.0 - np.tanh(a) ** 2)


jacobian = None if way == "documented" else slopes
system = DiscreteDynamicalSystem(mapping=network, jacobian=jacobian, system_dimension=n, number_of_parameters=n * n)
system.lyapunov(start, 5, parameters=W.ravel())  # compilation
np.savez(answer, exponents=take_turns(lambda: system.lyapunov(start, int(steps), parameters=W.ravel())))
