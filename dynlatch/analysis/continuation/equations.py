"""The equations `M_p(a) = a` in the unknowns x = (a, p), p one or two parameters, and their derivatives.

Derivatives by the state are the map's own; those by a parameter, and second derivatives, are central differences. They enter
Newton's method only, which converges to the full accuracy of the residual all the same, and the normal forms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import numpy as np

from dynlatch.errors import DynlatchError, InvalidInput, NotSmooth
from dynlatch.maps import Map, SmoothMap, require_smooth
from dynlatch.validation import Array

FIRST = 1e-5  # steps of first and second differences, relative to the size of the unknown
SECOND = 1e-4
KEPT = 8  # maps remembered: one Newton step asks for the same parameters several times


class UnevenFamily(InvalidInput):
    """The family gives something that is no member of it; unlike the end of its domain, this is not for a branch to end at."""


@dataclass(frozen=True, eq=False)
class Equations:
    """Residual `M_p(a) - a` and its derivatives; x has the n components of the state first, then the m parameters."""

    family: Callable[..., Map]
    dim: int
    widths: Array  # (m,) lengths of the parameter ranges
    _maps: dict[tuple[float, ...], SmoothMap] = field(default_factory=dict, repr=False)
    _known: set[type] = field(default_factory=set, repr=False)  # asking a protocol costs more than most maps

    def map(self, parameters: Array) -> SmoothMap:
        """The map at these parameters, checked."""
        key = tuple(float(p) for p in parameters)
        if key not in self._maps:
            while len(self._maps) >= KEPT:
                self._maps.pop(next(iter(self._maps)))
            map = self.family(*key)
            if type(map) not in self._known or map.dim != self.dim:
                map = member(map, key, self.dim)
            self._known.add(type(map))
            self._maps[key] = cast(SmoothMap, map)
        return self._maps[key]

    def split(self, x: Array) -> tuple[SmoothMap, Array]:
        """The map and the state that x stands for."""
        return self.map(x[self.dim :]), x[: self.dim]

    def residual(self, x: Array) -> Array:
        map, a = self.split(x)
        return map.step(a) - a

    def state_jacobian(self, x: Array) -> Array:
        """J, shape (n, n)."""
        map, a = self.split(x)
        return map.jacobian(a)

    def jacobian(self, x: Array) -> Array:
        """`[J - I, dM/dp]`, shape (n, n + m)."""
        slopes = [self.by_parameter(x, k, lambda map, a: map.step(a))[:, None] for k in range(len(self.widths))]
        return np.concatenate([self.state_jacobian(x) - np.eye(self.dim), *slopes], axis=1)

    def by_parameter(self, x: Array, k: int, value: Callable[[SmoothMap, Array], Array]) -> Array:
        """Derivative of `value(map, a)` by parameter k; one-sided where the family ends on one side."""
        a, p = x[: self.dim], x[self.dim :]
        h = FIRST * max(abs(float(p[k])), float(self.widths[k]))
        shift = h * (np.arange(len(p)) == k)
        sides = []
        for sign in (1.0, -1.0):
            try:
                sides.append((value(self.map(p + sign * shift), a), p[k] + sign * h))
            except (UnevenFamily, NotSmooth):
                raise
            except DynlatchError:
                sides.append((value(self.map(p), a), p[k]))
        if sides[0][1] == sides[1][1]:
            raise InvalidInput(f"the family is defined at parameter {p[k]} only, on neither side of it.")
        return np.asarray((sides[0][0] - sides[1][0]) / (sides[0][1] - sides[1][1]))

    def bend(self, x: Array, psi: Array, v: Array) -> Array:
        """`psi^T (dJ/dx_k) v` for every unknown k, shape (n + m,)."""
        map, a = self.split(x)
        h = FIRST * (1.0 + np.abs(a))
        there, back = map.jvp(a + np.diag(h), v), map.jvp(a - np.diag(h), v)
        by_state = (there - back) @ psi / (2.0 * h)
        along = [self.by_parameter(x, k, lambda map, a: map.jvp(a, v)) @ psi for k in range(len(self.widths))]
        return np.concatenate([by_state, along])

    def bend_of_parameter(self, x: Array, psi: Array) -> Array:
        """`psi^T d(dM/dp)/dx_k` for every unknown k (one parameter), shape (n + 1,)."""
        by_state = self.by_parameter(x, 0, lambda map, a: map.vjp(a, psi))
        a, p = x[: self.dim], x[self.dim :]
        h = SECOND * max(abs(float(p[0])), float(self.widths[0]))
        try:
            values = [psi @ self.map(p + shift).step(a) for shift in (h, 0.0, -h)]
            twice = float((values[0] - 2.0 * values[1] + values[2]) / h**2)
        except DynlatchError:
            twice = 0.0  # at the end of the family; only the speed of Newton's method depends on it
        return np.append(by_state, twice)


def checked(family: Callable[..., Map], parameters: tuple[float, ...], dim: int | None) -> SmoothMap:
    """The member of the family at `parameters`: a smooth map, of dimension `dim` if that is given."""
    count = f"{len(parameters)} numbers" if len(parameters) > 1 else "a number"
    if not callable(family):
        raise InvalidInput(f"`family` must be a function from {count} to a map; got {type(family).__name__}.")
    return member(family(*parameters), parameters, dim)


def member(map: object, parameters: tuple[float, ...], dim: int | None) -> SmoothMap:
    """`map` itself, if it may be a member of the family."""
    where = parameters[0] if len(parameters) == 1 else parameters
    if not isinstance(map, Map):
        raise UnevenFamily(f"`family` must give a map; at parameter {where} it gives a {type(map).__name__}.")
    smooth = require_smooth(map, "continue_fixed_point")
    if dim is not None and map.dim != dim:
        raise UnevenFamily(f"all maps of a family must have one dimension; at parameter {where} it is {map.dim}, before {dim}.")
    return smooth
