"""Covariant Lyapunov vectors: the directions that the linearised map carries into one another, each at its own rate.

Ginelli, Poggi, Turchi, Chate, Livi and Politi (2007), Phys. Rev. Lett. 99, 130601. Forward, `J_t Q_{t-1} = Q_t R_t`; any
upper triangular C, taken backward by `C_{t-1} = R_t^-1 C_t`, turns to the one whose columns `Q_t C_t` are covariant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.gradients.frames import FLOOR, carried, first_frame, orthonormal
from dynlatch.analysis.gradients.lyapunov import directions
from dynlatch.analysis.gradients.tangent import Tangent, aligned
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, coordinates, drive, require_smooth, trajectory
from dynlatch.results import Result
from dynlatch.validation import Array, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEMORY = 8e9  # bytes that the forward pass may keep


@dataclass(frozen=True, eq=False)
class CovariantVectors(Result):
    """Covariant vectors along the middle part of trajectories.

    Attributes
    ----------
    vectors : ndarray, shape (S + 1, ..., n, k)
        Unit columns v_i at the states of `times`, by falling growth: `J v_i(t)` is parallel to `v_i(t + 1)`.
    log_growth : ndarray, shape (S, ..., k)
        `ln |J v_i(t)|`, the growth in the step from each of the first S states to the next.
    times : ndarray, shape (S + 1,)
        Times t of the states a_t.
    annihilated : int
        Directions left out because the map annihilates them somewhere on the way: their exponents are -inf.
    coordinates : str
        What the state is. Exponents are the same in all coordinates, angles are not.
    """

    vectors: Array
    log_growth: Array
    times: NDArray[np.int64]
    annihilated: int
    coordinates: str

    @property
    def exponents(self) -> Array:
        """Mean growth per step of every vector, shape (..., k): the Lyapunov exponents of the stretch."""
        return np.asarray(self.log_growth.mean(axis=0))

    def angle(self, i: int, j: int) -> Array:
        """Angle between v_i and v_j (from 0), in radians, 0 to pi/2: shape (S + 1, ...)."""
        return _angle(self._columns(i, i + 1), self._columns(j, j + 1))

    def splitting_angle(self, j: int) -> Array:
        """Smallest angle between the span of the first j vectors and that of the others, shape (S + 1, ...).

        Near zero at times where the two are not separated: a tangency of fast and slow directions.
        """
        if not 0 < j < self.vectors.shape[-1]:
            raise InvalidInput(f"`j` must split the {self.vectors.shape[-1]} vectors into two parts; got {j}.")
        return _angle(self._columns(0, j), self._columns(j, self.vectors.shape[-1]))

    def _columns(self, first: int, last: int) -> Array:
        k = self.vectors.shape[-1]
        if not 0 <= first < last <= k:
            raise InvalidInput(f"there are {k} vectors, numbered from 0; got {first}.")
        return self.vectors[..., first:last]

    def summary(self) -> str:
        *_, n, k = self.vectors.shape
        runs = self.log_growth[0, ..., 0].size
        rates = np.median(self.exponents.reshape(runs, k), axis=0)
        lines = [
            f"{k} covariant vectors of {n} ({self.coordinates}) from t = {self.times[0]} to {self.times[-1]}"
            + (f", {runs} trajectories (medians)" if runs > 1 else ""),
            "  growth per step: " + ", ".join(f"{rate:.5g}" for rate in rates[:6]) + (", ..." if k > 6 else ""),
        ]
        for j in sorted({int((rates >= 0.0).sum()), int(np.argmax(-np.diff(rates))) + 1} if k > 1 else ()):
            if 0 < j < k:
                angles = np.degrees(self.splitting_angle(j))
                spread = f"{np.median(angles):.3g} degrees (median), {angles.min():.3g} at least"
                lines.append(f"  between the first {j} and the others: {spread}")
        if self.annihilated:
            lines.append(f"  {self.annihilated} directions that the map annihilates are left out")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Smallest angle between the first j vectors and the others, for every j, against time."""
        from dynlatch.analysis.plots.lyapunov import plot_covariant_vectors

        return plot_covariant_vectors(self, ax=ax)


def _angle(A: Array, B: Array) -> Array:
    """Smallest principal angle between the spans of columns, shape (...); exact for small ones too."""
    U, V = np.linalg.qr(A)[0], np.linalg.qr(B)[0]
    if U.shape[-1] < V.shape[-1]:
        U, V = V, U
    # The sine is the smallest length that a unit vector of V has outside U.
    outside = V - U @ (np.swapaxes(U, -1, -2) @ V)
    sine = np.linalg.svd(outside, compute_uv=False)[..., -1]
    cosine = np.linalg.svd(np.swapaxes(U, -1, -2) @ V, compute_uv=False)[..., 0]
    return np.asarray(np.arctan2(sine, cosine))


def covariant_vectors(
    map: Map,
    a0: Any,
    inputs: Any = None,
    steps: int | None = None,
    k: int | None = None,
    *,
    transient: int | None = None,
) -> CovariantVectors:
    """Covariant Lyapunov vectors along the trajectory from `a0`, and the angles between them.

    Parameters
    ----------
    map : SmoothMap
    a0 : array_like, shape (..., n)
    inputs : array_like, shape (T, ..., m), optional
    steps : int, optional
        Number of steps without input; give `inputs` or `steps`.
    k : int, optional
        How many vectors, of the largest exponents. By default all whose exponent is finite.
    transient : int, optional
        Steps at the beginning (where the orthonormal directions turn) and at the end (where the triangular ones do) for which
        no vectors are given; a quarter of the run each by default.

    Returns
    -------
    CovariantVectors

    Raises
    ------
    InvalidInput
        On wrong shapes, k outside 1 ... n or beyond the finite exponents, a transient that leaves nothing, a trajectory that
        overflows, or a run whose directions take more than 8 GB.
    NotSmooth
        If the map has no derivatives.

    Notes
    -----
    Between two transients the vectors are those of the infinite trajectory up to e^(-gap * transient), the gap being that
    between neighbouring exponents; equal exponents leave their vectors undetermined in their common span. Kept are the
    directions and triangular factors of every step: 8 (S n k + T k^2) bytes a trajectory.

    References
    ----------
    .. [1] Ginelli, F. et al. (2007), Characterizing dynamics with covariant Lyapunov vectors. Phys. Rev. Lett. 99, 130601.

    Examples
    --------
    At a fixed point they are the eigenvectors.

    >>> import numpy as np
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> net = dl.AdditiveNetwork([[0.9, 0.4], [0.0, 0.3]], activation="linear")
    >>> found = analysis.covariant_vectors(net, [0.0, 0.0], steps=80)
    >>> np.exp(found.exponents).round(6), float(np.degrees(found.angle(0, 1)[0]).round(3))
    (array([0.9, 0.3]), 56.31)
    """
    smooth = require_smooth(map, "covariant_vectors")
    start, sequence, T = drive(map, a0, inputs, steps)
    number = directions(smooth, k)
    before = T // 4 if transient is None else count("transient", transient)
    if 2 * before >= T:
        raise InvalidInput(f"a transient of {before} steps at both ends leaves nothing of {T} steps: take more steps.")
    runs = np.broadcast_shapes(start.shape[:-1], () if sequence is None else sequence.shape[1:-1])
    _affordable(runs, smooth.dim, number, T, before)
    visited = trajectory(map, start, sequence, None if sequence is not None else T)
    sequence = aligned(sequence, visited)
    tangent = Tangent(smooth, visited, sequence, vectors=number)
    left = carried(tangent, first_frame(smooth.dim, number, visited.shape[1:-1]), 0, before)
    if left.rows.shape[-2] == 0:
        raise _nothing_left()
    Q, R, alive = _forward(tangent, left.rows, before, T)
    if alive == 0:
        raise _nothing_left()
    if k is not None and alive < number:
        raise InvalidInput(
            f"only {alive} of the {number} directions have finite exponents, the Jacobian is singular on the way: take "
            f"`k={alive}` or leave it out."
        )
    Q, R = Q[..., :alive], R[..., :alive, :alive]
    vectors, growth = _backward(Q, R, T - 2 * before)
    return CovariantVectors(vectors, growth, np.arange(before, T - before + 1), number - alive, coordinates(map))


def _nothing_left() -> InvalidInput:
    return InvalidInput(
        "every direction was annihilated on the way: the Jacobian lost all of its rank, no direction has a finite exponent and "
        "there are no covariant vectors. `lyapunov_exponents` gives the exponents, -inf."
    )


def _affordable(runs: tuple[int, ...], n: int, k: int, T: int, before: int) -> None:
    """Refuse what the forward pass could not keep, before any work is done."""
    need = 8.0 * float(np.prod(runs)) * ((T - 2 * before + 1) * n * k + (T - before) * k * k)
    if need > MEMORY:
        raise InvalidInput(f"the directions would take {need / 1e9:.1f} GB: take fewer steps or a smaller `k`.")


def _forward(tangent: Tangent, rows: Array, start: int, stop: int) -> tuple[Array, Array, int]:
    """Directions (S + 1, ..., n, k) of the stretch, triangular factors (stop - start, ..., k, k), and how many stay alive.

    The last `start` steps turn the triangular factors: their directions are not kept.
    """
    *batch, k, n = rows.shape
    kept = stop - 2 * start + 1
    Q, R = np.empty((kept, *batch, n, k)), np.empty((stop - start, *batch, k, k))
    alive = k
    for t in range(start, stop):
        if t - start < kept:
            Q[t - start] = np.swapaxes(rows, -1, -2)
        following, R[t - start] = np.linalg.qr(np.swapaxes(tangent.forward(t, rows), -1, -2))
        rows = np.swapaxes(following, -1, -2)
        alive = min(alive, _alive(R[t - start], n))
    if kept > stop - start:
        Q[-1] = np.swapaxes(rows, -1, -2)
    return Q, R, alive


def _alive(R: Array, n: int) -> int:
    """How many leading directions no trajectory annihilates in this step."""
    size = np.abs(np.diagonal(R, axis1=-2, axis2=-1))
    gone = size <= FLOOR * n * size.max(axis=-1, keepdims=True)
    return int(np.where(gone.any(axis=-1), gone.argmax(axis=-1), size.shape[-1]).min())


def _backward(Q: Array, R: Array, steps: int) -> tuple[Array, Array]:
    """Covariant vectors at the first steps + 1 times, and their log growth in the steps between."""
    k = R.shape[-1]
    C = np.broadcast_to(np.triu(orthonormal(np.random.default_rng(2).standard_normal((k, k)))[0]) + np.eye(k), R.shape[1:])
    C = C / np.linalg.norm(C, axis=-2, keepdims=True)
    vectors, growth = np.empty_like(Q), np.empty((steps, *R.shape[1:-1]))
    for t in range(len(R), -1, -1):
        if t <= steps:
            vectors[t] = Q[t] @ C
        if t:
            C, shrunk = _solved(R[t - 1], C)
            if t <= steps:
                growth[t - 1] = -shrunk
    return vectors, growth


def _solved(R: Array, C: Array) -> tuple[Array, Array]:
    """`R^-1 C` for triangular factors, its columns of length 1, and the logarithms of their lengths before."""
    size = np.abs(R).max(axis=(-2, -1), keepdims=True)
    C = _triangular_solve(R / size, C)
    norm = np.linalg.norm(C, axis=-2, keepdims=True)
    return C / norm, np.log(norm[..., 0, :]) - np.log(size[..., 0])


def _triangular_solve(R: Array, C: Array) -> Array:
    """Back substitution, every trajectory at once; what lies below the diagonal of C stays exactly zero."""
    if R.ndim == 2:
        from scipy.linalg import solve_triangular

        return np.triu(solve_triangular(R, C, check_finite=False))
    return np.triu(np.linalg.solve(np.triu(R), C))
