"""How runs of the minimal problem end, and rates of them: what figures 2a and 2b share."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dynlatch.training.experiments.contract import Agreement, Verdict
from dynlatch.training.experiments.intervals import Interval, wilson

if TYPE_CHECKING:
    from dynlatch.training.sweeps.result import Trials

# Of words of likelihood: Mastrandrea et al. (2010), Guidance note on consistent treatment of uncertainties, IPCC, table 1.
VERY_UNLIKELY, EXTREMELY_UNLIKELY = 0.10, 0.05
READINGS = {"std": "standard deviation", "variance": "variance"}


class RunEnd(StrEnum):
    """How a run ended, in the words of regions of the state space."""

    CONVERGED = "converged"
    ONE_BASIN = "never two basins"
    AT_ONCE = "lost the second basin at once"
    LATER = "lost the second basin later"
    WRONG = "latched the wrong class"
    UNSTEADY = "latched right but unsteadily"
    UNSETTLED = "unsettled"

    @property
    def sentence(self) -> str:
        return {
            RunEnd.CONVERGED: "The criterion was met.",
            RunEnd.ONE_BASIN: "w began at 1 or below, and no portrait of the run has two attractors.",
            RunEnd.AT_ONCE: "w began above 1; before the first portrait it had fallen to 1 or below, and it stayed there.",
            RunEnd.LATER: "There were two attractors, and at the end w was 1 or below.",
            RunEnd.WRONG: "At the end a class lay in the reduced attracting set of the wrong attractor.",
            RunEnd.UNSTEADY: "At the end each class lay in the right basin, but noise undid it too often.",
            RunEnd.UNSETTLED: "At the end a class lay in both basins by turns, or between its attractor and the other.",
        }[self]


FAILED = tuple(RunEnd)[1:]


def ends(trials: Trials, first_w: float, last_w: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many runs ended in each way, shape (len(RunEnd),).

    Parameters
    ----------
    trials : Trials
        Of a cell with a monitor.
    first_w : float
        w at the beginning of every run.
    last_w : ndarray, shape (trials,)
        w at the end.
    """
    one = trials.facts["one_basin"] > 0.0
    found = np.select(
        [
            trials.outcome == "learned",
            one & (first_w <= 1.0),
            one & (last_w <= 1.0),
            last_w <= 1.0,
            trials.facts["latched_wrong"] > 0.0,
            trials.facts["latched"] > 0.0,
        ],
        np.arange(len(FAILED)),
        default=len(FAILED),
    )
    return np.bincount(found, minlength=len(RunEnd))


def rate(counts: NDArray[np.int64]) -> Interval:
    """The share of runs that converged, with Wilson's interval; `counts` (..., len(RunEnd)) are pooled.

    Runs of cells with different rates vary less than runs of one rate: for them the interval is wide enough.
    """
    pooled = counts.reshape(-1, len(RunEnd)).sum(0)
    return wilson(int(pooled[0]), int(pooled.sum()))


def difference(one: Interval, other: Interval) -> Interval:
    """`one - other` of two rates from independent runs, by Newcombe (1998), Statistics in Medicine 17, 873, method 10."""
    value = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return Interval(value, max(value - below, -1.0), min(value + above, 1.0))


def failures(counts: NDArray[np.int64]) -> str:
    """Of the runs that failed, which share ended how, in words."""
    pooled = counts.reshape(-1, len(RunEnd)).sum(0)[1:]
    if not pooled.any():
        return "none failed"
    ordered = sorted(zip(FAILED, pooled / pooled.sum(), strict=True), key=_share, reverse=True)
    parts = [f"{f'{100 * share:.0f}' if share >= 0.01 else 'under 1'} % {end}" for end, share in ordered if share]
    return f"of the {pooled.sum():,} that failed {', '.join(parts)}"


def _share(pair: tuple[RunEnd, float]) -> float:
    return pair[1]


def verdict(
    what: str, found: Interval, trials: int, agreement: Agreement, words: str, *, quantity: str = "converged", unit: str = "%"
) -> Verdict:
    """A verdict on a share, in per cent; the papers give none of these numbers."""
    value, low, high = (100.0 * end for end in found)
    return Verdict(what, quantity, unit, value, low, high, trials, math.nan, agreement, words)


def held(claim: bool) -> Agreement:
    """Whether a claim that the paper makes in words holds for ours."""
    return Agreement.AGREES if claim else Agreement.DISAGREES


def percent(found: Interval) -> str:
    """An interval for people."""
    return f"{100 * found.value:.0f} % [{100 * found.low:.0f}, {100 * found.high:.0f}]"
