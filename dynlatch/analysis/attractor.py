"""The attractor argument that several verbs take: checked, polished by Newton, refused if it does not attract."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.fixed_points.equations import Plain, equation_of
from dynlatch.analysis.fixed_points.result import FixedPoint
from dynlatch.analysis.fixed_points.search.newton import newton_step
from dynlatch.errors import InvalidInput, NotAttracting
from dynlatch.linalg import spectra
from dynlatch.maps import Map, SmoothMap, require_smooth
from dynlatch.validation import Array, finite_array

POLISHING_STEPS = 20
SAME = 1e-9  # points of a cycle closer than this, relative to its size, are one
FAR = 1e-3  # a polished point further than this from the given one (relative to its size) is another point


class Attractor(NamedTuple):
    """A fixed point or cycle: its points in the order of the orbit (p, n), and the multipliers (n,) of M^p."""

    points: Array
    multipliers: NDArray[np.complex128]

    @property
    def point(self) -> Array:
        """The fixed point; of a cycle the first point."""
        return np.asarray(self.points[0])

    @property
    def period(self) -> int:
        """Number of points p."""
        return len(self.points)

    @property
    def spectral_radius(self) -> float:
        """Largest modulus of a multiplier of M^p."""
        return float(np.abs(self.multipliers).max())


def polish(map: Map, given: Any, verb: str) -> Attractor:
    """The fixed point or cycle that `given` approximates, whatever its stability.

    Parameters
    ----------
    map : SmoothMap
    given : array_like, shape (n,) or (p, n), or a member of a result
        A state, or the points of a cycle in their order.
    verb : str
        Who asks, for the error message.

    Raises
    ------
    InvalidInput
        If Newton's method from `given` leads nowhere or elsewhere.
    """
    smooth = require_smooth(map, verb)
    start = _orbit_of(smooth, given)
    x = start.copy()
    for _ in range(POLISHING_STEPS):
        correction = _shooting_step(smooth, x)
        if not np.isfinite(correction).all() or np.abs(correction).max() <= 1e-15 * (1.0 + np.abs(x).max()):
            break
        x = x + correction
    x = _primitive(x)
    if len(x) == 1:
        x = _reduced(smooth, x)
    moved = float(np.abs(x - start[: len(x)]).max())
    residual = float(np.abs(smooth.step(x) - np.roll(x, -1, axis=0)).max())
    if not (moved <= FAR * (1.0 + np.abs(start).max()) and residual <= 1e-9 * (1.0 + np.abs(x).max())):
        off = np.abs(smooth.step(start) - np.roll(start, -1, axis=0)).max()
        what, finder = ("a fixed point", "fixed_points(map)") if len(x) == 1 else ("a cycle", "periodic_orbits(map, period)")
        raise InvalidInput(
            f"`attractor` is not near {what}: one step misses the next point by {off:.3g}, and Newton's method moves it by "
            f"{moved:.3g}. Find one with `{finder}.attractors`."
        )
    return Attractor(x, spectra(_product(smooth.jacobian(x))))


def attracting(map: Map, given: Any, verb: str) -> Attractor:
    """As `polish`, and refused unless the largest multiplier lies inside the unit circle."""
    found = polish(map, given, verb)
    if found.spectral_radius >= 1.0:
        raise NotAttracting(
            f"`attractor` has a multiplier of modulus {found.spectral_radius:.12g}; an attractor needs all of them below 1. "
            "`fixed_points(map).attractors` lists those that attract."
        )
    return found


def _primitive(x: Array) -> Array:
    """Once around the cycle, of points that go around it several times."""
    p = len(x)
    for d in range(1, p):
        if p % d == 0 and np.abs(x - np.roll(x, -d, axis=0)).max() <= SAME * (1.0 + np.abs(x).max()):
            return x[:d]
    return x


def _reduced(map: SmoothMap, x: Array) -> Array:
    """A fixed point (1, n) once more by the equation without gates: a gate that hardly opens holds any state in place."""
    equation, u0 = equation_of(map)
    if isinstance(equation, Plain) and equation.map is map:
        return x
    z = equation.project(x)
    for _ in range(POLISHING_STEPS):
        correction = newton_step(z, equation.step(z, u0) - z, equation.jacobian(z, u0))
        if not np.isfinite(correction).all() or np.abs(correction).max() <= 1e-15 * (1.0 + np.abs(z).max()):
            break
        z = z + correction
    return equation.lift(z, u0)


def _orbit_of(map: Map, given: Any) -> Array:
    """The points of what was given, shape (p, n)."""
    member = given.point if isinstance(given, FixedPoint) else getattr(given, "points", given)
    points = finite_array("attractor", member)
    if points.ndim not in (1, 2) or points.size == 0 or points.shape[-1] != map.dim:
        raise InvalidInput(
            f"`attractor` must be a state of shape ({map.dim},) or a cycle of shape (period, {map.dim}); "
            f"got shape {points.shape}."
        )
    return points.reshape(-1, map.dim)


def _shooting_step(map: SmoothMap, x: Array) -> Array:
    """Newton's correction of `M(x_j) = x_{j+1}` around the cycle, all points at once."""
    p, n = x.shape
    residual = map.step(x) - np.roll(x, -1, axis=0)
    jacobians = map.jacobian(x)
    if p == 1:
        return newton_step(x, residual, jacobians)
    # Row j reads x_{j+1} - M(x_j): the unknowns are numbered so that x_{j+1} stands on the diagonal.
    slope = np.zeros((p * n, p * n))
    for j in range(p):
        before = (j - 1) % p
        slope[j * n : (j + 1) * n, before * n : (before + 1) * n] = jacobians[j]
    target = np.roll(x, -1, axis=0).reshape(1, -1)
    return np.roll(newton_step(target, residual.reshape(1, -1), slope[None]).reshape(p, n), 1, axis=0)


def _product(jacobians: Array) -> Array:
    """`J_{p-1} ... J_0`."""
    product: Array = jacobians[0]
    for jacobian in jacobians[1:]:
        product = jacobian @ product
    return product
