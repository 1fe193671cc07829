"""Which system a command is about: a file of trained weights, or weights typed in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.interop import load_network
from dynlatch.maps import Map, WithInput
from dynlatch.networks import AdditiveNetwork
from dynlatch.validation import Array


def system(
    path: str | None,
    *,
    weights: str | None,
    bias: str | None,
    activation: str,
    layer: str | None,
    nonlinearity: str,
    constant: str | None,
) -> Map:
    """The map of the arguments that all commands on a system share, under the constant input if one is given."""
    if (path is None) == (weights is None):
        raise InvalidInput('give a file of trained weights, or type them in as --weights "1.3 2.6; 3.7 0.3": one of the two.')
    if weights is None and bias is not None:
        raise InvalidInput("`--bias` belongs to `--weights`; a trained network has its own.")
    if weights is not None:
        net: Map = AdditiveNetwork(matrix("--weights", weights), None if bias is None else numbers("--bias", bias), activation)
    else:
        net = load_network(str(path), layer=layer, nonlinearity=nonlinearity)
    return net if constant is None else WithInput(net, numbers("--input", constant))


def numbers(name: str, text: str) -> Array:
    """Numbers separated by commas or spaces."""
    try:
        return np.array([float(word) for word in text.replace(",", " ").split()])
    except ValueError:
        raise InvalidInput(f"`{name}` must be numbers separated by commas or spaces; got {text!r}.") from None


def matrix(name: str, text: str) -> Array:
    """Rows separated by semicolons."""
    rows = [numbers(name, row) for row in text.strip().rstrip(";").split(";")]
    if len({len(row) for row in rows}) != 1:
        raise InvalidInput(f"the rows of `{name}` have {', '.join(str(len(row)) for row in rows)} numbers; they must agree.")
    return np.stack(rows)


def bounds_of(text: str | None) -> tuple[float, float] | None:
    """`--bounds LO,HI`."""
    if text is None:
        return None
    ends = numbers("--bounds", text)
    if len(ends) != 2 or not ends[0] < ends[1]:
        raise InvalidInput(f"`--bounds` must be two numbers LO,HI with LO < HI; got {text!r}.")
    return float(ends[0]), float(ends[1])


def picture(out: str) -> Path:
    """The path of a picture, refused before the work if it cannot be written there."""
    from matplotlib.backend_bases import FigureCanvasBase

    path, known = Path(out), FigureCanvasBase.get_supported_filetypes()
    if not path.parent.is_dir():
        raise InvalidInput(f"`--out` is {out!r}, but there is no folder {str(path.parent)!r}.")
    if path.suffix.lstrip(".").lower() not in known or path.is_dir():
        raise InvalidInput(f"`--out` is {out!r}: its name must end in one of .{', .'.join(sorted(known))}.")
    return path
