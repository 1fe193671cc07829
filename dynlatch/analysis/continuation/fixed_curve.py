"""Fixed points over one parameter as a curve: what is watched along it, and what a change of it means.

The tests are sign changes of det(I - J) and det(I + J), through counts of multipliers, of the parameter's direction, and the
number of multipliers outside the unit circle. With t the tangent, det(I - J) is t_p times the determinant of the bordered
Jacobian: the first changes sign without t_p exactly where branches cross.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.continuation.equations import Equations
from dynlatch.linalg import matrix_norm, spectra
from dynlatch.validation import Array

UNDECIDED = 1e-10  # distance of a multiplier from the unit circle below which its side is not decided

FOLD, CROSSING, FLIP, PAIR, SEVERAL = "fold", "crossing", "flip", "pair", "several"


class Seen(NamedTuple):
    """Multipliers, and what the tests read off them."""

    eigenvalues: NDArray[np.complex128]
    above: int  # real ones above 1
    below: int  # real ones below -1
    turning: int  # complex ones outside the unit circle
    outside: int
    forward: bool  # whether the parameter grows along the curve


@dataclass(frozen=True, eq=False)
class FixedCurve:
    """Solutions (a, p) of `M_p(a) = a` with p between lo and hi."""

    equations: Equations
    lo: float
    hi: float

    @property
    def scale(self) -> Array:
        n = self.equations.dim
        return np.append(np.full(n, np.sqrt(n)), self.hi - self.lo)

    def residual(self, x: Array) -> Array:
        return self.equations.residual(x)

    def jacobian(self, x: Array) -> Array:
        return self.equations.jacobian(x)

    def outside(self, x: Array) -> tuple[int, float] | None:
        if x[-1] < self.lo:
            return len(x) - 1, self.lo
        return (len(x) - 1, self.hi) if x[-1] > self.hi else None

    def watch(self, x: Array, tangent: Array) -> Seen | None:
        J = self.equations.state_jacobian(x)
        seen = look(J, bool(tangent[-1] > 0))
        margin = UNDECIDED * (1.0 + float(matrix_norm(J, "fro")))
        return None if np.abs(np.abs(seen.eigenvalues) - 1.0).min() < margin else seen

    def events(self, before: Seen, after: Seen) -> list[str]:
        through = (before.above - after.above) % 2 == 1
        flip = (before.below - after.below) % 2 == 1
        turned = before.forward != after.forward
        kinds = [FOLD if turned else CROSSING] if through else [CROSSING] if turned else []
        kinds += [FLIP] if flip else []
        rest = abs(after.outside - before.outside) - int(through) - int(flip)
        # Two real multipliers that leave in one step look like a pair to the parities, not to the counts.
        real = abs(after.above - before.above) == int(through) and abs(after.below - before.below) == int(flip)
        pair = rest == 2 and real and abs(after.turning - before.turning) == 2
        return kinds + ([PAIR] if pair else [SEVERAL] * max(rest, 0))


def look(J: Array, forward: bool) -> Seen:
    """The multipliers of J, counted."""
    values = spectra(J)
    real = np.real(values[np.imag(values) == 0.0])
    outside = np.abs(values) > 1.0
    turning = int((outside & (np.imag(values) != 0.0)).sum())
    return Seen(values, int((real > 1.0).sum()), int((real < -1.0).sum()), turning, int(outside.sum()), forward)
