"""`load_network`: a file with trained weights, by its suffix."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dynlatch.activations import Activation
from dynlatch.errors import InvalidInput, UnreadableFile
from dynlatch.interop.mapping import network_from
from dynlatch.interop.npz import read_npz
from dynlatch.interop.parts import Network, Wanted
from dynlatch.interop.pytorch import read_checkpoint
from dynlatch.interop.safetensors import read_safetensors

Reader = Callable[[Path], Mapping[str, Any]]

READERS: dict[str, Reader] = {
    ".pt": read_checkpoint,
    ".pth": read_checkpoint,
    ".safetensors": read_safetensors,
    ".npz": read_npz,
}
NOT_YET = {".onnx": "ONNX", ".keras": "Keras", ".h5": "Keras"}


def load_network(path: str | os.PathLike[str], *, layer: Wanted = None, nonlinearity: str | Activation = "tanh") -> Network:
    """A trained network from a file of weights with PyTorch's names.

    Reads `.pt` and `.pth` (weights only; needs the torch extra), `.safetensors` and `.npz`. Nothing is executed.

    Parameters
    ----------
    path : str or path
    layer : str, optional
        Prefix of the recurrent layer to take (`"encoder.rnn"`); one layer alone is found by itself.
    nonlinearity : str or Activation
        f of a plain recurrent layer, which no file of weights records. A GRU or an LSTM has no such choice.

    Returns
    -------
    network : ElmanNetwork, GRU, LSTM or StackedNetwork
        `network.readout` is the one linear layer that reads its output, or None where there is none or more than one.

    Raises
    ------
    UnreadableFile
        If the file is missing, damaged, of a format that is not read, or holds more than plain weights.
    UnsupportedNetwork
        If it holds no recurrent layer, or one that is no map of its state (bidirectional), or one with a projection.
    InvalidInput
        If a weight is missing, does not fit or is not finite, or if `layer` is needed and names no layer.
    MissingExtra
        If a `.pt` file is given and PyTorch is not installed.

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
    return network_from(_reader(path)(path), layer=layer, nonlinearity_of=lambda _: nonlinearity)


def _reader(path: Path) -> Reader:
    suffix = path.suffix.lower()
    if suffix in NOT_YET:
        raise UnreadableFile(
            f"{str(path)!r} is not read: {NOT_YET[suffix]} files are not read yet; save the weights under "
            "PyTorch's names as .safetensors or .npz."
        )
    if suffix not in READERS:
        raise UnreadableFile(f"{str(path)!r} has the suffix {suffix!r}; what is read: {', '.join(READERS)}.")
    return READERS[suffix]
