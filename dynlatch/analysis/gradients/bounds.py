"""Proved upper bounds of `||da_t/da_0||` beside the truth: how much each of them gives away.

In nets with random weights the classical bounds are useless, off by hundreds of decades, because Jacobians are not normal
and slopes are seldom at their greatest. The norm adapted to an attractor is what makes them bite near it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from dynlatch.analysis.attractor import Attractor, attracting
from dynlatch.analysis.contraction import ContractionBall, contraction_ball
from dynlatch.analysis.gradients import bound_terms as terms
from dynlatch.analysis.gradients.bound_conditions import BoundCondition as BoundCondition
from dynlatch.analysis.gradients.bound_conditions import ball_conditions, tube_condition, weight_conditions
from dynlatch.analysis.gradients.decay import gradient_decay
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, coordinates, drive, require_smooth, trajectory
from dynlatch.results import Result
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SOURCES: Mapping[str, str] = {
    "product of norms": "sum of log ||J_t||; Bengio, Simard, Frasconi 1994, Theorem 4",
    "weight norm": "(||W|| max f')^t; Hochreiter 1991, Pascanu et al. 2013",
    "weight norm, slopes met": "||W|| max f' at each step; Hochreiter et al. 2001, sect. 2",
    "error flow": "n tau^t, tau = n max|w| max f'; Hochreiter et al. 2001, sect. 2",
    "row sums": "tau^t, tau = ||W||_inf max f'; Hochreiter et al. 2001, sect. 2",
    "adapted norm": "product of norms up to the best time, then sqrt(cond P) times that of adapted norms; P of Lyapunov",
    "contraction ball": "sqrt(cond P) q^t once the run stays where contraction is proved; Theorem 4 made correct",
}


# `bound(map, visited, inputs)`: the states (T + 1, ..., n) of a run and its inputs, or None, to logarithms (T, ...).
Bound: TypeAlias = Callable[[SmoothMap, Array, Array | None], Array]


@dataclass(frozen=True, eq=False)
class GradientBounds(Result):
    """Bounds and truth.

    Attributes
    ----------
    log_norms : ndarray, shape (T, ...)
        log ||da_t/da_0||, entry t - 1 for time t.
    bounds : dict of str to ndarray, shape (T, ...)
        Logarithms of upper bounds that hold here, whatever their size: each is at or above `log_norms`.
    sources : dict of str to str
        What each of them is, and where it is from.
    conditions : tuple of BoundCondition
        The conditions of the literature for vanishing and exploding gradients: whether they hold, by how much.
    norm : float, str or ndarray
        1, 2, inf, "fro", or the factor S (n, n) of an adapted norm.
    coordinates : str
        What the state is: in other coordinates the norms differ.
    """

    log_norms: Array
    bounds: Mapping[str, Array]
    sources: Mapping[str, str]
    conditions: tuple[BoundCondition, ...]
    norm: float | str | Array
    coordinates: str

    def slack(self, name: str) -> Array:
        """How far the bound is above the truth, in natural logarithms, shape (T, ...); infinite where the truth is zero."""
        if name not in self.bounds:
            raise InvalidInput(f"there is no bound {name!r}; there are: {', '.join(self.bounds)}.")
        bound = self.bounds[name]
        gone = np.isneginf(self.log_norms)
        return np.where(gone, np.where(np.isneginf(bound), 0.0, np.inf), bound - np.where(gone, 0.0, self.log_norms))

    def slack_decades(self, name: str) -> Array:
        """The same in powers of ten."""
        return np.asarray(self.slack(name) / np.log(10.0))

    @property
    def sharpest(self) -> str:
        """The bound that is lowest at the end, in the median over trajectories."""
        return min(self.bounds, key=lambda name: float(np.median(self.bounds[name][-1])))

    def summary(self) -> str:
        T, runs = len(self.log_norms), self.log_norms[0].size
        norm = "adapted norm" if isinstance(self.norm, np.ndarray) else f"{self.norm}-norm"
        lines = [
            f"bounds of ||da_t/da_0|| at t = {T} ({norm}, {self.coordinates})" + (f", medians of {runs}" if runs > 1 else ""),
            f"  {'truth':<26} {_decades(self.log_norms[-1]):>10}",
        ]
        for name in sorted(self.bounds, key=lambda name: float(np.median(self.bounds[name][-1]))):
            slack = np.median(self.slack_decades(name)[-1])
            lines.append(f"  {name:<26} {_decades(self.bounds[name][-1]):>10}  slack {slack:.2f} decades  {self.sources[name]}")
        for condition in self.conditions:
            verdict = "holds" if condition.holds else "does not hold"
            lines.append(
                f"  {condition.name}: {verdict} ({condition.value:.5g} against {condition.limit:.5g}); {condition.statement}"
            )
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Truth and bounds in decades against time."""
        from dynlatch.analysis.plots.bounds import plot_bounds

        return plot_bounds(self, ax=ax)


def _decades(logs: Array) -> str:
    return f"10^{np.median(logs) / np.log(10.0):.2f}"


def gradient_bounds(
    map: Map,
    a0: Any,
    inputs: Any = None,
    steps: int | None = None,
    *,
    norm: float | str | Array = 2,
    attractor: Any = None,
    others: Mapping[str, Bound] | None = None,
) -> GradientBounds:
    """Every upper bound of `||da_t/da_0||` that holds for this map and trajectory, beside the truth.

    Parameters
    ----------
    map : SmoothMap
    a0 : array_like, shape (..., n)
    inputs : array_like, shape (T, ..., m), optional
    steps : int, optional
        Number of steps without input; give `inputs` or `steps`.
    norm : {2, 1, inf, "fro"} or array_like, shape (n, n)
        Operator norms, Frobenius, or the factor S of an adapted norm `|S v|_2` (`stability(...).factors[0]`).
    attractor : array_like, shape (n,) or (p, n), or member of a result, optional
        Adds the bounds in the norm adapted to it.
    others : mapping of str to callable, optional
        Bounds of your own: `bound(map, visited, inputs)` receives the states (T + 1, ..., n) and the inputs or None, and gives
        logarithms (T, ...) of bounds in `norm`. They are compared with the truth like the rest; `sources` has the first line of
        their docstrings.

    Returns
    -------
    GradientBounds

    Raises
    ------
    InvalidInput
        On wrong shapes, no steps, or an unknown norm; if one of `others` is below the truth, and so is no bound.
    NotAttracting
        If `attractor` is not attracting.
    NotSmooth
        If the map has no derivatives.

    Notes
    -----
    Bounds are raised by 1e-10, and by 1e-12 a step, so that rounding cannot put them below the truth.

    References
    ----------
    .. [1] Hochreiter, S., Bengio, Y., Frasconi, P. and Schmidhuber, J. (2001), Gradient flow in recurrent nets: the
       difficulty of learning long-term dependencies. In: A Field Guide to Dynamical Recurrent Neural Networks.
    .. [2] Pascanu, R., Mikolov, T. and Bengio, Y. (2013), On the difficulty of training recurrent neural networks. ICML.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> bounds = analysis.gradient_bounds(dl.LatchNeuron(2.0), [1.9150080482], steps=50)
    >>> [round(float(bounds.slack_decades(name)[-1]), 2) for name in ("product of norms", "weight norm")]
    [0.0, 54.0]
    """
    smooth = require_smooth(map, "gradient_bounds")
    decay = gradient_decay(map, a0, inputs, steps, norm=norm)
    start, sequence, T = drive(map, a0, inputs, steps)
    visited = trajectory(map, start, sequence, None if sequence is not None else T)
    run = terms.Run(smooth, visited, sequence, decay.norm)
    found = {"product of norms": terms.product_of_norms(run)}
    conditions: list[BoundCondition] = []
    weights = terms.weights_of(map)
    if weights is not None:
        found |= {
            "weight norm": terms.weight_norm(run, weights),
            "weight norm, slopes met": terms.slopes_met(run, weights),
            "error flow": terms.error_flow(run, weights),
            "row sums": terms.row_sums(run, weights),
        }
        conditions += weight_conditions(weights)
    ball = None
    if attractor is not None:
        near = attracting(map, attractor, "gradient_bounds")
        ball = contraction_ball(map, near)
        found |= _near(run, near, ball, found["product of norms"])
        conditions += ball_conditions(run, ball)
    tube = tube_condition(run, ball)
    conditions += [] if tube is None else [tube]
    sources = {name: SOURCES[name] for name in found}
    for name, bound in (others or {}).items():
        found[name], sources[name] = _other(name, bound, run, decay.log_norms, found), _first_line(bound)
    return GradientBounds(decay.log_norms, found, sources, tuple(conditions), decay.norm, coordinates(map))


def _other(name: str, bound: Bound, run: terms.Run, truth: Array, found: Mapping[str, Array]) -> Array:
    """A bound from outside, if it is one here."""
    if name in found:
        raise InvalidInput(f"there is a bound {name!r} already: choose another name; taken are {', '.join(found)}.")
    given = np.asarray(bound(run.map, run.visited, run.sequence), dtype=np.float64)
    if given.shape != truth.shape or np.isnan(given).any():
        raise InvalidInput(f"bound {name!r} must be logarithms of shape {truth.shape}, none NaN; got shape {given.shape}.")
    logs = run.spread(given)
    below = np.argwhere(logs < truth)
    if len(below):
        t = int(below[0, 0])
        gap = float((truth - logs)[tuple(below[0])])
        raise InvalidInput(f"{name!r} is no bound here: at t = {t + 1} it is {gap:.3g} below ln ||da_t/da_0||.")
    return logs


def _first_line(bound: Bound) -> str:
    return (bound.__doc__ or "given by the caller").strip().splitlines()[0]


def _near(run: terms.Run, attractor: Attractor, ball: ContractionBall, product: Array) -> dict[str, Array]:
    spectral = terms.spectral_products(run, product)
    found = {"adapted norm": terms.adapted_norm(run, attractor, spectral)}
    if ball.proved:
        found["contraction ball"] = terms.contraction_near(run, ball, spectral)
    return found
