"""PyTorch: modules, state dicts and checkpoints (`.pt`, `.pth`). Only the last needs the torch package here."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import IO, Any

from dynlatch.activations import Activation, resolve
from dynlatch.errors import InvalidInput, MissingExtra, UnreadableFile
from dynlatch.interop.mapping import network_from
from dynlatch.interop.parts import Network, Wanted
from dynlatch.reading import check_zip, quiet, reading

PICKLES = 5  # that a checkpoint in the older format begins with


def from_torch(module_or_state_dict: Any, *, layer: Wanted = None, nonlinearity: str | Activation | None = None) -> Network:
    """A network from a PyTorch module, its state dict, or any mapping from PyTorch's names to arrays.

    Parameters
    ----------
    module_or_state_dict : torch.nn.Module or mapping of str to array_like
        `nn.RNN`, `nn.GRU`, `nn.LSTM`, their cells, or a module that contains one; tensors of any precision or arrays.
    layer : str or sequence of str, optional
        Prefix of the recurrent layer to take (`"encoder.rnn"`); one layer alone is found by itself. Several prefixes, the
        lowest first, are stacked.
    nonlinearity : str or Activation, optional
        f of a plain recurrent layer. A module knows its own; a mapping does not, and `None` means tanh there.

    Returns
    -------
    network : ElmanNetwork, GRU, LSTM, ProjectedLSTM or StackedNetwork
        Several layers become a stack, an LSTM with `proj_size` a ProjectedLSTM. `network.readout` is the one linear layer
        that reads the output, or None.

    Raises
    ------
    UnsupportedNetwork
        If there is no recurrent layer, or one that is bidirectional.
    InvalidInput
        If a weight is missing, does not fit or is not finite, if `nonlinearity` contradicts the module, or if `layer`
        is needed and names no layer.

    Warns
    -----
    ReducedPrecision
        If the weights are in half precision or bfloat16.

    Examples
    --------
    >>> import dynlatch as dl
    >>> dl.from_torch({"weight_ih": [[1.0], [0.0]], "weight_hh": [[0.0, 2.0], [2.0, 0.0]]}).dim
    2
    """
    source = module_or_state_dict
    if isinstance(source, Mapping):
        f = "tanh" if nonlinearity is None else nonlinearity
        return network_from(source, layer=layer, nonlinearity_of=lambda _: f)
    if not callable(getattr(source, "state_dict", None)):
        raise InvalidInput(f"expected a PyTorch module or a mapping from names to arrays; got {type(source).__name__}.")
    return network_from(source.state_dict(), layer=layer, nonlinearity_of=partial(_nonlinearity, source, nonlinearity))


def _nonlinearity(module: Any, given: str | Activation | None, prefix: str) -> str | Activation | None:
    """What the layer under `prefix` declares, or what is given; the two must not contradict each other."""
    own = _declared(module, prefix)
    if own is not None and given is not None and resolve(given).name != own:
        raise InvalidInput(f"`nonlinearity` is {resolve(given).name!r}, but the module has {own!r}: leave it out.")
    return given if own is None else own


def _declared(module: Any, prefix: str) -> str | None:
    """The nonlinearity that the layer itself names, if it does: `nn.RNN` in its mode, a cell in an attribute."""
    try:
        part = module.get_submodule(prefix)
    except AttributeError:
        return None
    mode = getattr(part, "mode", None)
    if isinstance(mode, str) and mode.startswith("RNN_"):
        return mode.removeprefix("RNN_").lower()
    own = getattr(part, "nonlinearity", None)
    return own if isinstance(own, str) else None


def read_checkpoint(path: Path) -> Mapping[str, Any]:
    """The mapping that a PyTorch checkpoint holds, read by PyTorch's weights-only unpickler.

    Raises
    ------
    MissingExtra
        If PyTorch is not installed.
    UnreadableFile
        If the file is missing, damaged, or holds pickled objects.
    """
    kind = "a PyTorch checkpoint"
    with reading(path, kind), quiet():
        if zipfile.is_zipfile(path):
            check_zip(path)
        _check_pickles(path)
    torch = _torch()
    with reading(path, kind):
        content = _weights_only(torch, path)
    if not isinstance(content, Mapping):
        raise UnreadableFile(f"{str(path)!r} holds a {type(content).__name__}, not a mapping from names to weights.")
    return content


def _check_pickles(path: Path) -> None:
    """Refuse what PyTorch's unpickler allows and takes any amount of memory: `bytearray(10**11)`."""
    for opcode, argument in _operations(path):
        if opcode == "GLOBAL" and str(argument).split()[-1:] == ["bytearray"]:
            raise UnreadableFile(
                f"{str(path)!r} holds a byte array, which may be of any size, beside plain weights; save model.state_dict() "
                "alone."
            )


def _operations(path: Path) -> Iterator[tuple[str, Any]]:
    """The operations of the pickles that a checkpoint begins with, without carrying them out."""
    with ExitStack() as stack:
        stream: IO[bytes] = stack.enter_context(path.open("rb"))
        if zipfile.is_zipfile(path):
            archive = stack.enter_context(zipfile.ZipFile(path))
            name = next((name for name in archive.namelist() if name.endswith("data.pkl")), None)
            stream = io.BytesIO(b"" if name is None else archive.read(name))
        # In the older format four pickles follow each other, then numbers. What is damaged, PyTorch will say.
        with suppress(ValueError, IndexError, UnicodeDecodeError):
            for _ in range(PICKLES):
                yield from ((opcode.name, argument) for opcode, argument, _ in pickletools.genops(stream))


def _weights_only(torch: Any, path: Path) -> Any:
    try:
        with quiet():
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        # PyTorch's own text advises to load without the safeguard, so none of it is passed on.
        if "GLOBAL" not in str(error):
            raise UnreadableFile(f"{str(path)!r} is not a PyTorch checkpoint, or is damaged.") from None
        raise UnreadableFile(
            f"{str(path)!r} holds a pickled object, not plain weights; load it yourself where you trust it and save "
            "model.state_dict()."
        ) from None


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise MissingExtra("reading .pt and .pth files needs PyTorch: pip install 'dynlatch[torch]'.") from None
    return torch
