"""Networks from recurrent weights in other frameworks' orders of the gates."""

from __future__ import annotations

import numpy as np

from dynlatch.activations import LINEAR, LOGISTIC, RELU, SOFTPLUS, TANH, Activation
from dynlatch.errors import InvalidInput, UnsupportedNetwork
from dynlatch.networks import GRU, LSTM, ElmanNetwork, ResetBeforeGRU
from dynlatch.validation import Array, shaped_array

GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
BY_NAME = {"tanh": TANH, "sigmoid": LOGISTIC, "relu": RELU, "softplus": SOFTPLUS, "linear": LINEAR}


def reordered(array: Array, order: tuple[int, ...]) -> Array:
    """The gates of weights (G n, m) or biases (G n,), below each other: gate k of the result is gate order[k]."""
    blocks = np.split(array, len(order))
    return np.concatenate([blocks[k] for k in order])


def check_shapes(gates: int, weights: dict[str, Array]) -> None:
    """Input weights (G n, m), recurrent weights (G n, n), then biases (G n,), by the names that the file gives them."""
    (_, _), (recurrent, W_hh), *biases = weights.items()
    name, W_ih = next(iter(weights.items()))
    n = W_hh.shape[1]
    if n == 0 or len(W_hh) != gates * n:
        raise InvalidInput(f"`{recurrent}` must have {gates} x {n} gate values for {n} units; got {len(W_hh)}.")
    shaped_array(name, W_ih, (gates * n, W_ih.shape[1]))
    for name, bias in biases:
        shaped_array(name, bias, (gates * n,))


def gated(
    W_ih: Array, W_hh: Array, bias_ih: Array | None, bias_hh: Array | None, *, reset_after: bool = True
) -> GRU | ResetBeforeGRU | LSTM:
    """A GRU or an LSTM, known by its number of gates, from weights in PyTorch's order."""
    n = W_hh.shape[1]
    if len(W_hh) == 4 * n:
        return LSTM(W_ih, W_hh, bias_ih, bias_hh)
    if reset_after:
        return GRU(W_ih, W_hh, bias_ih, bias_hh)
    given = [bias for bias in (bias_ih, bias_hh) if bias is not None]
    return ResetBeforeGRU(W_ih, W_hh[: 2 * n], W_hh[2 * n :], sum(given[1:], start=given[0]) if given else None)


def plain(W_ih: Array, W_hh: Array, bias_ih: Array | None, bias_hh: Array | None, f: Activation) -> ElmanNetwork:
    """A plain recurrent layer; the sum of its biases is its bias."""
    given = [bias for bias in (bias_ih, bias_hh) if bias is not None]
    return ElmanNetwork(W_hh, W_ih, sum(given[1:], start=given[0]) if given else None, f)


def known_activation(layer: str, name: str) -> Activation:
    """The activation that a file names, if there is one like it."""
    if name.lower() not in BY_NAME:
        raise UnsupportedNetwork(
            f"the layer {layer!r} has the activation {name!r}; what can be read is {', '.join(sorted(BY_NAME))}: wrap the "
            "cell in FunctionMap."
        )
    return BY_NAME[name.lower()]


def check_gated_activations(layer: str, kind: str, names: dict[str, str]) -> None:
    """Refuse a GRU or an LSTM with other nonlinearities than its own."""
    expected = {"gates": "sigmoid", "candidate": "tanh", "cell": "tanh"}
    for place, name in names.items():
        if name.lower() != expected[place]:
            raise UnsupportedNetwork(
                f"the {kind} layer {layer!r} has the activation {name!r} ({place}), where {expected[place]} is what can be "
                "read: wrap the cell in FunctionMap."
            )
