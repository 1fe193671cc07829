"""Proved upper bounds of log ||da_t/da_0||, one function each: what the literature gives, and the adapted norm.

All are computed as bounds of the 2-norm or of the norm asked for, and changed into that norm with its constant. They are
raised by `ROUNDING` a step, more than the float64 arithmetic of bound and truth can lose.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dynlatch.analysis.attractor import Attractor
from dynlatch.analysis.contraction import ContractionBall, adapted_metrics
from dynlatch.analysis.gradients.factors import log
from dynlatch.analysis.gradients.saturation import slopes_left
from dynlatch.analysis.gradients.step_norms import log_step_norms
from dynlatch.analysis.gradients.stretching import aligned
from dynlatch.analysis.structure import additive_form, steepest_slope
from dynlatch.errors import NotAttracting
from dynlatch.linalg import matrix_norm
from dynlatch.maps import Map, SmoothMap, WithInput
from dynlatch.networks import AdditiveNetwork, LeakyNetwork
from dynlatch.validation import Array

ROUNDING, FIRST_ROUNDING = 1e-12, 1e-10
SHARES = (0.25, 0.5, 0.9)
VANISHED = -800.0  # log of a factor below the smallest float


class Run(NamedTuple):
    """A trajectory and the norm that is asked about."""

    map: SmoothMap
    visited: Array
    sequence: Array | None
    norm: float | str | Array

    @property
    def steps(self) -> Array:
        """1 ... T, shape (T, 1, ...), to be broadcast against log norms."""
        T = len(self.visited) - 1
        return np.arange(1.0, T + 1).reshape(T, *[1] * (self.visited.ndim - 2))

    def spread(self, logs: Array) -> Array:
        """One array (T, ...) for all trajectories, raised by the rounding."""
        shape = (len(self.visited) - 1, *self.visited.shape[1:-1])
        return np.asarray(np.broadcast_to(logs, shape) + FIRST_ROUNDING + ROUNDING * self.steps)

    @property
    def from_spectral(self) -> float:
        """log c with |A| <= c |A|_2 in the norm asked about."""
        n = self.visited.shape[-1]
        if isinstance(self.norm, np.ndarray):
            return float(np.log(np.linalg.cond(self.norm)))
        return 0.0 if self.norm == 2 else 0.5 * float(np.log(n))

    @property
    def from_row_sums(self) -> float:
        """log c with |A| <= c |A|_inf in the norm asked about."""
        n = self.visited.shape[-1]
        if isinstance(self.norm, np.ndarray):
            return self.from_spectral + 0.5 * float(np.log(n))
        if self.norm == np.inf:
            return 0.0
        return float(np.log(n)) if self.norm == 1 else 0.5 * float(np.log(n))


class Weights(NamedTuple):
    """`J = diag(leak) + diag(rate) W diag f'`, or `diag f' W`: what the weights of an additive, leaky or Elman net bound."""

    W: Array  # diag(rate) W
    leak: float
    steepest: float
    unit: str

    def size(self, norm: float | str, slopes: float | Array) -> Array:
        """`max leak + |W| max f'` in an operator norm; |diag f'| is max f' in all three."""
        return np.asarray(self.leak + float(matrix_norm(self.W, norm)) * slopes)


def weights_of(map: Map) -> Weights | None:
    """What the weights bound; None for gated nets, plain functions, and activations of unbounded or unknown slope."""
    form = additive_form(map)
    if form is None or not np.isfinite(steepest_slope(form.f)):
        return None
    W = (1.0 - form.leak)[:, None] * form.W
    return Weights(W, float(form.leak.max(initial=0.0)), steepest_slope(form.f), form.f.name)


def product_of_norms(run: Run) -> Array:
    """`sum log |J_s|`: the norm is submultiplicative, and that is all. (T, ...)."""
    if isinstance(run.norm, np.ndarray):
        frames = run.norm[None], np.asarray(np.linalg.inv(run.norm), dtype=np.float64)[None]
        logs = log_step_norms(run.map, run.visited, run.sequence, 2, frames)
    else:
        logs = log_step_norms(run.map, run.visited, run.sequence, run.norm)
    return run.spread(np.cumsum(logs, axis=0))


def spectral_products(run: Run, product: Array) -> Array:
    """The same in the 2-norm: `product` itself where that is the norm asked about."""
    if not isinstance(run.norm, np.ndarray) and run.norm == 2:
        return product
    return product_of_norms(run._replace(norm=2))


def weight_norm(run: Run, weights: Weights) -> Array:
    """`t log(|W|_2 max f')`, in the operator norm asked about where it is 1 or inf."""
    norm, constant = _operator(run)
    return run.spread(constant + run.steps * log(weights.size(norm, weights.steepest)))


def slopes_met(run: Run, weights: Weights) -> Array:
    """`sum log(|W| max_i f'(net_i(s)))`: the same with the slopes that the run meets."""
    norm, constant = _operator(run)
    entering = None if run.sequence is None else aligned(run.sequence, run.visited.ndim)
    left = slopes_left(run.map, run.visited[:-1], run.visited[1:], entering)["units"]
    logs = log(weights.size(norm, weights.steepest * left.max(-1)))
    return run.spread(constant + np.cumsum(logs, axis=0))


def error_flow(run: Run, weights: Weights) -> Array:
    """`log n + t log tau`, tau = n max|w| max f' (plus the leak): the 2001 chapter's bound, of all entries at once.

    The chapter states `|d theta_v(t-q) / d theta_u(t)| <= n tau^q` for one pair of units. `|A|_inf <= tau^q` holds for the
    whole product, and |A|_2, |A|_F <= sqrt(n) |A|_inf, |A|_1 <= n |A|_inf: so n tau^q bounds each of these norms too.
    """
    n = len(weights.W)
    constant = max(float(np.log(n)), run.from_row_sums)
    tau = weights.leak + n * float(np.abs(weights.W).max()) * weights.steepest
    return run.spread(constant + run.steps * log(np.asarray(tau)))


def row_sums(run: Run, weights: Weights) -> Array:
    """`log c + t log(|W|_inf max f')`: the chapter's general form with its example norm, without the factor that it wastes."""
    return run.spread(run.from_row_sums + run.steps * log(weights.size(np.inf, weights.steepest)))


def adapted_norm(run: Run, attractor: Attractor, product: Array) -> Array:
    """`sum_{s<=k} log |J_s| + log(|S_t^-1| |S_k|) + sum_{s>k} log |S_s J_s S_{s-1}^-1|`, with the best k <= t for every t.

    S belongs to the attractor: the norm in which it contracts by a rate a quarter of the way from its spectral radius to 1.
    On a cycle the best phase is taken. `product` holds the sums of log |J_s|_2.
    """
    factors = _metrics(run.map, attractor)
    phases = range(attractor.period)
    return run.spread(np.min([_adapted_from(run, np.roll(factors, -j, axis=0), product) for j in phases], axis=0))


def _metrics(map: SmoothMap, attractor: Attractor) -> Array:
    jacobians, radius = map.jacobian(attractor.points), attractor.spectral_radius ** (1.0 / attractor.period)
    for share in SHARES:
        try:
            return adapted_metrics(jacobians, radius + share * (1.0 - radius))
        except (NotAttracting, np.linalg.LinAlgError):  # so close to the spectral radius that rounding is in the way
            continue
    return adapted_metrics(jacobians)


def _adapted_from(run: Run, factors: Array, product: Array) -> Array:
    inverses = np.asarray(np.linalg.inv(factors), dtype=np.float64)
    steps = log_step_norms(run.map, run.visited, run.sequence, 2, (factors, inverses))
    if np.isneginf(steps).any():
        steps = np.maximum(steps, VANISHED)  # still a bound, and differences stay finite
    T, p = len(steps), len(factors)
    adapted = np.concatenate([np.zeros((1, *steps.shape[1:])), np.cumsum(steps, axis=0)])
    plain = np.concatenate([np.zeros((1, *steps.shape[1:])), np.maximum(product, VANISHED * run.steps)])
    column = (T + 1, *[1] * (steps.ndim - 1))
    entering = np.log(matrix_norm(factors))[np.arange(T + 1) % p].reshape(column)
    leaving = np.log(matrix_norm(inverses))[np.arange(T + 1) % p].reshape(column)
    best = np.minimum.accumulate(plain - adapted + entering, axis=0)
    return np.asarray((adapted + best + leaving)[1:] + run.from_spectral)


def stays_from(run: Run, ball: ContractionBall) -> Array:
    """First time (...) from which a trajectory stays in the ball where contraction is proved, until T; T + 1 if it does not.

    Steps with input count only where the input does not enter the Jacobian.
    """
    phase = ball.phase(run.visited)
    inside = phase[:-1] >= 0
    inside[:-1] &= phase[1:-1] == (phase[:-2] + 1) % len(ball.orbit)  # around a cycle in its order
    if run.sequence is not None and not input_is_additive(run.map):
        inside &= ~(aligned(run.sequence, run.visited.ndim) != 0).any(-1)
    held = inside[::-1]
    return np.asarray(len(inside) - np.where(held.all(0), len(held), np.argmin(held, axis=0)))


def contraction_near(run: Run, ball: ContractionBall, product: Array) -> Array:
    """`log(sqrt(cond P)) + (t - k) log q` after the time k from which the run stays in the ball; `product` before it."""
    since = stays_from(run, ball)
    T = len(product)
    start = np.concatenate([np.zeros((1, *product.shape[1:])), product])
    at_entry = np.take_along_axis(start, np.minimum(since, T)[None], axis=0)[0]
    condition = float(np.log(matrix_norm(ball.inverses).max()) + np.log(matrix_norm(ball.factors).max()))
    later = run.spread(at_entry + condition + (run.steps - since) * np.log(ball.rate))
    return np.asarray(np.where(run.steps > since, np.minimum(later, product), product) + run.from_spectral)


def input_is_additive(map: Map) -> bool:
    """Whether the input does not enter the Jacobian: additive and leaky nets."""
    inner = map.map if isinstance(map, WithInput) else map
    return isinstance(inner, AdditiveNetwork | LeakyNetwork)


def _operator(run: Run) -> tuple[float | str, float]:
    if not isinstance(run.norm, np.ndarray) and run.norm in (1, np.inf):
        return run.norm, 0.0
    return 2, run.from_spectral
