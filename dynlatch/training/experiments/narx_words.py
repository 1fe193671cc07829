"""What the latching experiment with output delays says, beside what Lin and his colleagues wrote."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dynlatch.training.experiments.contract import Agreement, Verdict
from dynlatch.training.experiments.intervals import Interval

if TYPE_CHECKING:
    from dynlatch.training.experiments.narx import NARXCurves

TWICE, THRICE = 2.0, 3.0  # how much longer, as published
SEVERAL = (3, 6)  # the delays that this is said of

NOTES = (
    "Documented: recurrent weights of 1.25/D, targets of ±0.8, 30 strings of each class, a learning rate of 0.1, at most 100 "
    "epochs, T from 10 to 200, 50 runs; that nets with several delays keep a bit two to three times as long.",
    "Ours: noise uniform on [-0.155, 0.155], the range that the paper says the neuron withstands, drawn once for each string; "
    "three trained inputs of each class that begin uniform on [-0.1, 0.1]; a step after every string; runs that answer all "
    "strings right end early. None was fitted to the published curves.",
    "A constant input of 0.0778 already flips the neuron with w = 1.25, whatever D: the range that the paper prints is twice "
    "that. Against independent noise of that range the bit holds.",
    "The horizon of a curve is the length at which the mean error on fresh strings reaches 10 %.",
)


def verdicts_of(curves: NARXCurves) -> tuple[Verdict, ...]:
    """The horizons, and how many times that of one delay they are."""
    return (_plain(curves), *(_ratio(curves, k) for k in range(1, len(curves.delays))))


def _plain(curves: NARXCurves) -> Verdict:
    found = curves.horizons[0]
    words = f"D = 1 keeps the bit {_long(found)}."
    return _verdict(curves, 0, "horizon", "steps", found, math.nan, Agreement.UNPUBLISHED, words)


def _ratio(curves: NARXCurves, k: int) -> Verdict:
    found, delays = curves.ratios[k], int(curves.delays[k])
    times = f"{found.value:.1f} [{found.low:.1f}, {found.high:.1f}] times as long"
    words = f"D = {delays} keeps it {_long(curves.horizons[k])}: {times}"
    if delays not in SEVERAL:
        return _verdict(curves, k, "ratio of horizons", "", found, math.nan, Agreement.UNPUBLISHED, words + ".")
    within = found.high >= TWICE and found.low <= THRICE
    words += "; published for several delays: two to three times" + ("." if within else f", {_cause(curves, k)}.")
    agreement = Agreement.AGREES if within else Agreement.DISAGREES
    return _verdict(curves, k, "ratio of horizons", "", found, (TWICE + THRICE) / 2, agreement, words)


def _cause(curves: NARXCurves, k: int) -> str:
    if curves.horizons[k].high >= curves.lengths[-1]:
        return "and the lengths that were run end before ours is known"
    return "and ours is longer" if curves.ratios[k].low > THRICE else "not explained"


def _long(found: Interval) -> str:
    return f"up to T = {found.value:.0f} [{found.low:.0f}, {found.high:.0f}]"


def _verdict(
    curves: NARXCurves,
    k: int,
    quantity: str,
    unit: str,
    found: Interval,
    published: float,
    agreement: Agreement,
    words: str,
) -> Verdict:
    trials = curves.error.shape[-1] * len(curves.lengths)
    return Verdict(f"D = {curves.delays[k]}", quantity, unit, *found, trials, published, agreement, words)
