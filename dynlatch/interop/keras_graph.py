"""What the `config.json` of a Keras model says: its recurrent cells, their settings, and what reads what."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

# Layers that pass their input on unchanged when nothing is trained.
TRANSPARENT = {"InputLayer", "Dropout", "SpatialDropout1D", "GaussianNoise", "GaussianDropout", "AlphaDropout", "Masking"}
CELLS = {"SimpleRNN": "SimpleRNN", "GRU": "GRU", "LSTM": "LSTM"}
LONGEST_NAME = 200  # characters
OTHER = "\0"  # the source of a tensor that is neither the input nor the output of a recurrent layer


@dataclass(frozen=True)
class Cell:
    """One recurrent cell: the group of its weights, its kind, its settings, and the name of the cell that it reads."""

    name: str
    path: str
    kind: str
    settings: Mapping[str, Any]
    below: str | None


@dataclass
class Graph:
    """The cells of a model and its dense layers: (name of the cell that is read, group of the weights, activation)."""

    cells: list[Cell] = field(default_factory=list)
    dense: list[tuple[str, str, str]] = field(default_factory=list)


def graph_of(config: Mapping[str, Any]) -> Graph | None:
    """The graph of a Sequential or Functional model; None for a model whose layers only its own code knows."""
    graph = Graph()
    if not isinstance(inner := config.get("config"), Mapping) or not isinstance(inner.get("layers"), list):
        return None
    _model(config, "", "", None, graph)
    return graph


def _model(model: Mapping[str, Any], name: str, path: str, source: str | None, graph: Graph) -> str:
    """Walk the layers of a model that reads `source`; what its own output is."""
    config = model["config"]
    keys = dict(_paths(config["layers"], path))
    if model["class_name"] == "Sequential":
        current = source
        for layer in config["layers"]:
            current = _layer(layer, name, keys, current, graph)
        return OTHER if current is None else current
    # A model with several inputs: which of them is the one cannot be told.
    inputs = [layer for layer in config["layers"] if layer["class_name"] == "InputLayer"]
    source = source if len(inputs) == 1 else OTHER
    outputs: dict[str, str | None] = {}
    for layer in config["layers"]:
        own = _name(layer)
        entering = source if layer["class_name"] == "InputLayer" else _read_by(layer, outputs)
        outputs[own] = _layer(layer, name, keys, entering, graph)
    return outputs.get(_first_layer(config.get("output_layers"))) or OTHER


def _layer(layer: Mapping[str, Any], parent: str, keys: Mapping[str, str], source: str | None, graph: Graph) -> str | None:
    """Note one layer that reads `source`; what its output is."""
    kind, config, own = _word(layer["class_name"]), layer["config"], _name(layer)
    name, path = f"{parent}/{own}" if parent else own, keys[own]
    if kind in TRANSPARENT or (kind == "Activation" and activation(config) == "linear"):
        return source
    if isinstance(config.get("layers"), list):
        return _model(layer, name, path, source, graph)
    if kind in CELLS or kind == "RNN":
        return _recurrent(kind, config, name, path, source, graph)
    if kind == "Bidirectional":
        graph.cells.append(Cell(name, path, kind, config, _below(source)))
    while kind == "TimeDistributed" and isinstance(config.get("layer"), Mapping):
        kind, config, path = config["layer"]["class_name"], config["layer"]["config"], f"{path}/layer"
    if kind == "Dense" and source not in (None, OTHER):
        graph.dense.append((str(source), path, activation(config)))
    return OTHER


def _recurrent(kind: str, config: Mapping[str, Any], name: str, path: str, source: str | None, graph: Graph) -> str:
    """Note the cells of one recurrent layer; the name of the topmost."""
    cell = config.get("cell")
    if kind in CELLS or not isinstance(cell, Mapping):
        graph.cells.append(Cell(name, f"{path}/cell", kind, config, _below(source)))
        return name
    inner = cell["config"].get("cells") if cell["class_name"] == "StackedRNNCells" else None
    stack = [(name, f"{path}/cell", cell)]
    if isinstance(inner, list):
        keys = dict(_paths(inner, f"{path}/cell", "cells"))
        stack = [(f"{name}/{_name(one)}", keys[_name(one)], one) for one in inner]
    for own, where, one in stack:
        reads = {key: config[key] for key in ("go_backwards",) if key in config}
        settings = {**one["config"], **reads}
        kind = _word(one["class_name"])
        kind = kind.removesuffix("Cell") if kind.removesuffix("Cell") in CELLS else kind
        graph.cells.append(Cell(own, where, kind, settings, _below(source)))
        source = own
    return str(source)


def _below(source: str | None) -> str | None:
    return None if source == OTHER else source


def _name(layer: Mapping[str, Any]) -> str:
    return _word(layer["config"]["name"])


def _word(value: object) -> str:
    """What a file says where a name belongs, short enough to stand in a sentence."""
    text = str(value)
    return text if len(text) <= LONGEST_NAME else f"{text[:LONGEST_NAME]}..."


def _read_by(layer: Mapping[str, Any], outputs: Mapping[str, str | None]) -> str | None:
    """The source of a layer's first input in a functional model; more than one use, or input, is something else."""
    nodes = layer.get("inbound_nodes") or []
    if len(nodes) != 1:
        return OTHER
    arguments = nodes[0].get("args") or [None]
    read = _first_layer(arguments[0])
    return outputs.get(read, OTHER) if read is not None else OTHER


def _first_layer(tensor: Any) -> Any:
    """The layer that made a tensor: `{"config": {"keras_history": [name, ...]}}`, or `[name, ...]`; None for several."""
    if isinstance(tensor, Mapping):
        tensor = (tensor.get("config") or {}).get("keras_history")
    while isinstance(tensor, list) and len(tensor) == 1:
        tensor = tensor[0]
    return tensor[0] if isinstance(tensor, list) and tensor and isinstance(tensor[0], str) else None


def _paths(layers: list[Mapping[str, Any]], path: str, container: str = "layers") -> Iterator[tuple[str, str]]:
    """The group of every layer's weights, by the layer's name: Keras calls it after the class, counted."""
    base = f"{path}/{container}" if path else container
    counts: dict[str, int] = {}
    for layer in layers:
        key = snake_case(_word(layer["class_name"]))
        seen = counts.get(key, 0)
        counts[key] = seen + 1
        yield _name(layer), f"{base}/{key}_{seen}" if seen else f"{base}/{key}"


def snake_case(name: str) -> str:
    """`SimpleRNN` as `simple_rnn`, in Keras's way."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def activation(config: Mapping[str, Any], key: str = "activation") -> str:
    """The name of an activation, which Keras writes as a string or as a serialised function; None is the identity."""
    value = config.get(key)
    if isinstance(value, Mapping):
        value = value.get("config")
    return "linear" if value is None else _word(value)
