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
        What the papers say, in a number or in words, that stands beside one of ours.
    agree : int
        As the experiment judges.
    numbers : int
        How much of what is compared is published as a number.
    strict : int
        Of these, ours within 10 points, where the unit is per cent, or else within a factor 2.
    inside : int
        Of these, inside our 95 % interval.
    alone : int
        Of ours without a published value, or without one that can be placed.
    """

    compared: int
    agree: int
    numbers: int
    strict: int
    inside: int
    alone: int


def score(verdicts: Iterable[Verdict]) -> Score:
    """Count them."""
    given = list(verdicts)
    compared = [v for v in given if v.agreement in (Agreement.AGREES, Agreement.DISAGREES)]
    numbers = [v for v in compared if not math.isnan(v.published)]
    return Score(
        len(compared),
        sum(v.agreement is Agreement.AGREES for v in compared),
        len(numbers),
        sum(near(v, STRICT_POINTS, STRICT_FACTOR) for v in numbers),
        sum(v.low <= v.published <= v.high for v in numbers),
        len(given) - len(compared),
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
