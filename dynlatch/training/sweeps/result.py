"""The finished trials of a sweep."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.results import Result
from dynlatch.training.sweeps import facts
from dynlatch.training.sweeps.store import Row, Store
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Trials:
    """The finished trials of one cell, one entry a trial in every column.

    Attributes
    ----------
    cell : str
    trial : ndarray of int, shape (trials,)
    error : ndarray, shape (trials,)
        Fraction of fresh sequences that were answered wrong.
    presentations : ndarray of int, shape (trials,)
    outcome : ndarray of str, shape (trials,)
    weights : ndarray, shape (trials, P)
        The trained weights, as `model.network` takes them.
    words : ndarray of str, shape (trials,)
        What the monitor saw; empty without one.
    facts : mapping of str to ndarray, shape (trials,)
        What it measured: the columns of `monitor.fates`; none without one.
    """

    cell: str
    trial: NDArray[np.int64]
    error: Array
    presentations: NDArray[np.int64]
    outcome: NDArray[np.str_]
    weights: Array
    words: NDArray[np.str_]
    facts: Mapping[str, Array]


@dataclass(frozen=True, eq=False)
class Sweep(Result):
    """A table of finished trials.

    Attributes
    ----------
    cells : tuple of Trials
        In the order in which they were asked for.
    digest : str
        SHA-256 of all rows, whatever the order of the cells.
    """

    cells: tuple[Trials, ...]
    digest: str

    def of(self, cell: str) -> Trials:
        """The finished trials of the cell of this name."""
        if cell not in self._places:
            raise InvalidInput(f"the sweep has no finished trials of a cell {cell!r}; it has {', '.join(self.names[:8])} ...")
        return self.cells[self._places[cell]]

    @property
    def names(self) -> tuple[str, ...]:
        """The cells, in the order of the rows."""
        return tuple(self._places)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {trials.cell: k for k, trials in enumerate(self.cells)}

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """Everything but the weights as one flat table, one row a trial; facts that a cell has not are NaN."""
        sizes = [len(trials.trial) for trials in self.cells]
        shared = ("trial", "error", "presentations", "outcome", "words")
        flat: dict[str, NDArray[Any]] = {"cell": np.repeat(np.array(self.names, dtype=np.str_), sizes)}
        for name in shared:
            flat[name] = np.concatenate([getattr(trials, name) for trials in self.cells]) if sizes else np.zeros(0)
        for name in dict.fromkeys(name for trials in self.cells for name in trials.facts):
            flat[name] = np.concatenate([trials.facts.get(name, np.full(len(trials.trial), np.nan)) for trials in self.cells])
        return flat

    def summary(self) -> str:
        """A line a cell: trials, mean error, mean presentations, share learned."""
        wide = max([len(name) for name in self.names], default=4)
        lines = [f"{'cell':<{wide}}  trials   error %   presentations   learned %"]
        for own in self.cells:
            error, shown, learned = own.error.mean(), own.presentations.mean(), np.mean(own.outcome == "learned")
            numbers = f"{len(own.trial):6d}   {100 * error:7.2f}   {shown:13,.0f}   {100 * learned:9.0f}"
            lines.append(f"{own.cell:<{wide}}  {numbers}")
        return "\n".join(lines)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Mean error of every cell, with the trials behind it."""
        from dynlatch.training.plots.sweep import plot_sweep

        return plot_sweep(self, ax)


def finished(store: Store, trials: Mapping[str, int | None]) -> Sweep:
    """The first `trials` trials of the named cells, as far as they are finished; None: all of them."""
    read = [list(store.rows(name, count)) for name, count in trials.items()]
    held = [rows for rows in read if rows]
    return Sweep(tuple(map(_trials, held)), _digest(held))


def _trials(rows: Sequence[Row]) -> Trials:
    cell, trial, error, presentations, outcome, weights, words, measured = zip(*rows, strict=True)
    return Trials(
        cell[0],
        np.array(trial),
        np.array(error),
        np.array(presentations),
        np.array(outcome),
        np.frombuffer(b"".join(weights), dtype="<f8").reshape(len(rows), -1),
        np.array(words),
        facts.read(measured),
    )


def _digest(cells: Sequence[Sequence[Row]]) -> str:
    total = sha256()
    for rows in sorted(cells, key=lambda rows: rows[0].cell):
        cell, trial, error, presentations, outcome, weights, words, measured = zip(*rows, strict=True)
        sizes = [len(column) for column in weights]
        for numbers, kind in ((trial, "<i8"), (error, "<f8"), (presentations, "<i8"), (sizes, "<i8")):
            total.update(np.array(numbers, dtype=kind).tobytes())
        texts = "\0".join((cell[0], *outcome, *words, *measured)).encode()
        total.update(struct.pack("<qq", len(rows), len(texts)) + texts + b"".join(weights))
    return total.hexdigest()
