"""Slow and fast directions at a fixed point or cycle: what lasts, what is forgotten, and the projections that tell them apart.

The Jacobian J of M^p has an invariant subspace for its slow eigenvalues and one for its fast ones; ordered Schur forms of J
and of J^T give orthonormal bases of them and of their left counterparts. With the oblique spectral projector Pi onto the slow
subspace along the fast one, `J^t = Pi J^t Pi + (1 - Pi) J^t (1 - Pi)`, and the second term dies `gap` times faster.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.attractor import polish
from dynlatch.errors import InvalidInput
from dynlatch.linalg import matrix_norm, spectra
from dynlatch.maps import Map, coordinates, require_smooth
from dynlatch.results import Result
from dynlatch.validation import Array, count, positive_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_GAP = 1.25
FLOOR = 1e-14  # eigenvalues below this times the largest are zero to rounding


@dataclass(frozen=True, eq=False)
class SlowFastSplitting(Result):
    """Invariant subspaces of the k slow and the n - k fast eigenvalues.

    Attributes
    ----------
    points : ndarray, shape (p, n)
        The fixed point or cycle; J is the Jacobian of M^p at the first point.
    jacobian : ndarray, shape (n, n)
    eigenvalues : complex ndarray, shape (n,)
        By falling modulus: the first `slow` are the slow ones.
    slow : int
        k.
    gap : float
        Ratio of the moduli of the slowest fast and the fastest slow eigenvalue, inverted: above 1; infinite if all fast
        eigenvalues are 0.
    right_slow, left_slow : ndarray, shape (n, k)
        Orthonormal bases: J maps the first into itself, J^T the second.
    right_fast, left_fast : ndarray, shape (n, n - k)
        The same of the fast eigenvalues. The rows of `left_fast.T` are the projection P of which P da_t/da_0 vanishes first.
    projector : ndarray, shape (n, n)
        Pi, oblique: onto the slow subspace along the fast one.
    coordinates : str
        What the state is.
    """

    points: Array
    jacobian: Array
    eigenvalues: NDArray[np.complex128]
    slow: int
    gap: float
    right_slow: Array
    left_slow: Array
    right_fast: Array
    left_fast: Array
    projector: Array
    coordinates: str

    @property
    def obliqueness(self) -> float:
        """`|Pi|_2`: 1 if the two subspaces are orthogonal, large if they are nearly parallel."""
        return float(matrix_norm(self.projector))

    def remainder(self, rounds: int) -> float:
        """`|J^t - Pi J^t Pi|_2 / |J^t|_2` after t rounds of the cycle: what the slow part leaves out."""
        power = np.linalg.matrix_power(self.jacobian / self._scale, count("rounds", rounds, least=1))
        size = float(matrix_norm(power))
        return float(matrix_norm(power - self.projector @ power @ self.projector)) / size if size > 0 else 0.0

    @property
    def _scale(self) -> float:
        radius = float(np.abs(self.eigenvalues).max())
        return radius if radius > 0 else 1.0

    def summary(self) -> str:
        n, k = len(self.jacobian), self.slow
        moduli = np.abs(self.eigenvalues)
        what = "fixed point" if len(self.points) == 1 else f"cycle of period {len(self.points)}"
        return "\n".join(
            [
                f"{k} slow and {n - k} fast directions at a {what} ({self.coordinates})",
                f"  slow eigenvalues: moduli {moduli[0]:.6g} to {moduli[k - 1]:.6g}; fast: {moduli[k]:.6g} and below",
                f"  gap {self.gap:.4g}: after t rounds the fast part is smaller by about {self.gap:.4g}^-t",
                f"  norm of the oblique projector {self.obliqueness:.4g} (1: the two subspaces are orthogonal)",
            ]
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Moduli of the eigenvalues, slow and fast."""
        from dynlatch.analysis.plots.projection import plot_splitting

        return plot_splitting(self, ax=ax)


def slow_fast_splitting(map: Map, attractor: Any, *, slow: int | None = None, gap: float = LEAST_GAP) -> SlowFastSplitting:
    """Slow and fast invariant subspaces at a fixed point or cycle, with the projector between them.

    Parameters
    ----------
    map : SmoothMap
    attractor : array_like, shape (n,) or (p, n), or a member of a result
        A fixed point or the points of a cycle; polished by Newton's method. It need not attract: an integrator has an
        eigenvalue 1.
    slow : int, optional
        Number of slow eigenvalues; by default those above the first gap of the moduli.
    gap : float
        The least ratio of moduli that is taken for a gap.

    Returns
    -------
    SlowFastSplitting

    Raises
    ------
    InvalidInput
        If there is no such gap, or `slow` parts a complex pair or equal moduli.
    NotSmooth
        If the map has no derivatives.

    References
    ----------
    .. [1] Bengio, Y., Frasconi, P. and Simard, P. (1993), The problem of learning long-term dependencies in recurrent
       networks. ICNN, section III.C.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> net = dl.AdditiveNetwork([[0.5, 0.0], [1.0, 1.0]], activation="linear")
    >>> parts = analysis.slow_fast_splitting(net, [0.0, 0.0])
    >>> parts.slow, parts.gap, parts.projector.round(6).tolist()
    (1, 2.0, [[0.0, 0.0], [2.0, 1.0]])
    """
    smooth = require_smooth(map, "slow_fast_splitting")
    least = positive_number("gap", gap)
    points = polish(smooth, attractor, "slow_fast_splitting").points
    jacobians = smooth.jacobian(points)
    J = np.linalg.multi_dot(jacobians[::-1]) if len(points) > 1 else jacobians[0]
    values = spectra(J)
    k = _number(np.abs(values), slow, least)
    moduli = np.abs(values)
    cut = 0.5 * (moduli[k - 1] + moduli[k])
    right_slow, right_fast = _subspaces(J, cut, k)
    left_slow, left_fast = _subspaces(J.T, cut, k)
    projector = right_slow @ np.linalg.solve(left_slow.T @ right_slow, left_slow.T)
    ratio = float(moduli[k - 1] / moduli[k]) if moduli[k] > FLOOR * moduli[0] else np.inf
    return SlowFastSplitting(
        points, J, values, k, ratio, right_slow, left_slow, right_fast, left_fast, projector, coordinates(map)
    )


def first_gap(sizes: Array, least: float) -> tuple[int, float]:
    """How many of the falling `sizes` (n,) stand above the first ratio of at least `least`, and that ratio.

    0 and the widest ratio where none is so large. Sizes below `FLOOR` times the first are zero to rounding.
    """
    floored = np.maximum(sizes, FLOOR * sizes[0]) if sizes[0] > 0 else np.ones_like(sizes)
    ratios = floored[:-1] / floored[1:]
    wide = np.flatnonzero(ratios >= least)
    return (int(wide[0]) + 1, float(ratios[wide[0]])) if len(wide) else (0, float(ratios.max()))


def _number(moduli: Array, slow: int | None, least: float) -> int:
    n = len(moduli)
    if n == 1:
        raise InvalidInput("a map of one dimension has no slow and fast directions to tell apart.")
    if slow is None:
        k, ratio = first_gap(moduli, least)
        if not k:
            raise InvalidInput(
                f"the eigenvalues have no gap: the largest ratio of consecutive moduli is {ratio:.4g}, and `gap` asks for "
                f"{least:g}. Lower `gap`, or give the number of `slow` ones."
            )
        return k
    k = count("slow", slow, least=1)
    if k >= n or moduli[k - 1] - moduli[k] <= 1e-9 * moduli[0]:
        raise InvalidInput(f"`slow` must be below {n} and must not part eigenvalues of the same modulus; got {k}.")
    return k


def _subspaces(J: Array, cut: float, k: int) -> tuple[Array, Array]:
    """Orthonormal bases of the invariant subspaces of the k eigenvalues beyond `cut`, and of the others."""
    return _invariant(J, lambda re, im: bool(np.hypot(re, im) > cut), k), _invariant(
        J, lambda re, im: bool(np.hypot(re, im) <= cut), len(J) - k
    )


def _invariant(J: Array, wanted: Callable[[float, float], bool], size: int) -> Array:
    from scipy.linalg import schur

    _, Q, found = schur(J, output="real", sort=wanted)
    if found != size:
        raise InvalidInput(
            f"rounding blurs the gap: {found} eigenvalues on its one side, {size} expected. Choose another `slow`."
        )
    return np.asarray(Q[:, :size], dtype=np.float64)
