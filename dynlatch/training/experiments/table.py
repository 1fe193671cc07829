"""A published table and ours beside it, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.results import Result
from dynlatch.training.experiments.paper import Row
from dynlatch.validation import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from dynlatch.training.sweeps import Sweep

RESAMPLES = 1000  # of the bootstrap
ERROR_MARGIN, FACTOR = 15.0, 3.0  # how far a cell may be from the published one and still agree: points; times


@dataclass(frozen=True, eq=False)
class PaperTable(Result):
    """Error and presentations of every method and length, with the published values where they can be placed.

    Attributes
    ----------
    title : str
    methods : tuple of str
    lengths : tuple of int
        T.
    error, error_low, error_high : ndarray, shape (methods, lengths)
        Mean over trials in per cent, and its 95 % interval by the bootstrap over trials.
    presentations, presentations_low, presentations_high : ndarray, shape (methods, lengths)
    trials : ndarray of int, shape (methods, lengths)
    paper_error, paper_presentations : ndarray, shape (methods, lengths)
        The published cells; NaN where there is none, or its length cannot be recovered.
    unplaced : tuple of str
        Published rows whose lengths cannot be recovered, in words.
    """

    title: str
    methods: tuple[str, ...]
    lengths: tuple[int, ...]
    error: Array
    error_low: Array
    error_high: Array
    presentations: Array
    presentations_low: Array
    presentations_high: Array
    trials: Array
    paper_error: Array
    paper_presentations: Array
    unplaced: tuple[str, ...]

    @property
    def agreeing(self) -> tuple[int, int]:
        """How many placed cells agree (within 15 points of error, a factor 3 of presentations), and of how many."""
        close = np.abs(self.error - self.paper_error) <= ERROR_MARGIN
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.abs(np.log(self.presentations / self.paper_presentations))
        known = np.isfinite(self.paper_error)
        return int(close[known].sum() + (ratio[known] <= np.log(FACTOR)).sum()), int(2 * known.sum())

    def summary(self) -> str:
        """Ours with the published value in brackets: errors in per cent, then presentations."""
        agree, of = self.agreeing
        heads = [f"{self.title}; in brackets the published value", "  error in %", "  presentations"]
        ours = (self.error, self.presentations), (self.paper_error, self.paper_presentations)
        lines = [heads[0]]
        for head, own, theirs, words in zip(heads[1:], *ours, (_percent, _number), strict=True):
            lines.append(f"{head:<42}" + "".join(f"{f'T = {T}':>18}" for T in self.lengths))
            for name, row, published in zip(self.methods, own, theirs, strict=True):
                cells = (f"{words(a)} {_bracket(b, words)}" for a, b in zip(row, published, strict=True))
                lines.append(f"    {name:<38}" + "".join(f"{cell:>18}" for cell in cells))
        close = f"within {ERROR_MARGIN:.0f} points of error or a factor {FACTOR:.0f} of presentations"
        lines.append(f"  {agree} of {of} placed cells agree {close}")
        return "\n".join([*lines, *(f"  {words}" for words in self.unplaced)])

    def plot(self, ax: Axes | None = None) -> Axes:
        """Error against T, ours as lines, the published values as open circles."""
        from dynlatch.training.plots.tables import plot_table

        return plot_table(self, ax)


def table(
    title: str, sweep: Sweep, prefix: str, methods: Sequence[str], lengths: Sequence[int], paper: Mapping[str, Row]
) -> PaperTable:
    """The table of the cells `prefix/method/T=...` of a sweep."""
    shape = len(methods), len(lengths)
    error, shown, published, theirs = (np.full((*shape, 3), np.nan) for _ in range(4))
    trials = np.zeros(shape)
    for i, name in enumerate(methods):
        row = paper.get(name)
        for j, T in enumerate(lengths):
            cell = f"{prefix}/{name}/T={T}"
            if cell in sweep.names:
                own = sweep.of(cell)
                trials[i, j] = len(own.error)
                error[i, j] = _interval(100.0 * own.error)
                shown[i, j] = _interval(own.presentations.astype(np.float64))
            if row is not None and row.lengths is not None and T in row.lengths:
                place = row.lengths.index(T)
                published[i, j, 0], theirs[i, j, 0] = row.error[place], row.presentations[place]
    return PaperTable(
        title=title,
        methods=tuple(methods),
        lengths=tuple(lengths),
        error=error[..., 0],
        error_low=error[..., 1],
        error_high=error[..., 2],
        presentations=shown[..., 0],
        presentations_low=shown[..., 1],
        presentations_high=shown[..., 2],
        trials=trials,
        paper_error=published[..., 0],
        paper_presentations=theirs[..., 0],
        unplaced=tuple(_unplaced(name, row) for name, row in paper.items() if row.lengths is None),
    )


def _interval(values: Array) -> tuple[float, float, float]:
    """Mean, and the 95 % interval of the mean from trials drawn again."""
    drawn = np.random.default_rng(0).choice(values, (RESAMPLES, len(values))).mean(1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def _unplaced(name: str, row: Row) -> str:
    values = ", ".join(f"{e:g} % ({_number(p)})" for e, p in zip(row.error, row.presentations, strict=True))
    return f"published for {name}, {row.certainty}: {values}"


def _percent(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.2g}" if 0.0 < value < 10.0 else f"{value:.0f}"


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.0f}" if value < 1000.0 else f"{value:.1e}".replace("e+0", "e")


def _bracket(value: float, words: object) -> str:
    assert callable(words)
    return "" if np.isnan(value) else f"[{words(value)}]"
