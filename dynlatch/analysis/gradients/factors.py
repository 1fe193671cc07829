"""The Jacobians of trajectories as factors of a product, applied to a few rows at a time.

Forward `R_t = R_{t-1} J_t^T`, rows of `(da_t/da_0)^T`; backward `R_{t-1} = R_t J_t`, rows of `da_T/da_{t-1}`. Every factor is
divided by a power of two near a bound of its norm, so that rows hardly ever grow and the scale costs no rounding.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import copy
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from dynlatch.activations import Activation
from dynlatch.analysis.structure import additive_form
from dynlatch.errors import InvalidInput
from dynlatch.linalg import matrix_norm
from dynlatch.maps import SmoothMap, coordinates
from dynlatch.networks import ElmanNetwork
from dynlatch.validation import Array

JACOBIAN_BYTES = 1 << 22  # of Jacobians at a time: what a cache holds
HUGE, TINY = 1e100, 1e-100  # sizes between them have safe squares and products


class Trajectories(NamedTuple):
    """States (T + 1, B, n) and inputs (T, B, m) or None."""

    states: Array
    inputs: Array | None

    @property
    def steps(self) -> int:
        return len(self.states) - 1

    def take(self, members: NDArray[np.intp]) -> Trajectories:
        """Some of the B trajectories."""
        return Trajectories(self.states[:, members], None if self.inputs is None else self.inputs[:, members])


def flattened(visited: Array, sequence: Array | None) -> Trajectories:
    """States (T + 1, B, n) and inputs (T, B, m), the batch axes broadcast and made one."""
    T, batch = len(visited) - 1, visited.shape[1:-1]
    if 0 in batch:
        raise InvalidInput(f"there is no trajectory to differentiate along (batch axes {batch}): give at least one.")
    if sequence is not None:
        missing = (1,) * (visited.ndim - sequence.ndim)
        aligned = sequence.reshape(T, *missing, *sequence.shape[1:])
        sequence = np.broadcast_to(aligned, (T, *batch, sequence.shape[-1])).reshape(T, math.prod(batch), sequence.shape[-1])
    return Trajectories(visited.reshape(T + 1, -1, visited.shape[-1]), sequence)


class Factors(Protocol):
    """The Jacobians J_1 ... J_T of B trajectories.

    `log_sizes` (T, B) bounds `log ||J_t||`; complete once the factors were multiplied forward. `multiply` fills
    `out` (count, B, r, n) with the rows after each of `count` factors, from number `first` in the order of multiplication
    (backward that is J_T first), and returns the exponents (count, B) of the power of two that was divided out of each.
    """

    log_sizes: Array

    def multiply(self, rows: Array, first: int, backward: bool, out: Array) -> Array: ...
    def take(self, members: NDArray[np.intp]) -> Factors: ...


def factors_of(map: SmoothMap, along: Trajectories, norm: float | str) -> Factors:
    """The cheapest way to multiply by the Jacobians of `map`."""
    form = additive_form(map)
    if form is None or form.leak.any():
        return Dense(map, along, norm)
    outputs = coordinates(map) == ElmanNetwork.coordinates
    entering = along.states[:-1]
    if outputs:  # the slopes belong to the activations W h + c + B u
        entering = entering @ form.W.T + form.c
        entering = entering if along.inputs is None else entering + along.inputs @ form.B.T
    return Weighted(form.W, form.f, entering, outputs, norm)


class Dense:
    """Jacobians formed by the map, a few at a time."""

    def __init__(self, map: SmoothMap, along: Trajectories, norm: float | str) -> None:
        self.map, self.along, self.norm = map, along, norm
        self.log_sizes = np.full((along.steps, along.states.shape[1]), np.nan)
        self.at_once = max(JACOBIAN_BYTES // (8 * along.states[0].size * map.dim), 1)

    def take(self, members: NDArray[np.intp]) -> Dense:
        return Dense(self.map, self.along.take(members), self.norm)

    def multiply(self, rows: Array, first: int, backward: bool, out: Array) -> Array:
        removed = np.empty((len(out), rows.shape[0]))
        for k, J, scale, exponents in self._measured(first, len(out), backward):
            rows = np.matmul(rows * scale[:, None, None], J if backward else np.swapaxes(J, -1, -2), out=out[k])
            removed[k] = exponents
        return removed

    def _measured(self, first: int, count: int, backward: bool) -> Iterator[tuple[int, Array, Array, Array]]:
        """In the order of multiplication: number, matrices (B, n, n), what makes their norm 1 to 2 or less, its exponent."""
        for start in range(first, first + count, self.at_once):
            order = np.arange(start, min(start + self.at_once, first + count))
            times = self.along.steps - 1 - order if backward else order
            drive = None if self.along.inputs is None else self.along.inputs[times]
            J, scales, exponents, self.log_sizes[times] = measured(
                self.map.jacobian(self.along.states[times], drive), self.norm
            )
            for k in range(len(order)):
                yield int(order[k]) - first, J[k], scales[k], exponents[k]


def measured(J: Array, norm: float | str) -> tuple[Array, Array, Array, Array]:
    """Matrices, scales (powers of two) that make their sizes 1 to 2, exponents of what that takes out, log sizes.

    Matrices whose own products could overflow come back smaller by a power of two.
    """
    size = np.sqrt(np.einsum("...ij,...ij->...", J, J)) if norm in (2, "fro") else matrix_norm(J, norm)
    extreme = ~((size > TINY) & (size < HUGE))
    peak = np.zeros(size.shape)
    if extreme.any():
        peak = exponent_of(np.where(extreme, np.abs(J).max(axis=(-2, -1)), 1.0))
        J = J / np.exp2(peak)[..., None, None]
        size = matrix_norm(J, "fro" if norm == 2 else norm)
    exponent = exponent_of(size)
    return J, np.exp2(-exponent), exponent + peak, log(size) + np.log(2.0) * peak


def exponent_of(x: Array) -> Array:
    """Exponent of the power of two below x; 0 at 0."""
    return np.asarray(np.floor(np.log2(np.where(x > 0, x, 1.0))))


class Weighted:
    """`W diag(d_t)`, or `diag(d_t) W` where the state is the output of the units: never formed."""

    def __init__(self, W: Array, f: Activation, entering: Array, outputs: bool, norm: float | str) -> None:
        exponent = exponent_of(np.abs(W).max())
        self.W, self.outputs, self.slopes = W / np.exp2(exponent), outputs, f.derivative(entering)
        self.transposed = np.ascontiguousarray(self.W.T)  # products with it are faster than with a view
        sizes = self._sizes(norm)
        self.log_sizes = log(sizes) + np.log(2.0) * exponent
        scale = exponent_of(sizes)
        self.slopes, self.exponents = self.slopes / np.exp2(scale)[..., None], scale + exponent

    def _sizes(self, norm: float | str) -> Array:
        """Bounds on the norms of `W diag(d)` or `diag(d) W`, shape (T, B)."""
        slopes, entries = np.abs(self.slopes), np.abs(self.W)
        lines = entries if self.outputs else entries.T  # line k is what d_k multiplies
        if norm in (2, "fro"):
            frobenius: Array = np.sqrt(np.square(slopes) @ np.square(lines).sum(axis=-1))
            return frobenius if norm == "fro" else np.minimum(frobenius, matrix_norm(self.W) * slopes.max(axis=-1))
        if (norm == 1) != self.outputs:
            return np.asarray((slopes * lines.sum(axis=-1)).max(axis=-1))
        return np.asarray((slopes @ lines).max(axis=-1))

    def take(self, members: NDArray[np.intp]) -> Weighted:
        chosen = copy(self)
        for name in ("slopes", "exponents", "log_sizes"):
            setattr(chosen, name, getattr(self, name)[:, members])
        return chosen

    def multiply(self, rows: Array, first: int, backward: bool, out: Array) -> Array:
        T, (B, r, n) = len(self.slopes), rows.shape
        order = np.arange(first, first + len(out))
        times = T - 1 - order if backward else order
        W = self.W if backward else self.transposed
        for k, t in enumerate(times.tolist()):
            slopes = self.slopes[t, :, None, :]
            if backward == self.outputs:
                np.matmul((rows * slopes).reshape(B * r, n), W, out=out[k].reshape(B * r, n))
            else:
                np.matmul(rows.reshape(B * r, n), W, out=out[k].reshape(B * r, n))
                out[k] *= slopes
            rows = out[k]
        return np.asarray(self.exponents[times])


def log(x: Array) -> Array:
    """Natural logarithm, minus infinity at 0 without a warning."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(x))
