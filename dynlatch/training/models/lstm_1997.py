"""Long short-term memory as it was published first: a constant error carousel behind two gates, and no forget gate.

    s(t) = s(t-1) + y_in(t) g(net_c(t)),   y_c(t) = y_out(t) h(s(t)),   s(0) = 0

with logistic gates, `g(a) = 4 logistic(a) - 2` and `h(s) = 2 logistic(s) - 1 = tanh(s/2)`. Gates and cells read the
inputs and what all gates and cells put out one step ago. Hochreiter and Schmidhuber (1997), "Long short-term memory". They
trained it by a truncated gradient (`rules.TruncatedBackPropagation`): an error that has left a memory cell backwards is not
followed further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dynlatch.training.models.blueprint import Blueprint, Drawn, Link, settle
from dynlatch.training.models.memory_blocks import gate_biases, memory_blocks

TWO_SEQUENCE_GATES = (-1.0, -3.0, -5.0), (-2.0, -4.0, -6.0)


@dataclass(frozen=True)
class LSTM1997(Drawn):
    """Memory blocks: cells that share an input gate and an output gate, and answers that read the cells.

    The error that flows back along a cell is multiplied by exactly 1 in every step, whatever the weights and inputs.

    Parameters
    ----------
    blocks, size : int
        Memory blocks, and cells in each.
    input_dim, output_dim : int
    input_bias, output_bias : sequence of float
        First values of the biases of the input gates, and of the output gates, one a block; negative ones keep the cells shut
        at the beginning. By default those of the 2-sequence problem, repeated where there are more blocks.
    answer : {"tanh", "logistic", "linear"}
        What the answers do to their total input.
    answer_bias : bool
        Whether the answers have biases: 102 weights without (2-sequence), 93 with (adding problem).
    radius : float
        The other weights begin uniform on [-radius, radius].

    Raises
    ------
    InvalidInput
        If the gates' biases are no numbers.

    Examples
    --------
    The nets of the 2-sequence problem, of the adding problem and of temporal order, with the published numbers of weights.

    >>> from dynlatch.training.models import LSTM1997
    >>> adding = LSTM1997(2, 2, input_dim=2, answer_bias=True)
    >>> order = LSTM1997(2, 2, input_dim=8, output_dim=4, answer_bias=True)
    >>> [len(model.names) for model in (LSTM1997(), adding, order)]
    [102, 93, 156]
    """

    blocks: int = 3
    size: int = 1
    input_dim: int = 1
    output_dim: int = 1
    input_bias: Sequence[float] = field(default=TWO_SEQUENCE_GATES[0])
    output_bias: Sequence[float] = field(default=TWO_SEQUENCE_GATES[1])
    answer: str = "tanh"
    answer_bias: bool = False
    radius: float = 0.1

    def __post_init__(self) -> None:
        settle(self, "blocks", "size", "input_dim", "output_dim")
        for name in ("input_bias", "output_bias"):
            object.__setattr__(self, name, gate_biases(name, getattr(self, name)))

    @property
    def units_count(self) -> int:
        """Memory cells."""
        return self.blocks * self.size

    def draw(self) -> Blueprint:
        return memory_blocks(self, {"in": self.input_bias, "out": self.output_bias}, _carousel)


def _carousel(cell: str, block: int) -> Link:
    """The cell keeps what it holds."""
    return Link(cell, cell, 1.0, 1)
