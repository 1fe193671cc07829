"""Any list of connections as one smooth map: the networks that have no more regular form.

`x_i(t) = f_i(sum of w x_j(t - delay))`, units evaluated in order, so that connections without delay come from earlier units.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.activations import LINEAR, LOGISTIC, TANH, THRESHOLD, Activation
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box, add, affine_image, as_box, matmul, multiply
from dynlatch.networks.common import batch_of, box_identity, checked_names, expanded, join, real, spread
from dynlatch.networks.readout import Readout
from dynlatch.validation import Array, shaped_array

if TYPE_CHECKING:
    from dynlatch.lanes.wiring import Wiring

KINDS = (TANH, LINEAR, THRESHOLD, LOGISTIC)  # in the order of dynlatch.lanes.units, which this module does not load


class Memory(NamedTuple):
    """What the state holds: the output of `unit` `age` steps before the next one."""

    unit: NDArray[np.int64]  # (k,)
    age: NDArray[np.int64]  # (k,) 1, 2, ...
    older: NDArray[np.int64]  # (k,) where the same output stands one step earlier, for an age above 1


@dataclass(frozen=True, eq=False)
class WiredNetwork:
    """A wiring with its weights.

    The state is what is remembered, in the units' outputs: those that are read with a delay (as many old ones as the longest
    delay asks for), and the answer.

    Parameters
    ----------
    wiring : dynlatch.lanes.wiring.Wiring
        Connections of units that have a slope, built by `dynlatch.lanes.wiring.wire`; inputs come without delay.
    weights : array_like, shape (P,)

    Raises
    ------
    InvalidInput
        On another number of weights, threshold units, or inputs that are read with a delay.

    Examples
    --------
    >>> from dynlatch.lanes.units import TANH
    >>> from dynlatch.lanes.wiring import Connection, wire
    >>> import dynlatch as dl
    >>> from dynlatch.networks.wired import WiredNetwork
    >>> itself, entering = Connection(0, 0, weight=0), Connection(0, 1, weight=1, delay=0)
    >>> latch = WiredNetwork(wire([itself, entering], kinds=[TANH], inputs=1, output=0, trained=2), [2.0, 1.0])
    >>> dl.trajectory(latch, [0.1], steps=30)[-1].round(6)
    array([0.957504])
    """

    wiring: Wiring
    weights: Array

    # Set once from the above: x = f(R [state, inputs, 1] + V x), V strictly lower triangular.
    f: tuple[Activation, ...] = field(init=False, repr=False)
    memory: Memory = field(init=False, repr=False)
    R: Array = field(init=False, repr=False)
    V: Array = field(init=False, repr=False)

    coordinates = "output x"

    def __post_init__(self) -> None:
        net = self.wiring
        put = object.__setattr__
        put(self, "weights", shaped_array("weights", self.weights, (int(net.weight.max()) + 1,)))
        put(self, "f", tuple(KINDS[kind] for kind in net.kinds))
        if THRESHOLD in self.f:
            raise InvalidInput("threshold units have no slope: build networks of them with ThresholdNetwork.")
        if (net.delay[net.source >= len(self.f)] > 0).any():
            raise InvalidInput("inputs and the constant one are read without delay: let a linear unit remember them.")
        put(self, "memory", _memory(net))
        put(self, "R", np.zeros((len(self.f), self.dim + net.inputs + 1)))
        put(self, "V", np.zeros((len(self.f), len(self.f))))
        now, column = self._columns()
        np.add.at(self.R, (self._targets[~now], column[~now]), self.weights[net.weight[~now]])
        np.add.at(self.V, (self._targets[now], column[now]), self.weights[net.weight[now]])

    @property
    def _targets(self) -> NDArray[np.int64]:
        return np.repeat(np.arange(len(self.f)), np.diff(self.wiring.first))

    def _columns(self) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """For every connection: whether it reads a unit of the same step, and the column of V or R that it reads."""
        net, n = self.wiring, len(self.f)
        inside = net.source < n
        place = {(int(j), int(k)): i for i, (j, k) in enumerate(zip(self.memory.unit, self.memory.age, strict=True))}
        delayed = [place.get((int(j), int(k)), 0) for j, k in zip(net.source, net.delay, strict=True)]
        now = inside & (net.delay == 0)
        return now, np.where(now, net.source, np.where(inside, delayed, net.source - n + self.dim))

    @property
    def dim(self) -> int:
        return len(self.memory.unit)

    @property
    def input_dim(self) -> int:
        return self.wiring.inputs

    @property
    def start(self) -> Array:
        """The state at time 0, shape (n,)."""
        return self.wiring.start[self.memory.unit]

    @property
    def readout(self) -> Readout:
        """The answer, one of the state's components."""
        chosen = (self.memory.unit == self.wiring.output) & (self.memory.age == 1)
        return Readout(np.eye(self.dim)[chosen], np.zeros(1))

    def _sources(self, a: Array, u: Array | None) -> Array:
        """State, inputs and the constant one, shape (..., n + m + 1)."""
        return join(real(a), np.zeros(self.input_dim) if u is None else real(u), np.ones(1))

    def _run(self, a: Array, u: Array | None) -> tuple[Array, Array, Array]:
        """What the units read, their total inputs and outputs."""
        z = self._sources(a, u)
        totals = z @ self.R.T
        x = np.empty_like(totals)
        for i, f in enumerate(self.f):
            totals[..., i] += x[..., :i] @ self.V[i, :i]
            x[..., i] = f(totals[..., i])
        return z, totals, x

    def _slopes(self, totals: Array) -> Array:
        return np.stack([f.derivative(totals[..., i]) for i, f in enumerate(self.f)], axis=-1)

    def _remember(self, state: Array, x: Array) -> Array:
        """The next state (..., n), from the last one and the outputs of all units (..., units); also of their derivatives."""
        return np.where(self.memory.age == 1, x[..., self.memory.unit], state[..., self.memory.older])

    def step(self, a: Array, u: Array | None = None) -> Array:
        z, _, x = self._run(a, u)
        return self._remember(z[..., : self.dim], x)

    def _forward(self, slopes: Array, entering: Array) -> Array:
        """Derivatives of the outputs (..., units, q), from what enters their total inputs at once (..., units, q)."""
        moved = np.empty(np.broadcast_shapes(slopes[..., None].shape, entering.shape))
        for i in range(len(self.f)):
            within = np.einsum("j,...jq->...q", self.V[i, :i], moved[..., :i, :])
            moved[..., i, :] = slopes[..., i, None] * (entering[..., i, :] + within)
        return moved

    def _backward(self, slopes: Array, v: Array) -> Array:
        """Gradient of `v . step` with respect to the total inputs, shape (..., units)."""
        fresh = self.memory.age == 1
        delta = np.zeros((*np.broadcast_shapes(slopes.shape[:-1], v.shape[:-1]), len(self.f)))
        delta[..., self.memory.unit[fresh]] = v[..., fresh]
        for i in range(len(self.f) - 1, -1, -1):
            delta[..., i] += delta[..., i + 1 :] @ self.V[i + 1 :, i]
            delta[..., i] *= slopes[..., i]
        return delta

    def _derivative(self, a: Array, u: Array | None, columns: slice) -> Array:
        """Derivative of the next state with respect to some of what the units read."""
        _, totals, _ = self._run(a, u)
        moved = np.swapaxes(self._forward(self._slopes(totals), self.R[:, columns]), -1, -2)
        last = np.eye(self.R.shape[1])[columns, : self.dim]
        return np.ascontiguousarray(np.swapaxes(self._remember(last, moved), -1, -2))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._derivative(a, u, slice(self.dim))

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._derivative(a, u, slice(self.dim, self.dim + self.input_dim))

    def _push(self, a: Array, u: Array | None, v: Array, columns: slice) -> Array:
        _, totals, _ = self._run(a, u)
        return self._forward(self._slopes(totals), (real(v) @ self.R[:, columns].T)[..., None])[..., 0]

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return self._remember(real(v), self._push(a, u, v, slice(self.dim)))

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., n)."""
        return self._remember(np.zeros(self.dim), self._push(a, u, w, slice(self.dim, self.dim + self.input_dim)))

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        _, totals, _ = self._run(a, u)
        back = self._backward(self._slopes(totals), real(v)) @ self.R[:, : self.dim]
        old = self.memory.age > 1
        back[..., self.memory.older[old]] += real(v)[..., old]
        return back

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        _, totals, _ = self._run(a, u)
        return self._backward(self._slopes(totals), real(v)) @ self.R[:, self.dim : -1]

    @property
    def parameters(self) -> dict[str, Array]:
        """The weights."""
        return {"weights": self.weights}

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to the weights, shape (..., P)."""
        return expanded(self.parameter_factors(a, u, v))

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same: weights are a vector, and may be shared by several connections."""
        z, totals, x = self._run(a, u)
        delta = self._backward(self._slopes(totals), real(v))[..., self._targets]
        now, column = self._columns()
        pool = join(z, x)
        terms = delta * pool[..., np.where(now, column + z.shape[-1], column)]
        owner = np.eye(len(self.weights))[self.wiring.weight]
        return {"weights": (terms @ owner, None)}

    def with_parameters(self, **arrays: Any) -> WiredNetwork:
        """The same wiring with other weights."""
        return replace(self, **checked_names(self.parameters, arrays))

    def _boxes(self, lo: Array, hi: Array, u: Array | Box | None) -> tuple[Box, Box]:
        """Bounds on the units' outputs and slopes, each (..., units)."""
        ends = as_box(np.zeros(self.input_dim) if u is None else u)
        z = tuple(self._sources(state, entering) for state, entering in zip((lo, hi), ends, strict=True))
        x, slopes = (tuple(np.empty((*z[0].shape[:-1], len(self.f))) for _ in range(2)) for _ in range(2))
        for i, f in enumerate(self.f):
            row = np.concatenate([self.R[i], self.V[i, :i]])[None]
            total = affine_image(row, *(np.concatenate([z[k], x[k][..., :i]], axis=-1) for k in range(2)))
            for found, images in ((x, f.image(*total)), (slopes, f.slope_image(*total))):
                for k in range(2):
                    found[k][..., i] = images[k][..., 0]
        return (x[0], x[1]), (slopes[0], slopes[1])

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        below, above = self._boxes(lo, hi, u)[0]
        return self._remember(real(lo), below), self._remember(real(hi), above)

    def _enclosed(self, lo: Array, hi: Array, u: Array | Box | None, columns: slice) -> Box:
        slopes = self._boxes(lo, hi, u)[1]
        shape = (*slopes[0].shape, columns.stop - columns.start)
        moved = np.zeros(shape), np.zeros(shape)
        for i in range(len(self.f)):
            row = self.V[i : i + 1, :i]
            within = matmul((row, row), (moved[0][..., :i, :], moved[1][..., :i, :])) if row.any() else None
            total = as_box(self.R[i, columns])
            total = total if within is None else add(total, (within[0][..., 0, :], within[1][..., 0, :]))
            moved[0][..., i, :], moved[1][..., i, :] = multiply((slopes[0][..., i, None], slopes[1][..., i, None]), total)
        last = np.eye(self.R.shape[1])[columns, : self.dim]
        below, above = (np.swapaxes(self._remember(last, np.swapaxes(end, -1, -2)), -1, -2) for end in moved)
        return below, above

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the Jacobian over the box [lo, hi], shape (..., n, n), rounded outward."""
        return self._enclosed(lo, hi, u, slice(0, self.dim))

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the derivative by the input, shape (..., n, m), rounded outward."""
        return self._enclosed(lo, hi, u, slice(self.dim, self.dim + self.input_dim))

    def output(self, a: Array) -> Array:
        """The state itself: what a readout or a further layer sees."""
        return np.array(a, dtype=np.float64)

    def output_jvp(self, a: Array, v: Array) -> Array:
        """Derivative of `output` in the direction v: v."""
        return spread(real(v), batch_of(a, v))

    def output_vjp(self, a: Array, v: Array) -> Array:
        """Gradient of `v . output(a)`: v."""
        return spread(real(v), batch_of(a, v))

    def output_enclose(self, lo: Array, hi: Array) -> Box:
        """Interval image of `output`: the box itself."""
        return real(lo), real(hi)

    def enclose_output_jacobian(self, lo: Array, hi: Array) -> Box:
        """Derivative of `output`: the identity."""
        return box_identity(real(lo), self.dim)


def _memory(net: Wiring) -> Memory:
    """The outputs that are read with a delay, unit by unit, and the answer."""
    n = len(net.kinds)
    kept = {(net.output, 1)}
    for j, delay in zip(net.source, net.delay, strict=True):
        if j < n:
            kept |= {(int(j), age) for age in range(1, int(delay) + 1)}
    places = {pair: i for i, pair in enumerate(sorted(kept))}
    older = [places.get((j, age - 1), 0) for j, age in places]
    unit, age = np.array(list(places), dtype=np.int64).T
    return Memory(unit, age, np.array(older, dtype=np.int64))
