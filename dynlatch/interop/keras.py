"""Keras 3: models (`.keras`) and weights (`.weights.h5`). Keras need not be there, and no layer of a model is made.

Gates stand beside each other in Keras: z, r, h in a GRU; i, f, c, o in an LSTM.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from dynlatch.activations import Activation, resolve
from dynlatch.errors import InvalidInput, UnreadableFile, UnsupportedNetwork
from dynlatch.interop.arrays import as_array, precisions
from dynlatch.interop.gates import GATES, check_gated_activations, check_shapes, gated, known_activation, plain, reordered
from dynlatch.interop.hdf5 import read_hdf5
from dynlatch.interop.keras_graph import Cell, Graph, activation, graph_of
from dynlatch.interop.parts import Network, Part, Wanted, listing, network_of, words
from dynlatch.networks.readout import Readout
from dynlatch.reading import check_zip, reading
from dynlatch.validation import Array, shaped_array

Arrays: TypeAlias = Mapping[str, Any]

KINDS = {"SimpleRNN": "RNN", "GRU": "GRU", "LSTM": "LSTM"}
TO_PYTORCH = {"RNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 1, 2, 3)}
BY_GATES = {1: "SimpleRNN", 3: "GRU", 4: "LSTM"}
# A dense layer that ends in one of these is read as far as its sum: the logits.
READ_OUT = ("linear", "softmax", "sigmoid")
CELL = re.compile(r"(?P<path>(?:.*/)?(?P<key>cell|[a-z_]*cell(?:_\d+)?))/vars/0")
DENSE = re.compile(r"(?:.*/)?dense(?:_\d+)?(?=/vars/0$)|(?:.*/)?time_distributed(?:_\d+)?/layer(?=/vars/0$)")
WANTED = re.compile(r"(?:.*/)?(?:[a-z_]*cell(?:_\d+)?|dense(?:_\d+)?|layer)/vars/[0-2]")
LARGEST_CONFIG = 2**26  # bytes of JSON
KERAS = "a Keras file"


def load_keras(path: Path, layer: Wanted, nonlinearity: str | Activation) -> Network:
    """The network of a `.keras` archive: its configuration says how the layers are connected.

    Raises
    ------
    UnreadableFile
        If the file is missing, damaged, or declares sizes that it does not hold.
    """
    with reading(path, KERAS):
        check_zip(path)
        with zipfile.ZipFile(path) as archive:
            config = _config(path, archive)
            weights = read_hdf5(path, io.BytesIO(_member(path, archive, "model.weights.h5")), _wanted)
        graph = graph_of(config)
        return _network(
            path, _known_cells(weights) if graph is None else graph, weights, layer, nonlinearity, graph is not None
        )


def load_keras_weights(path: Path, layer: Wanted, nonlinearity: str | Activation) -> Network:
    """The network of a `.weights.h5` file, which says neither how layers are connected nor what their activations are."""
    with reading(path, KERAS):
        weights = read_hdf5(path, path, _wanted)
        return _network(path, _known_cells(weights), weights, layer, nonlinearity, False)


def _wanted(name: str) -> bool:
    return WANTED.fullmatch(name) is not None


def _member(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    if name not in archive.namelist():
        raise UnreadableFile(f"{str(path)!r} is not {KERAS}: it holds no {name!r}.")
    return archive.read(name)


def _config(path: Path, archive: zipfile.ZipFile) -> Mapping[str, Any]:
    if "config.json" in archive.namelist() and archive.getinfo("config.json").file_size > LARGEST_CONFIG:
        raise UnreadableFile(f"{str(path)!r}: 'config.json' is larger than {LARGEST_CONFIG >> 20} MiB.")
    config = json.loads(_member(path, archive, "config.json"))
    if not isinstance(config, Mapping):
        raise UnreadableFile(f"{str(path)!r} is not {KERAS}: its 'config.json' describes no model.")
    return config


def _network(
    path: Path, graph: Graph, weights: Arrays, layer: Wanted, nonlinearity: str | Activation, recorded: bool
) -> Network:
    parts = [_part(cell, weights, nonlinearity) for cell in graph.cells]
    nothing = f"there is no recurrent layer in {str(path)!r}: it holds weights of {listing(weights)}."
    return network_of(parts, layer, partial(_readout, graph, weights, recorded), nothing)


def _part(cell: Cell, weights: Arrays, nonlinearity: str | Activation) -> Part:
    arrays = {key: weights[f"{cell.path}/vars/{key}"] for key in "012" if f"{cell.path}/vars/{key}" in weights}
    build = partial(_build, cell, arrays, nonlinearity)
    if cell.kind not in KINDS or "0" not in arrays or "1" not in arrays or arrays["0"].ndim != 2 or arrays["1"].ndim != 2:
        return Part(cell.name, cell.kind if cell.kind not in KINDS else "incomplete", build, below=cell.below)
    shown = words(KINDS[cell.kind], arrays["0"].shape[0], arrays["1"].shape[0])
    return Part(cell.name, shown, build, precisions(arrays.values()), cell.below)


def _build(cell: Cell, arrays: Mapping[str, Any], nonlinearity: str | Activation) -> Network:
    if cell.kind not in KINDS:
        raise UnsupportedNetwork(_refusal(cell))
    if cell.settings.get("go_backwards"):
        raise UnsupportedNetwork(
            f"the layer {cell.name!r} goes backwards (go_backwards=True); save it without, and reverse its input sequences."
        )
    missing = [key for key in "01" if key not in arrays]
    if missing:
        raise InvalidInput(f"`{cell.path}/vars/{missing[0]}` is missing: the layer {cell.name!r} has no weights there.")
    kind = KINDS[cell.kind]
    kernels = {f"{cell.path}/vars/{key}": as_array(f"{cell.path}/vars/{key}", arrays[key], ndim=2).T for key in "01"}
    biases = _biases(cell, kind, arrays)
    check_shapes(GATES[kind], kernels | biases)
    W_ih, W_hh = (reordered(kernel, TO_PYTORCH[kind]) for kernel in kernels.values())
    ordered = [reordered(bias, TO_PYTORCH[kind]) for bias in biases.values()]
    b_ih, b_hh = [*ordered, None, None][:2]
    if kind == "RNN":
        return plain(W_ih, W_hh, b_ih, b_hh, _activation(cell, nonlinearity))
    _check_gated(cell, kind, nonlinearity)
    return gated(W_ih, W_hh, b_ih, b_hh, reset_after=kind != "GRU" or _resets_after(cell, arrays))


def _refusal(cell: Cell) -> str:
    if cell.kind == "Bidirectional":
        return (
            f"the layer {cell.name!r} is bidirectional: it reads the future and is no map of its state; to analyse the "
            "forward direction alone, save keras.Sequential([layer.forward_layer])."
        )
    return f"the layer {cell.name!r} is of class {cell.kind}; what can be read is {', '.join(KINDS)}: wrap it in FunctionMap."


def _biases(cell: Cell, kind: str, arrays: Mapping[str, Any]) -> dict[str, Array]:
    """No bias, one, or the two rows of a GRU that resets after the product."""
    if "2" not in arrays:
        return {}
    name = f"{cell.path}/vars/2"
    bias = as_array(name, arrays["2"])
    if kind == "GRU" and bias.ndim == 2:
        if len(bias) != 2:
            raise InvalidInput(f"`{name}` must have shape (2, 3 n) or (3 n,); got {bias.shape}.")
        return {f"{name}[{row}]": bias[row] for row in range(2)}
    return {name: bias}


def _resets_after(cell: Cell, arrays: Mapping[str, Any]) -> bool:
    """Whether the reset gate acts after the product: the shape of the bias says it, else the configuration."""
    if "2" in arrays:
        return bool(arrays["2"].ndim == 2)
    recorded = cell.settings.get("reset_after")
    if recorded is None:
        raise InvalidInput(
            f"the GRU {cell.name!r} has no bias, so that its weights do not tell whether it resets before or after the "
            "recurrent product: save the model as .keras, which records it (reset_after)."
        )
    return bool(recorded)


def _activation(cell: Cell, nonlinearity: str | Activation) -> Activation:
    """f of a plain layer: what the configuration records, else what is given."""
    given = resolve(nonlinearity)
    if "activation" not in cell.settings:
        return given
    own = known_activation(cell.name, activation(cell.settings))
    if given.name not in ("tanh", own.name):
        raise InvalidInput(f"`nonlinearity` is {given.name!r}, but the layer {cell.name!r} has {own.name!r}: leave it out.")
    return own


def _check_gated(cell: Cell, kind: str, nonlinearity: str | Activation) -> None:
    if resolve(nonlinearity).name != "tanh":
        raise InvalidInput(f"`nonlinearity` is given, but a layer of kind {kind} has no choice: leave it out.")
    keys = {"candidate": "activation", "gates": "recurrent_activation"}
    check_gated_activations(
        cell.name, kind, {place: activation(cell.settings, key) for place, key in keys.items() if key in cell.settings}
    )


def _known_cells(weights: Arrays) -> Graph:
    """What the weights alone tell: cells by their groups, without settings or connections."""
    graph = Graph()
    for name in weights:
        match = CELL.fullmatch(name)
        if match is None:
            continue
        path, wrapper = match["path"], match["path"].rpartition("/forward_layer/")[0]
        if wrapper:
            graph.cells.append(Cell(_readable(wrapper), path, "Bidirectional", {}, None))
        elif "/backward_layer/" not in path:
            graph.cells.append(Cell(_readable(path), path, _kind(path, weights), {}, None))
    return graph


def _readable(path: str) -> str:
    """`layers/functional/layers/gru/cell` as `functional/gru`: Keras calls groups after classes, not after layers."""
    return "/".join(step for step in path.split("/") if step not in ("layers", "cells", "cell")) or path


def _kind(path: str, weights: Arrays) -> str:
    recurrent = weights.get(f"{path}/vars/1")
    if recurrent is None or recurrent.ndim != 2 or recurrent.shape[0] == 0:
        return "SimpleRNN"
    units, columns = recurrent.shape
    return BY_GATES.get(columns // units, f"of {columns} gate values for {units} units")


def _readout(graph: Graph, weights: Arrays, recorded: bool, name: str, width: int) -> Readout | None:
    """The one dense layer that reads the named cell; where connections are not recorded, the one that fits."""
    if recorded:
        paths = [path for read, path, f in graph.dense if read == name and f in READ_OUT]
    else:
        matches = (DENSE.match(key) for key in weights)
        paths = [match[0] for match in matches if match and weights[f"{match[0]}/vars/0"].shape[:1] == (width,)]
    if len(paths) != 1 or (key := f"{paths[0]}/vars/0") not in weights:
        return None
    matrix = as_array(key, weights[key], ndim=2)
    shaped_array(key, matrix, (width, matrix.shape[1]))
    bias = weights.get(f"{paths[0]}/vars/1")
    return Readout(matrix.T, as_array(f"{paths[0]}/vars/1", [0.0] * matrix.shape[1] if bias is None else bias, ndim=1))
