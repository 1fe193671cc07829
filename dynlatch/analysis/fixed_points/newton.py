"""Batched Newton on `G(x) = x`, many starts side by side, in two tempers.

Bold starts take full steps, capped in length, and may climb: they leave the slow regions where |G(x) - x| has local minima.
Careful starts shorten the step until the residual falls: they converge where full steps cycle. Neither alone finds all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dynlatch.intervals import Box
from dynlatch.validation import Array

STEPS = 80
CAP = 2.0  # longest bold step, in units of sqrt(d) or of half the length of the point, whichever is larger
LEAP = 1e3  # longest correction ever tried, relative to the size of the point
FARTHEST = 1e3  # a start that strays this many times beyond all starts is dropped, before a user's function overflows
SHORTENINGS = 0.5 ** np.arange(5)
EPS = float(np.finfo(np.float64).eps)


class Solutions(NamedTuple):
    """Where the starts came to rest, with what is known of each point: `x` (k, d) and the rest (k,)."""

    x: Array
    correction: Array  # length of the last Newton correction
    error: Array  # forward error bound to first order: |(I - G')^-1| times residual and rounding


def newton_step(x: Array, residual: Array, slope: Array) -> Array:
    """`(I - G')^-1 (G(x) - x)`, with a nudge where the matrix is exactly singular."""
    matrix = np.eye(x.shape[-1]) - slope
    try:
        return np.asarray(np.linalg.solve(matrix, residual[..., None])[..., 0])
    except np.linalg.LinAlgError:
        nudge = EPS * (1.0 + np.abs(matrix).max(axis=(-2, -1), keepdims=True))
        return np.asarray(np.linalg.solve(matrix + nudge * np.eye(x.shape[-1]), residual[..., None])[..., 0])


def solve(step: Callable[[Array], Array], jacobian: Callable[[Array], Array], starts: Array, box: Box) -> Solutions:
    """Run Newton from every row of `starts` (k, d), inside `box` throughout, and return those that converged.

    A start is retired when its correction is at rounding level, or when its residual is (a degenerate solution, where
    corrections stay large); it is dropped when it never gets there.
    """
    x = starts.copy()
    careful = np.arange(len(x)) % 2 == 1
    active = np.arange(len(x))
    farthest = FARTHEST * (1.0 + np.abs(starts).max(initial=0.0))
    with np.errstate(all="ignore"):
        for _ in range(STEPS):
            here = x[active]
            residual = step(here) - here
            correction = newton_step(here, residual, jacobian(here))
            length = np.abs(correction).max(-1)
            size = 1.0 + np.abs(here).max(-1)
            correction *= np.minimum(1.0, LEAP * size / np.maximum(length, 1e-300))[:, None]
            settled = (length <= 4 * EPS * size) | (np.abs(residual).max(-1) <= 2 * EPS * size)
            lost = ~(length < np.inf) | (size > farthest)
            x[active] = np.where(lost[:, None], np.nan, _move(step, here, residual, correction, careful[active], box))
            active = active[~settled & ~lost]
            if len(active) == 0:
                break
        measured = measure(step, jacobian, x[np.isfinite(x).all(-1)])
    residual = np.abs(step(measured.x) - measured.x).max(-1, initial=0.0)
    size = 1.0 + np.abs(measured.x).max(-1, initial=0.0)
    keep = (measured.correction <= 1e-9 * size) | (residual <= 4 * EPS * size)
    return Solutions(*(column[keep] for column in measured))


def _move(step: Callable[[Array], Array], x: Array, residual: Array, correction: Array, careful: Array, box: Box) -> Array:
    limit = CAP * np.maximum(np.sqrt(x.shape[-1]), 0.5 * np.sqrt(np.sum(np.square(x), axis=-1)))
    length = np.sqrt(np.sum(np.square(correction), axis=-1))
    moved = x + correction * np.minimum(1.0, limit / np.maximum(length, 1e-300))[:, None]
    who = np.flatnonzero(careful)
    before = np.sum(np.square(residual[who]), axis=-1)
    for shortening in SHORTENINGS:
        if len(who) == 0:
            break
        trial = np.clip(x[who] + shortening * correction[who], *box)
        moved[who] = trial
        worse = ~(np.sum(np.square(step(trial) - trial), axis=-1) < before)
        who, before = who[worse], before[worse]
    return np.asarray(np.clip(moved, *box))


def measure(step: Callable[[Array], Array], jacobian: Callable[[Array], Array], x: Array) -> Solutions:
    """Last Newton correction and forward error bound at each row of `x`."""
    if len(x) == 0:
        return Solutions(x, np.zeros(0), np.zeros(0))
    residual, slope = step(x) - x, jacobian(x)
    widths = np.linalg.svd(np.eye(x.shape[-1]) - slope, compute_uv=False)
    singular = widths[:, -1] <= EPS * np.maximum(widths[:, 0], 1.0)
    rounding = 4 * EPS * (1.0 + np.abs(x)) * np.sqrt(x.shape[-1])
    safe = np.where(singular[:, None, None], np.eye(x.shape[-1]), np.eye(x.shape[-1]) - slope)
    by_component = np.abs(np.linalg.inv(safe)) @ (np.abs(residual) + rounding)[..., None]
    error = np.where(singular, np.inf, by_component[..., 0].max(-1))
    return Solutions(x, np.abs(newton_step(x, residual, slope)).max(-1), error)
