"""Any map: plain Monte-Carlo. Fractions of random paths with their binomial standard errors."""

from __future__ import annotations

import contextlib

import numpy as np
from numpy.typing import NDArray

from dynlatch.analysis.noise.paths import Estimate, Paths
from dynlatch.validation import Array

PILOT = 2000  # paths
WORK = 3e7  # units times steps times paths of one call
MOST, LEAST = 200_000, 4000  # paths
BATCH = 4e6  # numbers of the states of one batch


def sampled(paths: Paths, count: int) -> Estimate:
    """Fractions of `count` paths, or of those that the time was enough for."""
    done, left, away = 0, np.zeros(paths.steps + 1), np.zeros(paths.steps + 1)
    size = max(int(BATCH / ((paths.steps + 1) * len(paths.start))), 1)
    with contextlib.suppress(KeyboardInterrupt):
        while done < count and not (done and paths.late):
            batch = min(size, count - done)
            outside = paths.outside(paths.run(batch))
            left += ever(outside).sum(1)
            away += outside.sum(1)
            done += batch
    return _fractions(left, away, done, paths, done == count)


def enough(paths: Paths) -> int:
    """How many paths the work of one call allows."""
    return int(np.clip(WORK / ((paths.steps + 1) * (len(paths.start) + 10)), LEAST, MOST))


def ever(outside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a path has been outside up to each time (T + 1, ...)."""
    return np.logical_or.accumulate(outside, axis=0)


def _fractions(left: Array, away: Array, count: int, paths: Paths, complete: bool) -> Estimate:
    total = max(count, 1)
    rate, error = _hazard(total - left, paths.halfway)
    return Estimate(
        lost=left / total,
        away=away / total,
        lost_errors=_binomial(left, total),
        away_errors=_binomial(away, total),
        rate=rate,
        rate_error=error,
        complete=complete,
        seen=bool(left[-1] > 0),
    )


def _binomial(hits: Array, count: int) -> Array:
    """Standard errors of fractions; where all paths or none did it, what one path more would change."""
    p = hits / count
    errors = np.maximum(np.sqrt(p * (1.0 - p) / count), 1.0 / count)
    errors[0] = 0.0
    return np.asarray(errors)


def _hazard(alive: Array, halfway: int) -> tuple[float, float]:
    """Probability per step of leaving, from the numbers of paths that have not left, over the last half of their time."""
    last = int(np.flatnonzero(alive)[-1]) if alive[-1] == 0 else len(alive) - 1
    if last == 0:
        return 1.0, 1.0 / float(alive[0])
    first = min(halfway, last - 1)
    steps, kept = last - first, float(alive[last] / alive[first])
    rate = -np.expm1(np.log(kept) / steps)
    spread = np.sqrt(max(kept * (1.0 - kept), 1.0 / alive[first]) / alive[first])
    return float(max(rate, 0.0)), float(spread * kept ** (1.0 / steps - 1.0) / steps)
