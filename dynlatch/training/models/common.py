"""What the architectures share: names of units, first weights, answers, and the maps of networks of weighted sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.lanes.packs import padded
from dynlatch.lanes.units import EXPONENTIAL, LINEAR, LOGISTIC, RELU, TANH, THRESHOLD
from dynlatch.lanes.wiring import Wiring, forward
from dynlatch.maps import Map
from dynlatch.networks.additive import AdditiveNetwork
from dynlatch.networks.threshold import ThresholdNetwork, threshold_network
from dynlatch.networks.wired import WiredNetwork
from dynlatch.training.contract import Architecture, Sequences
from dynlatch.validation import Array, finite_array, finite_number, shaped_array

KINDS = {
    "tanh": TANH, "linear": LINEAR, "threshold": THRESHOLD, "logistic": LOGISTIC, "relu": RELU, "exponential": EXPONENTIAL,
}  # fmt: skip
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


def uniform_columns(streams: Sequence[np.random.Generator], weights: int, radius: float) -> Array:
    """One column a stream, uniform on [-radius, radius]: shape (weights, L)."""
    return np.array([stream.uniform(-radius, radius, weights) for stream in streams]).reshape(-1, weights).T.copy()


def trained_part(column: Any, names: Sequence[str]) -> Array:
    """The trained parameters of one trial, with or without the constants below them: shape (P,)."""
    values = finite_array("column", column, ndim=1)
    if len(values) < len(names):
        raise InvalidInput(f"`column` must hold {len(names)} parameters ({names[0]}, ...); got {len(values)}.")
    return values[: len(names)]


def additive_network(model: Architecture, network: Map, units: int) -> AdditiveNetwork:
    """`network`, if it is an additive network of as many units and inputs as those of the model."""
    if not isinstance(network, AdditiveNetwork) or (network.dim, network.input_dim) != (units, model.input_dim):
        raise InvalidInput(f"{network!r} is no network of {model!r}: take one that its `network` gave.")
    return network


def checked_column(model: Architecture, column: Array, network: AdditiveNetwork) -> Array:
    """A copy of `column`, if the model's network with those parameters is `network`."""
    own = model.network(column)
    assert isinstance(own, AdditiveNetwork)
    mine, given = own.parameters, network.parameters
    if own.f != network.f or mine.keys() != given.keys() or not all(np.array_equal(mine[name], given[name]) for name in mine):
        raise InvalidInput(f"{network!r} has other units, biases or input weights than the networks of {model!r}.")
    return np.array(column)


def wired_map(model: Architecture, column: Any) -> Map:
    """The map of a network of weighted sums, in the units' outputs; finite where all units are threshold units."""
    net: Wiring = model.cell()
    weights = np.concatenate([trained_part(column, model.names), model.constants])
    return threshold_network(net, weights) if THRESHOLD in net.kinds else WiredNetwork(net, weights)


def wired_column(model: Architecture, network: Map) -> Array:
    """The trained parameters of a map that `wired_map` made, shape (P,); any other map is refused."""
    net: Wiring = model.cell()
    own = wired_map(model, np.zeros(net.trained))
    if isinstance(own, ThresholdNetwork) and isinstance(network, ThresholdNetwork) and _shape(own) == _shape(network):
        column = _read(net, network)
    elif isinstance(own, WiredNetwork) and isinstance(network, WiredNetwork) and _same(network.wiring, net):
        column = network.weights[: net.trained]
    else:
        raise InvalidInput(f"{network!r} is no network of {model!r}: take one that its `network` gave.")
    if not all(
        np.array_equal(one, other) for one, other in zip(_arrays(wired_map(model, column)), _arrays(network), strict=True)
    ):
        raise InvalidInput(f"{network!r} has other constants or connections than the networks of {model!r}.")
    return np.array(column)


def _shape(network: ThresholdNetwork) -> tuple[object, ...]:
    return network.W.shape, network.B.shape, network.kept


def _same(one: Wiring, other: Wiring) -> bool:
    return all(np.array_equal(np.asarray(a), np.asarray(b)) for a, b in zip(one, other, strict=True))


def _arrays(network: Map) -> tuple[Array, ...]:
    """All that a map made of weighted sums is made of."""
    if isinstance(network, ThresholdNetwork):
        return network.W, network.c, network.B, network.V
    assert isinstance(network, WiredNetwork)
    return (network.weights,)


def _read(net: Wiring, network: ThresholdNetwork) -> Array:
    """The weight of each connection, from the matrix that it stands in."""
    n, column = len(net.kinds), np.zeros(net.weights)
    for target in range(n):
        for e in range(net.first[target], net.first[target + 1]):
            j = int(net.source[e])
            if j >= n:
                value = network.c[target] if j == n + net.inputs else network.B[target, j - n]
            else:
                value = network.W[target, network.kept.index(j)] if net.delay[e] else network.V[target, j]
            column[net.weight[e]] = value
    return column[: net.trained]


def wired_outputs(net: Wiring, theta: Array, sequences: Sequences) -> Array:
    """The answers of one network of weighted sums, weights theta (P + F,): the sequences are the lanes.

    (n,) at the end of each sequence, or (T, n, k) after every step where targets stand at steps.
    """
    T, n, m = sequences.inputs.shape
    units, weights = net.kinds.size, shaped_array("theta", theta, (net.weights,))
    s = padded(np.zeros((T + 1, units + m + 1, n)))
    s[1:, units:-1, :n] = sequences.inputs.transpose(0, 2, 1)
    forward(net, np.repeat(weights[:, None], s.shape[-1], axis=1), T, s, np.zeros((T + 1, units, s.shape[-1])))
    if sequences.desired is not None:
        return np.ascontiguousarray(s[1:, net.outputs, :n].transpose(0, 2, 1))
    return np.asarray(s[sequences.lengths, net.output, np.arange(n)])
