"""A `PaperTable` as text and as flat columns."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.experiments.table_verdicts import FACTOR, POINTS, agree, amount, counts
from dynlatch.training.experiments.variants import DOCUMENTED, LONGEST

if TYPE_CHECKING:
    from dynlatch.training.experiments.table import PaperTable

NAME, COLUMN, CHOICE, WIDTH = 38, 16, 75, 120
ACROSS = 5  # lengths a line: 120 columns


def summary(table: PaperTable) -> str:
    """Ours with the published values in brackets, what disagrees and why, the variants, the counts."""
    parts = [f"{table.title}; in brackets the published value, * where the two disagree", *_grid(table)]
    wrong = [v for v in table.verdicts if v.agreement == "disagrees"]
    parts += ["  disagreements"] * bool(wrong) + [_wrapped(f"{v.what}: {v.words}", 4) for v in wrong]
    parts += [_wrapped(words, 2) for words in dict.fromkeys(table.unplaced) if words]
    parts += _variants(table)
    return "\n".join([*parts, *(_wrapped(line, 2) for line in scores(table))])


def _wrapped(text: str, indent: int) -> str:
    return fill(text, WIDTH, initial_indent=" " * indent, subsequent_indent=" " * (indent + 2))


def _grid(table: PaperTable) -> Iterator[str]:
    for first in range(0, len(table.lengths), ACROSS):
        chosen = range(first, min(first + ACROSS, len(table.lengths)))
        yield f"  {'':<{NAME}}" + "".join(f"{f'T = {table.lengths[j]}':>{COLUMN}}" for j in chosen)
        for i, method in enumerate(table.methods):
            if table.trials[i, list(chosen)].any():
                yield f"  {method:<{NAME}}" + "".join(f"{_cell(table, i, j):>{COLUMN}}" for j in chosen)


def _cell(table: PaperTable, i: int, j: int) -> str:
    ours, theirs = amount(table, table.value[i, j]), table.published[i, j]
    if np.isnan(theirs) or not table.trials[i, j]:
        return ours.removesuffix(" %")
    mark = "" if agree(table.quantity, table.value[i, j], theirs) else "*"
    return f"{ours.removesuffix(' %')} [{theirs:g}]{mark}" if table.unit else f"{ours} [{amount(table, theirs)}]{mark}"


def _variants(table: PaperTable) -> Iterator[str]:
    if table.variants:
        yield f"  {'other choices, one at a time':<{CHOICE}}" + "".join(
            f"{f'T = {T}':>8}" for T in table.lengths if T <= LONGEST
        )
    for method, words, row in zip(table.variant_methods, table.variants, table.variant_value, strict=True):
        own = [amount(table, value).removesuffix(" %") for value, T in zip(row, table.lengths, strict=True) if T <= LONGEST]
        yield f"  {f'  {method}: {words}':<{CHOICE}}" + "".join(f"{text:>8}" for text in own)


def scores(table: PaperTable) -> tuple[str, ...]:
    """How many cells agree, by which rule, and how lenient the rule is."""
    rule = f"within {POINTS:.0f} points" if table.unit else f"within a factor {FACTOR:.0f}"
    strict = "within 10 points" if table.unit else "within a factor 2"
    (near, of), (nearer, _) = counts(table), counts(table, 10.0, 2.0)
    lines = [f"{near} of {of} placed cells agree, {rule}; {nearer} {strict}"]
    also, of_all = counts(table, guessed=True)
    if of_all > of:
        lines[0] += f"; {also} of {of_all} with the values that have no place put where they are usually guessed to belong"
    if table.unit:
        fifty, known = agree("error", 50.0, table.published), np.isfinite(table.published) & (table.trials > 0)
        lines.append(
            f"the rule is lenient: the constant 50 % would satisfy {int(fifty[known].sum())} of the {int(known.sum())}"
        )
    documented = _documented(table)
    if documented[1]:
        lines.append(f"{DOCUMENTED}: {documented[0]} of {documented[1]} placed cells agree")
    return tuple(lines)


def _documented(table: PaperTable) -> tuple[int, int]:
    rows = [k for k, words in enumerate(table.variants) if words == DOCUMENTED]
    of = np.array([table.methods.index(table.variant_methods[k]) for k in rows], dtype=np.intp)
    theirs, ours = table.published[of], table.variant_value[np.array(rows, dtype=np.intp)]
    known = np.isfinite(ours) & np.isfinite(theirs)
    return int(agree(table.quantity, ours, theirs)[known].sum()), int(known.sum())


def columns(table: PaperTable) -> dict[str, NDArray[Any]]:
    """A row a cell that was run; those of variants have no interval, published value or sentence."""
    ran, tried = np.argwhere(table.trials > 0), np.argwhere(table.variant_trials > 0)
    (i, j), (k, l) = ran.T, tried.T
    names = [*table.methods, *map(": ".join, zip(table.variant_methods, table.variants, strict=True))]
    runs = np.array(table.runs, dtype=np.str_).reshape(table.trials.shape)
    nothing = np.full(len(tried), np.nan)

    def both(own: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([own, other])

    flat = {
        "method": np.array(names)[both(i, len(table.methods) + k)],
        "T": np.array(table.lengths)[both(j, l)],
        table.quantity: both(table.value[i, j], table.variant_value[k, l]),
        "low": both(table.low[i, j], nothing),
        "high": both(table.high[i, j], nothing),
        "spread": both(table.spread[i, j], table.variant_spread[k, l]),
        "trials": both(table.trials[i, j], table.variant_trials[k, l]),
        "published": both(table.published[i, j], nothing),
    }
    return {**flat, "runs": both(runs[i, j], np.full(len(tried), ""))} if any(table.runs) else flat
