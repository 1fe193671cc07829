"""Hierarchical recurrent nets: levels that look back further, or change more rarely, the higher they are.

El Hihi and Bengio (1996), "Hierarchical recurrent neural networks for long-term dependencies". A level with delay (or period) s
carries a gradient over a lag in s times fewer steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dynlatch.errors import InvalidInput
from dynlatch.training.models.blueprint import (
    Blueprint,
    Drawn,
    Link,
    Unit,
    answering,
    biased,
    blueprint,
    every,
    full,
    layer,
    pairs,
    settle,
)
from dynlatch.validation import count


@dataclass(frozen=True)
class HierarchicalNet(Drawn):
    """`h_l(t) = tanh(B_l r_l(t) + W_l h_l(t - s_l) + b_l)`; level 0 reads the inputs, r_0 = u, level l the one below it,
    `r_l = h_(l-1)`; the answers `y = f(V h + c)` read all levels.

    Parameters
    ----------
    delays : sequence of int
        s_l of every level.
    units_count : int
        Units of each level.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
        f.
    radius : float
        First weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        Without a level, or on a delay below 1.

    Examples
    --------
    >>> from dynlatch.training.models import HierarchicalNet
    >>> len(HierarchicalNet(delays=(1, 4), units_count=2).names)
    23
    """

    delays: Sequence[int] = field(default=(1, 2, 4))
    units_count: int = 2
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")
        object.__setattr__(self, "delays", _scales("delays", self.delays))

    def draw(self) -> Blueprint:
        levels = [every(f"h{l}", self.units_count) for l in range(len(self.delays))]
        links: list[Link] = []
        read = every("u", self.input_dim)
        for l, (h, delay) in enumerate(zip(levels, self.delays, strict=True)):
            links += [*full(h, read, f"B{l}"), *full(h, h, f"W{l}", delay=delay), *biased(h, f"b{l}")]
            read = h
        everyone, y = [name for h in levels for name in h], every("y", self.output_dim)
        units = layer("tanh", everyone) + layer(self.answer, y)
        return blueprint(units, [*links, *answering(y, everyone)], inputs=self.input_dim, answers=y)


@dataclass(frozen=True)
class ClockedNet(Drawn):
    """Levels that are updated every s_l steps, and keep their outputs meanwhile:

        h_l(t) = h_l(t-1) + q_l(t) [tanh(B_l r_l(t) + W_l h_l(t-1) + b_l) - h_l(t-1)],   q_l(t) = 1 if s_l divides t, else 0.

    The clock q_l is a one that goes round a ring of s_l linear units; it opens the gates through which h_l changes.

    Parameters
    ----------
    periods : sequence of int
        s_l of every level.
    units_count : int
        Units of each level.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
    radius : float
        First weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        Without a level, or on a period below 1.

    Examples
    --------
    >>> from dynlatch.training.models import ClockedNet
    >>> len(ClockedNet(periods=(1, 4), units_count=2).names)
    23
    """

    periods: Sequence[int] = field(default=(1, 2, 4))
    units_count: int = 2
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")
        object.__setattr__(self, "periods", _scales("periods", self.periods))

    def draw(self) -> Blueprint:
        units: list[Unit] = []
        links: list[Link] = []
        everyone: list[str] = []
        read = every("u", self.input_dim)
        for l, period in enumerate(self.periods):
            f, e, h = (every(f"{name}{l}", self.units_count) for name in "feh")
            ring = every(f"q{l}", period)
            units += [*_ring(ring), *layer("tanh", f), *layer("linear", e), *layer("linear", h)]
            links += [*pairs(ring, ring[-1:] + ring[:-1], 1.0, delay=1)]
            links += [*full(f, read, f"B{l}"), *full(f, h, f"W{l}", delay=1), *biased(f, f"b{l}")]
            links += [*pairs(e, f, 1.0), *pairs(e, h, -1.0, delay=1), *pairs(h, h, 1.0, delay=1)]
            links += [Link(i, j, 1.0, gate=ring[0]) for i, j in zip(h, e, strict=True)]
            read = h
            everyone += h
        y = every("y", self.output_dim)
        units += layer(self.answer, y)
        return blueprint(units, [*links, *answering(y, everyone)], inputs=self.input_dim, answers=y)


def _ring(ring: Sequence[str]) -> list[Unit]:
    """The one stands at the ring's first unit at time 0, s, 2s, ...; there the level is updated."""
    return [Unit(name, "linear", float(k == 0)) for k, name in enumerate(ring)]


def _scales(name: str, values: Sequence[int]) -> tuple[int, ...]:
    scales = tuple(count(name, value, least=1) for value in values)
    if not scales:
        raise InvalidInput(f"`{name}` needs a number for every level, such as (1, 2, 4); got none.")
    return scales
