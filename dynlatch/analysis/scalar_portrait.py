"""What a latch looks like: its outcome, fixed points, basins and Gamma, from the numbers of `scalar_kernels`."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import TypeAlias

from dynlatch.analysis import scalar_kernels as kernels

Interval: TypeAlias = tuple[float, float]
LINE: Interval = (-math.inf, math.inf)


class LatchOutcome(StrEnum):
    """What a single unit can remember."""

    BISTABLE = "bistable"
    MONOSTABLE = "monostable"
    NEUTRAL = "neutral"
    FOLD = "fold"

    @property
    def sentence(self) -> str:
        return {
            LatchOutcome.BISTABLE: "Two attractors with an unstable point between them: the unit stores one bit.",
            LatchOutcome.MONOSTABLE: "One attractor, reached from everywhere without input: the unit stores nothing.",
            LatchOutcome.NEUTRAL: "w is at the threshold of latching: one fixed point, approached ever more slowly.",
            LatchOutcome.FOLD: "The bias is at the fold: one attractor, and a point that attracts from one side.",
        }[self]


def outcome(unit: kernels.TanhUnit) -> LatchOutcome:
    """The fold is where |c| = u* to the rounding error of u*."""
    if unit.excess == 0.0 and unit.c == 0.0:
        return LatchOutcome.NEUTRAL
    if unit.excess <= 0.0:
        return LatchOutcome.MONOSTABLE
    if abs(abs(unit.c) - unit.u_star) <= 4.0 * kernels.EPS * unit.u_star:
        return LatchOutcome.FOLD
    return LatchOutcome.BISTABLE if abs(unit.c) < unit.u_star else LatchOutcome.MONOSTABLE


def fixed_points(unit: kernels.TanhUnit) -> tuple[float, ...]:
    """All fixed points in increasing order."""
    if unit.excess <= 0.0:
        return (kernels.upper(unit),)
    word = outcome(unit)
    if word == LatchOutcome.BISTABLE:
        return -kernels.upper(unit.mirrored), kernels.middle(unit)[0], kernels.upper(unit)
    if unit.c < 0.0:
        return tuple(-a for a in reversed(fixed_points(unit.mirrored)))
    return (-unit.a_c, kernels.upper(unit)) if word == LatchOutcome.FOLD else (kernels.upper(unit),)


def slope(unit: kernels.TanhUnit, a: float) -> float:
    """M'(a): at least 1 within [-a_c, a_c] and at most 1 outside, also where rounding would say otherwise."""
    value = kernels.slope(unit.w, a)
    if unit.excess < 0.0:
        return value
    if abs(a) == unit.a_c:
        return 1.0
    return min(value, 1.0) if abs(a) > unit.a_c else max(value, 1.0)


def basins(unit: kernels.TanhUnit) -> tuple[Interval, ...]:
    """The basin of each attractor, from below."""
    word = outcome(unit)
    if word not in (LatchOutcome.BISTABLE, LatchOutcome.FOLD):
        return (LINE,)
    edge = kernels.middle(unit)[0] if word == LatchOutcome.BISTABLE else -math.copysign(unit.a_c, unit.c)
    return (-math.inf, edge), (edge, math.inf)


def gammas(unit: kernels.TanhUnit) -> tuple[tuple[Interval, ...], ...]:
    """The stepwise reduced attracting set of each attractor, from below."""
    if unit.excess <= 0.0:
        return ((LINE,),) if unit.excess < 0.0 else (((-math.inf, 0.0), (0.0, math.inf)),)
    if outcome(unit) != LatchOutcome.MONOSTABLE:
        return ((-math.inf, -unit.a_c),), ((unit.a_c, math.inf),)
    if unit.c > 0.0:
        return (kernels.stepwise_set(unit),)
    return (tuple((-hi, -lo) for lo, hi in reversed(kernels.stepwise_set(unit.mirrored))),)
