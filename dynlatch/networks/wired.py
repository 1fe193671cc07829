"""Any list of connections as one smooth map: the networks that have no more regular form.

`x_i(t) = f_i(sum of w x_j(t - delay))`, units computed in order, so that connections without delay come from earlier units;
what a gated connection adds is `w x_j(t - delay) x_k(t - delay')`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.activations import THRESHOLD
from dynlatch.errors import InvalidInput
from dynlatch.intervals import Box, as_box
from dynlatch.networks.common import batch_of, box_identity, checked_names, expanded, join, real, spread
from dynlatch.networks.readout import Readout
from dynlatch.networks.wired_boxes import boxes, derivative_boxes, linearised_box, settling_box
from dynlatch.networks.wired_sums import Sums, linearised, products, pull, push, remember, run, sums_of, times
from dynlatch.validation import Array, shaped_array

if TYPE_CHECKING:
    from dynlatch.lanes.wiring import Wiring

ENDS = (1, 2), (4, 1)  # columns of a gated connection's signals, and how far beyond that of the delay is


@dataclass(frozen=True, eq=False)
class WiredNetwork:
    """A wiring with its weights.

    The state is what is remembered, in the units' outputs: those that are read with a delay (as many old ones as the longest
    delay asks for), and the answers.

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
    >>> itself, entering = Connection(0, 0, weight=0), Connection(0, 1, weight=1, delay=0)
    >>> latch = dl.WiredNetwork(wire([itself, entering], kinds=[TANH], inputs=1, output=0, trained=2), [2.0, 1.0])
    >>> dl.trajectory(latch, [0.1], steps=30)[-1].round(6)
    array([0.957504])
    """

    wiring: Wiring
    weights: Array

    # Set once from the above.
    sums: Sums = field(init=False, repr=False)

    coordinates = "output x"

    def __post_init__(self) -> None:
        net = self.wiring
        weights = shaped_array("weights", self.weights, (net.weights,))
        sums = sums_of(net, weights)
        if THRESHOLD in sums.f:
            raise InvalidInput("threshold units have no slope: build networks of them with `threshold_network`.")
        late = [net.delay[net.source >= len(sums.f)], *(net.gated[net.gated[:, k] >= len(sums.f), k + d] for k, d in ENDS)]
        if np.concatenate(late).any():
            raise InvalidInput("inputs and the constant one are read without delay: let a linear unit remember them.")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "sums", sums)

    @property
    def dim(self) -> int:
        return len(self.sums.memory.unit)

    @property
    def input_dim(self) -> int:
        return self.wiring.inputs

    @property
    def start(self) -> Array:
        """The state at time 0, shape (n,)."""
        return self.wiring.start[self.sums.memory.unit]

    @property
    def readout(self) -> Readout:
        """The answers, components of the state."""
        unit, age, *_ = self.sums.memory
        answers = [np.flatnonzero((unit == i) & (age == 1))[0] for i in self.wiring.outputs]
        return Readout(np.eye(self.dim)[answers], np.zeros(len(answers)))

    @property
    def _inputs(self) -> slice:
        return slice(self.dim, self.dim + self.input_dim)

    def _read(self, a: Array, u: Array | None) -> Array:
        """State, inputs and the constant one, shape (..., n + m + 1)."""
        z = np.empty((*batch_of(a, u), self.dim + self.input_dim + 1))
        z[..., : self.dim] = a
        z[..., self._inputs] = 0.0 if u is None else u
        z[..., -1] = 1.0
        return z

    def step(self, a: Array, u: Array | None = None) -> Array:
        z = self._read(a, u)
        return remember(self.sums, z[..., : self.dim], run(self.sums, z)[1])

    def _derivative(self, a: Array, u: Array | None, columns: slice) -> Array:
        """Derivative of the next state with respect to some of what the units read."""
        sums, slope = linearised(self.sums, self._read(a, u))
        moved = push(sums, slope, sums.R[..., columns])
        return self._rows(moved, columns)

    def _rows(self, moved: Array, columns: slice) -> Array:
        """Derivatives of the next state, from those of all units (..., k, q)."""
        kept = np.eye(self.dim + self.input_dim)[columns, : self.dim]
        return np.ascontiguousarray(np.swapaxes(remember(self.sums, kept, np.swapaxes(moved, -1, -2)), -1, -2))

    def jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._derivative(a, u, slice(0, self.dim))

    def input_jacobian(self, a: Array, u: Array | None = None) -> Array:
        return self._derivative(a, u, self._inputs)

    def _product(self, a: Array, u: Array | None, v: Array, columns: slice) -> Array:
        """Derivatives of all units in the direction v of those columns."""
        sums, slope = linearised(self.sums, self._read(a, u))
        entering = times(real(v), np.swapaxes(sums.R[..., columns], -1, -2))
        return push(sums, slope, entering[..., None])[..., 0]

    def jvp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        return remember(self.sums, real(v), self._product(a, u, v, slice(0, self.dim)))

    def input_jvp(self, a: Array, w: Array, u: Array | None = None) -> Array:
        """`input_jacobian w`, shape (..., n)."""
        return remember(self.sums, np.zeros(self.dim), self._product(a, u, w, self._inputs))

    def _pulled(self, a: Array, u: Array | None, v: Array, columns: slice) -> Array:
        """Gradient of `v . step(a, u)` by way of the units, with respect to some of what they read."""
        sums, slope = linearised(self.sums, self._read(a, u))
        return times(pull(sums, slope, real(v)), sums.R[..., columns])

    def vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        back = self._pulled(a, u, v, slice(0, self.dim))
        old = self.sums.memory.age > 1
        back[..., self.sums.memory.older[old]] += real(v)[..., old]
        return back

    def input_vjp(self, a: Array, v: Array, u: Array | None = None) -> Array:
        """`input_jacobian^T v`, shape (..., m)."""
        return self._pulled(a, u, v, self._inputs)

    @property
    def parameters(self) -> dict[str, Array]:
        """The weights."""
        return {"weights": self.weights}

    def parameter_vjp(self, a: Array, u: Array | None, v: Array) -> dict[str, Array]:
        """Gradient of `v . step(a, u)` with respect to the weights, shape (..., P)."""
        return expanded(self.parameter_factors(a, u, v))

    def parameter_factors(self, a: Array, u: Array | None, v: Array) -> dict[str, tuple[Array, Array | None]]:
        """The same: weights are a vector, and may be shared by several connections."""
        net, z = self.wiring, self._read(a, u)
        x = run(self.sums, z)[1]
        signals = join(join(z, x)[..., self.sums.read], products(self.sums, z, x, slice(None)))
        owner = np.eye(len(self.weights))[np.concatenate([net.weight, net.gated[:, 2]])]
        deltas = pull(*linearised(self.sums, z), real(v))[..., np.concatenate([net.target, net.gated[:, 0]])]
        return {"weights": ((deltas * signals) @ owner, None)}

    def with_parameters(self, **arrays: Any) -> WiredNetwork:
        """The same wiring with other weights."""
        return replace(self, **checked_names(self.parameters, arrays))

    def _read_box(self, lo: Array, hi: Array, u: Array | Box | None) -> Box:
        ends = as_box(np.zeros(self.input_dim) if u is None else u)
        return self._read(lo, ends[0]), self._read(hi, ends[1])

    def enclose(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Interval image of the box [lo, hi], rounded outward; `u` is an input or a box of inputs."""
        z = self._read_box(lo, hi, u)
        below, above = boxes(self.sums, z)[0]
        return remember(self.sums, z[0][..., : self.dim], below), remember(self.sums, z[1][..., : self.dim], above)

    def _enclosed(self, lo: Array, hi: Array, u: Array | Box | None, columns: slice) -> Box:
        z = self._read_box(lo, hi, u)
        x, slope = boxes(self.sums, z)
        below, above = derivative_boxes(self.sums, linearised_box(self.sums, z, x), slope, columns)
        return self._rows(below, columns), self._rows(above, columns)

    def enclose_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the Jacobian over the box [lo, hi], shape (..., n, n), rounded outward."""
        return self._enclosed(lo, hi, u, slice(0, self.dim))

    def enclose_input_jacobian(self, lo: Array, hi: Array, u: Array | Box | None = None) -> Box:
        """Bounds on the derivative by the input, shape (..., n, m), rounded outward."""
        return self._enclosed(lo, hi, u, self._inputs)

    def settling_box(self, u: Box | None = None) -> Box | None:
        """A box that holds every fixed point, cycle and limit set under inputs in the box u; None where none is known."""
        return settling_box(self.sums, as_box(np.zeros(self.input_dim)) if u is None else u)

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
