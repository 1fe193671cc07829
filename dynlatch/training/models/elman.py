"""Elman's net: fully connected hidden units, and answers that read them.

Elman (1990), "Finding structure in time". He trained it one step back only (`rules.TruncatedBackPropagation`).
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.training.models.blueprint import Blueprint, Drawn, answering, biased, blueprint, every, full, layer, settle


@dataclass(frozen=True)
class ElmanNet(Drawn):
    """`h(t) = tanh(B u(t) + W h(t-1) + b)`, `y = f(V h + c)`.

    Parameters
    ----------
    units_count : int
        Hidden units.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
        f.
    radius : float
        First weights are uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import ElmanNet
    >>> len(ElmanNet(5).names)
    41
    """

    units_count: int = 5
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")

    def draw(self) -> Blueprint:
        u, h, y = every("u", self.input_dim), every("h", self.units_count), every("y", self.output_dim)
        hidden = [*full(h, u, "B"), *full(h, h, "W", delay=1), *biased(h, "b")]
        units = layer("tanh", h) + layer(self.answer, y)
        return blueprint(units, [*hidden, *answering(y, h)], inputs=len(u), answers=y)
