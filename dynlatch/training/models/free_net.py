"""The net of GNARL: any links between any units, of which a search says which are there.

Saunders, Angeline and Pollack (1994), "Structural and behavioral evolution of recurrent networks", NIPS 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynlatch.training.models.blueprint import ONE, Blueprint, Drawn, Link, blueprint, every, layer, settle
from dynlatch.validation import Array


@dataclass(frozen=True)
class FreeNet(Drawn):
    """tanh units, hidden ones before the answers: links forward act at once, loops and links back after one step.

    A link that is absent has weight 0. First nets are random, as published: between one and all hidden units, and between one
    and all of the links that these may have.

    Parameters
    ----------
    units_count : int
        Hidden units that there may be.
    input_dim, output_dim : int
    radius : float
        First weights are uniform on [-radius, radius].

    Examples
    --------
    >>> from dynlatch.training.models import FreeNet
    >>> model = FreeNet(units_count=2)
    >>> len(model.names)  # 3 units read 3 units, one input and the constant one
    15
    >>> int((model.initial([np.random.default_rng(1)]) != 0.0).sum())
    2
    """

    units_count: int = 4
    input_dim: int = 1
    output_dim: int = 1
    radius: float = 1.0

    def __post_init__(self) -> None:
        settle(self, "units_count", "input_dim", "output_dim")

    def draw(self) -> Blueprint:
        u, h, y = every("u", self.input_dim), every("h", self.units_count), every("y", self.output_dim)
        units = (*h, *y)
        links = [Link(i, j, f"w[{i},{j}]", delay=int(j in units[units.index(i) :])) for i in units for j in (*units, *u, ONE)]
        return blueprint(layer("tanh", units), links, inputs=len(u), answers=y)

    def initial(self, streams: Sequence[np.random.Generator]) -> Array:
        """Random nets, one column a stream: shape (P, L)."""
        return np.stack([self._random(stream) for stream in streams], axis=1)

    def _random(self, rng: np.random.Generator) -> Array:
        H, n = self.units_count, self.units_count + self.output_dim
        absent = rng.permutation(H)[: H - rng.integers(1, H, endpoint=True)]
        possible = np.ones((n, n + self.input_dim + 1), dtype=bool)
        possible[absent], possible[:, absent] = False, False
        places = rng.permutation(np.flatnonzero(possible))
        chosen = places[: rng.integers(1, len(places), endpoint=True)]
        column = np.zeros(possible.size)
        column[chosen] = rng.uniform(-self.radius, self.radius, len(chosen))
        return column
