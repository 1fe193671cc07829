"""From PyTorch's names and shapes to a network: which recurrent layers there are, and whether they are whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from dynlatch.activations import Activation, resolve
from dynlatch.errors import InvalidInput, UnsupportedNetwork
from dynlatch.interop.arrays import as_array, precisions, shape_of
from dynlatch.interop.parts import Network, Part, Wanted, listing, network_of, words
from dynlatch.networks import GRU, LSTM, ElmanNetwork, ProjectedLSTM, StackedNetwork
from dynlatch.networks.readout import Readout
from dynlatch.validation import Array, shaped_array

Arrays: TypeAlias = Mapping[Any, Any]

WRAPPERS = ("state_dict", "model_state_dict", "model")
KINDS = {1: "RNN", 3: "GRU", 4: "LSTM"}
CELL = -1  # the depth of weights without `_l0`: a cell has one layer and does not number it
NAME = re.compile(
    r"(?:(?P<prefix>.+)\.)?(?P<role>(?:weight|bias)_(?:ih|hh|hr))(?:_l(?P<depth>[0-9]{1,3})(?P<reverse>_reverse)?)?"
)


@dataclass(frozen=True)
class RecurrentLayer:
    """The names under one prefix: `names[depth, role]` is the full name of, say, `weight_ih` of that depth."""

    prefix: str
    names: dict[tuple[int, str], str]
    reverse: tuple[str, ...]

    @property
    def depths(self) -> list[int]:
        return sorted({depth for depth, _ in self.names})


def network_from(arrays: Arrays, *, layer: Wanted, nonlinearity_of: Callable[[str], str | Activation | None]) -> Network:
    """The network of one recurrent layer of `arrays`, a state dict or a checkpoint that wraps one, or of several stacked.

    `nonlinearity_of` gives that of a plain layer by its prefix, or None where nobody knows it.
    """
    arrays = unwrap(arrays)
    parts = [_part(found, arrays, nonlinearity_of) for found in recurrent_layers(arrays)]
    nothing = (
        "there is no recurrent layer here: expected names such as 'rnn.weight_ih_l0' and 'rnn.weight_hh_l0'; "
        f"got {listing(arrays)}."
    )
    return network_of(parts, layer, lambda _, width: find_readout(arrays, width), nothing)


def _part(layer: RecurrentLayer, arrays: Arrays, nonlinearity_of: Callable[[str], str | Activation | None]) -> Part:
    def built() -> Network:
        return build(layer, arrays, nonlinearity_of(layer.prefix))

    return Part(layer.prefix, _describe(layer, arrays), built, precisions(arrays[name] for name in layer.names.values()))


def unwrap(arrays: Arrays) -> Arrays:
    """The state dict inside a checkpoint."""
    # Not `while`: a mapping may contain itself.
    for _ in range(3):
        inner = next((arrays[key] for key in WRAPPERS if isinstance(arrays.get(key), Mapping)), None)
        if inner is None:
            break
        arrays = inner
    return arrays


def recurrent_layers(arrays: Arrays) -> list[RecurrentLayer]:
    """Every prefix under which there is at least one recurrent weight, in the order of the mapping."""
    found: dict[str, RecurrentLayer] = {}
    for name in arrays:
        match = NAME.fullmatch(name) if isinstance(name, str) else None
        if match is None:
            continue
        prefix, depth = match["prefix"] or "", CELL if match["depth"] is None else int(match["depth"])
        layer = found.setdefault(prefix, RecurrentLayer(prefix, {}, ()))
        if match["reverse"]:
            found[prefix] = RecurrentLayer(prefix, layer.names, (*layer.reverse, name))
        else:
            layer.names[depth, match["role"]] = name
    return list(found.values())


def build(layer: RecurrentLayer, arrays: Arrays, nonlinearity: str | Activation | None) -> Network:
    """The network of `layer`, without a readout. Only a plain recurrent layer needs the nonlinearity."""
    _check_supported(layer)
    first = _checked(layer, arrays, layer.depths[0], None)
    stages = [first, *(_checked(layer, arrays, depth, first) for depth in layer.depths[1:])]
    f = _activation(layer, KINDS[first.gates], nonlinearity)
    networks = [_network(stage, f) for stage in stages]
    return networks[0] if len(networks) == 1 else StackedNetwork(networks)


def _activation(layer: RecurrentLayer, kind: str, nonlinearity: str | Activation | None) -> Activation:
    if nonlinearity is None and kind == "RNN":
        raise InvalidInput(f"the layer {layer.prefix!r} does not name its nonlinearity: pass `nonlinearity=`.")
    f = resolve("tanh" if nonlinearity is None else nonlinearity)
    if kind != "RNN" and f.name != "tanh":
        raise InvalidInput(f"`nonlinearity` is {f.name!r}, but a layer of kind {kind} has no choice: leave it out.")
    return f


def _check_supported(layer: RecurrentLayer) -> None:
    if layer.reverse:
        raise UnsupportedNetwork(
            f"the layer {layer.prefix!r} is bidirectional: it reads the future and is no map of its state; to analyse "
            "the forward direction alone, give `from_torch` a state dict of one layer without the `_reverse` entries."
        )
    if layer.depths not in ([CELL], list(range(len(layer.depths)))):
        raise InvalidInput(f"the layer {layer.prefix!r} has weights for depths {layer.depths}, which do not count up from 0.")


@dataclass(frozen=True)
class Stage:
    """The checked arrays of one depth."""

    gates: int
    weight_ih: Array
    weight_hh: Array
    weight_hr: Array | None
    bias_ih: Array | None
    bias_hh: Array | None

    @property
    def bias(self) -> Array | None:
        return None if self.bias_ih is None or self.bias_hh is None else self.bias_ih + self.bias_hh


def _checked(layer: RecurrentLayer, arrays: Arrays, depth: int, first: Stage | None) -> Stage:
    """The arrays of one depth; beyond the first, the kind and the sizes are those of the first."""
    weight_ih, weight_hh = (_required(layer, arrays, depth, role) for role in ("weight_ih", "weight_hh"))
    projected = first.weight_hr is not None if first is not None else (depth, "weight_hr") in layer.names
    weight_hr = _required(layer, arrays, depth, "weight_hr") if projected else None
    gates = _gates(layer.names[depth, "weight_hh"], weight_hh, weight_hr)
    rows, columns = len(weight_hh), weight_ih.shape[1]
    if first is not None:
        rows, columns = first.weight_hh.shape
        shaped_array(layer.names[depth, "weight_hh"], weight_hh, first.weight_hh.shape)
    if weight_hr is not None:
        shaped_array(layer.names[depth, "weight_hr"], weight_hr, (weight_hh.shape[1], len(weight_hh) // gates))
    shaped_array(layer.names[depth, "weight_ih"], weight_ih, (rows, columns))
    return Stage(gates, weight_ih, weight_hh, weight_hr, *_biases(layer, arrays, depth, rows))


def _gates(name: str, weight_hh: Array, weight_hr: Array | None) -> int:
    """How many gates stand below each other in the recurrent weights; with a projection it is an LSTM."""
    rows, hidden = int(weight_hh.shape[0]), int(weight_hh.shape[1])
    if weight_hr is not None:
        if hidden == 0 or rows == 0 or rows % 4:
            raise InvalidInput(f"`{name}` must have shape (4 n, p) in a layer with a projection to p; got {weight_hh.shape}.")
        return 4
    if hidden == 0 or rows % hidden or rows // hidden not in KINDS:
        raise InvalidInput(
            f"`{name}` must have 1, 3 or 4 times as many rows as columns (RNN, GRU, LSTM); got shape {weight_hh.shape}."
        )
    return rows // hidden


def _required(layer: RecurrentLayer, arrays: Arrays, depth: int, role: str) -> Array:
    name = layer.names.get((depth, role))
    if name is None:
        raise InvalidInput(
            f"`{_full_name(layer, depth, role)}` is missing: of the layer {layer.prefix!r} there are only "
            f"{listing(layer.names.values())}."
        )
    return as_array(name, arrays[name], ndim=2)


def _biases(layer: RecurrentLayer, arrays: Arrays, depth: int, rows: int) -> tuple[Array | None, Array | None]:
    """Both biases, or none for a layer that was made without."""
    names = [layer.names.get((depth, role)) for role in ("bias_ih", "bias_hh")]
    if names == [None, None]:
        return None, None
    if None in names:
        role = ("bias_ih", "bias_hh")[names.index(None)]
        raise InvalidInput(f"`{_full_name(layer, depth, role)}` is missing, though the other bias is there.")
    first, second = (shaped_array(name, as_array(name, arrays[name]), (rows,)) for name in names if name is not None)
    return first, second


def _network(stage: Stage, f: Activation) -> ElmanNetwork | GRU | LSTM | ProjectedLSTM:
    if stage.gates == 1:
        return ElmanNetwork(stage.weight_hh, stage.weight_ih, stage.bias, f)
    weights = stage.weight_ih, stage.weight_hh
    if stage.weight_hr is not None:
        return ProjectedLSTM(*weights, stage.weight_hr, stage.bias_ih, stage.bias_hh)
    return (GRU if stage.gates == 3 else LSTM)(*weights, stage.bias_ih, stage.bias_hh)


def find_readout(arrays: Arrays, hidden: int) -> Readout | None:
    """The one 2-D weight that reads `hidden` values, with its bias; None if there is none, or more than one."""
    # The recurrent weights end in "_ih" and the like, never in "weight"; an embedding table feeds the net and reads nothing.
    names = [name for name in arrays if isinstance(name, str) and name.endswith("weight") and "emb" not in name.lower()]
    fitting = [name for name in names if len(shape := shape_of(arrays[name])) == 2 and shape[1] == hidden]
    if len(fitting) != 1:
        return None
    matrix = as_array(fitting[0], arrays[fitting[0]], ndim=2)
    bias_name = fitting[0].removesuffix("weight") + "bias"
    if bias_name not in arrays:
        return Readout(matrix, np.zeros(len(matrix)))
    return Readout(matrix, shaped_array(bias_name, as_array(bias_name, arrays[bias_name]), (len(matrix),)))


def _full_name(layer: RecurrentLayer, depth: int, role: str) -> str:
    own = role if depth == CELL else f"{role}_l{depth}"
    return f"{layer.prefix}.{own}" if layer.prefix else own


def _describe(layer: RecurrentLayer, arrays: Arrays) -> str:
    """Kind and sizes, as far as the names and shapes tell."""
    first = min(layer.depths, default=0)
    names = [layer.names.get((first, role)) for role in ("weight_ih", "weight_hh", "weight_hr")]
    shapes = [() if name is None else shape_of(arrays[name]) for name in names]
    if any(len(shape) != 2 for shape in shapes[:2]) or shapes[1][1] == 0:
        return "incomplete"
    (_, inputs), (rows, hidden) = shapes[:2]
    if len(shapes[2]) == 2:
        return words("LSTM", inputs, rows // 4, len(layer.depths)) + f" projected to {hidden}"
    kind = "unknown kind" if rows % hidden else KINDS.get(rows // hidden, "unknown kind")
    return words(kind, inputs, hidden, len(layer.depths))
