"""Lyapunov exponents by pynamicalsys; run by `lyapunov.py` in the environment of `pynamicalsys.txt`.

Two ways: as its documentation shows (the map alone), and with a compiled Jacobian.
"""

import sys
import time

import numpy as np
from numba import njit
from pynamicalsys import DiscreteDynamicalSystem

given, answer = sys.argv[1:3]
steps, repeats = map(int, sys.argv[3:5])
data = np.load(given)
W, start = data["W"], data["start"]
n = len(W)


@njit
def network(a, w):
    return w.reshape(len(a), len(a)) @ np.tanh(a)


@njit
def slopes(a, w, *_):
    return w.reshape(len(a), len(a)) * (1.0 - np.tanh(a) ** 2)


def best(jacobian):
    system = DiscreteDynamicalSystem(mapping=network, jacobian=jacobian, system_dimension=n, number_of_parameters=n * n)
    system.lyapunov(start, 5, parameters=W.ravel())  # compilation
    seconds = np.inf
    for _ in range(repeats):
        begin = time.process_time()
        exponents = system.lyapunov(start, steps, parameters=W.ravel())
        seconds = min(seconds, time.process_time() - begin)
    return seconds, exponents


documented, exponents = best(None)
expert, expert_exponents = best(slopes)
np.savez(answer, documented=documented, exponents=exponents, expert=expert, expert_exponents=expert_exponents)
