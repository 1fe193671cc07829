"""Long short-term memory with forget gates: `s(t) = y_forget(t) s(t-1) + y_in(t) g(net_c(t))`.

Gers, Schmidhuber and Cummins (2000), "Learning to forget: continual prediction with LSTM". The rest is the net of 1997
(`lstm_1997`); along the cell an error keeps the factor y_forget a step, near 1 while the gate is open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dynlatch.training.models.blueprint import Blueprint, Drawn, Link, settle
from dynlatch.training.models.memory_blocks import gate_biases, memory_blocks


@dataclass(frozen=True)
class ForgetGateLSTM(Drawn):
    """Memory blocks with input, output and forget gates.

    Parameters
    ----------
    blocks, size : int
        Memory blocks, and cells in each.
    input_dim, output_dim : int
    input_bias, output_bias, forget_bias : sequence of float
        First values of the biases of the gates, one a block, repeated where there are more blocks; a positive one keeps the
        forget gate open at the beginning.
    answer : {"tanh", "logistic", "linear"}
        What the answers do to their total input.
    answer_bias : bool
        Whether the answers have biases.
    radius : float
        The other weights begin uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        If the gates' biases are no numbers.

    Examples
    --------
    >>> from dynlatch.training.models import ForgetGateLSTM
    >>> len(ForgetGateLSTM().names)
    171
    """

    blocks: int = 3
    size: int = 1
    input_dim: int = 1
    output_dim: int = 1
    input_bias: Sequence[float] = field(default=(-1.0, -3.0, -5.0))
    output_bias: Sequence[float] = field(default=(-2.0, -4.0, -6.0))
    forget_bias: Sequence[float] = field(default=(2.0, 4.0, 6.0))
    answer: str = "tanh"
    answer_bias: bool = False
    radius: float = 0.1

    def __post_init__(self) -> None:
        settle(self, "blocks", "size", "input_dim", "output_dim")
        for name in ("input_bias", "output_bias", "forget_bias"):
            object.__setattr__(self, name, gate_biases(name, getattr(self, name)))

    @property
    def units_count(self) -> int:
        """Memory cells."""
        return self.blocks * self.size

    def draw(self) -> Blueprint:
        gates = {"in": self.input_bias, "out": self.output_bias, "forget": self.forget_bias}
        return memory_blocks(self, gates, _carousel)


def _carousel(cell: str, block: int) -> Link:
    """The cell keeps what its block's forget gate lets through."""
    return Link(cell, cell, 1.0, 1, gate=f"forget[{block}]")
