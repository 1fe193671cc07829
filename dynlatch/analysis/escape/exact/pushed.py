"""A network under a constant push along its order: where monotone orbits end, without following them.

For `G(a) = W f(a) + c + b d` with `s W s >= 0` and `s d >= 0` the orbit of a state with `s G(a) >= s a` rises in the order to
the least fixed point above it (the orbit of one with `s G(a) <= s a` falls to the greatest below). Newton's method jumps to a
fixed point p on that side, and p is the limit if no other lies between: if the spectral radius of `|W| diag(max f')` over the
order interval is below 1, G contracts there.

A leak moves neither fixed points nor these limits: `a = leak a + W f(a) + c` is `a = (W f(a) + c) / (1 - leak)`, and a state
that the leaky map moves up, the other moves up as well.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.activations import Activation
from dynlatch.analysis.escape.exact.answer import Undecided
from dynlatch.analysis.escape.exact.dynamics import orbit
from dynlatch.analysis.escape.exact.fold import Forced
from dynlatch.analysis.escape.exact.linear import solved
from dynlatch.analysis.structure import ActivationForm
from dynlatch.validation import Array

NEWTON_STEPS = 25
FIRST_CHUNK, CHUNKS = 32, 13  # 32 + 64 + ... = 260 000 steps at most


class Pushed(NamedTuple):
    """`G(a) = W f(a) + c + b d`, which preserves the order of `s a`; states (n,)."""

    W: Array
    c: Array
    d: Array
    f: Activation
    s: Array

    def step(self, a: Array, b: float) -> Array:
        return np.asarray(self.f(a) @ self.W.T + self.c + b * self.d)

    def jacobian(self, a: Array, b: float = 0.0) -> Array:
        return np.asarray(self.W * self.f.derivative(a))

    def turning(self, a: Array, v: Array, b: float) -> tuple[Array, Array]:
        """Derivatives of `J(a) v` by a, shape (n, n), and by b."""
        return self.W * (self.f.curvature(a) * v), np.zeros(len(a))

    @property
    def forced(self) -> Forced:
        """For `find_fold`."""
        return Forced(self.step, self.jacobian, lambda a, b: self.d, self.turning)

    @property
    def form(self) -> ActivationForm:
        """For `orbit`."""
        return ActivationForm(np.zeros(len(self.c)), self.W, self.c, self.d[:, None], self.f)


def contracts(system: Pushed, one: Array, other: Array, below: float = 1.0) -> bool:
    """Whether the spectral radius of `|W| diag(max f')` over the box between two states (infinite entries allowed) is below 1.

    Then at most one fixed point lies there. A non-negative matrix A has a spectral radius less than `below` if and only if some
    y > 0 satisfies `y - A y / below = 1 > 0`.
    """
    if system.f.slope_peak is None:
        raise Undecided
    # f' rises up to its peak and falls beyond: it is largest at the state closest to the peak.
    nearest = np.clip(system.f.slope_peak, np.minimum(one, other), np.maximum(one, other))
    steepest = system.f.derivative(nearest) / below
    y = solved(np.eye(len(one)) - np.abs(system.W) * steepest, np.ones(len(one)))
    return y is not None and bool(np.all(y > 0.0) and y.max() < 1e12)


def rest_near(system: Pushed, a: Array, b: float) -> Array | None:
    """The fixed point that Newton's method reaches from `a`; None if it reaches none."""
    eye = np.eye(len(a))
    before = np.inf
    for _ in range(NEWTON_STEPS):
        residual = system.step(a, b) - a
        change = solved(eye - system.jacobian(a), residual)
        if change is None:
            return None
        size = float(np.abs(change).max())
        if not np.isfinite(size):
            return None
        a = a + change
        # Converged, or down to the rounding of an ill-conditioned point.
        if size <= 1e-15 * (1.0 + np.abs(a).max()) or (size <= 1e-7 * (1.0 + np.abs(a).max()) and size > 0.5 * before):
            return a
        before = size
    return None


def limit(system: Pushed, start: Array, b: float, way: float) -> Array:
    """Where the monotone orbit of `start` under the push b ends; `way` is +1 if it rises in the order and -1 if it falls.

    Raises
    ------
    Undecided
        If it passes so close to a fold that this is not settled after many steps.
    """
    a, steps, form = start, FIRST_CHUNK, system.form
    push = b * system.d[None, :]
    for _ in range(CHUNKS):
        states = orbit(form, push, a, steps)
        a = states[-1]
        # In a bottleneck the steps do not shrink: Newton's method would only leap to somewhere else.
        if np.abs(a - states[-2]).max() <= 0.5 * np.abs(states[steps // 2] - states[steps // 2 - 1]).max():
            p = rest_near(system, a, b)
            slack = 1e-9 * (1.0 + np.abs(a).max())
            if p is not None and np.all(way * system.s * (p - a) >= -slack) and contracts(system, a, p):
                return p
        steps *= 2
    raise Undecided
