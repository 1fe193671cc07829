"""The comparison of the remedies in words: notes, verdicts and the table that is printed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from dynlatch.training.experiments.contract import Agreement, Verdict
from dynlatch.training.experiments.examination import NEUTRAL
from dynlatch.training.experiments.remedies_methods import LSTM, PLAIN, REMEDIES, TIME_DELAYS

if TYPE_CHECKING:
    from dynlatch.training.experiments.remedies import Remedies

NAN = math.nan
WINDOW = 20  # steps of the time-delay net


def notes_of(found: Remedies) -> tuple[str, ...]:
    """What a reader must know."""
    return (
        f"A trial may use {found.limit:,} presentations, of {found.error.shape[1]} trials a cell; it counts as solved if it "
        "answers at most 5 % of fresh sequences wrong.",
        "The tasks at their defaults: GaussianTwoSequence (3 inputs of +1 or -1, then Gaussian noise of variance 0.2; 200 "
        "training sequences) and Latch (3 inputs of each class, then fresh Gaussian noise of standard deviation 0.2). All nets "
        "are small, of 20 to 170 weights.",
        "State networks read one input only, and no latch; Ring's hierarchies and the chunker read symbols: `reproduce ring` "
        "and `reproduce chunker` are theirs.",
        "Learning rates were chosen by us, one for each remedy and task, at T = 20 and 50: a low share says what this setting "
        "does, not what the remedy could do at best.",
        "h_50 and h_95 are how many last steps carry half and 95 % of the gradient of the answer by the weights; `kept` is the "
        "share of answers that are right after 1,000 more steps of noise, `stands` the most noise, in multiples of the task's, "
        "after which 9 of 10 still are; all are medians over trials that solved the task.",
        f"A memory is called neutral if its leading exponent is within {NEUTRAL:g} of 0 per step over 1,000 quiet steps, "
        "latched if it is below, and said to forget if the answers do not outlast them.",
        "u* is bracketed in the channel of the noise, for the first trial of a cell if it latches at a fixed point.",
    )


def verdicts_of(found: Remedies) -> tuple[Verdict, ...]:
    """What theorem 4 says of every trained net, and what the papers say of three of the remedies."""
    return tuple(
        verdict
        for verdict in (_theorem(found), _window(found), _always(found), _neutral(found), _worse(found))
        if verdict is not None
    )


def _theorem(found: Remedies) -> Verdict:
    """Theorem 4: latched, hence decaying."""
    n, k = int(found.latched.sum()), int(found.decaying.sum())
    words = (
        f"Of {n} trained networks whose bit is held by attractors, the gradient of {k} decays over the second half of their "
        "own sequences (theorem 4: of all, once they are long)."
    )
    return _verdict("all remedies", "decaying of those latched", "", k / n if n else NAN, n, 1.0, k == n, words)


def _window(found: Remedies) -> Verdict | None:
    """By construction: nothing is left of what is further back than the window."""
    rows = np.flatnonzero((found.remedy == TIME_DELAYS) & (found.T > 2 * WINDOW))
    if not rows.size:
        return None
    solved = float(found.solved[rows].mean())
    words = f"A window of {WINDOW} steps sees nothing of what was said before it: {solved:.0%} of trials beyond it are solved."
    return _verdict(TIME_DELAYS, "solved beyond the window", "", solved, found.solved[rows].size, 0.0, solved == 0.0, words)


def _always(found: Remedies) -> Verdict | None:
    """LSTM of 1997 on the 2-sequence problem at T = 100."""
    rows = np.flatnonzero((found.remedy == LSTM) & (found.task == "2-sequence") & (found.T == 100))
    if not rows.size:
        return None
    share = found.shares[rows[0]]
    n = found.error.shape[1]
    words = f"Published: every run. Ours: {share.value:.0%} of {n} runs, within {found.limit:,} presentations."
    return _verdict(f"{LSTM}, T = 100", "solved", "", share.value, n, 1.0, share.value == 1.0, words)


def _neutral(found: Remedies) -> Verdict | None:
    """The error carousel: factor 1 along the cell, so that less than a factor e is lost over a whole sequence."""
    own = found.solved & (found.remedy == LSTM)[:, None]
    if not own.any():
        return None
    lost = float(np.nanmedian((found.facts["rate"] * found.T[:, None])[own]))
    words = (
        f"Its carousel keeps errors: at the rates of its solved trials, ln|ds_T/ds_0| changes by {lost:+.2g} in T steps [0]."
    )
    return _verdict(LSTM, "change of ln|ds_T/ds_0| in T steps", "", lost, int(own.sum()), 0.0, lost > -1.0, words)


def _worse(found: Remedies) -> Verdict | None:
    """The plain net fails as T grows."""
    lengths = sorted({int(T) for T in found.T})
    if len(lengths) < 2:
        return None
    first, last = (found.share(PLAIN, "2-sequence", T) for T in (lengths[0], lengths[-1]))
    change = "they get worse with T" if last < first else "they do not get worse with T"
    words = f"Plain nets solve {first:.0%} at T = {lengths[0]} and {last:.0%} at T = {lengths[-1]}: {change}."
    what = f"solved at T = {lengths[-1]} less that at {lengths[0]}"
    return _verdict(PLAIN, what, "", last - first, found.error.shape[1], NAN, last < first, words)


def _verdict(
    what: str, quantity: str, unit: str, ours: float, trials: int, published: float, agrees: bool, words: str
) -> Verdict:
    agreement = Agreement.AGREES if agrees else Agreement.DISAGREES
    return Verdict(what, quantity, unit, ours, NAN, NAN, trials, published, agreement, words)


def summary_of(found: Remedies) -> str:
    """One table a task: a row a remedy, and for each length the share solved, presentations, h_95 and what holds the bit."""
    lines = [f"{found.title}: {found.error.shape[1]} trials a cell, at most {found.limit:,} presentations"]
    lengths = sorted({int(T) for T in found.T})
    for task in dict.fromkeys(found.task.tolist()):
        lines += ["", f"{task}: solved, presentations, h_95, what holds the bit"]
        lines.append(" " * 34 + "".join(f"{f'T = {T}':<30}" for T in lengths))
        for remedy in REMEDIES:
            entries = [_entry(found, found.row(remedy.name, task, T)) for T in lengths]
            lines.append(f"  {remedy.name:<32}" + "".join(f"{entry:<30}" for entry in entries).rstrip())
    return "\n".join([*lines, "", *(f"  {verdict.words}" for verdict in found.verdicts)])


def _entry(found: Remedies, row: int | None) -> str:
    if row is None:
        return "   -"
    share, shown = found.shares[row].value, float(np.median(found.presentations[row]))
    horizon = found.middle("h95", row)
    reach = "" if math.isnan(horizon) else f"{horizon:5.0f}"
    return f"{share:4.0%} {shown:8,.0f} {reach:>5} {found.keeping_word(row)}"
