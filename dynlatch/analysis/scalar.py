"""The exact theory of one self-connected unit, `a' = w f(a) + c + u`, w > 0, f = tanh or logistic.

State, inputs and thresholds are in activation coordinates (before the nonlinearity). Everything is accurate to 1e-12
relative for any w, however close to the threshold 1/f'(0) of latching (1 for tanh, 4 for logistic), as long as the bias
is not close to a fold: the map at the fold is flat, so with bias c a quantity is determined by its arguments only up to
`eps u*` in c. A threshold `u* -+ c` then has that absolute error, and a fixed point of slope M' the error
`eps u* / |1 - M'|`, which grows to `sqrt(eps u*)` at the fold itself.

Source: Bengio, Simard and Frasconi (1994), section III and Fig. 3; the closed forms follow from w f'(a) = 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.activations import LOGISTIC, TANH, Activation, resolve
from dynlatch.analysis import scalar_kernels as kernels
from dynlatch.analysis import scalar_portrait as portrait
from dynlatch.analysis.scalar_portrait import Interval
from dynlatch.analysis.scalar_portrait import LatchOutcome as LatchOutcome
from dynlatch.errors import InvalidInput
from dynlatch.results import Result
from dynlatch.validation import Array, count, finite_number

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def can_latch(w: float, activation: Activation | str = "tanh") -> bool:
    """Whether some bias makes the unit bistable: w > 1/f'(0), that is 1 for tanh and 4 for logistic.

    Examples
    --------
    >>> from dynlatch.analysis.scalar import can_latch
    >>> can_latch(1.01), can_latch(1.01, "logistic")
    (True, False)
    """
    return _unit(w, 0.0, activation)[0].excess > 0.0


def critical_point(w: float, activation: Activation | str = "tanh") -> float:
    """a_c > 0, the edge of Gamma, where w f'(a_c) = 1: `arsinh sqrt(w - 1) = artanh sqrt(1 - 1/w)` for tanh.

    |M'| is below 1 where |a| > a_c and above 1 where |a| < a_c, whatever the bias.

    Raises
    ------
    InvalidInput
        If w does not exceed 1/f'(0): the slope is then below 1 everywhere.
    """
    unit, scale = _latching(w, activation)
    return scale * unit.a_c


def u_star(w: float) -> float:
    """The escape threshold of the unbiased tanh latch: `u* = sqrt(w (w - 1)) - artanh sqrt(1 - 1/w)`.

    No input sequence with |u_t| <= u* takes the state from an attractor out of its basin; a constant one above u* does.

    Raises
    ------
    InvalidInput
        If w <= 1: there is no second attractor.

    Examples
    --------
    >>> from dynlatch.analysis.scalar import u_star
    >>> u_star(2.0)
    0.532839975353552
    """
    return _latching(w, "tanh")[0].u_star


def half_width(w: float, activation: Activation | str = "tanh") -> float:
    """Half the width of `bistability_window`: u*(w) for tanh, 2 u*(w/4) for logistic; 0 where no bias latches."""
    unit, scale = _unit(w, 0.0, activation)
    return scale * unit.u_star


def bistability_window(w: float, activation: Activation | str = "tanh") -> Interval:
    """The open interval (lo, hi) of biases with two attractors; lo = hi, the centre, where there is none.

    tanh: (-u*, u*). Logistic: from `ln(s+/(1-s+)) - w s+` to `ln(s-/(1-s-)) - w s-`, s+- = (1 +- sqrt(1 - 4/w)) / 2,
    which is `-w/2 -+ 2 u*(w/4)`.
    """
    unit, scale = _unit(w, 0.0, activation)
    half = scale * unit.u_star
    if not _logistic(activation):
        return -half, half
    if not unit.excess > 0:
        return -0.5 * w, -0.5 * w
    # ln(s-/(1-s-)) = -2 a_c and w s- = 2 / (1 + s): the upper end without the large terms +-w/2.
    return -0.5 * w - half, -2.0 * (1.0 / (1.0 + unit.s) + unit.a_c)


def thresholds(w: float, bias: float = 0.0, activation: Activation | str = "tanh") -> tuple[float, float]:
    """Escape thresholds of the lower and of the upper attractor, for input sequences of any length.

    With c measured from the centre of the window (0 for tanh, -w/2 for logistic): `(u* - c, u* + c)` while |c| <= u*.
    Both are infinite when there is one attractor. At the fold one of them is zero: that point attracts from one side.
    """
    unit, scale = _unit(w, bias, activation)
    if portrait.outcome(unit) == LatchOutcome.FOLD:
        full = 2.0 * scale * unit.u_star
        return (0.0, full) if unit.c > 0 else (full, 0.0)
    if portrait.outcome(unit) != LatchOutcome.BISTABLE:
        return math.inf, math.inf
    return scale * unit.mirrored.gap, scale * unit.gap


def fixed_points(w: float, bias: float = 0.0, activation: Activation | str = "tanh") -> Array:
    """All fixed points of `w f(a) + c` in increasing order: shape (1,), (2,) at the fold, or (3,).

    Examples
    --------
    >>> from dynlatch.analysis.scalar import fixed_points
    >>> fixed_points(2.0).round(6)
    array([-1.915008,  0.      ,  1.915008])
    """
    unit, scale = _unit(w, bias, activation)
    return scale * np.array(portrait.fixed_points(unit))


def basins(w: float, bias: float = 0.0, activation: Activation | str = "tanh") -> tuple[Interval, ...]:
    """The basin of each attractor, an open interval, from below; they meet in the unstable (or the fold) point."""
    unit, scale = _unit(w, bias, activation)
    return tuple((scale * lo, scale * hi) for lo, hi in portrait.basins(unit))


def gamma_step(w: float, bias: float = 0.0, activation: Activation | str = "tanh") -> tuple[tuple[Interval, ...], ...]:
    """The reduced attracting set of each attractor, from below: `{y in the basin: |M'(M^k y)| < 1 for all k >= 0}`.

    Returns
    -------
    tuple of tuple of (lo, hi)
        For each attractor the open intervals that make up Gamma.

    Notes
    -----
    Bistable: exactly (-inf, -a_c) and (a_c, inf). One attractor and w > 1/f'(0): the half-line beyond a_c that holds
    the attractor, and the preimages from which an orbit leaps over [-a_c, a_c]. Below the threshold of latching: the
    line; at it, the line without 0 (whose preimages, which are of measure zero, are not cut out).

    This is the stepwise reading of Definition 4 of Bengio, Simard and Frasconi (1994). In one dimension the literal
    reading (|(M^l)'(y)| < 1 for all l >= 1) gives the same set whenever there are two attractors, so always at c = 0.
    With one attractor and c != 0 it does not: for w = 2, c = 0.6 the point y = -10 is in the literal set, since its
    first step contracts by 1e-8, but its orbit passes a = 0.1497, where M' = 1.956. The literal set is not invariant
    under M; this one is.

    Examples
    --------
    >>> from dynlatch.analysis.scalar import gamma_step
    >>> gamma_step(2.0)[1]
    ((0.881373587019543, inf),)
    """
    unit, scale = _unit(w, bias, activation)
    return tuple(tuple((scale * lo, scale * hi) for lo, hi in gamma) for gamma in portrait.gammas(unit))


def finite_horizon_threshold(
    w: float, steps: int, bias: float = 0.0, attractor: str = "upper", activation: Activation | str = "tanh"
) -> float:
    """Smallest b such that `steps` inputs of size at most b take the attractor to the edge of its basin.

    M increases, so the constant input towards the edge is the best sequence. One step: the distance to the unstable
    point. The threshold falls with `steps`, to u* as `u* + pi^2 / (steps^2 sqrt(1 - 1/w))` (tanh). Infinite when there
    is one attractor. Cost: about `steps` times 0.1 ms.

    Parameters
    ----------
    w : float
    steps : int
        At least 1.
    bias : float
    attractor : {"upper", "lower"}
    activation : {"tanh", "logistic"}

    Raises
    ------
    InvalidInput
        On w <= 0, steps < 1, an unknown attractor or activation.

    Examples
    --------
    >>> from dynlatch.analysis.scalar import finite_horizon_threshold
    >>> round(finite_horizon_threshold(2.0, 10), 6)
    0.615341
    """
    unit, scale = _unit(w, bias, activation)
    count("steps", steps, least=1)
    if attractor not in ("upper", "lower"):
        raise InvalidInput(f'`attractor` must be "upper" or "lower"; got {attractor!r}.')
    if portrait.outcome(unit) != LatchOutcome.BISTABLE:
        return math.inf
    return scale * kernels.escape_in(unit if attractor == "upper" else unit.mirrored, steps)


@dataclass(frozen=True)
class ScalarLatch(Result):
    """Everything about one unit `a' = w f(a) + c + u`. Rows are from the lower to the upper point.

    Attributes
    ----------
    w, bias : float
    activation : str
    outcome : LatchOutcome
    fixed_points, slopes : tuple of float
        All fixed points, and M' = w f' at each.
    attractors : tuple of float
        Those that attract an interval (at the fold, the point of slope 1 is among them).
    basins : tuple of (lo, hi)
        One open interval an attractor.
    gammas : tuple of tuple of (lo, hi)
        The stepwise reduced attracting set of each attractor, see `gamma_step`.
    critical_points : tuple of float
        -a_c and a_c, where the slope is 1; empty where it is below 1 everywhere.
    thresholds : (float, float)
        Escape thresholds of the lower and of the upper attractor; infinite when there is one.
    window : (lo, hi)
        Biases with two attractors.
    """

    w: float
    bias: float
    activation: str
    outcome: LatchOutcome
    fixed_points: tuple[float, ...]
    slopes: tuple[float, ...]
    attractors: tuple[float, ...]
    basins: tuple[Interval, ...]
    gammas: tuple[tuple[Interval, ...], ...]
    critical_points: tuple[float, ...]
    thresholds: tuple[float, float]
    window: Interval

    @property
    def equation(self) -> str:
        """The autonomous map, for people."""
        bias = f" {'+' if self.bias > 0 else '-'} {abs(self.bias):.6g}" if self.bias else ""
        return f"a' = {self.w:.6g} {self.activation}(a){bias}"

    def summary(self) -> str:
        points = zip(self.fixed_points, self.slopes, strict=True)
        lines = [
            f"{self.equation} + u   (activation a, before the nonlinearity)",
            f"{self.outcome}: {self.outcome.sentence}",
            "fixed points: " + ", ".join(f"{a:.6g} (slope {m:.4g})" for a, m in points),
        ]
        for k, a in enumerate(self.attractors):
            lines.append(f"attractor {a:.6g}: basin {_text(self.basins[k])}, Gamma {_union(self.gammas[k])}")
        return "\n".join([*lines, *self._meaning()])

    def _meaning(self) -> list[str]:
        lines = [f"bistable for a bias between {self.window[0]:.6g} and {self.window[1]:.6g}"]
        if self.window[0] == self.window[1]:
            lines = [f"no bias makes it bistable: that takes w > {4 if self.activation == 'logistic' else 1}"]
        if self.outcome == LatchOutcome.BISTABLE:
            low, high = self.thresholds
            lines += [
                f"u* = {low:.6g} (lower attractor), {high:.6g} (upper): inputs no larger than that never lose the bit;"
                " larger ones of the right sign, held long enough, do",
                "while the state stays in Gamma every step shrinks the gradient |da_t/da_0|",
            ]
        return lines

    def plot(self, ax: Axes | None = None) -> Axes:
        """M(a) against a as in Fig. 3 of the paper: Gamma shaded, the tangents at distance u* from the diagonal."""
        from dynlatch.analysis.plots.scalar import plot_latch

        return plot_latch(self, ax=ax)


def scalar_latch(w: float, bias: float = 0.0, activation: Activation | str = "tanh") -> ScalarLatch:
    """The exact portrait of one unit `a' = w f(a) + c + u`.

    Raises
    ------
    InvalidInput
        On w <= 0, non-finite numbers, or an activation other than tanh and logistic.

    Examples
    --------
    >>> from dynlatch.analysis.scalar import scalar_latch
    >>> latch = scalar_latch(2.0)
    >>> latch.outcome.value, latch.thresholds
    ('bistable', (0.532839975353552, 0.532839975353552))
    """
    unit, scale = _unit(w, bias, activation)
    points = portrait.fixed_points(unit)
    outcome = portrait.outcome(unit)
    return ScalarLatch(
        w=float(w),
        bias=float(bias),
        activation=resolve(activation).name,
        outcome=outcome,
        fixed_points=tuple(scale * a for a in points),
        slopes=tuple(portrait.slope(unit, a) for a in points),
        attractors=tuple(scale * a for a in (points[::2] if outcome == LatchOutcome.BISTABLE else points)),
        basins=basins(w, bias, activation),
        gammas=gamma_step(w, bias, activation),
        critical_points=(-scale * unit.a_c, scale * unit.a_c) if unit.excess > 0 else (),
        thresholds=thresholds(w, bias, activation),
        window=bistability_window(w, activation),
    )


def _logistic(activation: Activation | str) -> bool:
    f = resolve(activation)
    if f is not TANH and f is not LOGISTIC:
        raise InvalidInput(
            f'the scalar theory is for "tanh" and "logistic"; got {f.name!r}: use fixed_points and escape_threshold of '
            "dynlatch.analysis on LatchNeuron(w, bias, activation)."
        )
    return f is LOGISTIC


def _unit(w: float, bias: float, activation: Activation | str) -> tuple[kernels.TanhUnit, float]:
    """The tanh unit in z with a = scale z: logistic(a) = (1 + tanh(a/2)) / 2."""
    weight, c = finite_number("w", w), finite_number("bias", bias)
    if not weight > 0:
        raise InvalidInput(
            f"`w` must be positive; got {weight}: a map that does not increase has no such latch (below zero the state "
            "alternates). Use fixed_points, and periodic_orbits with period 2, of dynlatch.analysis on LatchNeuron."
        )
    if _logistic(activation):
        return kernels.tanh_unit(0.25 * weight, 0.5 * (c + 0.5 * weight)), 2.0
    return kernels.tanh_unit(weight, c), 1.0


def _latching(w: float, activation: Activation | str) -> tuple[kernels.TanhUnit, float]:
    unit, scale = _unit(w, 0.0, activation)
    if not unit.excess > 0:
        least = 4 if _logistic(activation) else 1
        raise InvalidInput(f"`w` must exceed {least} for two attractors; got {w}: thresholds() is infinite there.")
    return unit, scale


def _text(interval: Interval) -> str:
    return f"({interval[0]:.6g}, {interval[1]:.6g})"


def _union(intervals: tuple[Interval, ...], most: int = 4) -> str:
    shown = " or ".join(_text(interval) for interval in intervals[-most:])
    return shown if len(intervals) <= most else f"{shown} or {len(intervals) - most} more"
