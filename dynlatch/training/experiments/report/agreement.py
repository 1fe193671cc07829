"""How many published values ours agree with, and how lenient that is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dynlatch.training.experiments.contract import Agreement, Finding, Verdict

STRICT_POINTS, STRICT_FACTOR = 10.0, 2.0


class Score(NamedTuple):
    """Counts over verdicts.

    Attributes
    ----------
    compared : int
        Published values that stand beside one of ours.
    agree : int
        As the experiment judges.
    strict : int
        Within 10 points, where the unit is per cent, or else within a factor 2.
    inside : int
        Published values inside our 95 % interval.
    unpublished, unplaced : int
        Of ours without a published value, or without one that can be placed.
    """

    compared: int
    agree: int
    strict: int
    inside: int
    unpublished: int
    unplaced: int


def score(verdicts: Iterable[Verdict]) -> Score:
    """Count them."""
    given = list(verdicts)
    compared = [v for v in given if v.agreement in (Agreement.AGREES, Agreement.DISAGREES)]
    return Score(
        len(compared),
        sum(v.agreement is Agreement.AGREES for v in compared),
        sum(near(v, STRICT_POINTS, STRICT_FACTOR) for v in compared),
        sum(v.low <= v.published <= v.high for v in compared),
        sum(v.agreement is Agreement.UNPUBLISHED for v in given),
        sum(v.agreement is Agreement.UNPLACED for v in given),
    )


def near(verdict: Verdict, points: float, factor: float) -> bool:
    """Whether ours is within so many points of a published percentage, or such a factor of anything else."""
    ours, theirs = verdict.ours, verdict.published
    if verdict.unit == "%":
        return abs(ours - theirs) <= points
    if ours * theirs <= 0.0:
        return ours == theirs
    return abs(math.log(ours / theirs)) <= math.log(factor)


def distinct(findings: Mapping[str, Finding]) -> dict[str, tuple[Verdict, ...]]:
    """The verdicts of every finding, those that an earlier one has too left out: two tables may come from the same runs."""
    seen: set[tuple[str, str, str]] = set()
    left = {}
    for name, finding in findings.items():
        keys = [(finding.title, verdict.what, verdict.quantity) for verdict in finding.verdicts]
        left[name] = tuple(v for v, key in zip(finding.verdicts, keys, strict=True) if key not in seen)
        seen.update(keys)
    return left
