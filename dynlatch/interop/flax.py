"""Flax: the parameters of `flax.linen` and `flax.nnx` cells as nested mappings. JAX need not be there.

Kernels are (inputs, outputs). Linen's GRUCell and LSTMCell have one dense layer a gate, named by its two letters
(`ir`, `hn`); nnx's GRUCell and OptimizedLSTMCell have all gates beside each other in `dense_i` and `dense_h`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from dynlatch.activations import Activation, resolve
from dynlatch.errors import InvalidInput, UnsupportedNetwork
from dynlatch.interop.arrays import as_array, precisions, shape_of
from dynlatch.interop.gates import GATES, check_shapes, gated, plain
from dynlatch.interop.parts import Network, Part, Wanted, listing, network_of, words
from dynlatch.networks.readout import Readout
from dynlatch.validation import Array

Tree = Mapping[Any, Any]
DEEPEST = 50  # mappings inside each other: a mapping may contain itself
# Dense layers of a cell in PyTorch's order of the gates: those that read the input, and those that read the state.
LAYOUTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "GRU": (("ir", "iz", "in"), ("hr", "hz", "hn")),
    "LSTM": (("ii", "if", "ig", "io"), ("hi", "hf", "hg", "ho")),
    "LSTM of nnx": (("ii", "if_", "ig", "io"), ("hi", "hf", "hg", "ho")),
    "fused": (("dense_i",), ("dense_h",)),
    "RNN": (("i",), ("h",)),
    "MGU": (("if", "in"), ("hf", "hn")),
}
BY_GATES = {gates: kind for kind, gates in GATES.items()}


def from_flax(params: Tree, *, layer: Wanted = None, nonlinearity: str | Activation = "tanh") -> Network:
    """A network from the parameters of a Flax model: what `init` returns, or the pure dict of an nnx state.

    Parameters
    ----------
    params : mapping
        Nested mappings with cells of `flax.linen` (SimpleCell, GRUCell, LSTMCell, OptimizedLSTMCell) or `flax.nnx` (the
        same) in them, arrays of any precision at their ends; or one mapping whose names are joined by `/` or `.`.
    layer : str or sequence of str, optional
        Path of the cell to take (`"params/GRUCell_0"`); one cell alone is found by itself. Several paths, the lowest first,
        are stacked: parameters do not record which cell reads which.
    nonlinearity : str or Activation
        f of a SimpleCell, which the parameters do not record.

    Returns
    -------
    network : ElmanNetwork, GRU, LSTM or StackedNetwork
        With the cells' default activations. `network.readout` is the one dense layer that fits its output, or None.

    Raises
    ------
    UnsupportedNetwork
        If there is no recurrent cell.
    InvalidInput
        If an array is missing, does not fit or is not finite, or if `layer` is needed and names no cell.

    Warns
    -----
    ReducedPrecision
        If the weights are in half precision or bfloat16.

    Examples
    --------
    >>> import dynlatch as dl
    >>> params = {"cell": {"i": {"kernel": [[1.0, 0.0]]}, "h": {"kernel": [[0.0, 2.0], [2.0, 0.0]]}}}
    >>> dl.from_flax(params).dim
    2
    """
    if not isinstance(params, Mapping):
        raise InvalidInput(f"expected a mapping from names to arrays or mappings; got {type(params).__name__}.")
    tree = nested(params)
    parts = [_part(path, kind, cell, nonlinearity) for path, kind, cell in cells(tree)]
    nothing = f"there is no Flax cell here: expected mappings with keys such as 'ir' and 'hn'; got {listing(tree)}."
    return network_of(parts, layer, lambda _, width: _readout(tree, width), nothing)


def nested(params: Tree) -> Tree:
    """Names joined by `/` or `.` taken apart: `{"a/b": x}` as `{"a": {"b": x}}`."""
    if not any(isinstance(name, str) and re.search(r"[/.]", name) for name in params):
        return params
    tree: dict[Any, Any] = {}
    for name, value in params.items():
        *steps, last = re.split(r"[/.]", str(name))
        place = tree
        for step in steps:
            inner = place.setdefault(step, {})
            place = inner if isinstance(inner, dict) else {}
        place[last] = value
    return tree


def cells(tree: Tree) -> Iterator[tuple[tuple[str, ...], str, Tree]]:
    """Every recurrent cell: its path, its layout, its mapping."""
    for path, inner in _mappings(tree, lambda inner: _layout(inner) is None):
        layout = _layout(inner)
        if layout is not None:
            yield path, layout, inner


def _mappings(tree: Tree, enter: Callable[[Tree], bool]) -> Iterator[tuple[tuple[str, ...], Tree]]:
    """Every mapping with its path, each once; inside one only where `enter` says so.

    Mappings that hold each other twice at every level have more paths than can be walked.
    """
    seen: set[int] = set()
    waiting: list[tuple[tuple[str, ...], Tree]] = [((), tree)]
    while waiting:
        path, inner = waiting.pop()
        if id(inner) in seen:
            continue
        seen.add(id(inner))
        yield path, inner
        if len(path) < DEEPEST and enter(inner):
            below = [((*path, str(name)), value) for name, value in inner.items() if isinstance(value, Mapping)]
            waiting += reversed(below)


def _layout(tree: Tree) -> str | None:
    for kind, (inputs, states) in LAYOUTS.items():
        if all(isinstance(tree.get(name), Mapping) and "kernel" in tree[name] for name in (*inputs, *states)):
            return kind
    return None


def _part(path: tuple[str, ...], layout: str, cell: Tree, nonlinearity: str | Activation) -> Part:
    name = "/".join(path)
    leaves = (_leaf(inner[key]) for inner in cell.values() if isinstance(inner, Mapping) for key in inner)
    entering, own = (shape_of(_leaf(cell[LAYOUTS[layout][k][0]]["kernel"])) for k in range(2))
    shown = "incomplete" if len(entering) != 2 or len(own) != 2 else words(_kind(layout, own), entering[0], own[0])
    return Part(name, shown, partial(_build, name, layout, cell, nonlinearity), precisions(leaves))


def _kind(layout: str, own: tuple[int, ...]) -> str:
    """The kind of a cell; where all gates are in one kernel (n, G n), by its shape."""
    if layout == "fused":
        return BY_GATES.get(own[1] // own[0], "unknown kind") if own[0] and own[1] % own[0] == 0 else "unknown kind"
    return layout.removesuffix(" of nnx")


def _build(name: str, layout: str, cell: Tree, nonlinearity: str | Activation) -> Network:
    if layout == "MGU":
        raise UnsupportedNetwork(f"the cell {name!r} is a minimal gated unit (MGUCell): wrap it in FunctionMap.")
    sides = [_side(name, cell, names) for names in LAYOUTS[layout]]
    (W_ih, b_ih), (W_hh, b_hh) = sides
    kind = _kind(layout, W_hh.T.shape)
    if kind not in GATES:
        raise InvalidInput(f"`{name}/dense_h/kernel` must have shape (n, n), (n, 3 n) or (n, 4 n); got {W_hh.T.shape}.")
    weights = {f"{name}: input kernels": W_ih, f"{name}: state kernels": W_hh}
    biases = {f"{name}: input biases": b_ih, f"{name}: state biases": b_hh}
    check_shapes(GATES[kind], weights | {key: bias for key, bias in biases.items() if bias is not None})
    f = resolve(nonlinearity)
    if kind == "RNN":
        return plain(W_ih, W_hh, b_ih, b_hh, f)
    if f.name != "tanh":
        raise InvalidInput(f"`nonlinearity` is {f.name!r}, but a cell of kind {kind} has no choice: leave it out.")
    return gated(W_ih, W_hh, b_ih, b_hh)


def _side(name: str, cell: Tree, gates: tuple[str, ...]) -> tuple[Array, Array | None]:
    """The kernels of one side below each other, transposed, and their biases, zero where only some have one."""
    kernels = [as_array(f"{name}/{gate}/kernel", _leaf(cell[gate]["kernel"]), ndim=2).T for gate in gates]
    widths = {kernel.shape[1] for kernel in kernels}
    if len(widths) != 1:
        raise InvalidInput(f"the kernels of {name!r} read {sorted(widths)} values: all of one side must read as many.")
    if not any("bias" in cell[gate] for gate in gates):
        return np.concatenate(kernels), None
    biases = [_bias(f"{name}/{gate}/bias", cell[gate], len(kernel)) for gate, kernel in zip(gates, kernels, strict=True)]
    return np.concatenate(kernels), np.concatenate(biases)


def _bias(name: str, dense: Tree, size: int) -> Array:
    return as_array(name, _leaf(dense["bias"]), ndim=1) if "bias" in dense else np.zeros(size)


def _leaf(value: Any) -> Any:
    """The array inside a variable of nnx, or the array itself."""
    return value.get_value() if callable(getattr(value, "get_value", None)) else value


def _readout(tree: Tree, width: int) -> Readout | None:
    """The one dense layer outside the cells that reads `width` values."""
    fitting = [(path, dense) for path, dense in _dense(tree) if shape_of(_leaf(dense["kernel"]))[:1] == (width,)]
    fitting = [(path, dense) for path, dense in fitting if len(shape_of(_leaf(dense["kernel"]))) == 2]
    if len(fitting) != 1:
        return None
    path, dense = fitting[0]
    matrix = as_array(f"{path}/kernel", _leaf(dense["kernel"]), ndim=2).T
    return Readout(matrix, _bias(f"{path}/bias", dense, len(matrix)))


def _dense(tree: Tree) -> Iterator[tuple[str, Tree]]:
    for path, inner in _mappings(tree, lambda inner: _layout(inner) is None):
        if "kernel" in inner and _layout(inner) is None:
            yield "/".join(path), inner
