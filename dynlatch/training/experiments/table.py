"""`PaperTable`: a published table and ours beside it, cell by cell, with what other choices would have given."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.results import Result
from dynlatch.training.experiments.contract import Picture, Verdict
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class PaperTable(Result):
    """Errors or presentations of every method and length.

    Attributes
    ----------
    title : str
    quantity, unit : str
        "error" and "%", or "presentations" and "".
    methods : tuple of str
    lengths : tuple of int
        T.
    value, low, high : ndarray, shape (methods, lengths)
        Mean over trials and its 95 % interval (`intervals`); NaN where nothing was run.
    spread : ndarray, shape (methods, lengths)
        Standard deviation over trials.
    trials : ndarray of int, shape (methods, lengths)
    published : ndarray, shape (methods, lengths)
        NaN where there is no value, or its length cannot be recovered.
    guessed : ndarray, shape (methods, lengths)
        The values whose length cannot be recovered, where one usually puts them. Nothing is judged by them.
    unplaced : tuple of str
        Of every method: its published values without a place, in words, or "".
    contradictions : tuple of str
        Of every method: why its published presentations fit no one budget, or "".
    variants, variant_methods : tuple of str
        Choices taken otherwise, one at a time, and the method that each belongs to.
    variant_value, variant_spread : ndarray, shape (variants, lengths)
    variant_trials : ndarray of int, shape (variants, lengths)
    runs : tuple of str
        Of every method and length, in the order of `value`: what the runs did, in a sentence; "" if nobody watched.
    notes : tuple of str
    """

    title: str
    quantity: str
    unit: str
    methods: tuple[str, ...]
    lengths: tuple[int, ...]
    value: Array
    low: Array
    high: Array
    spread: Array
    trials: NDArray[np.int64]
    published: Array
    guessed: Array
    unplaced: tuple[str, ...]
    contradictions: tuple[str, ...]
    variants: tuple[str, ...]
    variant_methods: tuple[str, ...]
    variant_value: Array
    variant_spread: Array
    variant_trials: NDArray[np.int64]
    runs: tuple[str, ...]
    notes: tuple[str, ...]

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Ours beside theirs, a verdict a cell that was run."""
        from dynlatch.training.experiments.table_verdicts import verdicts

        return verdicts(self)

    @property
    def pictures(self) -> tuple[Picture, ...]:
        from dynlatch.training.plots.tables import pictures

        return pictures(self)

    @property
    def columns(self) -> dict[str, NDArray[Any]]:
        """A row a cell: ours, the published value, the verdict, for errors what the runs did; then the cells of variants."""
        from dynlatch.training.experiments.table_words import columns

        return columns(self)

    def summary(self) -> str:
        """Ours, with the published value in brackets, the variants, and the counts."""
        from dynlatch.training.experiments.table_words import summary

        return summary(self)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Ours and the published values against T."""
        from dynlatch.training.plots.tables import plot_table

        return plot_table(self, ax)
