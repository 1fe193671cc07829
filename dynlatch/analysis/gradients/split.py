"""The backward pass behind `gradient_contributions`, and its terms: sizes, sum, and projections on the sum.

Every delta is held as `2^e v` with v of moderate size and an integer e: scaling by powers of two is exact, and e has no
bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.gradients.tangent import Tangent
from dynlatch.errors import InvalidInput
from dynlatch.maps import Factored, Parametric, SmoothMap
from dynlatch.validation import Array

BLOCK = 1 << 22  # numbers that the factors of a block of time steps may take together
SMALL, LARGE = 1e-30, 1e30  # a delta outside is scaled to size 1
LARGEST = 690.0  # ln of what float64 holds with room to spare

# Constructor arguments of the networks; those of layers bear the layer's name before them.
KINDS: Mapping[str, str] = {
    "W": "recurrent weights",
    "W_hh": "recurrent weights",
    "weight_hh": "recurrent weights",
    "weight_hn": "recurrent weights",
    "weight_hr": "recurrent weights",
    "input_matrix": "input weights",
    "W_ih": "input weights",
    "weight_ih": "input weights",
    "bias": "biases",
    "bias_ih": "biases",
    "bias_hh": "biases",
}
ORDER = ("recurrent weights", "input weights", "biases", "other parameters")


class Adjoints(NamedTuple):
    """dC/da_tau = `2^exponents values` for tau = 1, ..., T: shapes (T, ..., n) and (T, ...)."""

    values: Array
    exponents: NDArray[np.int64]


class Split(NamedTuple):
    """What `GradientContributions` holds, for sequences on one batch axis: log_norms and projections are (T, B)."""

    log_norms: Array
    by_kind: dict[str, Array]
    projections: Array
    total: dict[str, Array]
    log_scale: float


class _Term(NamedTuple):
    # The terms of one parameter in a block of t steps: exp(logs) left right^T, rows of norm 1; right is None for a vector.
    name: str
    logs: Array
    left: Array
    right: Array | None


def back_propagated(map: SmoothMap, visited: Array, sequence: Array | None, last: Array) -> Adjoints:
    """The gradient with respect to every state from that of the last one: `delta_{t-1} = J_t^T delta_t`."""
    values = np.empty_like(visited[1:])
    exponents = np.empty(values.shape[:-1], dtype=np.int64)
    delta, exponent = _scaled(last, np.zeros(last.shape[:-1], dtype=np.int64))
    tangent = Tangent(map, visited, sequence)
    with np.errstate(over="ignore", invalid="ignore"):  # reported in a sentence
        for t in range(len(values) - 1, -1, -1):
            values[t], exponents[t] = delta, exponent
            if t:
                delta, exponent = _scaled(tangent.backward(t, delta), exponent)
    return Adjoints(values, exponents)


def _scaled(delta: Array, exponent: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
    """The same number with a delta of moderate size."""
    size = np.abs(delta).max(axis=-1)
    least, most = (size, size) if size.ndim == 0 else (size.min(), size.max())
    if least > SMALL and most < LARGE:
        return delta, exponent
    if not np.isfinite(size).all():
        raise InvalidInput("the gradient overflowed within one time step: the weights are too large for float64.")
    power = np.frexp(size)[1]
    return np.ldexp(delta, -power[..., None]), exponent + power


def split_by_time(network: Parametric, visited: Array, sequence: Array | None, adjoints: Adjoints) -> Split:
    """Sizes and projections of the terms of every sequence on its own; the total over all of them."""
    T, n = adjoints.values.shape[0], adjoints.values.shape[-1]
    states, deltas = visited[:-1].reshape(T, -1, n), adjoints.values.reshape(T, -1, n)
    exponents = adjoints.exponents.reshape(T, -1)
    inputs = None if sequence is None else sequence.reshape(T, states.shape[1], sequence.shape[-1])
    logs, projections = _no_logs(network, deltas.shape[:2]), np.empty(deltas.shape[:2])
    total = _Sum({name: np.zeros_like(array) for name, array in network.parameters.items()})
    for b in range(deltas.shape[1]):
        run = _Run(network, states[:, b], None if inputs is None else inputs[:, b], deltas[:, b], exponents[:, b])
        sums, projections[:, b] = _one(run, {kind: array[:, b] for kind, array in logs.items()})
        total.add(sums.arrays, sums.log)
    arrays, log_scale = total.plain()
    return Split(_combined(list(logs.values())), logs, projections, arrays, log_scale)


def _no_logs(network: Parametric, shape: tuple[int, ...]) -> dict[str, Array]:
    kinds = {kind_of(name) for name in network.parameters}
    return {kind: np.full(shape, -np.inf) for kind in ORDER if kind in kinds}


def kind_of(name: str) -> str:
    """What a parameter is, by its name."""
    return KINDS.get(name.rpartition(".")[2], "other parameters")


def _combined(logs: list[Array]) -> Array:
    """Logarithm of the root of the sum of squares."""
    return np.asarray(np.logaddexp.reduce([2.0 * part for part in logs], axis=0) / 2.0)


class _Sum:
    """Arrays by name, held as `exp(log)` times numbers of moderate size."""

    def __init__(self, arrays: dict[str, Array]) -> None:
        self.arrays, self.log = arrays, -np.inf

    def add(self, terms: dict[str, Array], log: float) -> None:
        if np.isneginf(log):
            return
        reference = max(self.log, log)
        kept, added = np.exp(self.log - reference), np.exp(log - reference)
        for name, array in self.arrays.items():
            if kept != 1.0:
                array *= kept
            array += terms[name].reshape(array.shape) if added == 1.0 else added * terms[name].reshape(array.shape)
        self.log = reference

    def plain(self) -> tuple[dict[str, Array], float]:
        """The arrays themselves and 0, or what must multiply them where float64 cannot hold them."""
        largest = max((float(np.abs(array).max(initial=0.0)) for array in self.arrays.values()), default=0.0)
        if largest == 0.0:
            return self.arrays, 0.0
        if abs(self.log + np.log(largest)) > LARGEST:
            return self.arrays, float(self.log)
        return {name: array * np.exp(self.log) for name, array in self.arrays.items()}, 0.0


class _Run(NamedTuple):
    # One sequence: states before each step (T, n), inputs (T, m), and the gradients after each step.
    network: Parametric
    states: Array
    inputs: Array | None
    deltas: Array
    exponents: NDArray[np.int64]


def _one(run: _Run, logs: dict[str, Array]) -> tuple[_Sum, Array]:
    """The sum of one sequence's terms, and their projections on it; `logs` is filled."""
    total = _Sum({name: np.zeros_like(array) for name, array in run.network.parameters.items()})
    blocks = _blocks(run)
    for block in blocks:
        terms = list(_terms(run, block))
        for term in terms:
            kind = kind_of(term.name)
            logs[kind][block] = _combined([logs[kind][block], term.logs])
        reference = max(float(term.logs.max()) for term in terms)
        total.add({term.name: _summed(term, reference) for term in terms}, reference)
    square = sum(float(np.vdot(array, array)) for array in total.arrays.values())
    projections = np.zeros(len(run.deltas))
    if square > 0.0:
        for block in blocks:
            projections[block] = sum(_inner(term, total) for term in _terms(run, block)) / square
    return total, projections


def _blocks(run: _Run) -> list[slice]:
    """Time steps in pieces whose factors fit into `BLOCK`."""
    shapes = [array.shape for array in run.network.parameters.values()]
    width = sum(sum(shape) if _factored(run.network) else int(np.prod(shape)) for shape in shapes)
    size = max(BLOCK // max(width, 1), 1)
    return [slice(t, t + size) for t in range(0, len(run.deltas), size)]


def _factored(network: object) -> bool:
    return isinstance(network, Factored) and all(_factored(layer) for layer in getattr(network, "layers", ()))


def _terms(run: _Run, block: slice) -> Iterator[_Term]:
    """The terms of every parameter in the steps of `block`."""
    states, deltas, scale = run.states[block], run.deltas[block], run.exponents[block] * np.log(2.0)
    inputs = None if run.inputs is None else run.inputs[block]
    if isinstance(run.network, Factored) and _factored(run.network):
        for name, (left, right) in run.network.parameter_factors(states, inputs, deltas).items():
            yield _term(name, scale, left, right)
        return
    for name, gradient in run.network.parameter_vjp(states, inputs, deltas).items():
        yield _term(name, scale, gradient.reshape(len(states), -1), None)


def _term(name: str, scale: Array, left: Array, right: Array | None) -> _Term:
    logs, left = _unit(np.broadcast_to(left, (len(scale), left.shape[-1])))
    if right is None:
        return _Term(name, scale + logs, left, None)
    beside, right = _unit(np.broadcast_to(right, (len(scale), right.shape[-1])))
    return _Term(name, scale + logs + beside, left, right)


def _unit(rows: Array) -> tuple[Array, Array]:
    """Logarithms of the norms of rows (t, p), and the rows over their norms; a zero row stays zero."""
    size = np.abs(rows).max(axis=-1, initial=0.0)
    size = np.where(size > 0.0, size, 1.0)
    scaled = rows / size[:, None]
    norm = np.sqrt(np.einsum("ti,ti->t", scaled, scaled))
    with np.errstate(divide="ignore"):
        return np.log(norm) + np.log(size), scaled / np.where(norm > 0.0, norm, 1.0)[:, None]


def _summed(term: _Term, reference: float) -> Array:
    """Sum of the terms over time, in units of exp(reference)."""
    if np.isneginf(reference):
        return np.zeros(())
    weights = np.exp(term.logs - reference)
    return weights @ term.left if term.right is None else (weights[:, None] * term.left).T @ term.right


def _inner(term: _Term, total: _Sum) -> Array:
    """Inner product of every term with the total, in units of exp(2 total.log)."""
    array, weights = total.arrays[term.name], np.exp(term.logs - total.log)
    if term.right is None:
        return weights * (term.left @ array.ravel())
    return np.asarray(weights * np.einsum("ti,ti->t", term.left @ array, term.right))
