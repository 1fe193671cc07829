"""The finished trials of a sweep."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.sweeps.store import Row, Store
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Sweep(Result):
    """A table of finished trials, one entry a trial in every column.

    Attributes
    ----------
    cell : ndarray of str, shape (rows,)
    trial : ndarray of int, shape (rows,)
    error : ndarray, shape (rows,)
        Fraction of fresh sequences that were answered wrong.
    presentations : ndarray of int, shape (rows,)
    outcome : ndarray of str, shape (rows,)
    words : ndarray of str, shape (rows,)
        What the monitor saw, if there was one.
    digest : str
        SHA-256 of the rows and the weights, whatever the order of the cells.
    """

    cell: NDArray[np.str_]
    trial: NDArray[np.int64]
    error: Array
    presentations: NDArray[np.int64]
    outcome: NDArray[np.str_]
    words: NDArray[np.str_]
    digest: str

    @classmethod
    def read(cls, store: Store, names: Sequence[str]) -> Sweep:
        """The finished trials of the named cells."""
        rows = [row for name in names for row in store.rows(name)]
        if not rows:
            texts, numbers = np.zeros(0, np.str_), np.zeros(0, np.int64)
            return cls(texts, numbers, np.zeros(0), numbers, texts, texts, _digest([]))
        cell, trial, error, presentations, outcome, _, words = zip(*rows, strict=True)
        return cls(
            np.array(cell),
            np.array(trial),
            np.array(error),
            np.array(presentations),
            np.array(outcome),
            np.array(words),
            _digest(sorted(rows)),
        )

    @property
    def names(self) -> tuple[str, ...]:
        """The cells, in the order of the rows."""
        return tuple(dict.fromkeys(self.cell.tolist()))

    def summary(self) -> str:
        """A line a cell: trials, mean error, mean presentations, share learned."""
        wide = max([len(name) for name in self.names], default=4)
        lines = [f"{'cell':<{wide}}  trials   error %   presentations   learned %"]
        for name in self.names:
            own = self.cell == name
            error, shown = self.error[own].mean(), self.presentations[own].mean()
            learned = np.mean(self.outcome[own] == "learned")
            lines.append(f"{name:<{wide}}  {own.sum():6d}   {100 * error:7.2f}   {shown:13,.0f}   {100 * learned:9.0f}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Mean error of every cell, with the trials behind it."""
        from dynlatch.training.plots.sweep import plot_sweep

        return plot_sweep(self, ax)


def _digest(rows: Sequence[Row]) -> str:
    total = sha256()
    for row in rows:
        texts = "\0".join((row.cell, row.outcome, row.words)).encode()
        total.update(struct.pack("<qdqqq", row.trial, row.error, row.presentations, len(texts), len(row.weights)))
        total.update(texts + row.weights)
    return total.hexdigest()
