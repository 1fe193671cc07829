"""What is said about weight guessing: ours beside the published means."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.training.experiments.contract import Agreement, Verdict

if TYPE_CHECKING:
    from dynlatch.training.experiments.guessing import GuessingRuns

NOTES = (
    "The number of guesses until success is geometric, so that a mean of 10 runs is only known within a factor: its 95 % "
    "interval is 0.59 to 2.09 times the mean. Ours agrees where two samples of one law would differ as much in at least 5 % of "
    "cases.",
    "The paper does not say in what order units are updated. Where the hidden units come first the answer reads them within a "
    "step; otherwise all units read the last step. With one hidden unit no weights solve parity synchronously.",
    "A1 has biases on its hidden units only, A2 on all units. That the answer sees itself and the input is our reading.",
    "How strings of Tomita's grammars were drawn is not published: here classes are balanced, and of a class and length every "
    "string is as likely.",
)

CAUSES = {
    "2-sequence, A2": (
        "The paper's noise has variance 0.2. With a standard deviation of 0.2, A2 needs about as many guesses as published, "
        "but A1 then needs fewer: no single reading of order and noise gives both numbers"
    ),
}


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
        agrees = found.compatible(k)
        within = f"known to be {theirs.low:,.0f} to {theirs.high:,.0f}"
        published = f"published {theirs.value:,.0f}, as a mean of {found.published_runs[k]} runs {within}"
        cause = "" if agrees else f" {CAUSES.get(name, 'Not explained')}."
        agreement = Agreement.AGREES if agrees else Agreement.DISAGREES
        yield Verdict(name, "guesses", "", *ours, n, theirs.value, agreement, f"{head}; {published}.{cause}")


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
