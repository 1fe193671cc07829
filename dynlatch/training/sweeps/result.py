"""The finished trials of a sweep."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.errors import InvalidInput
from dynlatch.results import Result
from dynlatch.training.sweeps import facts
from dynlatch.training.sweeps.store import Columns, Store
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


def finished(store: Store, trials: Mapping[str, int]) -> Sweep:
    """The first `trials` trials of the named cells, as far as they are finished."""
    entries = store.cells()
    read = {name: store.columns(name, count) for name, count in trials.items()}
    held = {name: columns for name, columns in read.items() if columns}
    cells = tuple(_trials(columns, entries[name].facts) for name, columns in held.items())
    return Sweep(cells, _digest(held[name] for name in sorted(held)))


def _trials(columns: Columns, names: str) -> Trials:
    cell, trial, error, presentations, outcome, weights, words, measured = columns
    return Trials(
        cell[0],
        np.array(trial),
        np.array(error),
        np.array(presentations),
        np.array(outcome),
        np.frombuffer(b"".join(weights), dtype="<f8").reshape(len(cell), -1),
        np.array(words),
        facts.unpacked(measured, names.split(",")) if names else {},
    )


def _digest(cells: Iterable[Columns]) -> str:
    """Of the columns, each with its size before it."""
    total = sha256()
    for cell, trial, error, presentations, outcome, weights, words, measured in cells:
        numbers = ((trial, "<i8"), (error, "<f8"), (presentations, "<i8"))
        parts = [cell[0].encode(), *(np.array(column, dtype=kind).tobytes() for column, kind in numbers)]
        parts += ["\0".join((*outcome, *words)).encode(), b"".join(weights), b"".join(measured)]
        for part in parts:
            total.update(struct.pack("<q", len(part)))
            total.update(part)
    return total.hexdigest()
