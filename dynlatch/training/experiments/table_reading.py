"""A `PaperTable` from the finished trials of a sweep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dynlatch.training.experiments.intervals import mean, mean_error
from dynlatch.training.experiments.paper import UNPUBLISHED, Row
from dynlatch.training.experiments.protocol import Problem
from dynlatch.training.experiments.regions import region_sentence
from dynlatch.training.experiments.table import PaperTable
from dynlatch.training.experiments.table_notes import contradiction, notes, unplaced
from dynlatch.training.experiments.variants import VARIANTS, name_of
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.training.sweeps import Sweep, Trials


class Measured(NamedTuple):
    """One quantity of one cell."""

    value: float
    low: float
    high: float
    spread: float
    trials: int


NOTHING = Measured(math.nan, math.nan, math.nan, math.nan, 0)


def read(problem: Problem, title: str, quantity: str, sweep: Sweep, lengths: tuple[int, ...]) -> PaperTable:
    """One of the two tables of a problem, from a sweep that holds its cells, or some of them."""
    held, in_error = set(sweep.names), quantity == "error"
    methods = tuple(problem.methods)
    rows = [problem.published.get(name, UNPUBLISHED) for name in methods]
    variants = [v for v in VARIANTS[problem.name] if any(f"{name_of(problem, v)}/T={T}" in held for T in lengths)]

    def found(name: str) -> list[Trials | None]:
        return [sweep.of(f"{name}/T={T}") if f"{name}/T={T}" in held else None for T in lengths]

    ours = [found(f"{problem.name}/{name}") for name in methods]
    limits = [problem.methods[name].max_presentations for name in methods]
    own = _measured(ours, quantity, limits)
    tried = _measured([found(name_of(problem, v)) for v in variants], quantity, [v.run.max_presentations for v in variants])
    published, guessed = (
        np.array([_placed(row, places, quantity, lengths) for row, places in zip(rows, of, strict=True)])
        for of in ([row.lengths for row in rows], [row.guess for row in rows])
    )
    own, tried = (table.reshape(-1, len(lengths), len(NOTHING)) for table in (own, tried))
    return PaperTable(
        title=title,
        quantity=quantity,
        unit="%" if in_error else "",
        methods=methods,
        lengths=lengths,
        value=own[..., 0],
        low=own[..., 1],
        high=own[..., 2],
        spread=own[..., 3],
        trials=own[..., 4].astype(np.int64),
        published=published,
        guessed=np.where(np.isnan(published), guessed, np.nan),
        unplaced=tuple(unplaced(name, row, quantity) for name, row in zip(methods, rows, strict=True)),
        contradictions=tuple("" if in_error else contradiction(row) for row in rows),
        variants=tuple(v.words for v in variants),
        variant_methods=tuple(v.method for v in variants),
        variant_value=tried[..., 0],
        variant_spread=tried[..., 3],
        variant_trials=tried[..., 4].astype(np.int64),
        runs=tuple(_told(t, T) if in_error else "" for row in ours for t, T in zip(row, lengths, strict=True)),
        notes=notes(problem, quantity, tried=bool(variants)),
    )


def _measured(grid: Sequence[Sequence[Trials | None]], quantity: str, limits: Sequence[int]) -> Array:
    measure = _error if quantity == "error" else _presentations
    return np.array(
        [
            [NOTHING if trials is None else measure(trials, limit) for trials in row]
            for row, limit in zip(grid, limits, strict=True)
        ]
    )


def _error(trials: Trials, limit: int) -> Measured:
    """In per cent."""
    value, low, high = (100.0 * end for end in mean_error(trials.error))
    return Measured(value, low, high, _spread(100.0 * trials.error), len(trials.error))


def _presentations(trials: Trials, limit: int) -> Measured:
    shown = trials.presentations.astype(np.float64)
    return Measured(*mean(shown, within=(0.0, float(limit))), _spread(shown), len(shown))


def _spread(values: Array) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else math.nan


def _placed(row: Row, places: tuple[int | None, ...], quantity: str, lengths: tuple[int, ...]) -> list[float]:
    """The values of a row by length; NaN where none belongs."""
    known = dict(zip(places, row.values(quantity) if places else (), strict=True))
    return [float(known.get(T, math.nan)) for T in lengths]


def _told(trials: Trials | None, T: int) -> str:
    return "" if trials is None or not trials.facts else region_sentence(trials, T)
