"""Families of maps in one parameter, ready made: the gain, one weight, the size of a constant input.

Any function from a number to a map is a family; these also say what their parameter is called.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, cast

import numpy as np

from dynlatch.errors import InvalidInput
from dynlatch.maps import Map, Parametric, WithInput
from dynlatch.validation import Array, shaped_array

RECURRENT = ("W", "W_hh", "weight_hh", "weight_hn")


class Family(Protocol):
    """A map for every value of the parameter, all of one dimension."""

    def __call__(self, parameter: float, /) -> Map: ...


class Family2(Protocol):
    """A map for every value of two parameters."""

    def __call__(self, first: float, second: float, /) -> Map: ...


@dataclass(frozen=True, eq=False)
class GainFamily:
    """The network with its recurrent weights multiplied by the parameter; 1 is the network itself.

    Examples
    --------
    >>> import dynlatch as dl
    >>> from dynlatch import analysis
    >>> analysis.GainFamily(dl.LatchNeuron(2.0))(0.75).W
    array([[1.5]])
    """

    network: Map
    _weights: dict[str, Array] = field(init=False, repr=False)
    label = "gain"

    def __post_init__(self) -> None:
        inner = _inner(self.network)
        arrays = dict(inner.parameters) if inner else {}
        weights = {name: array for name, array in arrays.items() if name.rsplit(".")[-1] in RECURRENT}
        if not weights:
            raise InvalidInput(f"{type(self.network).__name__} has no recurrent weights to scale: write a family of your own.")
        object.__setattr__(self, "_weights", weights)

    def __call__(self, parameter: float) -> Map:
        return _with(self.network, {name: parameter * weights for name, weights in self._weights.items()})


@dataclass(frozen=True, eq=False)
class WeightFamily:
    """The network with one entry of one of its parameter arrays set to the parameter: `WeightFamily(net, "W", (0, 1))`."""

    network: Map
    name: str
    index: tuple[int, ...]
    _array: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        inner = _inner(self.network)
        if inner is None or self.name not in inner.parameters:
            names = ", ".join(inner.parameters) if inner else "none"
            raise InvalidInput(f"{type(self.network).__name__} has no parameter {self.name!r}: it has {names}.")
        index = tuple(self.index) if np.iterable(self.index) else (self.index,)
        shape = inner.parameters[self.name].shape
        if len(index) != len(shape) or not all(-size <= i < size for i, size in zip(index, shape, strict=True)):
            raise InvalidInput(f"`index` must name one entry of {self.name}, whose shape is {shape}; got {self.index!r}.")
        object.__setattr__(self, "index", index)
        object.__setattr__(self, "_array", inner.parameters[self.name])

    @property
    def label(self) -> str:
        """Name of the parameter, for axes."""
        return f"{self.name}[{', '.join(str(i) for i in self.index)}]"

    def __call__(self, parameter: float) -> Map:
        array = np.array(self._array)
        array[self.index] = parameter
        return _with(self.network, {self.name: array})


@dataclass(frozen=True, eq=False)
class InputFamily:
    """The map under the constant input `parameter * direction`."""

    map: Map
    direction: Array
    label = "size of the constant input"

    def __post_init__(self) -> None:
        direction = shaped_array("direction", self.direction, (self.map.input_dim,))
        if not direction.any():
            raise InvalidInput("`direction` must not be zero: no input would enter.")
        object.__setattr__(self, "direction", direction)

    def __call__(self, parameter: float) -> Map:
        return WithInput(self.map, parameter * self.direction)


def _inner(map: Map) -> Parametric | None:
    """The network that has the parameters, under any constant inputs."""
    while isinstance(map, WithInput):
        map = map.map
    return map if isinstance(map, Parametric) else None


def _with(map: Map, arrays: dict[str, Array]) -> Map:
    if isinstance(map, WithInput):
        return WithInput(_with(map.map, arrays), map.u0)
    # Looked at once, in `_inner`: asking a protocol again for every parameter would cost more than the map.
    return cast(Parametric, map).with_parameters(**arrays)
