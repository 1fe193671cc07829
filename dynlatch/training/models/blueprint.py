"""Architectures from named units and links: the file of an architecture lists them, and everything else follows.

A link carries `w s_source(t - delay)`, or `w s_source(t - delay) s_gate(t - gate_delay)`, to the total input of its target.
Its weight is a name, of a trained parameter, or a number, a constant; links of one name share the parameter. Signals are
called as the units are; the inputs are `u[0]`, `u[1]`, ..., and the constant one is `1`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from dynlatch.lanes.wiring import Connection, Wiring, wire
from dynlatch.maps import Map
from dynlatch.training.contract import Sequences
from dynlatch.training.models.common import KINDS, kind, uniform_columns, wired_column, wired_map, wired_outputs
from dynlatch.validation import Array, count, non_negative_number

ONE = "1"


class Unit(NamedTuple):
    """A unit, in the order in which units are computed."""

    name: str
    kind: str = "tanh"
    start: float = 0.0  # its output at time 0


class Link(NamedTuple):
    """One connection to `target`."""

    target: str
    source: str
    weight: str | float
    delay: int = 0
    gate: str | None = None
    gate_delay: int = 0


class Blueprint(NamedTuple):
    """What an architecture is made of."""

    names: tuple[str, ...]  # of the trained parameters, in the order in which the links name them
    constants: Array
    cell: Wiring
    outputs: int
    given: Mapping[int, float]  # first values of parameters that are not drawn


def blueprint(
    units: Sequence[Unit],
    links: Iterable[Link],
    *,
    inputs: int,
    answers: Sequence[str],
    given: Mapping[str, float] | None = None,
) -> Blueprint:
    """The compiled form of units and links.

    Parameters
    ----------
    units : sequence of Unit
    links : iterable of Link
    inputs : int
    answers : sequence of str
        The units that answer.
    given : mapping of str to float, optional
        First values of the parameters that do not begin at random.
    """
    links = list(links)
    trained = _numbered(link.weight for link in links if isinstance(link.weight, str))
    fixed = _numbered(link.weight for link in links if not isinstance(link.weight, str))
    rows = trained | {value: len(trained) + k for value, k in fixed.items()}
    places = _numbered([*(unit.name for unit in units), *every("u", inputs), ONE])
    output = [places[name] for name in answers]
    cell = wire(
        [_connection(link, places, rows) for link in links],
        kinds=[KINDS[unit.kind] for unit in units],
        inputs=inputs,
        output=output[0] if len(output) == 1 else tuple(output),
        trained=len(trained),
        start=[unit.start for unit in units],
    )
    begun = {trained[name]: value for name, value in (given or {}).items()}
    return Blueprint(tuple(trained), np.array(list(fixed), dtype=np.float64), cell, len(answers), begun)


def _numbered(values: Iterable[Any]) -> dict[Any, int]:
    """Every value once, with its number in the order of first appearance."""
    return {value: k for k, value in enumerate(dict.fromkeys(values))}


def _connection(link: Link, places: Mapping[str, int], rows: Mapping[Any, int]) -> Connection:
    joined = places[link.target], places[link.source], rows[link.weight], link.delay
    return Connection(*joined) if link.gate is None else Connection(*joined, places[link.gate], link.gate_delay)


def every(name: str, n: int) -> tuple[str, ...]:
    """`name[0]`, ..., `name[n - 1]`."""
    return tuple(f"{name}[{k}]" for k in range(n))


def layer(kind: str, names: Iterable[str], start: float = 0.0) -> list[Unit]:
    """Units of one kind."""
    return [Unit(name, kind, start) for name in names]


def full(targets: Sequence[str], sources: Sequence[str], weight: str, delay: int = 0) -> list[Link]:
    """Every source to every target, by the matrix `weight[i,j]`."""
    return [Link(i, j, f"{weight}[{a},{b}]", delay) for a, i in enumerate(targets) for b, j in enumerate(sources)]


def biased(targets: Sequence[str], weight: str) -> list[Link]:
    """A bias `weight[i]` for every target."""
    return [Link(i, ONE, f"{weight}[{a}]") for a, i in enumerate(targets)]


def pairs(targets: Sequence[str], sources: Sequence[str], weight: str | float, delay: int = 0) -> list[Link]:
    """The i-th source to the i-th target: by a constant, or by the vector `weight[i]`."""
    return [
        Link(i, j, f"{weight}[{a}]" if isinstance(weight, str) else weight, delay)
        for a, (i, j) in enumerate(zip(targets, sources, strict=True))
    ]


def answering(answers: Sequence[str], sources: Sequence[str]) -> list[Link]:
    """The answers read `sources` by the matrix V and have biases c."""
    return [*full(answers, sources, "V"), *biased(answers, "c")]


class Drawn(ABC):
    """What the contract of an architecture asks for, from a frozen dataclass that says how it is drawn.

    First weights are uniform on [-radius, radius], but for those that the blueprint gives.
    """

    radius: float

    @abstractmethod
    def draw(self) -> Blueprint:
        """The units and links."""

    @property
    def input_dim(self) -> int:
        """Number of inputs."""
        return _drawn(self).cell.inputs

    @property
    def output_dim(self) -> int:
        """Number of answers."""
        return _drawn(self).outputs

    @property
    def names(self) -> tuple[str, ...]:
        """The trained parameters."""
        return _drawn(self).names

    @property
    def constants(self) -> Array:
        """The weights that are not trained."""
        return _drawn(self).constants.copy()

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        """First weights, one column a stream: shape (P, L)."""
        own = _drawn(self)
        theta = uniform_columns(streams, len(own.names), self.radius)
        for row, value in own.given.items():
            theta[row] = value
        return theta

    def network(self, column: Array) -> Map:
        """In output coordinates: the units that are read with a delay, then the answers."""
        return wired_map(self, column)

    def column(self, network: Map) -> Array:
        """The trained parameters of a map that `network` made, shape (P,)."""
        return wired_column(self, network)

    def cell(self) -> Wiring:
        """The compiled form."""
        return _drawn(self).cell

    def outputs(self, theta: Array, sequences: Sequences) -> Array:
        """The answers of one network, a column of weights with the constants below."""
        return wired_outputs(self.cell(), theta, sequences)


@cache
def _drawn(model: Drawn) -> Blueprint:
    return model.draw()


ANSWERS = ("tanh", "logistic", "linear")  # kinds of answering units: class tasks ask for -0.8 and 0.8


def settle(model: Any, *counts: str) -> None:
    """Check the settings that most architectures have: those counts, `radius`, and the kind of the answering units."""
    for name in counts:
        object.__setattr__(model, name, count(name, getattr(model, name), least=1))
    object.__setattr__(model, "radius", non_negative_number("radius", model.radius))
    if hasattr(model, "answer"):
        kind(model.answer, *ANSWERS)
