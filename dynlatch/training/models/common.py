"""What the architectures share: names of units, first weights, and the parameters of one trial."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.units import LINEAR, LOGISTIC, TANH, THRESHOLD
from dynlatch.lanes.wiring import Wiring, forward
from dynlatch.training.contract import Sequences
from dynlatch.validation import Array, finite_array, finite_number, shaped_array

KINDS = {"tanh": TANH, "linear": LINEAR, "threshold": THRESHOLD, "logistic": LOGISTIC}
STARTS = {"tanh": 0.0, "linear": 0.0, "threshold": -1.0, "logistic": 0.5}  # what the papers start from, 1/2 for logistic units


def kind(units: str, *allowed: str) -> int:
    """The number that the kernels know `units` by."""
    if units not in allowed:
        raise InvalidInput(f"`units` must be {' or '.join(map(repr, allowed))}; got {units!r}.")
    return KINDS[units]


def starting_output(units: str, start: float | None) -> float:
    """`start`, or the usual one; refused where no total input gives such an output."""
    value = STARTS[units] if start is None else finite_number("start", start)
    possible = {"tanh": -1 < value < 1, "linear": True, "threshold": abs(value) == 1, "logistic": 0 < value < 1}[units]
    if not possible:
        allowed = {"tanh": "between -1 and 1", "threshold": "-1 or 1", "logistic": "between 0 and 1"}[units]
        raise InvalidInput(f"`start` is an output of {units} units, {allowed}; got {value}.")
    return value


def half_width(name: str, value: Any) -> float:
    """The half-width of a uniform law: a number of at least zero."""
    number = finite_number(name, value)
    if number < 0:
        raise InvalidInput(f"`{name}` must not be negative; got {number}.")
    return number


def uniform_columns(streams: Sequence[np.random.Generator], weights: int, radius: float) -> Array:
    """One column a stream, uniform on [-radius, radius]: shape (weights, L)."""
    return np.array([stream.uniform(-radius, radius, weights) for stream in streams]).reshape(-1, weights).T.copy()


def trained_part(column: Any, names: Sequence[str]) -> Array:
    """The trained parameters of one trial, with or without the constants below them: shape (P,)."""
    values = finite_array("column", column, ndim=1)
    if len(values) < len(names):
        raise InvalidInput(f"`column` must hold {len(names)} parameters ({names[0]}, ...); got {len(values)}.")
    return values[: len(names)]


def wired_outputs(net: Wiring, theta: Array, sequences: Sequences) -> Array:
    """The answers (n,) of one network of weighted sums, weights theta (P + F,): the sequences are the lanes."""
    T, n, m = sequences.inputs.shape
    units, weights = net.kinds.size, shaped_array("theta", theta, (int(net.weight.max()) + 1,))
    s, a = np.zeros((T + 1, units + m + 1, n)), np.zeros((T + 1, units, n))
    s[1:, units:-1] = sequences.inputs.transpose(0, 2, 1)
    forward(net, np.repeat(weights[:, None], n, axis=1), T, s, a)
    return np.asarray(s[sequences.lengths, net.output, np.arange(n)])
