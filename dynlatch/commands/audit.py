"""`dynlatch audit PATH`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from dynlatch import analysis
from dynlatch.commands.output import note, write, write_json
from dynlatch.errors import InvalidInput, UnreadableFile
from dynlatch.interop import load_network
from dynlatch.maps import Parametric
from dynlatch.results import DAMAGE
from dynlatch.validation import Array


def audit(
    path: str,
    *,
    inputs: str | None = None,
    batch_first: bool = False,
    layer: str | None = None,
    nonlinearity: str = "tanh",
    out: str | None = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    rng: int = 0,
) -> None:
    """Memory states and gradient decay of a trained network.

    Parameters
    ----------
    path
        Trained weights: .pt, .pth, .safetensors or .npz.
    inputs
        Input sequences, a .npy file of shape (T, m) or (T, sequences, m). Sampled unit pulses by default.
    batch_first
        The inputs come as (sequences, T, m).
    layer
        Prefix of the recurrent layer to take, where the file holds several.
    nonlinearity
        Of a plain RNN, which files do not record: tanh or relu.
    out
        Write the report to this HTML file.
    as_json
        Print the numbers as JSON instead of the summary.
    rng
        Seed of the search and of sampled inputs.
    """
    page = None if out is None else _writable(out)
    network = load_network(path, layer=layer, nonlinearity=nonlinearity)
    if not isinstance(network, Parametric):
        raise InvalidInput(f"{path!r} does not hold a network that can be audited.")
    sequences = None if inputs is None else _read_inputs(inputs)
    report = analysis.audit(
        network, sequences, batch_first=batch_first, name=Path(path).name, rng=rng, progress=sys.stderr.isatty()
    )
    if as_json:
        write_json(report.to_dict())
    else:
        write(report.summary())
    if page is not None:
        report.to_html(page)
        note(f"report: {page}")


def _writable(out: str) -> Path:
    """The report's path, refused before the work if its folder is not there."""
    path = Path(out)
    if not path.parent.is_dir():
        raise InvalidInput(f"`--out` is {out!r}, but there is no folder {str(path.parent)!r}.")
    return path


def _read_inputs(path: str) -> Array:
    try:
        array = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise UnreadableFile(f"there is no file {path!r}.") from None
    except DAMAGE as error:
        raise UnreadableFile(f"{path!r} is not a .npy file of numbers ({' '.join(str(error).split())}).") from None
    if not isinstance(array, np.ndarray):
        raise UnreadableFile(f"{path!r} holds several arrays; save the inputs alone with numpy.save.")
    return array
