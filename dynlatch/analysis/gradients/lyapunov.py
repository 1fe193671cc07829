"""Lyapunov exponents: the mean rates per step at which directions grow or shrink along a trajectory.

`lambda_i = (1/T) sum_t ln R_ii(t)` from `J_t Q_{t-1} = Q_t R_t` (Benettin, Galgani, Giorgilli and Strelcyn 1980). Along
inputs they are the conditional exponents of the driven network, over a stretch of it the finite-time exponents.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.gradients.frames import carried, completed, first_frame, fresh
from dynlatch.analysis.gradients.tangent import Tangent, aligned
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, drive, require_smooth, trajectory
from dynlatch.results import Result
from dynlatch.validation import Array, count

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WINDOWS = 50  # stretches of a run whose rates are kept
TURNING = 60  # steps that turn the first directions: a multiple of the shortest periods
FEWEST = 8  # batches that a standard error is taken from


@dataclass(frozen=True, eq=False)
class LyapunovExponents(Result):
    """Lyapunov exponents along trajectories; indexing, `len`, iteration and `sum` act on the exponents.

    Attributes
    ----------
    exponents : ndarray, shape (..., k)
        Natural logarithm of the growth per step, by falling value; `-inf` for directions that the map annihilates.
    standard_errors : ndarray, shape (..., k), or None
        Of the mean over time, from batches as long as the correlations ask for; None for fewer than 8 steps. For one regular
        (periodic) orbit it says how much the average still swings.
    finite_time : ndarray, shape (windows, ..., k)
        Exponents of consecutive stretches of the run, in the same order.
    times : ndarray, shape (windows,)
        Step with which each stretch ends, counted from the initial state.
    transient : int
        Steps before the first stretch: they are in no average.
    dimension : int
        n; k may be smaller.
    """

    exponents: Array
    standard_errors: Array | None
    finite_time: Array
    times: NDArray[np.int64]
    transient: int
    dimension: int

    def __len__(self) -> int:
        return len(self.exponents)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.exponents)

    def __getitem__(self, index: Any) -> Any:
        return self.exponents[index]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.exponents, dtype=dtype) if copy is not False else np.asarray(self.exponents, dtype=dtype)

    def sum(self, axis: int | None = None, out: Array | None = None) -> Any:
        """Sum of the exponents; with k = n the mean of ln|det J| per step."""
        return self.exponents.sum(axis=axis, out=out)

    @property
    def steps(self) -> int:
        """Number of steps averaged over."""
        return int(self.times[-1]) - self.transient

    @property
    def trace(self) -> Array:
        """Exponents as they would be had the run ended with each stretch, shape (windows, ..., k): do they settle?"""
        lengths = np.diff(self.times, prepend=self.transient).astype(float)
        weighted = self.finite_time * lengths.reshape(-1, *[1] * (self.finite_time.ndim - 1))
        done = (self.times - self.transient).reshape(-1, *[1] * (self.finite_time.ndim - 1))
        return np.asarray(np.cumsum(weighted, axis=0) / done)

    @property
    def kaplan_yorke(self) -> float | Array | None:
        """Kaplan-Yorke dimension `j + (lambda_1 + ... + lambda_j) / |lambda_{j+1}|`, j the last whose sum is not negative.

        A float, or an array (...) for a batch; None if some trajectory needs more exponents than the k that were asked for.
        """
        sums = np.cumsum(self.exponents, axis=-1)
        j = (sums >= 0.0).sum(axis=-1)
        k = self.exponents.shape[-1]
        if k < self.dimension and np.any(j == k):
            return None
        held = np.take_along_axis(sums, np.maximum(j - 1, 0)[..., None], axis=-1)[..., 0]
        following = np.take_along_axis(self.exponents, np.minimum(j, k - 1)[..., None], axis=-1)[..., 0]
        between = (j > 0) & (j < k)
        part = np.where(between, held, 0.0) / np.where(between, -following, 1.0)
        return float(j + part) if j.ndim == 0 else np.asarray(j + part)

    def summary(self) -> str:
        k, runs = self.exponents.shape[-1], self.exponents[..., 0].size
        rows = self.exponents.reshape(runs, k)
        errors = None if self.standard_errors is None else self.standard_errors.reshape(runs, k)
        middle = int(np.argsort(rows[:, 0])[(runs - 1) // 2])
        lines = [
            f"{k} of {self.dimension} Lyapunov exponents over {self.steps} steps"
            + (f" after {self.transient} left out" if self.transient else "")
            + (f", {runs} trajectories (the one with the median largest exponent)" if runs > 1 else "")
        ]
        own = None if errors is None else errors[middle]
        lines += [_line(i, rows[middle, i], None if own is None else own[i]) for i in range(min(k, 6))]
        if k > 6:
            lines.append(f"  ... to {rows[middle, -1]:.6g}")
        lines.append("  " + _verdict(rows[middle, 0], None if own is None else own[0]))
        return "\n".join([*lines, *self._totals(rows[middle])])

    def _totals(self, row: Array) -> list[str]:
        lines = []
        if gone := int(np.isneginf(row).sum()):
            lines.append(f"  {gone} direction{'s' * (gone != 1)} annihilated: the Jacobian is singular on the way")
        if len(row) == self.dimension:
            lines.append(f"  sum {row.sum():.6g}: volumes change by a factor {np.exp(row.sum()):.4g} per step")
        dimension = self.kaplan_yorke
        if dimension is None:
            lines.append("  Kaplan-Yorke dimension: needs more exponents than were asked for")
        else:
            lines.append(f"  Kaplan-Yorke dimension {float(np.median(dimension)):.4g}")
        return lines

    def plot(self, ax: Axes | None = None) -> Axes:
        """How the averages settle with time, one line an exponent, and their standard errors at the end."""
        from dynlatch.analysis.plots.lyapunov import plot_lyapunov_exponents

        return plot_lyapunov_exponents(self, ax=ax)


def _line(i: int, value: float, error: float | None) -> str:
    if np.isneginf(value):
        return f"  lambda_{i + 1} = -inf"
    horizon = f"   (a factor 2 in {np.log(2.0) / abs(value):.4g} steps)" if value else ""
    return f"  lambda_{i + 1} = {value:.6g}" + ("" if error is None else f" +- {error:.2g}") + horizon


def _verdict(largest: float, error: float | None) -> str:
    slack = 2.0 * (0.0 if error is None else error)
    if largest > max(slack, 1e-12):
        return "nearby trajectories separate: chaos, or an unstable orbit; gradients explode along it"
    if largest < -max(slack, 1e-12):
        return "nearby trajectories meet: gradients vanish along the run"
    return "neutral within the standard error: a cycle of its own phase, a slow drift, or a bifurcation"


def lyapunov_exponents(
    map: Map,
    a0: Any,
    inputs: Any = None,
    steps: int | None = None,
    k: int | None = None,
    *,
    transient: int = 0,
    window: int | None = None,
) -> LyapunovExponents:
    """The k largest Lyapunov exponents of the trajectory from `a0`, with their convergence.

    Parameters
    ----------
    map : SmoothMap
    a0 : array_like, shape (..., n)
    inputs : array_like, shape (T, ..., m), optional
        Under inputs: conditional exponents, along the user's own data.
    steps : int, optional
        Number of steps without input; give `inputs` or `steps`.
    k : int, optional
        How many exponents; all n by default. Fewer cost less, and no Jacobian is formed for a few of many.
    transient : int
        How many of the steps only bring the state to its attractor and turn the directions; they are in no average. With 0,
        every step counts, and with k = n the exponents sum to the mean of ln|det J| over the run.
    window : int, optional
        Steps of a stretch of `finite_time`; a fiftieth of the run by default.

    Returns
    -------
    LyapunovExponents

    Raises
    ------
    InvalidInput
        On wrong shapes, no steps, k outside 1 ... n, or a trajectory that overflows.
    NotSmooth
        If the map has no derivatives.

    Notes
    -----
    The first directions are in general position (always the same) and are carried along the first 60 steps once before
    anything is counted: at a fixed point or a cycle of a short period they are then where they belong. Directions are made
    orthonormal as often as rounding asks for. Where one step spreads them over more than 11 decades, its smaller rates come
    from the dual step J^-T and from the determinant. Directions that a singular Jacobian annihilates have -inf, and so has,
    for k < n, what shrinks by more than 1e15 against the largest in one step.

    References
    ----------
    .. [1] Benettin, G., Galgani, L., Giorgilli, A. and Strelcyn, J.-M. (1980), Lyapunov characteristic exponents for smooth
       dynamical systems. Meccanica 15.
    .. [2] Flyvbjerg, H. and Petersen, H. G. (1989), Error estimates on averages of correlated data. J. Chem. Phys. 91.

    Examples
    --------
    >>> import numpy as np
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> henon = dl.FunctionMap(lambda a, u: np.stack([1 - 1.4 * a[..., 0] ** 2 + a[..., 1], 0.3 * a[..., 0]], -1), dim=2)
    >>> exponents = analysis.lyapunov_exponents(henon, [0.1, 0.1], steps=4_000)
    >>> exponents.exponents.round(2), float(exponents.sum().round(6)), round(exponents.kaplan_yorke, 2)
    (array([ 0.42, -1.63]), -1.203973, 1.26)
    """
    smooth = require_smooth(map, "lyapunov_exponents")
    start, sequence, T = drive(map, a0, inputs, steps)
    before = count("transient", transient)
    if before >= T:
        raise InvalidInput(
            f"there are {T} steps of which `transient` leaves out {before}: at least one step must be left to average over."
        )
    visited = trajectory(map, start, sequence, None if sequence is not None else T)
    sequence = aligned(sequence, visited)
    times = _ends(before, T, None if window is None else count("window", window, least=1))
    rates = _rates(smooth, visited, sequence, directions(smooth, k), times, before)
    lengths = np.diff(times, prepend=before).astype(float)
    exponents = np.einsum("w,w...->...", lengths, np.where(np.isneginf(rates), 0.0, rates)) / (T - before)
    exponents = np.where(np.isneginf(rates).any(axis=0), -np.inf, exponents)
    order = np.argsort(-exponents, axis=-1, kind="stable")
    rates = np.take_along_axis(rates, order[None], axis=-1)
    return LyapunovExponents(
        np.take_along_axis(exponents, order, axis=-1), _standard_errors(rates), rates, times, before, smooth.dim
    )


def directions(map: SmoothMap, k: int | None) -> int:
    """How many directions to carry: k, or all."""
    number = map.dim if k is None else count("k", k, least=1)
    if number > map.dim:
        raise InvalidInput(f"`k` is {number}, but the state has only {map.dim} components.")
    return number


def _ends(first: int, last: int, window: int | None) -> NDArray[np.int64]:
    """Steps with which the stretches end; the last may be shorter where `window` says how long they are."""
    if window is not None:
        return np.append(np.arange(first + window, last, window), last)
    return np.linspace(first, last, min(WINDOWS, last - first) + 1).round().astype(np.int64)[1:]


def _rates(map: SmoothMap, visited: Array, sequence: Array | None, k: int, times: NDArray[np.int64], before: int) -> Array:
    """Exponents of every stretch, shape (windows, ..., k)."""
    tangent = Tangent(map, visited, sequence, vectors=k)
    frame = first_frame(map.dim, k, visited.shape[1:-1])
    turned = carried(tangent, frame, 0, min(TURNING, len(visited) - 1))
    frame = carried(tangent, fresh(completed(turned, k)), 0, before)
    rates = np.empty((len(times), *visited.shape[1:-1], k))
    start = before
    for w, stop in enumerate(times.tolist()):
        frame = carried(tangent, frame._replace(logs=np.zeros_like(frame.logs)), start, stop)
        rates[w] = frame.logs / (stop - start)
        start = stop
    return rates


def _standard_errors(rates: Array) -> Array | None:
    """Of the mean over the stretches: the largest that batches of 1, 2, 4, ... stretches give.

    Correlations make short batches look too sure of themselves; what is annihilated has no error.
    """
    x = np.where(np.isneginf(rates).any(axis=0), 0.0, rates)
    largest = None
    while len(x) >= FEWEST:
        error = x.std(axis=0, ddof=1) / np.sqrt(len(x))
        largest = error if largest is None else np.maximum(largest, error)
        x = 0.5 * (x[0 : len(x) // 2 * 2 : 2] + x[1::2])
    return largest
