"""What is said about weight guessing: ours beside the published means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.training.experiments.contract import Agreement, Verdict
from dynlatch.training.experiments.guessing_rows import DEVIATION

if TYPE_CHECKING:
    from dynlatch.training.experiments.guessing import GuessingRuns

NOTES = (
    "The number of guesses until success is geometric, so that a mean of 10 runs is only known within a factor: its 95 % "
    "interval is 0.59 to 2.09 times the mean. Ours agrees where two samples of one law would differ as much in at least 5 % of "
    "cases.",
    "The paper does not say in what order units are updated. Where the hidden units come first the answer reads them within a "
    "step; otherwise all units read the last step. With one hidden unit no weights solve parity synchronously.",
    "A1 has biases on its hidden units only, A2 on all units. That the answer sees itself and the input is our reading.",
    "The paper's noise has variance 0.2. Rows with deviation .2 have noise of standard deviation 0.2 instead.",
    "How strings of Tomita's grammars were drawn is not published: here classes are balanced, and of a class and length every "
    "string is as likely.",
)


STRINGS_UNKNOWN = "How the paper drew the strings of a grammar is not known, and how often a guess fails depends on it."


def verdicts_of(found: GuessingRuns) -> tuple[Verdict, ...]:
    """A verdict a row."""
    return tuple(_verdicts(found))


def _verdicts(found: GuessingRuns) -> Iterator[Verdict]:
    for k, name in enumerate(found.row.tolist()):
        ours, n = found.expected(k), found.guesses.shape[1]
        shown = f"{found.presentations[k].mean():,.0f} presentations on average"
        head = f"{found.solved[k].sum()} of {n} runs succeeded, after {shown}"
        if np.isnan(found.published[k]):
            yield Verdict(name, "guesses, other readings", "", *ours, n, np.nan, Agreement.UNPUBLISHED, head + ".")
            continue
        theirs = found.published_interval(k)
        agrees = found.compatible(k, k)
        within = f"known to be {theirs.low:,.0f} to {theirs.high:,.0f}"
        published = f"published {theirs.value:,.0f}, as a mean of {found.published_runs[k]} runs {within}"
        cause = "" if agrees else f" {_cause(found, k)}"
        agreement = Agreement.AGREES if agrees else Agreement.DISAGREES
        yield Verdict(name, "guesses", "", *ours, n, theirs.value, agreement, f"{head}; {published}.{cause}")


def _cause(found: GuessingRuns, k: int) -> str:
    """What the other reading of the noise gives, if it was run."""
    other = np.flatnonzero(found.row == f"{found.row[k]}{DEVIATION}")
    if not len(other):
        return STRINGS_UNKNOWN if str(found.row[k]).startswith("Tomita") else "Not explained."
    guesses = f"{found.expected(int(other[0])).value:,.0f} guesses"
    says = "which agrees" if found.compatible(int(other[0]), k) else "which does not agree either"
    return f"With noise of standard deviation 0.2, in place of the variance 0.2 of the paper, it takes {guesses}, {says}."


def summary_of(found: GuessingRuns) -> str:
    """Expected guesses by row, ours and theirs."""
    lines = [f"{found.title}: expected guesses, with 95 % intervals; ours from {found.guesses.shape[1]} runs"]
    for k, name in enumerate(found.row.tolist()):
        ours, theirs = found.expected(k), found.published_interval(k)
        line = f"  {name:<32}{ours.value:>9,.0f} ({ours.low:,.0f} to {ours.high:,.0f})"
        if not np.isnan(theirs.value):
            line += f"; published {theirs.value:,.0f} ({theirs.low:,.0f} to {theirs.high:,.0f})"
        lines.append(line)
    return "\n".join(lines)
