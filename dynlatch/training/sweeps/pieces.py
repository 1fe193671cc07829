"""What is left to do, in blocks of trials: the longest first, so that no worker is left with a long one at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from dynlatch.training.block import WIDTH
from dynlatch.training.sweeps.cell import Cell
from dynlatch.training.sweeps.result import Sweep


class Piece(NamedTuple):
    """A block of trials of one cell: the unit of work, and of one transaction."""

    cell: Cell
    trials: range

    @property
    def cost(self) -> int:
        """Steps of a network, if every trial uses up its presentations."""
        plan = self.cell.plan
        return len(self.trials) * plan.max_presentations * plan.task.T


def missing(cells: Sequence[Cell], found: Sweep, size: int, shard: tuple[int, int]) -> list[Piece]:
    """The blocks of this shard that hold trials without a row, by falling cost.

    What belongs to a shard depends on the cells alone, not on what is done nor on `size`: units of WIDTH trials are dealt out
    by falling cost.
    """
    i, n = shard
    units = list(_grid(cells, WIDTH if n > 1 else size))
    own = sorted(units, key=lambda piece: piece.cost, reverse=True)[i - 1 :: n]
    done = {trials.cell: set(trials.trial.tolist()) for trials in found.cells}
    blocks = (block for piece in own for block in _cut(piece, size))
    return [block for block in blocks if not done.get(block.cell.name, set()).issuperset(block.trials)]


def _grid(cells: Sequence[Cell], size: int) -> Iterator[Piece]:
    for cell in cells:
        yield from _cut(Piece(cell, range(cell.trials)), size)


def _cut(piece: Piece, size: int) -> Iterator[Piece]:
    trials = piece.trials
    for first in range(trials.start, trials.stop, size):
        yield Piece(piece.cell, range(first, min(first + size, trials.stop)))
