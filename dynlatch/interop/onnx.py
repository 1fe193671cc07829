"""ONNX: RNN, GRU and LSTM nodes with weights that are stored in the model.

Gates stand below each other: z, r, h in a GRU; i, o, f, c in an LSTM. Two biases follow each other in one vector.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from dynlatch.activations import Activation, resolve
from dynlatch.errors import InvalidInput, UnsupportedNetwork
from dynlatch.interop.arrays import SHORT
from dynlatch.interop.gates import GATES, check_gated_activations, check_shapes, gated, known_activation, plain, reordered
from dynlatch.interop.onnx_graph import RECURRENT, SEQUENCE, OnnxGraph, attributes, read_graph, readouts
from dynlatch.interop.parts import Network, Part, Wanted, listing, network_of, words
from dynlatch.networks.readout import Readout
from dynlatch.reading import reading
from dynlatch.validation import Array

TO_PYTORCH = {"RNN": (0,), "GRU": (1, 0, 2), "LSTM": (0, 2, 3, 1)}
DEFAULTS = {"RNN": ("Tanh",), "GRU": ("Sigmoid", "Tanh"), "LSTM": ("Sigmoid", "Tanh", "Tanh")}
PLACES = ("gates", "candidate", "cell")
PEEPHOLES = 7  # input of an LSTM node


def load_onnx(path: Path, layer: Wanted, nonlinearity: str | Activation) -> Network:
    """The network of one recurrent node, or of several of which each reads the one below.

    Raises
    ------
    UnreadableFile
        If the file is missing or damaged, or keeps the weights elsewhere.
    UnsupportedNetwork
        If there is no recurrent node, or one with settings that no network has (`clip`, peepholes, two directions).
    MissingExtra
        If the package onnx is not installed.
    """
    with reading(path, "an ONNX model"):  # what damaged bytes are found to be only where they are used
        return _network(path, read_graph(path), layer, nonlinearity)


def _network(path: Path, graph: OnnxGraph, layer: Wanted, nonlinearity: str | Activation) -> Network:
    nodes = {_name(node): node for node in graph.nodes if node.op_type in RECURRENT}
    parts = [_part(graph, name, node, nonlinearity) for name, node in nodes.items()]
    kinds = sorted({str(node.op_type) for node in graph.nodes})
    nothing = (
        f"there is no RNN, GRU or LSTM node in {str(path)!r}, only {listing(kinds)}: an exporter may have unrolled the "
        "recurrence; save the weights instead (.safetensors, .npz)."
    )
    return network_of(parts, layer, lambda name, width: _readout(graph, nodes[name], width), nothing)


def _name(node: Any) -> str:
    return str(node.name or next((name for name in node.output if name), "") or node.op_type)


def _part(graph: OnnxGraph, name: str, node: Any, nonlinearity: str | Activation) -> Part:
    shapes = [graph.shape(name) for name in node.input[1:3]]
    build = partial(_build, graph, name, node, nonlinearity)
    source = graph.read_by(node.input[0], SEQUENCE) if node.input else None
    below = _name(source[0]) if source is not None and source[1] == 0 else None
    if len(shapes) != 2 or any(len(shape) != 3 for shape in shapes):
        return Part(name, f"{node.op_type}, incomplete", build, below=below)
    precisions = SHORT & {graph.precision(one) for one in node.input[1:4]}
    return Part(name, words(node.op_type, shapes[0][2], shapes[1][2]), build, frozenset(precisions), below)


def _build(graph: OnnxGraph, name: str, node: Any, nonlinearity: str | Activation) -> Network:
    kind, settings = node.op_type, attributes(node)
    _check_settings(name, node, settings)
    W_ih, W_hh, *biases = _weights(graph, name, node)
    b_ih, b_hh = [*biases, None, None][:2]
    functions = [_text(one) for one in settings.get("activations", ())] or list(DEFAULTS[kind])
    if kind == "RNN":
        return plain(W_ih, W_hh, b_ih, b_hh, _activation(name, functions[0], nonlinearity))
    if resolve(nonlinearity).name != "tanh":
        raise InvalidInput(f"`nonlinearity` is given, but a layer of kind {kind} has no choice: leave it out.")
    check_gated_activations(name, kind, dict(zip(PLACES, functions, strict=False)))
    return gated(W_ih, W_hh, b_ih, b_hh, reset_after=bool(settings.get("linear_before_reset")))


def _text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _activation(name: str, own: str, nonlinearity: str | Activation) -> Activation:
    given, f = resolve(nonlinearity), known_activation(name, own)
    if given.name not in ("tanh", f.name):
        raise InvalidInput(f"`nonlinearity` is {given.name!r}, but the node {name!r} has {f.name!r}: leave it out.")
    return f


def _check_settings(name: str, node: Any, settings: dict[str, Any]) -> None:
    """Refuse what no network of the core has."""
    direction = _text(settings.get("direction", b"forward"))
    if direction == "bidirectional":
        raise UnsupportedNetwork(
            f"the node {name!r} is bidirectional: it reads the future and is no map of its state; export the forward "
            "direction alone."
        )
    if direction != "forward":
        raise UnsupportedNetwork(
            f"the node {name!r} has direction {direction!r}; export it forward, and reverse its input sequences."
        )
    if settings.get("clip") is not None:
        raise UnsupportedNetwork(f"the node {name!r} clips what enters its gates (clip); export the model without.")
    if settings.get("input_forget"):
        raise UnsupportedNetwork(f"the node {name!r} couples input and forget gate (input_forget): wrap it in FunctionMap.")
    if node.op_type == "LSTM" and len(node.input) > PEEPHOLES and node.input[PEEPHOLES]:
        raise UnsupportedNetwork(f"the node {name!r} has peepholes (P): wrap it in FunctionMap.")


def _weights(graph: OnnxGraph, name: str, node: Any) -> list[Array]:
    """W, R and the two halves of B, if there are biases: gates in PyTorch's order."""
    kind, names = node.op_type, [*node.input, "", "", "", ""][1:4]
    stored = {f"{name}: {role}": one for role, one in zip("WRB", names, strict=True)}
    if not names[0] or not names[1]:
        raise InvalidInput(f"the node {name!r} lacks its weights W or R.")
    arrays = {what: graph.array(one, what, 2 if what.endswith("B") else 3) for what, one in stored.items() if one}
    for what, array in arrays.items():
        if len(array) != 1:
            raise InvalidInput(f"`{what}` must have shape (1, ...), for one direction; got {array.shape}.")
    weights = {what: array[0] for what, array in arrays.items()}
    bias = weights.pop(f"{name}: B", None)
    if bias is not None:
        if len(bias) % 2:
            raise InvalidInput(f"`{name}: B` must have shape (1, 2 x gates x units); got (1, {len(bias)}).")
        weights |= {f"{name}: Wb": bias[: len(bias) // 2], f"{name}: Rb": bias[len(bias) // 2 :]}
    check_shapes(GATES[kind], weights)
    return [reordered(array, TO_PYTORCH[kind]) for array in weights.values()]


def _readout(graph: OnnxGraph, node: Any, width: int) -> Readout | None:
    found = readouts(graph, node, width)
    return found[0] if len(found) == 1 else None
