"""Only part of the state is latched: what is left of da_t/da_0, and the limit that the papers give for it.

Let z = P a be latched and y = R a the rest, a = P+ z + R+ y. Latching gives `P da_t/da_0 -> 0`, hence

    da_t/da_0  ->  R+ dy_t/da_0  =  R+ (dy_t/dy_0 R + dy_t/dz_0 P).

Section III.C of the papers has `R+ (dy_t/dy_0) R` instead. The dropped term is zero only if y does not depend on z either: an
integrator y remembers z_0 although z itself is forgotten. (A = [[.5, 0], [1, 1]] has A^t -> [[0, 0], [2, 1]], the papers'
limit is [[0, 0], [0, 1]].)
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.gradients.factors import log
from dynlatch.analysis.gradients.splitting import SlowFastSplitting, first_gap
from dynlatch.errors import InvalidInput
from dynlatch.linalg import matrix_norm, scaled_products
from dynlatch.maps import Map, SmoothMap, coordinates, drive, require_smooth, trajectory
from dynlatch.results import Result
from dynlatch.validation import Array, finite_array, positive_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LEAST_GAP = 10.0
INDEPENDENT = 1e-10


@dataclass(frozen=True, eq=False)
class LatchedProjection(Result):
    """Both limits of the gradient beside the gradient itself. N_t stands for da_t/da_0, norms are Frobenius norms.

    Attributes
    ----------
    latched : ndarray, shape (m, n)
        P: orthonormal rows, the directions that forget.
    rest : ndarray, shape (n - m, n)
        R: orthonormal rows that complete them, so that P+ = P^T and R+ = R^T.
    log_norms : ndarray, shape (T, ...)
        log |N_t|, entry t - 1 for time t.
    log_latched : ndarray, shape (T, ...)
        log |P N_t|: what latching sends to zero.
    corrected_errors : ndarray, shape (T, ...)
        `|N_t - R+ dy_t/da_0| / |N_t|`; equal to |P N_t| / |N_t|.
    text_errors : ndarray, shape (T, ...)
        `|N_t - R+ (dy_t/dy_0) R| / |N_t|`, the formula of the papers.
    gradient, corrected, text : ndarray, shape (..., n, n)
        N_T and its two limits, each times exp(-log_scale).
    log_scale : ndarray, shape (...)
    gap : float or None
        Ratio of the singular values between which `rest` and `latched` were parted (the least over trajectories); None where
        P was given.
    coordinates : str
        What the state is.
    """

    latched: Array
    rest: Array
    log_norms: Array
    log_latched: Array
    corrected_errors: Array
    text_errors: Array
    gradient: Array
    corrected: Array
    text: Array
    log_scale: Array
    gap: float | None
    coordinates: str

    def summary(self) -> str:
        m, n = self.latched.shape
        T, runs = len(self.log_norms), self.log_norms[0].size
        lines = [
            f"{m} of {n} directions latched ({self.coordinates}), {T} steps" + (f", medians of {runs}" if runs > 1 else ""),
            f"  |da_t/da_0| at t = {T}: {_decades(self.log_norms[-1])}; of its latched part: {_decades(self.log_latched[-1])}",
            f"  relative error of R+ dy_t/da_0 (corrected limit): {np.median(self.corrected_errors[-1]):.3g}",
            f"  relative error of R+ (dy_t/dy_0) R (as in the papers): {np.median(self.text_errors[-1]):.3g}",
        ]
        if np.median(self.text_errors[-1]) > 10.0 * max(float(np.median(self.corrected_errors[-1])), 1e-12):
            lines.append(
                "  what was latched away is remembered through the rest: the state at time 0 acts on it before it is forgotten"
            )
        if self.gap is not None:
            lines.append(f"  parted at a gap of {self.gap:.4g} between singular values of da_T/da_0")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Relative errors of both limits against time."""
        from dynlatch.analysis.plots.projection import plot_projection

        return plot_projection(self, ax=ax)


def _decades(logs: Array) -> str:
    return f"10^{np.median(logs) / np.log(10.0):.2f}"


def latched_projection(
    map: Map, a0: Any, inputs: Any = None, steps: int | None = None, *, projection: Any = None, gap: float = LEAST_GAP
) -> LatchedProjection:
    """The gradient of a partly latched state, and how well both limits describe it.

    Parameters
    ----------
    map : SmoothMap
    a0 : array_like, shape (..., n)
    inputs : array_like, shape (T, ..., m), optional
    steps : int, optional
        Number of steps without input; give `inputs` or `steps`.
    projection : array_like, shape (m, n), or SlowFastSplitting, optional
        P, the directions that are latched; its rows are made orthonormal. By default the left singular vectors of da_T/da_0
        below the first gap of its singular values (for several trajectories, of all of them side by side).
    gap : float
        The least ratio of singular values that is taken for a gap.

    Returns
    -------
    LatchedProjection

    Raises
    ------
    InvalidInput
        On wrong shapes, no steps, rows of P that are not independent or leave no rest, or singular values without a gap.
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
    >>> found = analysis.latched_projection(net, [1.0, 0.0], steps=60)
    >>> import numpy as np
    >>> (np.exp(found.log_scale) * found.corrected).round(9).tolist(), (np.exp(found.log_scale) * found.text).round(9).tolist()
    ([[0.0, 0.0], [2.0, 1.0]], [[0.0, 0.0], [0.0, 1.0]])
    """
    smooth = require_smooth(map, "latched_projection")
    least = positive_number("gap", gap)
    start, sequence, T = drive(map, a0, inputs, steps)
    if T == 0:
        raise InvalidInput("`steps` must be at least 1: there is no gradient over zero steps.")
    visited = trajectory(map, start, sequence, None if sequence is not None else T)
    given = None if projection is None else _orthonormal(projection, map.dim)

    found: float | None = None
    if given is None:
        last = deque(_products(smooth, visited, sequence), maxlen=1)
        given, found = _automatic(last[0][0], least)
    P, R = given
    shape = (T, *visited.shape[1:-1])
    sizes, latched, corrected, text = (np.empty(shape) for _ in range(4))
    for t, (N, scale) in enumerate(_products(smooth, visited, sequence)):
        limits = R.T @ (R @ N), R.T @ (R @ N @ R.T) @ R
        norm, of_latched = matrix_norm(N, "fro"), matrix_norm(P @ N, "fro")
        sizes[t], latched[t] = log(norm) + scale, log(of_latched) + scale
        safe = np.where(norm > 0, norm, 1.0)
        corrected[t], text[t] = of_latched / safe, matrix_norm(N - limits[1], "fro") / safe
    return LatchedProjection(P, R, sizes, latched, corrected, text, N, *limits, scale, found, coordinates(map))


def _products(map: SmoothMap, visited: Array, sequence: Array | None) -> Iterator[tuple[Array, Array]]:
    """N_1, ..., N_T, each with the logarithm of its scale."""
    steps = range(len(visited) - 1)
    return scaled_products(map.jacobian(visited[t], None if sequence is None else sequence[t]) for t in steps)


def _orthonormal(given: Any, n: int) -> tuple[Array, Array]:
    """P with orthonormal rows, and R that completes it."""
    rows = given.left_fast.T if isinstance(given, SlowFastSplitting) else finite_array("projection", given, ndim=2)
    if rows.shape[-1] != n or not 0 < len(rows) < n:
        raise InvalidInput(f"`projection` must have shape (m, {n}) with 0 < m < {n}; got {rows.shape}.")
    _, sizes, V = np.linalg.svd(rows)
    if sizes[-1] <= INDEPENDENT * sizes[0]:
        raise InvalidInput(f"the rows of `projection` must be linearly independent; their singular values are {sizes}.")
    return V[: len(rows)], V[len(rows) :]


def _automatic(last: Array, least: float) -> tuple[tuple[Array, Array], float]:
    """P and R from the left singular vectors of the last products, all trajectories side by side."""
    n = last.shape[-1]
    if n == 1:
        raise InvalidInput("a map of one dimension has no part to latch: its whole gradient decays or does not.")
    flat = last.reshape(-1, n, n)
    flat = flat / np.maximum(matrix_norm(flat, "fro"), 1e-300)[:, None, None]
    U, sizes, _ = np.linalg.svd(np.concatenate(list(flat), axis=-1))
    k, ratio = first_gap(sizes, least)
    if not k:
        raise InvalidInput(
            f"the gradient has no gap: the largest ratio of consecutive singular values is {ratio:.4g}, and `gap` asks for "
            f"{least:g}. Take more steps, or give the `projection`."
        )
    return (np.asarray(U[:, k:].T), np.asarray(U[:, :k].T)), ratio
