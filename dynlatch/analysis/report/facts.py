"""The few numbers of an audit that decide what there is to say."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from dynlatch.analysis.audit.memories import per_direction
from dynlatch.validation import Array

if TYPE_CHECKING:
    from dynlatch.analysis.audit.result import Audit

FAINT = 1e-3  # a gradient below this share is called lost, and one above its inverse exploding
SHORT = 5  # steps below which nothing is said about rates
SLOW = 0.99  # multipliers from here on to 1 hold a value for 70 steps and more: nearly neutral


class Regime(Enum):
    """What becomes of gradients along the sequences."""

    VANISHES = "vanishes"
    EXPLODES = "explodes"
    PASSES = "passes"
    TOO_SHORT = "too short"


class Facts(NamedTuple):
    """Medians are over the followed sequences; lengths and times in steps.

    `change` is the median of ln||da_T/da_0|| at the end, `rate` its change per step over the second half; `reached` the time
    from which the norm stays below FAINT; `exponent` the median largest conditional exponent; `latched` the share of sequences
    that are latched at their end, `latches_at` when (median); `near`, `far` are h_50 and h_95 of the cost's gradient, out of
    `cost_steps`; `fading` its factor per step back; `radii` (k + c,) the multipliers of the memory states per step.
    """

    regime: Regime
    steps: int
    change: float
    rate: float
    reached: float
    exponent: float | None
    latched: float | None
    latches_at: int | None
    near: int | None
    far: int | None
    cost_steps: int
    cost_is_dead: bool
    fading: float | None
    radii: Array


def facts_of(report: Audit) -> Facts:
    """What decides what there is to say of `report`."""
    steps = int(np.median(_ends(report)))
    change = float(np.median(per_direction(report.along_inputs, report.dim)[-1]))
    rates = _rates(report)
    latched, latches_at = _latching(report)
    split = report.contributions
    dead = split is not None and bool(np.isneginf(split.log_norms).all())
    alive = split is not None and not dead
    return Facts(
        regime=_regime(steps, change, float(np.median(rates))),
        steps=steps,
        change=change,
        rate=float(np.median(rates)),
        reached=float(np.median(np.atleast_1d(report.along_inputs.time_to(FAINT)))),
        exponent=None if report.exponents is None else float(np.median(np.asarray(report.exponents.exponents)[..., 0])),
        latched=latched,
        latches_at=latches_at,
        near=int(np.median(split.reach(0.5))) if split is not None and alive else None,
        far=int(np.median(split.reach(0.95))) if split is not None and alive else None,
        cost_steps=int(np.median(report.lengths[report.followed])),
        cost_is_dead=dead,
        fading=split.fading if split is not None and alive else None,
        radii=np.array([memory.radius for memory in report.memories]),
    )


def _ends(report: Audit) -> Array:
    """Steps of every followed sequence, as far as it was followed."""
    return np.minimum(report.lengths[report.followed], len(report.along_inputs.log_norms))


def _rates(report: Audit) -> Array:
    """Change of the log-norm per step over the second half of each followed sequence; -inf where the product is zero."""
    logs = report.along_inputs.log_norms
    rates = []
    for column, end in enumerate(_ends(report)):
        first = max(int(end) // 2 - 1, 0)
        last, earlier = logs[int(end) - 1, column], logs[first, column]
        gone = np.isneginf(last)
        rates.append(-np.inf if gone else last if end == 1 else (last - earlier) / (end - 1 - first))
    return np.array(rates)


def _regime(steps: int, change: float, rate: float) -> Regime:
    if change <= np.log(FAINT) and rate < 0.0:
        return Regime.VANISHES
    if change >= -np.log(FAINT) and rate > 0.0:
        return Regime.EXPLODES
    return Regime.PASSES if steps >= SHORT else Regime.TOO_SHORT


def _latching(report: Audit) -> tuple[float | None, int | None]:
    """Share of the followed sequences that are latched at their ends, and from which step on (median)."""
    if report.verdicts is None:
        return None, None
    gamma, since = report.verdicts.gamma, []
    for column, end in enumerate(_ends(report)):
        path = gamma[: int(end) + 1, column]
        if path[-1] >= 0:
            other = np.flatnonzero(path != path[-1])
            since.append(int(other[-1]) + 1 if len(other) else 0)
    return len(since) / gamma.shape[1], int(np.median(since)) if since else None
