"""Recurrent nets of radial basis units, which answer to the distance of what they read from a centre.

Frasconi, Gori, Maggini and Soda (1996), "Representation of finite state automata in recurrent radial basis function networks";
among the nets that the analysis of Schmidhuber, Hochreiter and Bengio (2001) includes.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.training.models.blueprint import ONE, Blueprint, Drawn, Link, Unit, answering, blueprint, every, layer, settle
from dynlatch.validation import positive_number


@dataclass(frozen=True)
class RadialBasisNet(Drawn):
    """`h_i(t) = exp(-|z(t) - m_i|^2 / (2 width^2))` with `z(t) = (h(t-1), u(t))`, `y = f(V h + c)`.

    The centres m and the weights of the answer are trained.

    Parameters
    ----------
    units_count : int
        Radial basis units.
    width : float
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
        f.
    radius : float
        First weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        If the width is not positive.

    Examples
    --------
    >>> from dynlatch.training.models import RadialBasisNet
    >>> len(RadialBasisNet(4).names)
    25
    """

    units_count: int = 4
    width: float = 0.7
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")
        object.__setattr__(self, "width", positive_number("width", self.width))

    def draw(self) -> Blueprint:
        h, y = every("h", self.units_count), every("y", self.output_dim)
        read = [(name, 1) for name in h] + [(name, 0) for name in every("u", self.input_dim)]
        units: list[Unit] = []
        links: list[Link] = []
        for i, name in enumerate(h):
            apart = [f"d[{i},{j}]" for j in range(len(read))]
            units += layer("linear", apart)
            for j, (source, delay) in enumerate(read):
                links += _square(name, apart[j], source, delay, f"m[{i},{j}]", -0.5 / self.width**2)
        units += layer("exponential", h) + layer(self.answer, y)
        return blueprint(units, [*links, *answering(y, h)], inputs=self.input_dim, answers=y)


def _square(unit: str, apart: str, source: str, delay: int, centre: str, factor: float) -> list[Link]:
    """`factor (centre - source)^2` to `unit`, by way of the difference."""
    return [Link(apart, ONE, centre), Link(apart, source, -1.0, delay), Link(unit, apart, factor, gate=apart)]
