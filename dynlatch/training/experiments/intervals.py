"""95 % intervals of what experiments report. The trial is the unit: the test sequences of one trial share its weights.

Which for what:

* the share of trials that learned, converged or kept a state: `wilson`, successes of n trials;
* the mean error of trials, each itself a share of test sequences: `mean_error`, Wilson's interval with an effective number
  of trials. Pooled test sequences would give too narrow an interval (a failed trial fails on half of them at once), and
  Wilson with the plain number of trials too wide a one (untrained nets all err near 50 %);
* a mean of anything else, such as presentations: `mean`, the bootstrap over trials.

None has zero width where all trials came out alike: the next one might not. All are deterministic.

Sources: Wilson (1927), J. Am. Stat. Assoc. 22, 209; Hesterberg (2015), Am. Stat. 69, 371 (expanded percentile bootstrap);
effective numbers as in Korn and Graubard (1998), Survey Methodology 24, 193.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from dynlatch.errors import InvalidInput
from dynlatch.validation import Array

Z = 1.959963984540054  # 97.5 % point of the normal distribution
RESAMPLES = 2000
COIN = 0.5  # error of a trial that knows nothing


class Interval(NamedTuple):
    """An estimate and the ends of its 95 % interval; all NaN where there are no trials."""

    value: float
    low: float
    high: float


def wilson(successes: float, n: float) -> Interval:
    """Wilson's score interval of a rate.

    Parameters
    ----------
    successes : float
        0, ..., n.
    n : float
        Independent trials; 0 gives the interval of no knowledge, with NaN as its value.

    Raises
    ------
    InvalidInput
        If `successes` is not within 0 and `n`.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(0, 20)]
    [0.0, 0.0, 0.161]
    """
    if not 0.0 <= successes <= n or not math.isfinite(n):
        raise InvalidInput(f"`successes` must be within 0 and `n`; got {successes} of {n}.")
    if n == 0:
        return Interval(math.nan, 0.0, 1.0)
    rate = successes / n
    share = Z * Z / (n + Z * Z)
    middle = (1.0 - share) * rate + 0.5 * share
    half = math.sqrt(share * (1.0 - share) * rate * (1.0 - rate) + 0.25 * share * share)
    return Interval(rate, max(min(middle - half, rate), 0.0), min(max(middle + half, rate), 1.0))


def mean_error(errors: ArrayLike) -> Interval:
    """Interval of the mean error of trials, in [0, 1].

    On the scale from 0 (solved) to 1/2 (a coin), or to the largest error seen, it is Wilson's interval for n p (1 - p) / s^2
    trials: so many coins of rate p have the variance that the mean of n trials has. s^2 includes one imaginary trial of the
    other kind (solved where most fail, failed where most solve): the kind that n trials may have failed to meet. n errors of
    0 thus give the upper end of the rate of failure with n trials, times 1/2, what a failure costs.

    Parameters
    ----------
    errors : array_like, shape (n,)
        The share of test sequences that each trial answers wrong.

    Examples
    --------
    >>> [round(end, 3) for end in mean_error([0.0] * 100)]
    [0.0, 0.0, 0.018]
    >>> [round(end, 2) for end in mean_error([0.0, 0.5] * 50)]
    [0.25, 0.2, 0.3]
    """
    values = np.asarray(errors, dtype=np.float64)
    n = len(values)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan)
    if np.any((values < 0.0) | (values > 1.0)):
        raise InvalidInput("`errors` must be shares within 0 and 1.")
    scale = max(COIN, float(values.max()))
    rate = float(values.mean()) / scale
    seen = np.append(values / scale, 0.0 if rate > 0.5 else 1.0)
    middle = float(seen.mean())
    effective = max(n, n * middle * (1.0 - middle) / float(seen.var()))
    low, high = wilson(min(rate, 1.0) * effective, effective)[1:]
    value = float(values.mean())  # of equal errors it may round beyond them
    return Interval(value, min(scale * low, value), max(scale * high, value))


def mean(values: ArrayLike, *, within: tuple[float, float] = (0.0, math.inf)) -> Interval:
    """Interval of a mean by the bootstrap over trials.

    The expanded percentile interval: the levels are those of Student's t with n - 1 degrees of freedom, without which the
    intervals of 20 trials are some 5 % too narrow. Where all trials are equal, a share of unseen trials, as large as Wilson's
    interval allows, may lie at the ends of `within` (at an infinite end nothing is known: there the value itself stands).

    Parameters
    ----------
    values : array_like, shape (n,)
    within : pair of float
        What a single trial can be, such as (0, the budget of presentations).

    Examples
    --------
    >>> [round(end, 1) for end in mean([3000.0] * 20, within=(0.0, 3000.0))]
    [3000.0, 2516.6, 3000.0]
    """
    array = np.asarray(values, dtype=np.float64)
    n = len(array)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan)
    value = float(array.mean())
    if array.min() == array.max():
        unseen = wilson(0, n).high
        low, high = (value + unseen * (end - value) if math.isfinite(end) else value for end in within)
        return Interval(value, low, high)
    low, high = np.quantile(_resampled_means(array), _levels(n))
    return Interval(value, min(float(low), value), max(float(high), value))


def _resampled_means(values: Array) -> Array:
    n = len(values)
    drawn = np.random.default_rng(n).integers(0, n, (RESAMPLES, n))
    return np.asarray(values[drawn].mean(axis=1))


def _levels(n: int) -> tuple[float, float]:
    from scipy.special import ndtr, stdtrit

    low = float(ndtr(-math.sqrt(n / (n - 1)) * stdtrit(n - 1, 0.975)))
    return low, 1.0 - low
