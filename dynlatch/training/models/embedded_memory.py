"""Embedded memory: hidden units that read each other not one step back only, but 1, 2, ..., D steps back.

Lin, Horne, Tino and Giles (1996), "Learning long-term dependencies in NARX recurrent neural networks", and Lin, Horne and Giles
(1998), "How embedded memory in recurrent neural network architectures helps learning long-term temporal dependencies".
"""

from __future__ import annotations

from dataclasses import dataclass

from dynlatch.training.models.blueprint import Blueprint, Drawn, answering, biased, blueprint, every, full, layer, settle


@dataclass(frozen=True)
class EmbeddedMemory(Drawn):
    """`h(t) = tanh(B u(t) + sum_d W_d h(t-d) + b)` for d = 1, ..., D, `y = f(V h + c)`.

    In the unfolded network the long connections jump ahead: a gradient needs D times fewer steps back to the same lag.

    Parameters
    ----------
    units_count : int
        Hidden units.
    delays : int
        D; 1 is Elman's net.
    input_dim, output_dim : int
    answer : {"tanh", "logistic", "linear"}
        f.
    radius : float
        First weights are uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import EmbeddedMemory
    >>> len(EmbeddedMemory(3, delays=2).names)
    28
    """

    units_count: int = 3
    delays: int = 3
    input_dim: int = 1
    output_dim: int = 1
    answer: str = "tanh"
    radius: float = 0.5

    def __post_init__(self) -> None:
        settle(self, "units_count", "delays", "input_dim", "output_dim")

    def draw(self) -> Blueprint:
        u, h, y = every("u", self.input_dim), every("h", self.units_count), every("y", self.output_dim)
        memory = [link for d in range(1, self.delays + 1) for link in full(h, h, f"W{d}", delay=d)]
        units = layer("tanh", h) + layer(self.answer, y)
        return blueprint(units, [*full(h, u, "B"), *memory, *biased(h, "b"), *answering(y, h)], inputs=len(u), answers=y)
