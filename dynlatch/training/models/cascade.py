"""The net of recurrent cascade-correlation: hidden units with self-loops in a row, each reading all before it.

Fahlman (1991), "The recurrent cascade-correlation architecture", NIPS 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.training.models.blueprint import ONE, Blueprint, Drawn, Link, blueprint, every, layer, settle
from dynlatch.validation import Array


@dataclass(frozen=True)
class CascadeNet(Drawn):
    """`h_i(t) = tanh(inputs, 1, h_0(t), ..., h_{i-1}(t), h_i(t-1))`, `y = tanh(inputs, 1, all h)`, every sum with its weights.

    All weights are zero at first: a unit that is not there yet says 0, and nothing reads it.

    Parameters
    ----------
    units_count : int
        Hidden units that there may be.
    input_dim, output_dim : int

    Examples
    --------
    >>> from dynlatch.training.models import CascadeNet
    >>> CascadeNet(units_count=1).names
    ('w[0,u[0]]', 'w[0,1]', 'w[0,h[0]]', 'v[0,u[0]]', 'v[0,1]', 'v[0,h[0]]')
    """

    units_count: int = 6
    input_dim: int = 1
    output_dim: int = 1
    radius: float = 0.0

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")

    def draw(self) -> Blueprint:
        u, h, y = every("u", self.input_dim), every("h", self.units_count), every("y", self.output_dim)
        hidden = [Link(i, j, f"w[{k},{j}]", delay=int(i == j)) for k, i in enumerate(h) for j in (*u, ONE, *h[: k + 1])]
        answers = [Link(i, j, f"v[{k},{j}]") for k, i in enumerate(y) for j in (*u, ONE, *h)]
        return blueprint(layer("tanh", (*h, *y)), [*hidden, *answers], inputs=len(u), answers=y)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        """Zeros, shape (P, L)."""
        return np.zeros((len(self.names), len(streams)))
