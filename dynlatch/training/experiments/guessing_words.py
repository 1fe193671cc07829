"""What is said about weight guessing: ours beside the published means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from dynlatch.training.experiments.contract import Agreement, Verdict

if TYPE_CHECKING:
    from dynlatch.training.experiments.guessing import GuessingRuns

OTHERS = "guesses, other readings"
NONE_AGREES = "No reading that was tried agrees."
STRINGS_UNKNOWN = "How the paper drew the strings of a grammar is not known, and the guesses depend on it by large factors."
NOTES = (
    "The number of guesses until success is geometric, so that a mean of 10 runs is only known within a factor: its 95 % "
    "interval is 0.59 to 2.09 times the mean. Ours agrees where two samples of one law would differ as much in at least 5 % of "
    "cases.",
    "The paper does not say in what order units are updated. Where the hidden units come first the answer reads them within a "
    "step; otherwise all units read the last step. All at once no weights solve parity with one hidden unit, so that the paper "
    "must have computed hidden units first; that is our reading everywhere.",
    "The paper gives the noise of the 2-sequence and latch problems a variance of 0.2. Our reading is a standard deviation of "
    "0.2: with that variance A2 and latch II take several times the published guesses in either order.",
    "A1 has biases on its hidden units only, A2 on all units. The paper lets the answer of A2 see all other units; ours sees "
    "itself too, as A1's does. Read to the letter, without that loop, the second grammar agrees, and the first does not.",
    "How strings that break a grammar were drawn is not published. In our reading one symbol of a string of the grammar is "
    "exchanged; otherwise every string of a class and length is as likely. Between the two lie factors of up to three.",
    "Clean parity agrees with both nets. Noisy parity, with noise uniform on [-0.2, 0.2] as published, does not: a right guess "
    "comes several times sooner. With uniform noise of standard deviation 0.2, as in the problems above, it agrees.",
)


def verdicts_of(found: GuessingRuns) -> tuple[Verdict, ...]:
    """A verdict an experiment, of its first reading, then those of the other readings."""
    first = [int(np.flatnonzero(found.cell == cell)[0]) for cell in dict.fromkeys(found.cell.tolist())]
    others = [k for k in range(len(found.row)) if k not in first]
    return (*(_verdict(found, k, "guesses") for k in first), *(_verdict(found, k, OTHERS) for k in others))


def _verdict(found: GuessingRuns, k: int, quantity: str) -> Verdict:
    n, theirs, agrees = found.guesses.shape[1], found.published_interval(k), found.compatible(k)
    agreement = Agreement.AGREES if agrees else Agreement.DISAGREES
    cause = "" if agrees or quantity == OTHERS else f" {_cause(found, k)}"
    words = (
        f"{found.solved[k].sum()} of {n} runs succeeded, after {found.presentations[k].mean():,.0f} presentations on average; "
        f"published {theirs.value:,.0f}, as a mean of {found.published_runs[k]} runs known to be {theirs.low:,.0f} to "
        f"{theirs.high:,.0f}.{cause}"
    )
    name = str(found.row[k])
    return Verdict(name, quantity, "", *found.expected(k), n, theirs.value, agreement, words)


def _cause(found: GuessingRuns, k: int) -> str:
    """The readings that agree where the first one does not."""
    own = np.flatnonzero(found.cell == found.cell[k])
    agree = [j for j in own.tolist() if found.compatible(j)]
    told = [f"{str(found.row[j]).partition(': ')[2]} ({found.expected(j).value:,.0f})" for j in agree]
    if told:
        return f"Other readings agree: {'; '.join(told)}."
    return f"{NONE_AGREES} {STRINGS_UNKNOWN}" if str(found.cell[k]).startswith("Tomita") else NONE_AGREES


def summary_of(found: GuessingRuns) -> str:
    """Expected guesses by reading, ours and theirs."""
    runs = found.guesses.shape[1]
    lines = [f"{found.title}: expected guesses, with 95 % intervals; ours from {runs} runs, + where the two agree"]
    for cell in dict.fromkeys(found.cell.tolist()):
        own = np.flatnonzero(found.cell == cell)
        theirs = found.published_interval(int(own[0]))
        lines.append(f"  {cell}: published {theirs.value:,.0f} ({theirs.low:,.0f} to {theirs.high:,.0f})")
        lines += [_line(found, k) for k in own.tolist()]
    return "\n".join(lines)


def _line(found: GuessingRuns, k: int) -> str:
    ours, mark = found.expected(k), "+" if found.compatible(k) else " "
    reading = str(found.row[k]).partition(": ")[2]
    return f"    {mark} {reading:<46}{ours.value:>9,.0f} ({ours.low:,.0f} to {ours.high:,.0f})"
