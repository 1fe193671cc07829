"""Networks of threshold units: finitely many states, so that a graph says all of their dynamics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.networks.common import batch_of, input_weights, real, spread
from dynlatch.validation import Array, finite_array, shaped_array

if TYPE_CHECKING:
    from dynlatch.lanes.wiring import Wiring

MOST_UNITS = 16  # 2^16 states
THRESHOLD = 2  # the kind of dynlatch.lanes.units, which this module does not load


@dataclass(frozen=True, eq=False)
class ThresholdNetwork:
    """`y_t = sign(a_t)`, `a_t = W y_{t-1} + V y_t + c + B u_t`, with sign(0) = +1; V joins units within a step.

    The state is what is remembered: the outputs, -1 or +1, that are read one step later. Units are evaluated in order.

    Parameters
    ----------
    W : array_like, shape (n, k)
        Weights from the state to the units.
    bias : array_like, shape (n,), optional
        c; zero by default.
    input_matrix : array_like, shape (n, m), optional
        B; the identity by default.
    within : array_like, shape (n, n), optional
        V, strictly lower triangular; zero by default.
    memory : sequence of k ints, optional
        The units whose outputs are the state; all of them by default.

    Raises
    ------
    InvalidInput
        On wrong shapes, non-finite weights, a V that is not strictly lower triangular, or more than 16 state components.

    Examples
    --------
    >>> import dynlatch as dl
    >>> latch = dl.ThresholdNetwork([[2.0]])
    >>> latch.step([[-1.0], [1.0]], [[1.0], [-3.0]]).ravel()
    array([-1., -1.])
    >>> latch.margin([-1.0])  # an input below 2 does not change the state
    array(2.)
    """

    W: Array
    bias: Array | None = None
    input_matrix: Array | None = None
    within: Array | None = None
    memory: Sequence[int] | None = None

    # Set once from the above.
    c: Array = field(init=False, repr=False)
    B: Array = field(init=False, repr=False)
    V: Array = field(init=False, repr=False)
    kept: tuple[int, ...] = field(init=False, repr=False)

    coordinates = "output y"

    def __post_init__(self) -> None:
        W = finite_array("W", self.W, ndim=2)
        n, k = W.shape
        put = object.__setattr__
        put(self, "W", W)
        put(self, "c", shaped_array("bias", np.zeros(n) if self.bias is None else self.bias, (n,)))
        put(self, "B", input_weights("input_matrix", np.eye(n) if self.input_matrix is None else self.input_matrix, n))
        put(self, "V", shaped_array("within", np.zeros((n, n)) if self.within is None else self.within, (n, n)))
        put(self, "kept", tuple(range(n)) if self.memory is None else tuple(int(i) for i in self.memory))
        if len(self.kept) != k or not set(self.kept) <= set(range(n)):
            raise InvalidInput(f"`W` has {k} columns, so `memory` must name {k} of the {n} units; got {self.kept}.")
        if np.triu(self.V).any():
            raise InvalidInput("`within` must be strictly lower triangular: units are evaluated in order.")
        if not 0 < k <= MOST_UNITS:
            raise InvalidInput(f"a threshold network may have 1 to {MOST_UNITS} state components; got {k}.")

    @property
    def dim(self) -> int:
        return int(self.W.shape[1])

    @property
    def input_dim(self) -> int:
        return int(self.B.shape[1])

    @property
    def states(self) -> Array:
        """All 2^k states, shape (2^k, k), sorted lexicographically."""
        return corners(self.dim)

    def total_input(self, a: Array, u: Array | None = None) -> Array:
        """a_t of every unit, shape (..., n), from the state `a` (..., k): a positive component counts as +1."""
        rest = signs(real(a)) @ self.W.T + self.c
        total = np.array(spread(rest if u is None else rest + real(u) @ self.B.T, batch_of(a, u)))
        for i in range(1, total.shape[-1]):
            total[..., i] += signs(total[..., :i]) @ self.V[i, :i]
        return total

    def step(self, a: Array, u: Array | None = None) -> Array:
        return signs(self.total_input(a, u))[..., list(self.kept)]

    def margin(self, a: Array, u: Array | None = None, channels: Sequence[int] | None = None) -> Array:
        """Adding an input whose components are all smaller in size than this changes no unit, shape (...).

        `min_i |a_i| / sum_j |B_ij|`, j over `channels`, the inputs that are disturbed (all by default); infinite where none is
        connected. Without V no larger number would do.
        """
        gain = np.abs(self.B if channels is None else self.B[:, list(channels)]).sum(axis=1)
        reached = gain > 0.0
        if not reached.any():
            return np.full(batch_of(a, u), np.inf)
        with np.errstate(over="ignore"):  # connections of 1e-320
            return np.asarray(np.min(np.abs(self.total_input(a, u))[..., reached] / gain[reached], axis=-1))


def signs(a: Array) -> Array:
    """+1 where a >= 0, otherwise -1."""
    return np.where(a >= 0.0, 1.0, -1.0)


def corners(n: int) -> Array:
    """The corners of the cube [-1, 1]^n, shape (2^n, n), sorted lexicographically."""
    bits = (np.arange(2**n)[:, None] >> np.arange(n)[::-1]) & 1
    return np.asarray(2.0 * bits - 1.0)


def threshold_network(net: Wiring, theta: Any) -> ThresholdNetwork:
    """A wiring of threshold units with the weights `theta` (P,), trained ones and constants.

    The state holds, in order, the outputs of the units that are read with a delay, and of the one that gives the answer.

    Raises
    ------
    InvalidInput
        If a unit is no threshold unit, or something else than the last outputs of units is remembered.
    """
    n, m = net.kinds.size, net.inputs
    weights = finite_array("theta", theta, ndim=1)
    if net.gated.size:
        raise InvalidInput(
            "a threshold network sums its signals one by one: gated connections, which multiply two, have no place."
        )
    if (net.kinds != THRESHOLD).any():
        raise InvalidInput("a network is finite only if all of its units are threshold units.")
    delayed = net.delay > 0
    if (net.delay > 1).any() or (delayed & (net.source >= n)).any():
        raise InvalidInput("a threshold network remembers one step of its units: their delays may be 0 or 1, of inputs 0.")
    target = np.repeat(np.arange(n), np.diff(net.first))
    sums = np.zeros((2, n, n + m + 1))
    np.add.at(sums, (delayed.astype(np.int64), target, net.source), weights[net.weight])
    memory = np.union1d(net.source[delayed], net.outputs)
    return ThresholdNetwork(
        W=sums[1][:, memory],
        bias=sums[0][:, n + m],
        input_matrix=sums[0][:, n : n + m],
        within=sums[0][:, :n],
        memory=[int(i) for i in memory],
    )
