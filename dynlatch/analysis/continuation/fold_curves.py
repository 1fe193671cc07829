"""The verb `fold_curve`: a fold followed in two parameters, with its cusps."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dynlatch.analysis.continuation import bordered, normal_forms
from dynlatch.analysis.continuation.arclength import ContinuationEnd, Passage, Station, Trace, halve, trace
from dynlatch.analysis.continuation.branch import SpecialPoint
from dynlatch.analysis.continuation.equations import Equations, checked
from dynlatch.analysis.continuation.families import Family2
from dynlatch.analysis.continuation.verb import MAX_POINTS, interval
from dynlatch.errors import InvalidInput
from dynlatch.maps import coordinates
from dynlatch.results import Result
from dynlatch.validation import Array, count, positive_number, shaped_array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LARGEST = 10
CUSP = "cusp"
DIFFERENCE = 1e-5
HALVINGS = 8


@dataclass(frozen=True, eq=False)
class Cusp:
    """Where two folds meet: the quadratic coefficient of the normal form vanishes on the fold curve.

    `error` is the last correction of Newton's method, infinite where the cusp was only bracketed.
    """

    parameters: Array
    point: Array
    error: float

    def __str__(self) -> str:
        accuracy = f"+- {self.error:.0e}" if np.isfinite(self.error) else "(bracketed only)"
        return f"cusp at ({self.parameters[0]:.12g}, {self.parameters[1]:.12g}) {accuracy}"


@dataclass(frozen=True, eq=False)
class FoldCurve(Result):
    """A curve of folds in the plane of two parameters, in order along the curve.

    Attributes
    ----------
    parameters : ndarray, shape (k, 2)
    points : ndarray, shape (k, n)
    coefficients : ndarray, shape (k,)
        Of the normal form `u' = u + c u^2` along the critical direction; its sign is that of one orientation throughout.
    cusps : tuple of Cusp
    ends : tuple of two ContinuationEnd
    coordinates : str
    """

    parameters: Array
    points: Array
    coefficients: Array
    cusps: tuple[Cusp, ...]
    ends: tuple[ContinuationEnd, ContinuationEnd]
    coordinates: str

    def __len__(self) -> int:
        return len(self.parameters)

    def summary(self) -> str:
        lo, hi = self.parameters.min(axis=0), self.parameters.max(axis=0)
        lines = [
            f"fold curve of {len(self)} points: first parameter {lo[0]:.6g} to {hi[0]:.6g}, second {lo[1]:.6g} to {hi[1]:.6g}",
            f"  first end: {self.ends[0]}; last end: {self.ends[1]}",
        ]
        return "\n".join([*lines, *(f"  {cusp}" for cusp in self.cusps)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """The curve in the plane of the parameters, cusps marked."""
        from dynlatch.analysis.plots.continuation import plot_fold_curve

        return plot_fold_curve(self, ax=ax)


class FoldSeen(NamedTuple):
    """The critical direction, the quadratic coefficient along it, and the bordered vectors."""

    direction: Array
    coefficient: float


@dataclass(frozen=True, eq=False)
class _Folds:
    """`M(a) = a` and `g = 0` in the unknowns (a, p, q)."""

    equations: Equations
    ends: tuple[tuple[float, float], tuple[float, float]]

    @property
    def scale(self) -> Array:
        n = self.equations.dim
        return np.concatenate([np.full(n, np.sqrt(n)), self.equations.widths])

    def _kernel(self, x: Array) -> tuple[Array, bordered.Kernel]:
        D = self.equations.jacobian(x)
        return D, bordered.kernel(D[:, : self.equations.dim])

    def residual(self, x: Array) -> Array:
        return np.append(self.equations.residual(x), self._kernel(x)[1].g)

    def jacobian(self, x: Array) -> Array:
        D, found = self._kernel(x)
        return np.vstack([D, -self.equations.bend(x, found.left, found.right)])

    def outside(self, x: Array) -> tuple[int, float] | None:
        n = self.equations.dim
        for k, (lo, hi) in enumerate(self.ends):
            if not lo <= x[n + k] <= hi:
                return n + k, lo if x[n + k] < lo else hi
        return None

    def look(self, x: Array) -> FoldSeen:
        found = self._kernel(x)[1]
        phi = found.right / np.linalg.norm(found.right)
        # Scaled by |psi|, not by psi . phi, which vanishes where a second multiplier reaches 1.
        psi = found.left / np.linalg.norm(found.left)
        map, a = self.equations.split(x)
        return FoldSeen(phi, float(0.5 * psi @ normal_forms.second(map, a, phi, phi)) * float(np.sign(psi @ phi) or 1.0))

    def watch(self, x: Array, tangent: Array) -> FoldSeen:
        return self.look(x)

    def events(self, before: FoldSeen, after: FoldSeen) -> list[str]:
        # Turning the critical direction round turns the sign of the coefficient with it.
        same_side = np.sign(before.direction @ after.direction)
        return [CUSP] if before.coefficient * after.coefficient * same_side < 0 else []


def fold_curve(
    family: Family2,
    ranges: tuple[tuple[float, float], tuple[float, float]],
    fold: Any,
    parameters: tuple[float, float],
    *,
    max_points: int = MAX_POINTS,
    time_budget: float | None = None,
) -> FoldCurve:
    """Follow a fold of fixed points in two parameters, and locate the cusps on the way (state dimension up to 10).

    Parameters
    ----------
    family : callable, (p, q) -> SmoothMap
    ranges : tuple of two (first, last)
        The curve is followed inside this rectangle, in both directions.
    fold : SpecialPoint or array_like, shape (n,)
        A fold on a branch, or a state near one.
    parameters : tuple of float
        The two parameters at which it lies, nearly.
    max_points : int
        Limit for each direction.
    time_budget : float, optional

    Returns
    -------
    FoldCurve

    Raises
    ------
    InvalidInput
        If the dimension is above 10, a range is empty, the parameters are outside, or no fold is near.

    Notes
    -----
    Unknowns (a, p, q), equations `M(a) = a` and g = 0 of the bordered matrix of J - I; at a cusp also
    `psi . B(phi, phi) = 0` (Kuznetsov 2004, sect. 8.7 and 10.3).

    Examples
    --------
    The two folds of the latch neuron, c = +-u*(w), end in the cusp w = 1, c = 0:

    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> curve = analysis.fold_curve(lambda w, c: dl.LatchNeuron(w, c), ((0.5, 3.0), (-2.0, 2.0)), [-0.88], (2.0, 0.53))
    >>> [cusp.parameters.round(9) + 0.0 for cusp in curve.cusps]
    [array([1., 0.])]
    """
    try:
        first, second = ranges
    except (TypeError, ValueError):
        raise InvalidInput(f"`ranges` must be two ranges (first, last), one for each parameter; got {ranges!r}.") from None
    ends = interval("ranges[0]", first), interval("ranges[1]", second)
    where = shaped_array("parameters", parameters, (2,))
    if not all(lo <= p <= hi for (lo, hi), p in zip(ends, where, strict=True)):
        raise InvalidInput(f"`parameters` {where} must lie within `ranges` {ends}.")
    map = checked(family, (float(where[0]), float(where[1])), None)
    if map.dim > LARGEST:
        raise InvalidInput(f"fold curves are followed up to dimension {LARGEST}; the map has {map.dim}.")
    state = shaped_array("fold", fold.point if isinstance(fold, SpecialPoint) else fold, (map.dim,))
    curve = _Folds(Equations(family, map.dim, np.array([hi - lo for lo, hi in ends])), ends)
    x = _first(curve, np.concatenate([state, where]))
    deadline = np.inf if time_budget is None else time.monotonic() + positive_number("time_budget", time_budget)
    t = np.linalg.svd(curve.jacobian(x) * curve.scale)[2][-1]
    ways = [_trace(curve, x, sign * t, count("max_points", max_points, least=2), deadline) for sign in (-1.0, 1.0)]
    return _assemble(curve, ways[0], ways[1], coordinates(map))


def _first(curve: _Folds, x: Array) -> Array:
    """The fold nearest x, to first order."""

    def system(y: Array) -> tuple[Array, Array]:
        return curve.residual(y), curve.jacobian(y) * curve.scale

    def scaled(z: Array) -> tuple[Array, Array]:
        return system(z * curve.scale)

    z, error = bordered.newton(scaled, x / curve.scale)
    found = z * curve.scale
    if error > 1e-9 or np.abs((found - x) / curve.scale).max() > 0.1 * (1.0 + np.abs(x / curve.scale).max()):
        raise InvalidInput("no fold is near the given state and parameters: take one from `continue_fixed_point(...).special`.")
    return found


def _trace(curve: _Folds, x: Array, t: Array, max_points: int, deadline: float) -> Trace:
    return trace(curve, Station(x, t, curve.watch(x, t)), max_points=max_points, deadline=deadline)


def _assemble(curve: _Folds, backward: Trace, forward: Trace, words: str) -> FoldCurve:
    if forward.end is ContinuationEnd.CLOSED:
        backward = Trace(backward.stations[:1], [], ContinuationEnd.CLOSED)
    stations = backward.stations[:0:-1] + forward.stations
    n = curve.equations.dim
    x = np.array([station.x for station in stations])
    coefficients, last = [], stations[0].seen.direction
    for station in stations:
        side = float(np.sign(station.seen.direction @ last) or 1.0)
        coefficients.append(station.seen.coefficient * side)
        last = side * station.seen.direction
    passages = [passage for _, passage in backward.passages + forward.passages]
    return FoldCurve(
        parameters=x[:, n:],
        points=x[:, :n],
        coefficients=np.array(coefficients),
        cusps=tuple(_cusp(curve, passage) for passage in passages),
        ends=(backward.end, forward.end),
        coordinates=words,
    )


def _cusp(curve: _Folds, passage: Passage) -> Cusp:
    """Newton's method on the fold equations and a vanishing coefficient; its derivative by differences of the coefficient."""
    before, after = halve(curve, passage, HALVINGS, lambda a, b: CUSP not in curve.events(a, b))
    x, n = 0.5 * (before.x + after.x), curve.equations.dim
    reference = before.seen.direction

    def coefficient(y: Array) -> float:
        seen = curve.look(y)
        return seen.coefficient * float(np.sign(seen.direction @ reference) or 1.0)

    def system(y: Array) -> tuple[Array, Array]:
        steps = np.diag(DIFFERENCE * (1.0 + np.abs(y)))
        slope = [(coefficient(y + h) - coefficient(y - h)) / (2.0 * h.sum()) for h in steps]
        return np.append(curve.residual(y), coefficient(y)), np.vstack([curve.jacobian(y), slope])

    y, error = bordered.newton(system, x)
    far = np.linalg.norm((y - x) / curve.scale) > 2.0 * np.linalg.norm((passage.after.x - passage.before.x) / curve.scale)
    if error > 1e-8 or far:
        y, error = x, np.inf
    return Cusp(y[n:], y[:n], error)
