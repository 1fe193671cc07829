"""How a cell of a table stands to the published one, and why where they differ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dynlatch.training.experiments.contract import Agreement, Verdict

if TYPE_CHECKING:
    from dynlatch.training.experiments.table import PaperTable

POINTS, FACTOR = 15.0, 3.0  # how far ours may be from the published value and still agree: points of error; times
THEIR_TRIALS = 20  # behind a published value, at least
LAST_PLACE = 50  # T that values without a place may belong to, at most
BY_CHANCE = 1.96  # standard errors within which 95 % of means are
ROUNDING = 0.5  # of printed errors, in points


def agree(
    quantity: str, ours: ArrayLike, theirs: ArrayLike, points: float = POINTS, factor: float = FACTOR
) -> NDArray[np.bool_]:
    """Whether errors are within so many points, or presentations within such a factor; False where one is NaN."""
    own, other = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    if quantity == "error":
        return np.asarray(np.abs(own - other) <= points + 1e-9)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.abs(np.log(own / other)) <= math.log(factor) + 1e-9)


def counts(table: PaperTable, points: float = POINTS, factor: float = FACTOR, guessed: bool = False) -> tuple[int, int]:
    """How many published cells agree, and of how many: those with a place, or also the guessed ones."""
    theirs = np.where(np.isnan(table.published), table.guessed, table.published) if guessed else table.published
    known = np.isfinite(theirs) & np.isfinite(table.value)
    return int(agree(table.quantity, table.value, theirs, points, factor)[known].sum()), int(known.sum())


def verdicts(table: PaperTable) -> tuple[Verdict, ...]:
    """Of every cell that was run."""
    return tuple(_verdicts(table))


def _verdicts(table: PaperTable) -> Iterator[Verdict]:
    for i, method in enumerate(table.methods):
        for j, T in enumerate(table.lengths):
            if table.trials[i, j]:
                how = _agreement(table, i, j)
                yield Verdict(
                    what=f"{method}, T = {T}",
                    quantity=table.quantity,
                    unit=table.unit,
                    ours=float(table.value[i, j]),
                    low=float(table.low[i, j]),
                    high=float(table.high[i, j]),
                    trials=int(table.trials[i, j]),
                    published=float(table.published[i, j]),
                    agreement=how,
                    words=_words(table, i, j, how),
                )


def _agreement(table: PaperTable, i: int, j: int) -> Agreement:
    if not math.isnan(table.published[i, j]):
        return Agreement.AGREES if _close(table, i, j, table.published[i, j]) else Agreement.DISAGREES
    return Agreement.UNPLACED if table.unplaced[i] and table.lengths[j] <= LAST_PLACE else Agreement.UNPUBLISHED


def _close(table: PaperTable, i: int, j: int, theirs: float) -> bool:
    return bool(agree(table.quantity, table.value[i, j], theirs))


def _words(table: PaperTable, i: int, j: int, how: Agreement) -> str:
    if how is Agreement.UNPUBLISHED:
        return "Beyond the paper."
    if how is Agreement.UNPLACED:
        return f"{table.unplaced[i]}{_guess(table, i, j)}"
    if how is Agreement.AGREES:
        return f"Agrees: {_distance(table, i, j)}. {_chance(table, i, j)}"
    return f"Disagrees: {_distance(table, i, j)}. {cause(table, i, j)}"


def _guess(table: PaperTable, i: int, j: int) -> str:
    theirs = table.guessed[i, j]
    if math.isnan(theirs):
        return "."
    word = "agree" if _close(table, i, j, theirs) else "disagree"
    return f"; {as_printed(table, theirs)} is usually put here, and with that ours would {word}."


def _distance(table: PaperTable, i: int, j: int) -> str:
    ours, theirs = table.value[i, j], table.published[i, j]
    if table.quantity == "error":
        apart = abs(ours - theirs)
        return "the same" if apart < 0.05 else f"{apart:.2g} points {'more' if ours > theirs else 'less'} than published"
    ratio = ours / theirs
    return f"{max(ratio, 1 / ratio):.2g} times {'more' if ratio > 1 else 'fewer'} than published"


def _chance(table: PaperTable, i: int, j: int) -> str:
    """Whether a mean of the paper's number of trials of ours would come out there, or with which other choice."""
    theirs = table.published[i, j]
    if _by_chance(table.value[i, j], table.spread[i, j], table.trials[i, j], theirs):
        return f"No more than chance, if it is a mean of {THEIR_TRIALS} trials like ours."
    value, spread, trials = (rows[:, j] for rows in (table.variant_value, table.variant_spread, table.variant_trials))
    found = [table.variants[k] for k in _own(table, i) if _by_chance(value[k], spread[k], trials[k], theirs)]
    also = f" Chance with {'; with '.join(found)}." if found else ""
    return f"More than chance, if it is a mean of {THEIR_TRIALS} trials like ours.{also}"


def _by_chance(mean: float, spread: float, trials: int, theirs: float) -> bool:
    """Whether two means of such trials, ours and theirs, differ so much 5 times in 100 or more."""
    if trials < 2:
        return False
    return abs(mean - theirs) <= BY_CHANCE * spread * math.sqrt(1.0 / THEIR_TRIALS + 1.0 / trials) + ROUNDING


def _own(table: PaperTable, i: int) -> list[int]:
    """The variants of a method."""
    return [k for k, method in enumerate(table.variant_methods) if method == table.methods[i]]


def cause(table: PaperTable, i: int, j: int) -> str:
    """The choices with which the cell agrees; a contradiction among the published values; or "Not explained"."""
    theirs = table.published[i, j]
    tried = [k for k in _own(table, i) if not math.isnan(table.variant_value[k, j])]
    found = [k for k in tried if agree(table.quantity, table.variant_value[k, j], theirs)]
    known = table.contradictions[i]
    if found:
        how = "; with ".join(f"{table.variants[k]} ({amount(table, table.variant_value[k, j])})" for k in found)
        return f"Agrees with {how}.{' ' * bool(known)}{known}"
    if known:
        return known
    others = f"{len(tried)} other choice{'s' * (len(tried) != 1)} tried, none agrees" if tried else "no other choice tried"
    return f"Not explained; {others}.{_falling(table, i, j)}"


def _falling(table: PaperTable, i: int, j: int) -> str:
    """That a published error is far below that of a shorter length: longer sequences are not easier."""
    before = table.published[i, :j]
    if table.quantity != "error" or not np.any(before > table.published[i, j] + POINTS):
        return ""
    k = int(np.nanargmax(before))
    return f" The published row itself falls from {before[k]:g} % at T = {table.lengths[k]}."


def amount(table: PaperTable, value: float) -> str:
    """A value as people read it."""
    if math.isnan(value):
        return "-"
    if table.quantity == "error":
        return f"{value:.1f} %" if value < 9.95 else f"{value:.0f} %"
    return f"{value:.0f}" if value < 1000.0 else f"{value:.1e}".replace("e+0", "e")


def as_printed(table: PaperTable, value: float) -> str:
    """A published value."""
    return f"{value:g} %" if table.quantity == "error" else amount(table, value)
