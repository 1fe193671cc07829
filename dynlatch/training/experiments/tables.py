"""Tables 1 to 4 of Bengio and Frasconi (1993): error and presentations of every method, ours beside theirs.

Tables 1 and 2 come from the same runs, and so do 3 and 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dynlatch.training.experiments.contract import Experiment, Scale
from dynlatch.training.experiments.intervals import Interval, mean, mean_error
from dynlatch.training.experiments.paper import Row
from dynlatch.training.experiments.protocol import PARITY, TWO_SEQUENCE, Problem, cell
from dynlatch.training.experiments.regions import region_sentence
from dynlatch.training.experiments.table import PaperTable
from dynlatch.training.experiments.table_notes import contradiction, notes, unplaced
from dynlatch.training.experiments.variants import VARIANTS, Variant, name_of
from dynlatch.training.experiments.variants import cells as variant_cells
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.training.sweeps import Cell, Sweep, Trials

SOURCE = "Bengio and Frasconi (1993), Credit assignment through time: alternatives to backpropagation, NIPS 6, pp. 75-82"


class Extent(NamedTuple):
    """What a scale runs: trials a cell, trials of a variant's cell, the longest T."""

    trials: int
    of_variants: int
    longest: int


EXTENTS = {
    Scale.MICRO: Extent(2, 0, 5),
    Scale.MINI: Extent(6, 0, 100),
    Scale.FULL: Extent(100, 20, 1000),
}


def cells(problem: Problem, scale: Scale, trials: int | None) -> list[Cell]:
    """The cells of a pair of tables; variants only at `full`."""
    usual, of_variants, longest = EXTENTS[scale]
    wanted = usual if trials is None else trials
    made = [
        cell(f"{problem.name}/{name}", method, problem.task(T), wanted, watched=True)
        for name, method in problem.methods.items()
        for T in method.lengths
        if longest >= T
    ]
    less = min(of_variants, wanted)
    return made + [one for v in VARIANTS[problem.name] if less for one in variant_cells(problem, v, less, longest)]


def read(problem: Problem, title: str, quantity: str, sweep: Sweep, scale: Scale) -> PaperTable:
    """One of the two tables, from a sweep that holds the cells."""
    held = set(sweep.names)
    lengths = tuple(sorted({T for method in problem.methods.values() for T in method.lengths if EXTENTS[scale].longest >= T}))
    variants = [v for v in VARIANTS[problem.name] if any(f"{name_of(problem, v)}/T={T}" in held for T in lengths)]
    ours = {
        (name, T): sweep.of(f"{problem.name}/{name}/T={T}")
        for name in problem.methods
        for T in lengths
        if f"{problem.name}/{name}/T={T}" in held
    }
    tried = [[_found(sweep, held, f"{name_of(problem, v)}/T={T}") for T in lengths] for v in variants]
    return _table(problem, title, quantity, lengths, ours, variants, tried)


def _found(sweep: Sweep, held: set[str], name: str) -> Trials | None:
    return sweep.of(name) if name in held else None


def _table(
    problem: Problem,
    title: str,
    quantity: str,
    lengths: tuple[int, ...],
    ours: dict[tuple[str, int], Trials],
    variants: Sequence[Variant],
    tried: Sequence[Sequence[Trials | None]],
) -> PaperTable:
    methods, rows = tuple(problem.methods), [problem.published.get(name) for name in problem.methods]
    grid = [[ours.get((name, T)) for T in lengths] for name in methods]
    limits = [problem.methods[name].max_presentations for name in methods]
    found = np.array([[_interval(t, quantity, limit) for t in row] for limit, row in zip(limits, grid, strict=True)])
    in_error = quantity == "error"
    return PaperTable(
        title=title,
        quantity=quantity,
        unit="%" if in_error else "",
        methods=methods,
        lengths=lengths,
        value=found[..., 0],
        low=found[..., 1],
        high=found[..., 2],
        spread=np.array([[_spread(trials, quantity) for trials in row] for row in grid]),
        trials=np.array([[0 if trials is None else len(trials.error) for trials in row] for row in grid]),
        published=_placed(rows, quantity, lengths, [None if row is None else row.lengths for row in rows]),
        guessed=_placed(rows, quantity, lengths, [None if row is None else row.guess for row in rows]),
        unplaced=tuple("" if row is None else unplaced(name, row, quantity) for name, row in zip(methods, rows, strict=True)),
        contradictions=tuple("" if row is None or in_error else contradiction(row) for row in rows),
        variants=tuple(v.words for v in variants),
        variant_methods=tuple(v.method for v in variants),
        variant_value=np.array([[_mean(t, quantity) for t in row] for row in tried]).reshape(len(variants), len(lengths)),
        variant_trials=np.array([max(0 if t is None else len(t.error) for t in row) for row in tried], dtype=np.int64),
        runs=tuple(_told(t, T) if in_error else "" for row in grid for t, T in zip(row, lengths, strict=True)),
        notes=notes(problem, quantity),
    )


def _told(trials: Trials | None, T: int) -> str:
    return "" if trials is None or not trials.facts else region_sentence(trials, T)


def _measured(trials: Trials, quantity: str) -> Array:
    return trials.error if quantity == "error" else trials.presentations.astype(np.float64)


def _interval(trials: Trials | None, quantity: str, limit: int) -> Interval:
    if trials is None:
        return Interval(np.nan, np.nan, np.nan)
    if quantity == "error":
        return Interval(*(100.0 * end for end in mean_error(trials.error)))
    return mean(trials.presentations, within=(0.0, float(limit)))


def _spread(trials: Trials | None, quantity: str) -> float:
    if trials is None or len(trials.error) < 2:
        return float("nan")
    return float(_measured(trials, quantity).std(ddof=1)) * (100.0 if quantity == "error" else 1.0)


def _mean(trials: Trials | None, quantity: str) -> float:
    if trials is None:
        return float("nan")
    return float(_measured(trials, quantity).mean()) * (100.0 if quantity == "error" else 1.0)


def _placed(
    rows: Sequence[Row | None], quantity: str, lengths: Sequence[int], places: Sequence[tuple[int, ...] | None]
) -> Array:
    """Published values in the grid; NaN elsewhere."""
    grid = np.full((len(rows), len(lengths)), np.nan)
    for i, (row, own) in enumerate(zip(rows, places, strict=True)):
        for T, value in zip(own or (), row.values(quantity) if row is not None and own else (), strict=True):
            if T in lengths:
                grid[i, lengths.index(T)] = value
    return grid


def _experiment(number: int, problem: Problem, task: str, quantity: str) -> Experiment:
    what = "final error" if quantity == "error" else "sequence presentations"
    title = f"Table {number}: {task}, {what}"
    return Experiment(f"table{number}", title, SOURCE, partial(cells, problem), partial(read, problem, title, quantity))


TABLE1 = _experiment(1, TWO_SEQUENCE, "2-sequence", "error")
TABLE2 = _experiment(2, TWO_SEQUENCE, "2-sequence", "presentations")
TABLE3 = _experiment(3, PARITY, "parity", "error")
TABLE4 = _experiment(4, PARITY, "parity", "presentations")
