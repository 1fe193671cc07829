"""Orbits of a network in its activations under inputs that repeat."""

from __future__ import annotations

import numpy as np

from dynlatch.activations import LOGISTIC, TANH
from dynlatch.analysis.structure import ActivationForm
from dynlatch.validation import Array


def orbit(form: ActivationForm, pushes: Array, start: Array, steps: int, phase: int = 0) -> Array:
    """States (steps, n) that follow `start`: step t = 0, 1, ... adds `pushes[(phase + t) % p]` (p, n) to `form`'s.

    Compiled for tanh and logistic units.
    """
    added = np.ascontiguousarray(form.c + pushes)
    if form.f is TANH or form.f is LOGISTIC:
        from dynlatch.analysis.escape.exact import kernels

        kind = kernels.TANH if form.f is TANH else kernels.LOGISTIC
        weights, first = np.ascontiguousarray(form.W), np.ascontiguousarray(start)
        states: Array = kernels.run(form.leak, weights, added, first, kind, phase, steps)
        return states
    states = np.empty((steps, len(start)))
    a = start
    for t in range(steps):
        a = form.leak * a + form.W @ form.f(a) + added[(phase + t) % len(added)]
        states[t] = a
    return states
