"""From PyTorch's names and shapes to a network: which recurrent layers there are, and whether they are whole."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from dynlatch.activations import Activation, resolve
from dynlatch.errors import InvalidInput, UnsupportedNetwork
from dynlatch.interop.arrays import as_array, shape_of
from dynlatch.networks import GRU, LSTM, ElmanNetwork, StackedNetwork
from dynlatch.networks.readout import Readout
from dynlatch.validation import Array, shaped_array

Network: TypeAlias = ElmanNetwork | GRU | LSTM | StackedNetwork
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


def network_from(arrays: Arrays, *, layer: str | None, nonlinearity: str | Activation) -> Network:
    """The network of one recurrent layer of `arrays`, a state dict or a checkpoint that wraps one."""
    arrays = unwrap(arrays)
    return build(choose(recurrent_layers(arrays), layer, arrays), arrays, nonlinearity)


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


def choose(layers: list[RecurrentLayer], wanted: str | None, arrays: Arrays) -> RecurrentLayer:
    """The layer called `wanted`, or the only one."""
    if not layers:
        raise UnsupportedNetwork(
            "there is no recurrent layer here: expected names such as 'rnn.weight_ih_l0' and 'rnn.weight_hh_l0'; "
            f"got {_listing(arrays)}."
        )
    if wanted is None and len(layers) == 1:
        return layers[0]
    for layer in layers:
        if layer.prefix == wanted:
            return layer
    known = "; ".join(f"{layer.prefix!r} ({_describe(layer, arrays)})" for layer in layers)
    if wanted is None:
        raise InvalidInput(f"there are {len(layers)} recurrent layers, choose one with `layer=`: {known}.")
    raise InvalidInput(f"there is no recurrent layer {wanted!r}: `layer` is one of {known}.")


def build(layer: RecurrentLayer, arrays: Arrays, nonlinearity: str | Activation | None) -> Network:
    """The network of `layer`, with its readout. Only a plain recurrent layer needs the nonlinearity."""
    _check_supported(layer)
    first = _checked(layer, arrays, layer.depths[0], None)
    stages = [first, *(_checked(layer, arrays, depth, first) for depth in layer.depths[1:])]
    f = _activation(layer, KINDS[first.gates], nonlinearity)
    readout = find_readout(arrays, first.hidden)
    if len(stages) == 1:
        return _network(first, f, readout)
    return StackedNetwork([_network(stage, f, None) for stage in stages], readout=readout)


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
    projection = next((name for (_, role), name in layer.names.items() if role == "weight_hr"), None)
    if projection is not None:
        raise UnsupportedNetwork(
            f"the layer {layer.prefix!r} projects its output ({projection!r}, proj_size); multiply every matrix that "
            f"reads it (weight_hh, the weight_ih above, the readout) by {projection!r} from the right, and leave "
            "that entry out: the dynamics are the same."
        )
    if layer.depths not in ([CELL], list(range(len(layer.depths)))):
        raise InvalidInput(f"the layer {layer.prefix!r} has weights for depths {layer.depths}, which do not count up from 0.")


@dataclass(frozen=True)
class Stage:
    """The checked arrays of one depth."""

    gates: int
    hidden: int
    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None
    bias_hh: Array | None

    @property
    def bias(self) -> Array | None:
        return None if self.bias_ih is None or self.bias_hh is None else self.bias_ih + self.bias_hh


def _checked(layer: RecurrentLayer, arrays: Arrays, depth: int, first: Stage | None) -> Stage:
    """The arrays of one depth; beyond the first, the kind and the sizes are those of the first."""
    weight_ih, weight_hh = (_required(layer, arrays, depth, role) for role in ("weight_ih", "weight_hh"))
    rows, hidden = weight_hh.shape
    if hidden == 0 or rows % hidden or rows // hidden not in KINDS:
        raise InvalidInput(
            f"`{layer.names[depth, 'weight_hh']}` must have 1, 3 or 4 times as many rows as columns (RNN, GRU, LSTM); "
            f"got shape {weight_hh.shape}."
        )
    columns = weight_ih.shape[1]
    if first is not None:
        rows, columns = first.gates * first.hidden, first.hidden
        shaped_array(layer.names[depth, "weight_hh"], weight_hh, first.weight_hh.shape)
    shaped_array(layer.names[depth, "weight_ih"], weight_ih, (rows, columns))
    biases = _biases(layer, arrays, depth, rows)
    return Stage(rows // hidden, hidden, weight_ih, weight_hh, *biases)


def _required(layer: RecurrentLayer, arrays: Arrays, depth: int, role: str) -> Array:
    name = layer.names.get((depth, role))
    if name is None:
        raise InvalidInput(
            f"`{_full_name(layer, depth, role)}` is missing: of the layer {layer.prefix!r} there are only "
            f"{_listing(layer.names.values())}."
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


def _network(stage: Stage, f: Activation, readout: Readout | None) -> ElmanNetwork | GRU | LSTM:
    if stage.gates == 1:
        return ElmanNetwork(stage.weight_hh, stage.weight_ih, stage.bias, f, readout=readout)
    gated = GRU if stage.gates == 3 else LSTM
    return gated(stage.weight_ih, stage.weight_hh, stage.bias_ih, stage.bias_hh, readout=readout)


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
    names = [layer.names.get((first, role)) for role in ("weight_ih", "weight_hh")]
    shapes = [() if name is None else shape_of(arrays[name]) for name in names]
    if any(len(shape) != 2 for shape in shapes) or shapes[1][1] == 0:
        return "incomplete"
    (_, inputs), (rows, hidden) = shapes
    kind = "unknown kind" if rows % hidden else KINDS.get(rows // hidden, "unknown kind")
    return f"{kind}, {inputs} inputs, {hidden} units" + (f", {len(layer.depths)} deep" if len(layer.depths) > 1 else "")


def _listing(names: Any) -> str:
    """The first few of `names`, for a message."""
    shown = [repr(name)[:80] for name in names]
    return ", ".join(shown[:6]) + (f" and {len(shown) - 6} more" if len(shown) > 6 else "") if shown else "nothing"
