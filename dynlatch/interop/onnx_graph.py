"""The graph of an ONNX model: constants, what reads what, and the linear layers behind a recurrent node."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dynlatch.errors import InvalidInput, MissingExtra, UnreadableFile
from dynlatch.interop.arrays import as_array, widened
from dynlatch.networks.readout import Readout
from dynlatch.reading import check_size, quiet, reading
from dynlatch.validation import Array

RECURRENT = ("RNN", "GRU", "LSTM")
# From layer to layer: a step of the sequence keeps its features. To a readout, one step may be picked out of them.
SEQUENCE = {"Identity", "Dropout", "Cast", "Squeeze", "Unsqueeze", "Transpose", "Reshape"}
PICKING = SEQUENCE | {"Gather", "Slice", "Flatten", "GatherND"}
LONGEST = 100  # steps from a node back to the recurrent one that it reads


@dataclass(frozen=True)
class OnnxGraph:
    """The nodes of a model, its constants by name, and the node that makes each tensor."""

    path: Path
    nodes: tuple[Any, ...]
    constants: Mapping[str, Any]
    makers: Mapping[str, Any]

    def array(self, name: str, what: str, ndim: int | None = None) -> Array:
        """The constant `name` in float64."""
        if name not in self.constants:
            raise InvalidInput(
                f"`{what}` ({name!r}) is computed by the graph and not stored in it: export the model with constants folded."
            )
        tensor = self.constants[name]
        _check_tensor(self.path, name, tensor)
        try:
            with quiet():
                numbers = _numbers(tensor)
        except Exception as error:  # dims that do not fit the data, and whatever else damaged bytes may hold
            raise UnreadableFile(f"{str(self.path)!r}: the tensor {name!r} is damaged ({str(error)[:100]}).") from None
        return as_array(what, numbers, ndim=ndim)

    def shape(self, name: str) -> tuple[int, ...]:
        """What a constant declares; empty for what is none."""
        return tuple(self.constants[name].dims) if name in self.constants else ()

    def precision(self, name: str) -> str:
        """`float16`, `float`, ...: the type of a constant; empty for what is none."""
        if name not in self.constants:
            return ""
        kinds = _onnx().TensorProto.DataType
        kind = self.constants[name].data_type
        return str(kinds.Name(kind)).lower() if kind in kinds.values() else f"type {kind}"

    def read_by(self, name: str, passing: set[str]) -> tuple[Any, int] | None:
        """The recurrent node whose output a tensor is, through nodes that only rearrange it; and which output."""
        for _ in range(LONGEST):
            node = self.makers.get(name)
            if node is None:
                return None
            if node.op_type in RECURRENT:
                return node, list(node.output).index(name)
            if node.op_type not in passing or not node.input:
                return None
            name = node.input[0]
        return None


def read_graph(path: Path) -> OnnxGraph:
    """The graph of a model, without the data that it may keep in other files.

    Raises
    ------
    UnreadableFile
        If the file is missing or damaged.
    MissingExtra
        If the package onnx is not installed.
    """
    with reading(path, "an ONNX model"):
        check_size(path, path.stat().st_size)
        model = _onnx().ModelProto.FromString(path.read_bytes())
        if not model.ir_version or not model.HasField("graph"):
            raise UnreadableFile(f"{str(path)!r} is not an ONNX model, or is damaged (no graph).")
        nodes = tuple(node for node in model.graph.node if node.domain in ("", "ai.onnx"))
        constants = {tensor.name: tensor for tensor in model.graph.initializer}
        constants |= {node.output[0]: tensor for node in nodes for tensor in _constant(node)}
        makers = {name: node for node in nodes for name in node.output if name}
    for node in nodes:
        if node.op_type == "Identity" and node.input and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]
    return OnnxGraph(path, nodes, constants, makers)


def _constant(node: Any) -> Iterator[Any]:
    if node.op_type == "Constant":
        yield from (one.t for one in node.attribute if one.name == "value")


def attributes(node: Any) -> dict[str, Any]:
    """The attributes of a node, as Python values."""
    return {one.name: _onnx().helper.get_attribute_value(one) for one in node.attribute}


def _check_tensor(path: Path, name: str, tensor: Any) -> None:
    kinds = _onnx().TensorProto
    if tensor.data_location == kinds.EXTERNAL:
        raise UnreadableFile(
            f"{str(path)!r}: the tensor {name!r} lies in another file; save the model in one: "
            "onnx.save(onnx.load(path), path, save_as_external_data=False)."
        )
    if tensor.data_type not in (kinds.FLOAT, kinds.DOUBLE, kinds.FLOAT16, kinds.BFLOAT16):
        raise UnreadableFile(
            f"{str(path)!r}: the tensor {name!r} holds no floating-point numbers (quantised weights need their scale); "
            "export the model in float32."
        )
    check_size(path, 8 * math.prod(tensor.dims))


def _numbers(tensor: Any) -> np.ndarray[Any, Any]:
    """The numbers of a tensor; bfloat16 by its bits, which older versions of onnx give as integers."""
    if tensor.data_type != _onnx().TensorProto.BFLOAT16:
        return np.asarray(_onnx().numpy_helper.to_array(tensor))
    bits = np.frombuffer(tensor.raw_data, "<u2") if tensor.raw_data else np.array(tensor.int32_data, dtype=np.uint16)
    return widened(bits).reshape(tuple(tensor.dims))


def readouts(graph: OnnxGraph, node: Any, width: int) -> list[Readout]:
    """The linear layers that read `node`, of outputs of `width`: Gemm, or MatMul with the Add behind it; two at most.

    A graph may hold very many of them, all with one large constant: none is read that is not wanted.
    """
    found: list[Readout] = []
    offsets = _offsets(graph)
    for reader in graph.nodes:
        if reader.op_type not in ("Gemm", "MatMul") or len(reader.input) < 2 or _width(graph, reader) != width:
            continue
        source = graph.read_by(reader.input[0], PICKING)
        if source is None or source[0] is not node or source[1] > 1:
            continue
        layer = _gemm(graph, reader) if reader.op_type == "Gemm" else _matmul(graph, reader, offsets)
        if layer is not None:
            found.append(layer)
        if len(found) == 2:
            break
    return found


def _width(graph: OnnxGraph, reader: Any) -> int | None:
    """Numbers that a layer reads; None where its weights are no stored matrix."""
    shape = graph.shape(reader.input[1])
    if len(shape) != 2:
        return None
    return int(shape[1] if reader.op_type == "Gemm" and attributes(reader).get("transB") else shape[0])


def _offsets(graph: OnnxGraph) -> dict[str, str]:
    """By the name of what the first Add changes: the constant that it adds."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        if node.op_type == "Add":
            for name in node.input:
                others = [other for other in node.input if other != name and other in graph.constants]
                if others:
                    found.setdefault(name, others[0])
    return found


def _gemm(graph: OnnxGraph, node: Any) -> Readout | None:
    """`alpha A B + beta C`, B as it is or transposed."""
    settings = attributes(node)
    if settings.get("transA"):
        return None
    B = graph.array(node.input[1], node.input[1], 2)
    matrix = float(settings.get("alpha", 1.0)) * (B if settings.get("transB") else B.T)
    offset = node.input[2] if len(node.input) > 2 else ""
    return Readout(matrix, float(settings.get("beta", 1.0)) * _offset(graph, offset, len(matrix)))


def _matmul(graph: OnnxGraph, node: Any, offsets: Mapping[str, str]) -> Readout:
    matrix = graph.array(node.input[1], node.input[1], 2).T
    return Readout(matrix, _offset(graph, offsets.get(node.output[0], ""), len(matrix)))


def _offset(graph: OnnxGraph, name: str, size: int) -> Array:
    if not name:
        return np.zeros(size)
    value = graph.array(name, name)
    if value.size not in (1, size):
        raise InvalidInput(f"`{name}` must be a bias of {size} numbers; got shape {value.shape}.")
    return np.broadcast_to(value.reshape(-1), (size,)).copy()


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise MissingExtra("reading .onnx files needs onnx: pip install 'dynlatch[models]'.") from None
    return onnx
