"""Networks of units as a problem to prove: `x = P f(Q x + q) + p`, all in interval arithmetic.

`a = W f(a) + c` is P = W, p = c and no Q. Of a low-rank W = U V^T + T the equation for z = V^T f(a) is P = V^T, Q = U,
q = c; the tail T stays as an uncertainty of what enters each unit and of its derivative.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dynlatch.activations import Activation
from dynlatch.analysis.fixed_points.proof.relaxation import Band, Relaxation, band
from dynlatch.intervals import EPS, TINY, Box, affine_image
from dynlatch.validation import Array

OFF_CENTRE = 0.47  # splits in the very middle would put the roots of symmetric networks on faces


@dataclass(frozen=True, eq=False)
class Units:
    """`x = P f(Q x + q + tau) + p + sigma` for unknown `|tau| <= tail` and `|sigma| <= slack`.

    Parameters
    ----------
    P : ndarray, shape (d, N)
    p : ndarray, shape (d,)
    f : Activation
        With `slope_peak`.
    Q, q : ndarray, shapes (N, d), (N,), optional
        None is the identity without a shift, and then N = d.
    tail : ndarray, shape (N,), optional
        Bound on tau, a function of x.
    tail_slope : ndarray, shape (N,), optional
        `|tau(x) - tau(y)| <= tail_slope * max |Q (x - y)|`.
    slack : ndarray, shape (d,), optional
        Bound on sigma, a constant.
    """

    P: Array
    p: Array
    f: Activation
    Q: Array | None = None
    q: Array | None = None
    tail: Array | None = None
    tail_slope: Array | None = None
    slack: Array | None = None

    _size_P: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_size_P", np.abs(self.P))

    @property
    def dim(self) -> int:
        return len(self.P)

    @property
    def size(self) -> int:
        return self.P.size + self.dim**2

    @property
    def mixing(self) -> Array:
        return self.P

    def nets(self, lo: Array, hi: Array) -> Box:
        """What enters the units."""
        if self.Q is None:
            return lo, hi
        net = affine_image(self.Q, lo, hi, 0.0 if self.q is None else self.q)
        return net if self.tail is None else (net[0] - self.tail, net[1] + self.tail)

    def start(self, lo: Array, hi: Array) -> Box:
        """Where x can be if what enters the units lies in [lo, hi] (N,)."""
        return affine_image(self.P, *self.f.image(lo, hi), self.p)

    def image(self, lo: Array, hi: Array) -> Box:
        """Image of the boxes, by middles and radii: two matrix products."""
        below, above = self.f.image(*self.nets(lo, hi))
        half = 0.5 * (above - below)
        centre = (below + half) @ self.P.T + self.p
        largest = np.maximum(np.abs(below), np.abs(above)) @ self._size_P.T + np.abs(self.p)
        radius = half @ self._size_P.T + 2.0 * (self.P.shape[1] + 4) * EPS * largest + TINY
        if self.slack is not None:
            radius = radius + self.slack
        return centre - radius, centre + radius

    def relax(self, lo: Array, hi: Array) -> Relaxation:
        middle = lo + 0.5 * (hi - lo)
        radius = np.nextafter(np.maximum(hi - middle, middle - lo), np.inf)
        net_lo, net_hi = self.nets(lo, hi)
        if self.Q is None:
            b = band(self.f, net_lo, net_hi, middle)
            reach, shift, shares = radius, np.zeros(()), lambda weights: weights * b.error
            matrix = self.P * b.slope[:, None, :]
        else:
            q = np.zeros(len(self.Q)) if self.q is None else self.q
            net = middle @ self.Q.T + q
            b = band(self.f, net_lo, net_hi, net)
            size_Q = np.abs(self.Q)
            reach = radius @ size_Q.T * (1.0 + 2.0 * (self.dim + 2) * EPS)
            shift = 2.0 * (self.dim + 2) * EPS * (np.abs(middle) @ size_Q.T + np.abs(q)) + TINY
            shift = shift if self.tail is None else shift + self.tail
            matrix = np.matmul(self.P, b.slope[:, :, None] * self.Q)

            def shares(weights: Array) -> Array:
                return np.asarray(((weights * b.variation) @ size_Q) * radius)

        return Relaxation(
            middle=middle,
            radius=radius,
            value=b.value @ self.P.T + self.p,
            matrix=matrix,
            rounding=self._rounding(b, reach),
            error=b.error + b.slope * shift,
            floor=b.floor + b.slope * shift,
            variation=b.variation * reach + self._tail_variation(b, reach),
            shares=shares,
        )

    def _rounding(self, b: Band, reach: Array) -> Array:
        terms = (np.abs(b.value) + b.slope * reach) @ self._size_P.T + np.abs(self.p)
        bound = (self.P.shape[1] + self.dim + 4) * EPS * terms + TINY
        return np.asarray(bound if self.slack is None else bound + self.slack)

    def _tail_variation(self, b: Band, reach: Array) -> Array | float:
        if self.tail_slope is None:
            return 0.0
        return np.asarray((b.slope + b.variation) * self.tail_slope * reach.max(-1, keepdims=True))

    def cut(self, lo: Array, hi: Array) -> Array:
        """Off the middle; of what leaves the unit, where x is what enters it: saturated stretches are not halved in vain."""
        plain = lo + OFF_CENTRE * (hi - lo)
        if self.Q is not None or self.f.inverse is None or not self.f.bounded:
            return plain
        below, above = self.f(lo), self.f(hi)
        with np.errstate(divide="ignore", invalid="ignore"):
            point = self.f.inverse(below + OFF_CENTRE * (above - below))
        usable = (point > lo + 0.01 * (hi - lo)) & (point < hi - 0.01 * (hi - lo))
        return np.where(usable, point, plain)
