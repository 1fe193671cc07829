"""Any equation with an interval image and an interval Jacobian as a problem to prove.

The relaxation is the mean value form: G(m) and, for the slope between any two points of the box, the bounds on the Jacobian.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dynlatch.analysis.fixed_points.proof.relaxation import Relaxation
from dynlatch.analysis.fixed_points.proof.units import OFF_CENTRE
from dynlatch.intervals import EPS, TINY, Box
from dynlatch.validation import Array

Bounds = Callable[[Array, Array], Box]


@dataclass(frozen=True, eq=False)
class Enclosed:
    """`G(x) = x` for G of dimension `dim` with `image(lo, hi)` and `slopes(lo, hi)`, boxes (B, d) and (B, d, d)."""

    dim: int
    image: Bounds
    slopes: Bounds

    mixing = None

    @property
    def size(self) -> int:
        return 8 * self.dim**2

    def relax(self, lo: Array, hi: Array) -> Relaxation:
        middle = lo + 0.5 * (hi - lo)
        radius = np.nextafter(np.maximum(hi - middle, middle - lo), np.inf)
        below, above = self.image(middle, middle)
        value = below + 0.5 * (above - below)
        least, largest = self.slopes(lo, hi)
        matrix = least + 0.5 * (largest - least)
        spread = np.maximum(largest - matrix, matrix - least) * (1.0 + 2.0 * EPS)
        variation = (spread @ radius[..., None])[..., 0] * (1.0 + (self.dim + 2) * EPS) + TINY

        def shares(weights: Array) -> Array:
            return np.asarray((weights[:, None, :] @ spread)[:, 0] * radius)

        return Relaxation(
            middle=middle,
            radius=radius,
            value=value,
            matrix=matrix,
            rounding=np.nextafter(np.maximum(above - value, value - below), np.inf),
            error=variation,
            floor=np.full_like(variation, TINY),
            variation=variation,
            shares=shares,
        )

    def cut(self, lo: Array, hi: Array) -> Array:
        return lo + OFF_CENTRE * (hi - lo)
