"""What the runs of LSTM say, beside the published numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dynlatch.training.experiments.contract import Agreement, Verdict

if TYPE_CHECKING:
    from dynlatch.training.experiments.lstm import LSTMRuns

SATURATED = (
    ", where theirs did: wrong are sums near the ends of their range (at T = 20 all that are wrong), since a logistic output "
    "approaches 0 and 1 slowly"
)
FACTOR = 3.0  # between two means of presentations that count as equal, as in Tables 2 and 4

NOTES = (
    "Documented: 3 blocks of one cell and 102 weights for the 2-sequence problem, 2 blocks of two cells and 93 weights for "
    "adding; first weights uniform on ±0.1 but for the gates' biases (inputs -1, -3, -5 and outputs -2, -4, -6; adding: inputs "
    "-3 and -6); learning rates 1.0 and 0.5; truncated gradients; noise of variance 0.2; lengths uniform on T, ..., 1.1 T; "
    "right within 0.2 (2-sequence) and 0.04 (adding); means of 10 trials.",
    "Published runs end when none of 256 test sequences is misclassified (2-sequence, their first criterion), or when the last "
    "2000 training sequences were right and the mean error is below 0.01 (adding). Ours end when as many presentations in a "
    "row are right as there are training sequences, 1000 and 2000, and show those again where theirs were always new.",
    "Inputs reach gates and cells within the same step, where the paper counts one step from layer to layer: the same network, "
    "two steps earlier.",
    "Presentations of trials that did not learn count in the mean, up to the limit: 200,000 and 300,000.",
)


def verdicts_of(runs: LSTMRuns) -> tuple[Verdict, ...]:
    """Cell by cell, how many trials learned and how long that took."""
    return tuple(verdict for row in range(len(runs.T)) for verdict in _cell(runs, row))


def _cell(runs: LSTMRuns, row: int) -> Iterator[Verdict]:
    from dynlatch.training.experiments.lstm import PROBLEMS, TRUNCATED

    problem, method, T = str(runs.problem[row]), str(runs.method[row]), int(runs.T[row])
    published = PROBLEMS[problem].published.get(T, math.nan) if method == TRUNCATED else math.nan
    what, n, known = f"{method} on {problem}, T = {T}", runs.learned.shape[1], not math.isnan(published)
    solved, shown = runs.solved[row], runs.shown[row]
    share = (
        f"{int(runs.learned[row].sum())} of {n} trials learned, {100 * runs.error[row].mean():.1f} % errors on fresh sequences"
    )
    everyone = _held(known, solved.high >= 1.0)
    if everyone == Agreement.DISAGREES:
        share += SATURATED if problem == "adding" else ", not explained"
    percent = 100.0 * solved.value, 100.0 * solved.low, 100.0 * solved.high
    yield Verdict(what, "solved", "%", *percent, n, 100.0 if known else math.nan, everyone, f"{what}: {share}.")
    comparable = solved.value > 0.5  # otherwise most numbers are the limit
    near = _held(known, comparable and published / FACTOR <= shown.high and shown.low <= FACTOR * published)
    beside = f"; published {published:,.0f}{_cause(near, shown.value, published)}" if known else ""
    words = f"{what}: {shown.value:,.0f} [{shown.low:,.0f}, {shown.high:,.0f}] presentations{beside}."
    yield Verdict(what, "presentations", "", *shown, n, published, near, words)


def _held(known: bool, yes: bool) -> Agreement:
    if not known:
        return Agreement.UNPUBLISHED
    return Agreement.AGREES if yes else Agreement.DISAGREES


def _cause(near: Agreement, ours: float, published: float) -> str:
    """Why ours is another number."""
    if near != Agreement.DISAGREES:
        return ""
    if ours <= published:
        return ": fewer, the criterion is another one"
    return ": more, since ours asks for a whole training set in a row"
