"""Second-order nets: connections that multiply a unit's output by an input.

Giles, Miller, Chen, Chen, Sun and Lee (1992), "Learning and extracting finite state automata with second-order recurrent neural
networks"; among the nets that the analysis of Schmidhuber, Hochreiter and Bengio (2001) includes.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.training.models.blueprint import (
    Blueprint,
    Drawn,
    Link,
    answering,
    biased,
    blueprint,
    every,
    full,
    layer,
    settle,
)


@dataclass(frozen=True)
class SecondOrderNet(Drawn):
    """`h_i(t) = tanh(sum_jk W_ijk h_j(t-1) u_k(t) + sum_j W_ij h_j(t-1) + B u(t) + b)`, `y = f(V h + c)`.

    The sum without u_k is that over an input that is always 1.

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
    >>> from dynlatch.training.models import SecondOrderNet
    >>> len(SecondOrderNet(3).names)
    28
    """

    units_count: int = 3
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")

    def draw(self) -> Blueprint:
        h, u, y = every("h", self.units_count), every("u", self.input_dim), every("y", self.output_dim)
        products = [
            Link(i, j, f"W[{a},{b},{k}]", 1, gate=gate)
            for a, i in enumerate(h)
            for b, j in enumerate(h)
            for k, gate in enumerate(u)
        ]
        links = [*products, *full(h, h, "W", delay=1), *full(h, u, "B"), *biased(h, "b"), *answering(y, h)]
        return blueprint(layer("tanh", h) + layer(self.answer, y), links, inputs=len(u), answers=y)
