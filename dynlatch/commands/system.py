"""Which system a command is about: a file of trained weights, or weights typed in."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import Parameter

from dynlatch.errors import InvalidInput
from dynlatch.interop import load_network
from dynlatch.maps import Map, WithInput
from dynlatch.networks import AdditiveNetwork
from dynlatch.validation import Array

Text = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


@Parameter(name="*")
@dataclass(frozen=True)
class System:
    """The arguments that every command on a system shares.

    Parameters
    ----------
    path
        Trained weights: .pt, .pth, .safetensors, .npz, .keras, .weights.h5 or .onnx.
    weights
        Instead of a file: W of a' = W f(a) + c, rows separated by semicolons, as in "1.3 2.6; 3.7 0.3".
    bias
        c of those weights, as in "0.1, -0.2"; zero by default.
    activation
        f of those weights: tanh, logistic, relu, softplus or linear.
    constant
        Constant input under which the system is taken, as in "0.5,0"; zero by default.
    layer
        Prefix of the recurrent layer to take, where the file holds several.
    nonlinearity
        Of a plain RNN, where the file does not record it: tanh or relu.
    """

    path: str | None = None
    _: KW_ONLY
    weights: Text = None
    bias: Text = None
    activation: str = "tanh"
    constant: Annotated[str | None, Parameter(name="--input", allow_leading_hyphen=True)] = None
    layer: str | None = None
    nonlinearity: str = "tanh"

    def load(self) -> Map:
        """The map, under the constant input if one is given."""
        if (self.path is None) == (self.weights is None):
            raise InvalidInput(
                'give a file of trained weights, or type them in as --weights "1.3 2.6; 3.7 0.3": one of the two.'
            )
        net = self._typed() if self.path is None else self._trained(self.path)
        return net if self.constant is None else WithInput(net, numbers("--input", self.constant))

    def _typed(self) -> Map:
        bias = None if self.bias is None else numbers("--bias", self.bias)
        return AdditiveNetwork(matrix("--weights", str(self.weights)), bias, self.activation)

    def _trained(self, path: str) -> Map:
        if self.bias is not None:
            raise InvalidInput("`--bias` belongs to `--weights`; a trained network has its own.")
        return load_network(path, layer=self.layer, nonlinearity=self.nonlinearity)


NOTHING_GIVEN = System()


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
