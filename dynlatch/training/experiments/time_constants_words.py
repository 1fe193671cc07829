"""What the runs of the gap task say, beside Mozer's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dynlatch.training.experiments.contract import Agreement, Verdict

if TYPE_CHECKING:
    from dynlatch.training.experiments.time_constants import GapRuns

# Mozer (1992), 25 replications: gap -> (failures in %, mean epochs), of the standard net and of the one with time constants.
STANDARD = {2: (0.0, 468.0), 4: (36.0, 7406.0), 6: (92.0, 9830.0), 8: (100.0, 10000.0), 10: (100.0, 10000.0)}
MULTISCALE = {2: (0.0, 328.0), 4: (0.0, 584.0), 6: (0.0, 992.0), 8: (0.0, 1312.0), 10: (0.0, 1630.0)}
FACTOR = 3.0  # between two means of epochs that count as equal
BETTER = "ours is better: how his net was trained, and how far back its errors went, is not known"
OTHER = "not explained"

NOTES = (
    "Documented: 10 context units, 6 of them with a time constant of 0 and 4 with constants from .75 to .95 against 10 with 0; "
    "2 strings of 13 symbols; at most 10,000 epochs; 25 replications.",
    "Ours: the 4 constants are .75, .82, .88 and .95; logistic outputs, a learning rate of 0.1, first weights uniform on ±0.5, "
    "a step after both strings, the whole gradient; right is that the next symbol has the largest output at every step.",
    "His criterion, learning rate and first weights are not known, and none of ours was fitted to his numbers. Every failure "
    "counts 10,000 epochs, as in his table.",
)


def verdicts_of(runs: GapRuns) -> tuple[Verdict, ...]:
    """Cell by cell, failures and epochs."""
    return tuple(verdict for row in range(len(runs.gap)) for verdict in _cell(runs, row))


def published(method: str) -> Mapping[int, tuple[float, float]]:
    """His failures and epochs by gap."""
    from dynlatch.training.experiments.time_constants import SLOW

    return MULTISCALE if method == SLOW else STANDARD


def _cell(runs: GapRuns, row: int) -> Iterator[Verdict]:
    method, gap, n = str(runs.method[row]), int(runs.gap[row]), runs.epochs.shape[1]
    failures, epochs = published(method)[gap]
    what = f"{method}, gap = {gap}"
    low, high = 100.0 * runs.failures[row].low, 100.0 * runs.failures[row].high
    ours, shown = 100.0 * runs.failures[row].value, runs.shown[row]
    near, tail = _compared(low, high, failures)
    words = f"{what}: {ours:.0f} [{low:.0f}, {high:.0f}] % failures, published {failures:.0f} %{tail}."
    yield Verdict(what, "failures", "%", ours, low, high, n, failures, near, words)
    near, tail = _compared(shown.low / FACTOR, FACTOR * shown.high, epochs)
    words = f"{what}: {shown.value:,.0f} [{shown.low:,.0f}, {shown.high:,.0f}] epochs, published {epochs:,.0f}{tail}."
    yield Verdict(what, "epochs", "", *shown, n, epochs, near, words)


def _compared(low: float, high: float, theirs: float) -> tuple[Agreement, str]:
    if low <= theirs <= high:
        return Agreement.AGREES, ""
    return Agreement.DISAGREES, f"; {BETTER if theirs > high else OTHER}"
