"""The arguments of an audit, checked."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from dynlatch.analysis.audit.cost import Cost, cost_of
from dynlatch.analysis.audit.sequences import Sequences, sequences_of
from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, SmoothMap, WithInput, coordinates
from dynlatch.randomness import Rng, generator
from dynlatch.validation import Array, shaped_array


class Setup(NamedTuple):
    """What an audit is about. `quiet` is the network under its context input, `rest` that input (zeros where it is None)."""

    name: str
    network: SmoothMap
    quiet: SmoothMap
    context: Array | None
    rest: Array
    sequences: Sequences
    size: float
    cost: Cost
    rng: np.random.Generator


def prepare(
    network: Any,
    inputs: Any = None,
    targets: Any = None,
    cost: Any = None,
    lengths: Any = None,
    context: Any = None,
    *,
    batch_first: bool = False,
    name: str = "network",
    rng: Rng = 0,
) -> Setup:
    """Check the arguments of `audit`; all inputs are read once."""
    if isinstance(network, WithInput):
        raise InvalidInput(
            "`audit` takes a network, not a WithInput: give the network itself, and its constant input as `context`."
        )
    if not isinstance(network, SmoothMap):
        raise InvalidInput(
            f"`audit` takes a network, or another map with derivatives; got a {type(network).__name__}. PyTorch modules become "
            "one by `dynlatch.from_torch`, functions by `dynlatch.FunctionMap`."
        )
    random = generator(rng)
    given = None if context is None else shaped_array("context", context, (network.input_dim,))
    rest = np.zeros(network.input_dim) if given is None else given
    sequences = sequences_of(network.input_dim, inputs, lengths, rest, random, batch_first)
    return Setup(
        name=str(name),
        network=network,
        quiet=network if given is None else WithInput(network, given),
        context=given,
        rest=rest,
        sequences=sequences,
        size=sequences.largest(rest),
        cost=cost_of(network, sequences, targets, cost, batch_first=batch_first),
        rng=random,
    )


def describe(network: Map) -> str:
    """The architecture in words."""
    layers = getattr(network, "layers", None)
    if layers is not None:
        return f"stack of {len(layers)}: " + " -> ".join(describe(layer) for layer in layers)
    units = getattr(network, "hidden_size", network.dim)
    inputs = f"{network.input_dim} input{'s' * (network.input_dim != 1)}"
    return f"{type(network).__name__} with {units} unit{'s' * (units != 1)} and {inputs} (state: {coordinates(network)})"
