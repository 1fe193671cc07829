"""The contracts of a system, its trajectories, and maps made of other maps.

Notation: `n` is the dimension of the state, `m` that of the input; `...` are any leading batch axes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np

from dynlatch.errors import InvalidInput, NotEnclosable, NotSmooth
from dynlatch.intervals import Box, add, as_box, matmul
from dynlatch.validation import Array, count, inputs_of, shaped_array, states


@runtime_checkable
class Map(Protocol):
    """A discrete-time system `a_t = step(a_{t-1}, u_t)`; it may be discontinuous.

    1. `step` maps states `(..., n)` and inputs `(..., m)` to states `(..., n)`; batch axes broadcast.
    2. `u=None` is the zero input.
    3. Nothing is changed in place; the same arguments give the same bits.
    """

    @property
    def dim(self) -> int: ...
    @property
    def input_dim(self) -> int: ...
    def step(self, a: Array, u: Array | None = None) -> Array: ...


@runtime_checkable
class SmoothMap(Map, Protocol):
    """A map with exact first derivatives (almost everywhere, for piecewise-linear units).

    1. `jacobian(a, u)[..., i, j]` is the derivative of component i of the next state by a_j: `(..., n, n)`.
    2. `input_jacobian` is the same with respect to u: `(..., n, m)`.
    3. `jvp(a, v, u)` is `J v` and `vjp(a, v, u)` is `J^T v`, both without forming J where the structure allows.
    4. Batch axes of a, u and v broadcast in all of them, also where the structure makes u irrelevant.
    """

    def jacobian(self, a: Array, u: Array | None = None) -> Array: ...
    def input_jacobian(self, a: Array, u: Array | None = None) -> Array: ...
    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array: ...
    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array: ...


@runtime_checkable
class Parametric(SmoothMap, Protocol):
    """A smooth map with named parameters.

    1. `parameters` holds every trainable array, under the name of the constructor argument.
    2. `parameter_vjp(a, u, v)` gives, under the same names, the gradient of `v . step(a, u)`,
       each `(..., *parameter.shape)`.
    3. `with_parameters(W=...)` is the same network with those arrays replaced.
    """

    @property
    def parameters(self) -> Mapping[str, Array]: ...
    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]: ...
    def with_parameters(self, **arrays: Any) -> Self: ...


@runtime_checkable
class Factored(Parametric, Protocol):
    """A network whose gradient with respect to every parameter is one outer product a step, as weights and biases have it.

    `parameter_factors(a, u, v)` gives, under the names of `parameter_vjp`, `(left, right)`: the gradient is `left right^T`
    for a matrix, and `left` itself, with None beside it, for a vector. Nothing of the size of a matrix is formed.
    """

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]: ...


@runtime_checkable
class InputProducts(SmoothMap, Protocol):
    """A map with products of its `input_jacobian` that do not form it: `input_jvp(a, w, u)` and `input_vjp(a, v, u)`."""

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array: ...
    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array: ...


@runtime_checkable
class Enclosable(Map, Protocol):
    """A map with interval images: `enclose(lo, hi, u)` bounds `step` over the box [lo, hi], rounded outward.

    `u` is an input (..., m), or a box of inputs: a tuple `(lo, hi)` of two such arrays.
    """

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box: ...


@runtime_checkable
class SmoothEnclosable(SmoothMap, Enclosable, Protocol):
    """A smooth map with bounds on its Jacobian, for proofs.

    `enclose_jacobian(lo, hi, u)` bounds every entry of `jacobian` over the box [lo, hi], rounded outward: two arrays
    `(..., n, n)`. At a kink of a piecewise-linear unit the bounds hold the slopes of both sides.
    """

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box: ...


@runtime_checkable
class FiniteMap(Map, Protocol):
    """A map on finitely many states, as networks of threshold units and the flip-flop are: a graph says all of it.

    1. `states` (K, n) are all states, sorted lexicographically; under every input each of them leads to one of them.
    2. `margin(a, u, channels)` (...): adding an input whose components are all smaller in size to u does not change the next
       state; `channels` are the inputs that are disturbed, all of them if None.
    """

    @property
    def states(self) -> Array: ...
    def margin(self, a: Array, u: Array | None = None, channels: Sequence[int] | None = None) -> Array: ...


def interval_jacobian(map: Map, lo: Array, hi: Array, u: Array | Box | None = None) -> Box | None:
    """Bounds on the Jacobian over boxes; None where the map (a plain function, an activation of unknown slope) has none."""
    if not isinstance(map, SmoothEnclosable):
        return None
    try:
        return map.enclose_jacobian(lo, hi, u)
    except NotEnclosable:
        return None


def require_smooth(map: Map, verb: str) -> SmoothMap:
    """`map` itself if it has derivatives; otherwise one sentence that says which verb needs them."""
    if not isinstance(map, SmoothMap):
        name = type(map).__name__
        instead = "its states are finite, take `finite_attractors`" if isinstance(map, FiniteMap) else "wrap it in FunctionMap"
        raise NotSmooth(f"`{verb}` needs derivatives, and {name} has none: {instead}.")
    return map


def coordinates(map: Map) -> str:
    """What the state of `map` is, in words, for axes and for every statement about a norm."""
    return str(getattr(map, "coordinates", "state"))


def trajectory(map: Map, a0: Any, inputs: Any = None, steps: int | None = None) -> Array:
    """States visited from `a0`: under `inputs`, or for `steps` steps without input.

    Parameters
    ----------
    map : Map
    a0 : array_like, shape (..., n)
        Initial states.
    inputs : array_like, shape (T, ..., m), optional
        Input sequences, time first; their batch axes broadcast against those of `a0`.
    steps : int, optional
        Number of steps without input. Give exactly one of `inputs` and `steps`, or both if they agree.

    Returns
    -------
    ndarray, shape (T + 1, ..., n)
        `a_0` to `a_T`.

    Raises
    ------
    InvalidInput
        On wrong shapes, non-finite values, a negative number of steps, empty inputs, or a state that overflowed.

    Examples
    --------
    >>> import dynlatch as dl
    >>> dl.trajectory(dl.LatchNeuron(2.0), [0.1], steps=30)[-1].round(6)
    array([1.915008])
    """
    start, sequence, T = drive(map, a0, inputs, steps)
    batch = np.broadcast_shapes(start.shape[:-1], () if sequence is None else sequence.shape[1:-1])
    visited = np.empty((T + 1, *batch, map.dim))
    visited[0] = start
    # An overflow is reported below, with its place, rather than as a warning on the way.
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(T):
            visited[t + 1] = map.step(visited[t], None if sequence is None else sequence[t])
    bad = np.argwhere(~np.isfinite(visited))
    if len(bad):
        raise InvalidInput(
            f"the trajectory left the finite numbers at step {bad[0][0]} (batch index {tuple(map_int(bad[0][1:-1]))}): "
            "the map is not bounded there; start closer or take fewer `steps`."
        )
    return visited


def drive(map: Map, a0: Any, inputs: Any, steps: int | None) -> tuple[Array, Array | None, int]:
    """The arguments of a run, checked: initial states, inputs or None, number of steps."""
    start = states(map, a0)
    if inputs is None:
        if steps is None:
            raise InvalidInput("give `inputs` (shape (T, ..., m)) or `steps` (a number of steps without input).")
        return start, None, count("steps", steps)
    sequence = inputs_of(map, inputs)
    if steps is not None and count("steps", steps) != len(sequence):
        raise InvalidInput(f"`steps` is {steps} but `inputs` has {len(sequence)} time steps: give one of them.")
    try:
        np.broadcast_shapes(start.shape[:-1], sequence.shape[1:-1])
    except ValueError:
        raise InvalidInput(
            f"the batch axes of `a0` {start.shape[:-1]} and of `inputs` {sequence.shape[1:-1]} do not broadcast."
        ) from None
    return start, sequence, len(sequence)


def map_int(values: Array) -> list[int]:
    """Array entries as Python ints, for messages."""
    return [int(v) for v in values]


@dataclass(frozen=True, eq=False)
class Iterate:
    """`M^period`: `period` steps of a map as one step, the input held constant meanwhile.

    Fixed points of `M^p` are the points of cycles whose length divides p.
    """

    map: Map
    period: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "period", count("period", self.period, least=1))

    @property
    def _smooth(self) -> SmoothMap:
        return require_smooth(self.map, "jacobian")

    @property
    def dim(self) -> int:
        return self.map.dim

    @property
    def input_dim(self) -> int:
        return self.map.input_dim

    @property
    def coordinates(self) -> str:
        return coordinates(self.map)

    def step(self, a: Array, u: Array | None = None) -> Array:
        for _ in range(self.period):
            a = self.map.step(a, u)
        return a

    def _orbit(self, a: Array, u: Array | None) -> list[Array]:
        orbit = [np.asarray(a, dtype=np.float64)]
        for _ in range(self.period - 1):
            orbit.append(self.map.step(orbit[-1], u))
        return orbit

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        orbit = self._orbit(a, u)
        product = self._smooth.jacobian(orbit[0], u)
        for point in orbit[1:]:
            product = self._smooth.jacobian(point, u) @ product
        return product

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        orbit = self._orbit(a, u)
        total = self._smooth.input_jacobian(orbit[0], u)
        for point in orbit[1:]:
            total = self._smooth.jacobian(point, u) @ total + self._smooth.input_jacobian(point, u)
        return total

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        for point in self._orbit(a, u):
            v = self._smooth.jvp(point, v, u)
        return v

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        for point in reversed(self._orbit(a, u)):
            v = self._smooth.vjp(point, v, u)
        return v

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        for _ in range(self.period):
            lo, hi = enclosable(self.map).enclose(lo, hi, u)
        return lo, hi

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Product of the bounds along the interval orbit."""
        inner = smooth_enclosable(self.map)
        product = inner.enclose_jacobian(lo, hi, u)
        for _ in range(self.period - 1):
            lo, hi = inner.enclose(lo, hi, u)
            product = matmul(inner.enclose_jacobian(lo, hi, u), product)
        return product


@dataclass(frozen=True, eq=False)
class WithInput:
    """The map under a constant input `u0`: `a' = M(a, u0 + u)`. Every verb works on it; a further u comes on top."""

    map: Map
    u0: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "u0", shaped_array("u0", self.u0, (self.map.input_dim,)))

    @property
    def _smooth(self) -> SmoothMap:
        return require_smooth(self.map, "jacobian")

    @property
    def dim(self) -> int:
        return self.map.dim

    @property
    def input_dim(self) -> int:
        return self.map.input_dim

    @property
    def coordinates(self) -> str:
        return coordinates(self.map)

    def _total(self, u: Array | None) -> Array:
        return self.u0 if u is None else self.u0 + u

    def step(self, a: Array, u: Array | None = None) -> Array:
        return self.map.step(a, self._total(u))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._smooth.jacobian(a, self._total(u))

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._smooth.input_jacobian(a, self._total(u))

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return self._smooth.jvp(a, v, self._total(u))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return self._smooth.vjp(a, v, self._total(u))

    def _total_box(self, u: Array | Box | None) -> Array | Box:
        return self.u0 if u is None else add((self.u0, self.u0), as_box(u))

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        return enclosable(self.map).enclose(lo, hi, self._total_box(u))

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        return smooth_enclosable(self.map).enclose_jacobian(lo, hi, self._total_box(u))


@dataclass(frozen=True, eq=False)
class Augmented:
    """Footnote 2 of Bengio, Frasconi and Simard (1993): any inputs made additive.

    `a_t = N(a_{t-1}, u_{t-1})` becomes `x_t = M(x_{t-1}) + (0, u_t)` with `x_t = (a_t, y_t)`, `M(a, y) = (N(a, y), 0)`:
    the state has n + m components, and what enters at time t acts on `a` one step later.
    """

    map: Map

    @property
    def _smooth(self) -> SmoothMap:
        return require_smooth(self.map, "jacobian")

    @property
    def dim(self) -> int:
        return self.map.dim + self.map.input_dim

    @property
    def input_dim(self) -> int:
        return self.map.input_dim

    @property
    def coordinates(self) -> str:
        return f"({coordinates(self.map)}, pending input)"

    def _split(self, x: Array) -> tuple[Array, Array]:
        x = np.asarray(x, dtype=np.float64)
        return x[..., : self.map.dim], x[..., self.map.dim :]

    def step(self, a: Array, u: Array | None = None) -> Array:
        state, pending = self._split(a)
        entering = np.zeros_like(pending) if u is None else np.asarray(u, dtype=np.float64)
        return _join(self.map.step(state, pending), entering)

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        """`[[N_a, N_y], [0, 0]]`: what enters now does not act on this step."""
        state, pending = self._split(a)
        n = self.map.dim
        J = np.zeros((*_batch_of(a, u), self.dim, self.dim))
        J[..., :n, :n] = self._smooth.jacobian(state, pending)
        J[..., :n, n:] = self._smooth.input_jacobian(state, pending)
        return J

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        block = np.concatenate([np.zeros((self.map.dim, self.input_dim)), np.eye(self.input_dim)])
        return np.broadcast_to(block, (*_batch_of(a, u), *block.shape)).copy()

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        state, pending = self._split(a)
        dv, dp = self._split(v)
        entering = np.einsum("...ij,...j->...i", self._smooth.input_jacobian(state, pending), dp)
        nothing = np.zeros((*_batch_of(a, v, u), self.input_dim))
        return _join(self._smooth.jvp(state, dv, pending) + entering, nothing)

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        state, pending = self._split(a)
        dv, _ = self._split(v)
        back = np.einsum("...ij,...i->...j", self._smooth.input_jacobian(state, pending), dv)
        moved = _join(self._smooth.vjp(state, dv, pending), back)
        return np.broadcast_to(moved, (*_batch_of(a, v, u), self.dim)).copy()


def enclosable(map: Map) -> Enclosable:
    """`map` itself if it has interval images."""
    if not isinstance(map, Enclosable):
        raise NotEnclosable(f"{type(map).__name__} has no interval image (`enclose`).")
    return map


def smooth_enclosable(map: Map) -> SmoothEnclosable:
    """`map` itself if it has bounds on its Jacobian."""
    if not isinstance(map, SmoothEnclosable):
        raise NotEnclosable(f"{type(map).__name__} has no bounds on its Jacobian (`enclose_jacobian`).")
    return map


def _batch_of(*vectors: Array | None) -> tuple[int, ...]:
    return np.broadcast_shapes(*(np.shape(vector)[:-1] for vector in vectors if vector is not None))


def _join(left: Array, right: Array) -> Array:
    batch = np.broadcast_shapes(left.shape[:-1], right.shape[:-1])
    return np.concatenate(
        [np.broadcast_to(left, (*batch, left.shape[-1])), np.broadcast_to(right, (*batch, right.shape[-1]))], axis=-1
    )
