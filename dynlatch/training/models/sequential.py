"""A net whose units come in an order that no connection goes against: left-to-right, as in speech models.

Sequentiality as prior knowledge: Bengio, Frasconi and Simard (1993), ICNN, section III.D. The Jacobian is block-triangular: its
eigenvalues are those of the stages, and what a stage has forgotten no later one brings back.
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.errors import InvalidInput
from dynlatch.training.models.blueprint import Blueprint, Drawn, Link, answering, biased, blueprint, every, full, layer
from dynlatch.validation import count, non_negative_number


@dataclass(frozen=True)
class SequentialNet(Drawn):
    """`h_i(t) = tanh(sum W_ij h_j(t-1) + B u(t) + b)` over the units j of the same and of earlier stages; `y = tanh(V h + c)`.

    Parameters
    ----------
    stages : tuple of int
        Units in each stage; one in each is an order of all units, a single stage is no constraint.
    input_dim, output_dim : int
    radius : float
        First weights are uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        If there is no stage, or one without units.

    Examples
    --------
    >>> from dynlatch.training.models import SequentialNet
    >>> len(SequentialNet((2, 1)).names)
    17
    """

    stages: tuple[int, ...] = (2, 2, 2)
    input_dim: int = 1
    output_dim: int = 1
    radius: float = 1.0

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "stages", tuple(count("stages", size, least=1) for size in self.stages))
        put(self, "input_dim", count("input_dim", self.input_dim, least=1))
        put(self, "output_dim", count("output_dim", self.output_dim, least=1))
        non_negative_number("radius", self.radius)
        if not self.stages:
            raise InvalidInput("`stages` must name at least one number of units.")

    def draw(self) -> Blueprint:
        stage = [k for k, size in enumerate(self.stages) for _ in range(size)]
        h, u, y = every("h", len(stage)), every("u", self.input_dim), every("y", self.output_dim)
        onward = [Link(i, j, f"W[{a},{b}]", 1) for a, i in enumerate(h) for b, j in enumerate(h) if stage[b] <= stage[a]]
        links = [*onward, *full(h, u, "B"), *biased(h, "b"), *answering(y, h)]
        return blueprint(layer("tanh", (*h, *y)), links, inputs=len(u), answers=y)
