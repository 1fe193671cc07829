"""`load_network`: a file with trained weights, by its suffix."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dynlatch.activations import Activation
from dynlatch.archives import read_npz
from dynlatch.errors import InvalidInput, UnreadableFile
from dynlatch.interop.flax import cells, from_flax, nested
from dynlatch.interop.keras import load_keras, load_keras_weights
from dynlatch.interop.mapping import network_from, recurrent_layers, unwrap
from dynlatch.interop.onnx import load_onnx
from dynlatch.interop.parts import Network, Wanted
from dynlatch.interop.pytorch import read_checkpoint
from dynlatch.interop.safetensors import read_safetensors

Loader = Callable[[Path, Wanted, str | Activation], Network]


def _weights(read: Callable[[Path], Mapping[str, Any]]) -> Loader:
    """A loader of files that are a mapping from names to arrays: PyTorch's names, or else Flax's."""

    def load(path: Path, layer: Wanted, nonlinearity: str | Activation) -> Network:
        arrays = read(path)
        if not recurrent_layers(unwrap(arrays)) and any(cells(nested(arrays))):
            return from_flax(arrays, layer=layer, nonlinearity=nonlinearity)
        return network_from(arrays, layer=layer, nonlinearity_of=lambda _: nonlinearity)

    return load


LOADERS: dict[str, Loader] = {
    ".pt": _weights(read_checkpoint),
    ".pth": _weights(read_checkpoint),
    ".safetensors": _weights(read_safetensors),
    ".npz": _weights(read_npz),
    ".keras": load_keras,
    ".h5": load_keras_weights,
    ".onnx": load_onnx,
}


def load_network(path: str | os.PathLike[str], *, layer: Wanted = None, nonlinearity: str | Activation = "tanh") -> Network:
    """A trained network from a file, by its suffix. Nothing in a file is executed.

    ================ =============================================================================================
    `.pt`, `.pth`    PyTorch checkpoints: state dicts, weights only (needs the extra `torch`)
    `.safetensors`   PyTorch's names, or those of Flax joined by `.` or `/`
    `.npz`           the same names, arrays only
    `.keras`         Keras 3 models: SimpleRNN, GRU, LSTM and RNN of their cells (needs the extra `models`, as below)
    `.weights.h5`    Keras 3 weights; activations are taken for Keras's defaults, which the file does not record
    `.onnx`          RNN, GRU and LSTM nodes
    ================ =============================================================================================

    Parameters
    ----------
    path : str or path
    layer : str or sequence of str, optional
        Name of the recurrent layer to take: its prefix (`"encoder.rnn"`), in Keras `"encoder/gru"`, in ONNX the node's
        name. One layer alone is found by itself, and so are layers that the file says to read each other. Several names,
        the lowest first, are stacked.
    nonlinearity : str or Activation
        f of a plain recurrent layer, where the file does not record it (`.keras` and `.onnx` do). A GRU or an LSTM has no
        such choice.

    Returns
    -------
    network : ElmanNetwork, GRU, ResetBeforeGRU, LSTM, ProjectedLSTM or StackedNetwork
        `network.readout` is the one linear layer that reads its output, or None where there is none or more than one. Of
        a dense layer that ends in a softmax or a sigmoid it is the sum before that.

    Raises
    ------
    UnreadableFile
        If the file is missing, damaged, of a format that is not read, holds more than plain weights, or declares sizes
        that no such file has.
    UnsupportedNetwork
        If it holds no recurrent layer, or one that is no map of its state (bidirectional), or with activations or
        settings that no network of `dynlatch.networks` has.
    InvalidInput
        If a weight is missing, does not fit or is not finite, or if `layer` is needed and names no layer.
    MissingExtra
        If the package that reads the format is not installed.

    Warns
    -----
    ReducedPrecision
        If the weights are in half precision or bfloat16.

    Examples
    --------
    >>> import numpy as np, os, tempfile
    >>> import dynlatch as dl
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "latch.npz")
    ...     np.savez(path, **{"rnn.weight_ih_l0": [[1.0]], "rnn.weight_hh_l0": [[1.25]]})
    ...     dl.load_network(path).step(np.array([1.0])).round(4)
    array([0.8483])
    """
    try:
        path = Path(path)
    except TypeError:
        raise InvalidInput(f"`path` must be the path of a file; got {type(path).__name__}.") from None
    return _loader(path)(path, layer, nonlinearity)


def _loader(path: Path) -> Loader:
    suffix = path.suffix.lower()
    if suffix not in LOADERS:
        raise UnreadableFile(f"{str(path)!r} has the suffix {suffix!r}; what is read: {', '.join(LOADERS)}.")
    return LOADERS[suffix]
