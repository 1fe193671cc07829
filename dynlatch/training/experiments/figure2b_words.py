"""What Fig. 2b claims in words, and how much of the fall no learner could have avoided."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from dynlatch.training.experiments.contract import Agreement, Verdict
from dynlatch.training.experiments.intervals import Interval, wilson
from dynlatch.training.experiments.latch_runs import EXTREMELY_UNLIKELY, difference, failures, held, percent, rate, verdict

if TYPE_CHECKING:
    from dynlatch.training.experiments.figure2b import Figure2b, FrequencyCurve

DIFFICULT = '"When T becomes large it is extremely difficult to attain convergence"'
RAPID = '"the probability of convergence decreased rapidly when increasing sequence length"'
LARGE = 50  # the least T that counts as large
NEARLY_ALL, NEXT_TO_NOTHING = 0.8, 0.02

NOTES = (
    "Documented: one unit, w = 1.25 fixed, s = 0.2, only the inputs of the two classes learned by back-propagation.",
    "Whether s is a standard deviation or a variance is not known, nor whether each run kept one draw of the noise (frozen) or "
    "drew it anew at every presentation (fresh), nor the criterion and the budget: all four combinations are shown.",
    "Ours: L = 3, inputs that begin uniform on [-0.1, 0.1], targets of 0.8 that have to be met within 0.4, by both classes 30 "
    "times in a row where the noise is fresh and once where it is frozen, at most 2,000 presentations of each class, a "
    "learning rate of 0.1 on the cost as printed (0.2 on half of it). None was fitted to the figure.",
    "The ceiling is exact: the probability that infinite inputs of the right sign meet the same criterion under the same "
    "noise. The map increases in every input, so that no learner of the inputs meets it on noise where these do not.",
    "The published picture was not at hand: its words are compared, not its values. Extremely difficult is read as at most "
    "5 %, as in the IPCC's scale of words (Mastrandrea et al. 2010).",
    "The larger weights are not in the paper: there the latch outlasts the noise at every T, and what falls is learning alone.",
)


def verdicts(figure: Figure2b) -> tuple[Verdict, ...]:
    """What is said of the curves, and every curve at every T."""
    return (*spoken(figure), *_cells(figure))


def spoken(figure: Figure2b) -> tuple[Verdict, ...]:
    """The paper's claims, what the ceiling explains, and what became of the runs, curve by curve."""
    from dynlatch.training.experiments.figure2b import W0

    published = [curve for curve in figure.curves if curve.w == W0]
    claims = [verdict for curve in published for verdict in (_difficult(curve), _rapid(curve))]
    fates = (_fates(curve) for curve in figure.curves)
    return (*claims, *_explained(figure), _bounded(figure), *fates)


def _difficult(curve: FrequencyCurve) -> Verdict:
    T, found, runs = int(curve.lengths[-1]), curve.converged[-1], int(curve.ends[-1].sum())
    holds = found.low <= EXTREMELY_UNLIKELY
    luck, won = int(curve.untaught[-1]), int(curve.ends[-1, 0])
    words = f"The paper: {DIFFICULT}. At T = {T}, {percent(found)} converged"
    if luck:
        words += f", {luck} of the {won} without one wrong answer, by the luck of their first inputs and noise"
    tail = "" if holds else _cause(T, wilson(won - luck, runs - luck))
    return verdict(f"{curve.name}: T = {T}", found, runs, held(holds), f"{words}{tail}.", quantity="convergence at the end")


def _cause(T: int, taught: Interval) -> str:
    """Why more runs converge than the paper's words allow."""
    if taught.low <= EXTREMELY_UNLIKELY:
        return f"; the cause is that luck: of the other runs {percent(taught)} converged"
    return "; at this scale T does not become large" if T < LARGE else "; not explained"


def _rapid(curve: FrequencyCurve) -> Verdict:
    shares, T = curve.converged, curve.lengths
    found = difference(shares[0], shares[-1])
    below = [int(t) for t, share in zip(T, shares, strict=True) if share.value < 0.5]
    half = f"below one half from T = {below[0]}" if below else "never below one half"
    words = f"The paper: {RAPID}. From {percent(shares[0])} at T = {T[0]} to {percent(shares[-1])} at T = {T[-1]}, {half}."
    runs = int(curve.ends[[0, -1]].sum())
    agreement = held(found.low > 0.0)
    return verdict(f"{curve.name}: fall", found, runs, agreement, words, quantity="difference", unit="points")


def _cells(figure: Figure2b) -> Iterator[Verdict]:
    """Every curve at every T, for a table."""
    for curve in figure.curves:
        for T, found, top, row in zip(curve.lengths, curve.converged, curve.ceiling, curve.ends, strict=True):
            words = f"{curve.name}, T = {T}: {percent(found)} converged; perfect inputs would in {100 * top:.0f} % of the runs."
            yield verdict(f"{curve.name}, T = {T}", found, int(row.sum()), Agreement.UNPUBLISHED, words)


def _bounded(figure: Figure2b) -> Verdict:
    """Whether any interval lies above its ceiling, which would refute the ceiling."""
    pairs = [(share, top) for curve in figure.curves for share, top in zip(curve.converged, curve.ceiling, strict=True)]
    above = sum(share.low > top for share, top in pairs)
    words = (
        f"In {above} of {len(pairs)} cells the whole 95 % interval lies above what perfect inputs reach; "
        f"by chance alone at most {0.025 * len(pairs):.1f} would."
    )
    runs, nothing = sum(curve.trials for curve in figure.curves), math.nan
    what = "cells above the exact ceiling"
    return Verdict(what, "cells", "", float(above), nothing, nothing, runs, nothing, Agreement.UNPUBLISHED, words)


def _explained(figure: Figure2b) -> Iterator[Verdict]:
    for curve in figure.curves:
        found = curve.explained()
        if found is None:
            continue
        last = curve.explained(slice(-1, None))
        at_last = "" if last is None else f"; at T = {curve.lengths[-1]} alone {percent(_capped(last))}"
        words = (
            f"{curve.name}: perfect inputs converge in {_shares(curve)} of the runs at T = {_lengths(curve)}. That they fail "
            f"is {percent(_capped(found))} of the fall{at_last}. {_meaning(found)}"
        )
        yield verdict(
            f"{curve.name}: explained",
            _capped(found),
            curve.trials,
            Agreement.UNPUBLISHED,
            words,
            quantity="share of the fall that is infeasible",
        )


def _capped(found: Interval) -> Interval:
    """By chance a few more runs converge than should: more than all of the fall is not explained."""
    return Interval(*(min(end, 1.0) for end in found))


def _shares(curve: FrequencyCurve) -> str:
    return ", ".join(f"{100 * top:.0f}" for top in curve.ceiling) + " %"


def _lengths(curve: FrequencyCurve) -> str:
    return ", ".join(map(str, curve.lengths))


def _meaning(found: Interval) -> str:
    if found.low >= NEARLY_ALL:
        return "Back-propagation does about as well as any learner could: this fall says little about gradients."
    if found.high >= 1.0:
        return "So few runs do not tell whether learning loses anything."
    if found.high < NEXT_TO_NOTHING:
        return "The task can be done at every T: the fall is that of learning by gradients."
    return f"The rest, {percent(Interval(1.0 - found.value, 1.0 - found.high, 1.0 - found.low))}, is lost by learning."


def _fates(curve: FrequencyCurve) -> Verdict:
    pooled = rate(curve.ends)
    words = f"{curve.name}, all T: {int(curve.ends[:, 0].sum()):,} of {curve.trials:,} runs converged; {failures(curve.ends)}."
    return verdict(f"{curve.name}: runs", pooled, curve.trials, Agreement.UNPUBLISHED, words, quantity="convergence at all T")
