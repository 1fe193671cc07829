"""`log ||da_t/da_0||` and `log ||da_T/da_t||` for every t, without underflow or overflow.

`da_t/da_0 = J_t ... J_1` with `J_t = M'(a_{t-1})` (Bengio, Simard and Frasconi 1994, section III.A). Products are rescaled on
the way and their scale kept as a logarithm, so that T = 1e5 steps of a contracting net are as exact as ten; how, and why
most of a product need not be computed, is told in `products`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.analysis.gradients.deferred import deferred, later
from dynlatch.analysis.gradients.factors import Factors, factors_of, flattened
from dynlatch.analysis.gradients.measures import Measure, checked_norm, measures
from dynlatch.analysis.gradients.products import product_norms
from dynlatch.analysis.structure import additive_form, steepest_slope
from dynlatch.errors import InvalidInput
from dynlatch.linalg import matrix_norm
from dynlatch.maps import Map, coordinates, drive, require_smooth, trajectory
from dynlatch.results import Result
from dynlatch.validation import Array, positive_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@deferred("backward")
@dataclass(frozen=True, eq=False)
class GradientDecay(Result):
    """Logarithms of `||da_t/da_0||` along trajectories.

    Attributes
    ----------
    log_norms : ndarray, shape (T, ...)
        Natural logarithm; entry t - 1 is for time t. `-inf` where the product is exactly zero.
    backward : ndarray, shape (T, ...)
        Natural logarithm of `||da_T/da_t||`: what of a change at time t is left at the end. Entry t is for t = 0 ... T - 1.
        Computed when it is first asked for.
    bounds : mapping of str to ndarray, shape (T, ...)
        Logarithms of proved upper bounds on `log_norms`, those that cost next to nothing: "product of norms" (of each J_t; in
        the 2-norm it is bounded by the Frobenius norm, and by ||W|| max f' at time t where the weights are known) and, where
        the weights are known, "weight norm" (t log(||W|| max f'), Hochreiter 1991, Pascanu et al. 2013). None in an adapted
        norm. `gradient_bounds` has sharper ones.
    norm : float, str or ndarray
        1, 2, inf, "fro", or the factor S (n, n) of an adapted norm `|S v|_2`.
    coordinates : str
        What the state is: in other coordinates the norms differ.
    """

    log_norms: Array
    backward: Array
    bounds: Mapping[str, Array]
    norm: float | str | Array
    coordinates: str

    @property
    def rate(self) -> Array:
        """Change of the log-norm per step over the second half of the run, shape (...); negative where gradients decay."""
        T = len(self.log_norms)
        first = max(T // 2 - 1, 0)
        last, earlier = self.log_norms[-1], self.log_norms[first]
        if T == 1:
            return np.asarray(last)
        gone = np.isneginf(last)
        return np.where(gone, -np.inf, (np.where(gone, 0.0, last) - np.where(gone, 0.0, earlier)) / (T - 1 - first))

    def time_to(self, eps: float) -> Array:
        """First time from which the norm stays at or below `eps` until the end of the run, shape (...); inf if it does not."""
        above = self.log_norms > np.log(positive_number("eps", eps))
        last_above = len(above) - np.argmax(above[::-1], axis=0)
        time = np.where(above.any(axis=0), last_above, 0) + 1.0
        return np.where(time > len(above), np.inf, time)

    @property
    def norm_name(self) -> str:
        """The norm in words."""
        if isinstance(self.norm, np.ndarray):
            return "adapted norm"
        return "Frobenius norm" if self.norm == "fro" else f"{self.norm}-norm"

    def summary(self) -> str:
        final = np.atleast_1d(self.log_norms[-1]) / np.log(10.0)
        rate = np.atleast_1d(self.rate)
        T, runs = len(self.log_norms), final.size
        verb = "decays" if np.median(rate) < 0 else "grows"
        lines = [
            f"||da_t/da_0|| ({self.norm_name}, {self.coordinates}) over {T} steps"
            + (f", {runs} trajectories (medians)" if runs > 1 else ""),
            f"  at t = {T}: 10^{np.median(final):.2f}"
            + (f"  (from 10^{final.min():.2f} to 10^{final.max():.2f})" if runs > 1 else ""),
            f"  {verb} by a factor {np.exp(np.median(rate)):.4g} per step over the second half",
        ]
        for eps in (1e-1, 1e-3, 1e-6):
            time = float(np.median(np.atleast_1d(self.time_to(eps))))
            reached = f"from t = {time:.0f} on" if np.isfinite(time) else "not within the run"
            lines.append(f"  at or below {eps:g}: {reached}")
        for name, bound in self.bounds.items():
            lines.append(f"  upper bound at t = {T} by {name}: 10^{np.median(bound[-1]) / np.log(10.0):.2f}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        from dynlatch.analysis.plots.gradients import plot_gradient_decay

        return plot_gradient_decay(self, ax=ax)


def gradient_decay(
    map: Map, a0: Any, inputs: Any = None, steps: int | None = None, *, norm: float | str | Array = 2
) -> GradientDecay:
    """Logarithms of `||da_t/da_0||` and `||da_T/da_t||` for every t along the trajectory from `a0`.

    Parameters
    ----------
    map : SmoothMap
    a0 : array_like, shape (..., n)
    inputs : array_like, shape (T, ..., m), optional
    steps : int, optional
        Number of steps without input; give `inputs` or `steps`.
    norm : {2, 1, inf, "fro"} or array_like, shape (n, n)
        Operator norms induced by the vector norms, or Frobenius; a matrix S is the operator norm induced by `|S v|_2`, such
        as one of the `factors` of `stability`. 1 and inf need whole products and cost several times as much as the others.

    Returns
    -------
    GradientDecay

    Raises
    ------
    InvalidInput
        On wrong shapes, no steps, or a trajectory that overflows.
    NotSmooth
        If the map has no derivatives.

    Notes
    -----
    Memory is that of the trajectories. In norms of an inner product directions that have fallen behind by 1e-9 are no longer
    followed, which moves the logarithm by less than 1e-12; whether one comes back is watched, and then nothing is left out.

    References
    ----------
    .. [1] Bengio, Y., Simard, P. and Frasconi, P. (1994), Learning long-term dependencies with gradient descent is
       difficult. IEEE Trans. Neural Networks 5(2), Theorem 4.

    Examples
    --------
    At the upper attractor of the latch with w = 2 every step multiplies the gradient by the slope 0.166372.

    >>> import numpy as np
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> decay = analysis.gradient_decay(dl.LatchNeuron(2.0), [1.9150080482], steps=1000)
    >>> float(np.exp(decay.rate).round(6)), float(decay.log_norms[-1].round(3))
    (0.166372, -1793.529)
    """
    smooth = require_smooth(map, "gradient_decay")
    norm = checked_norm(norm, smooth.dim)
    start, sequence, T = drive(map, a0, inputs, steps)
    if T == 0:
        raise InvalidInput("`steps` must be at least 1: there is no gradient over zero steps.")
    visited = trajectory(map, start, sequence, None if sequence is not None else T)
    factors = factors_of(smooth, flattened(visited, sequence), 2 if isinstance(norm, np.ndarray) else norm)
    shape = visited.shape[:-1]
    forward, backward = measures(norm, smooth.dim)
    logs = product_norms(factors, forward, backward=False).reshape(T, *shape[1:])
    bounds = {} if isinstance(norm, np.ndarray) else _bounds(map, factors.log_sizes.reshape(logs.shape), norm)
    return GradientDecay(logs, later(partial(_backward, factors, backward, logs.shape)), bounds, norm, coordinates(map))


def _backward(factors: Factors, measure: Measure, shape: tuple[int, ...]) -> Array:
    return product_norms(factors, measure, backward=True)[::-1].reshape(shape)


def _bounds(map: Map, log_sizes: Array, norm: float | str) -> dict[str, Array]:
    bounds = {"product of norms": np.cumsum(log_sizes, axis=0)}
    weights = _weight_bound(map, norm)
    if weights is not None:
        steps = np.arange(1, len(log_sizes) + 1).reshape(-1, *[1] * (log_sizes.ndim - 1))
        with np.errstate(divide="ignore"):
            bounds["weight norm"] = np.broadcast_to(steps * np.log(weights), log_sizes.shape).copy()
    return bounds


def _weight_bound(map: Map, norm: float | str) -> float | None:
    """`||W|| max f'`, a bound on every ||J||; None where the weights do not give one."""
    form = additive_form(map)
    if form is None or form.leak.any() or norm == "fro":
        return None
    slope = steepest_slope(form.f)
    return float(matrix_norm(form.W, norm)) * slope if np.isfinite(slope) else None
